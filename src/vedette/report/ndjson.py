"""Findings as NDJSON: one object a line, exactly as `docs/finding.schema.json` says."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, BinaryIO, Final

import msgspec

from vedette.hunt.sighting import Sighting
from vedette.report.quelled import quelled
from vedette.report.sighted import SightedEncoder

#: Findings that are encoded at once; more would leave the processor's cache.
BATCH: Final = 32
#: Seconds after which fewer are written too.
PATIENCE: Final = 0.5

_encoder: Final = msgspec.json.Encoder()


def encode(finding: msgspec.Struct | dict[str, Any]) -> bytes:
    """One finding as JSON without a line end.

    Every character that a terminal would not show as a glyph is a JSON escape: the line is safe on a terminal and yet
    the same JSON value. Lone surrogates, which no reader of ours makes, become U+FFFD.
    """
    try:
        line = _encoder.encode(finding)
    except UnicodeEncodeError:
        line = _encoder.encode(_without_surrogates(msgspec.to_builtins(finding)))
    return quelled(line)


def write(findings: Iterable[msgspec.Struct], out: BinaryIO) -> None:
    """Write findings and sightings as they come: in batches while they come fast, at once where they come slowly."""
    sighted = SightedEncoder()
    batch: list[bytes] = []
    due = time.monotonic() + PATIENCE
    try:
        for each in findings:
            batch.append(_lines(each, sighted))
            if len(batch) >= BATCH or time.monotonic() >= due:
                lines, batch = b"".join(batch), []
                out.write(lines)
                out.flush()
                due = time.monotonic() + PATIENCE
    finally:
        out.write(b"".join(batch))
        out.flush()


def _lines(each: msgspec.Struct, sighted: SightedEncoder) -> bytes:
    if isinstance(each, Sighting):
        try:
            return sighted.lines(each)
        except UnicodeEncodeError:
            return b"".join(encode(finding) + b"\n" for finding in each.findings())
    return encode(each) + b"\n"


def _without_surrogates(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_without_surrogates(key): _without_surrogates(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_without_surrogates(inner) for inner in value]
        case _:
            return value

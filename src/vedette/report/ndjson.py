"""Findings as NDJSON: one object a line, exactly as `docs/finding.schema.json` says."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterable
from typing import Any, BinaryIO, Final

import msgspec

from vedette.report.terminal import visible

#: Findings that are encoded at once; more would leave the processor's cache.
BATCH: Final = 32
#: Seconds after which fewer are written too.
PATIENCE: Final = 0.5

_encoder: Final = msgspec.json.Encoder()
_ASCII: Final = bytes(range(128))
_BEYOND: Final = re.compile("[^\x00-\x7e]")


def encode(finding: msgspec.Struct | dict[str, Any]) -> bytes:
    """One finding as JSON without a line end.

    Every character that a terminal would not show as a glyph is a JSON escape: the line is safe on a terminal and yet
    the same JSON value. Lone surrogates, which no reader of ours makes, become U+FFFD.
    """
    try:
        line = _encoder.encode(finding)
    except UnicodeEncodeError:
        line = _encoder.encode(_without_surrogates(msgspec.to_builtins(finding)))
    return line if _harmless(line) else _quell(line)


def encode_lines(findings: list[msgspec.Struct]) -> bytes:
    """Findings as lines, each with its line end: the fast way for many."""
    try:
        lines = _encoder.encode_lines(findings)
    except UnicodeEncodeError:
        return b"".join(encode(finding) + b"\n" for finding in findings)
    if _harmless(lines):
        return lines
    return b"".join(line if _harmless(line) else _quell(line) for line in lines.splitlines(keepends=True))


def write(findings: Iterable[msgspec.Struct], out: BinaryIO) -> None:
    """Write findings as they come: in batches while they come fast, at once where they come slowly."""
    batch: list[msgspec.Struct] = []
    due = time.monotonic() + PATIENCE
    try:
        for finding in findings:
            batch.append(finding)
            if len(batch) >= BATCH or time.monotonic() >= due:
                lines, batch = encode_lines(batch), []
                out.write(lines)
                out.flush()
                due = time.monotonic() + PATIENCE
    finally:
        out.write(encode_lines(batch))
        out.flush()


def _harmless(line: bytes) -> bool:
    """Whether every character of a line is visible; names of authors are the usual ones beyond ASCII."""
    if b"\x7f" in line:
        return False
    return line.isascii() or _visible(line.translate(None, _ASCII))


@functools.lru_cache(maxsize=4096)
def _visible(beyond: bytes) -> bool:
    return all(visible(character) for character in beyond.decode())


def _quell(line: bytes) -> bytes:
    return _BEYOND.sub(_escaped, line.decode()).encode()


def _escaped(found: re.Match[str]) -> str:
    """A JSON escape for what is not visible; beyond U+FFFF a pair of surrogates, as JSON spells it."""
    character = found[0]
    if visible(character):
        return character
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


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

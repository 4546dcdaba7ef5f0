"""Findings as one JSON array, a finding a line: the objects of NDJSON, for readers that want one document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

import msgspec

from vedette.report.ndjson import encode


def write(findings: Iterable[msgspec.Struct], out: BinaryIO) -> None:
    """Write the array; it is closed, and so remains valid JSON, even where `findings` ends in an error."""
    separator = b"[\n"
    try:
        for finding in findings:
            out.write(separator + encode(finding))
            separator = b",\n"
    finally:
        out.write(b"[]\n" if separator == b"[\n" else b"\n]\n")
        out.flush()

"""Lines that are no records: counted by reason, never silently skipped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from typing import Final

from vedette.telemetry.auditd.record import Reject, parse_record

#: What every record begins with: prefix, type, time and serial.
HEAD: Final = re.compile(
    rb"((?:node=[^\s\x00-\x1f\x7f]{1,255} )?)type=[A-Z0-9_]+(?:\[\d+\])? msg=audit\((\d{1,12}\.\d{1,9}):(\d{1,20})\): ?"
)
#: With more nodes than this, heads are counted without looking at the name behind `node=`.
_FEW: Final = 8


class Rejects:
    """The lines of a hunt that are no records.

    Attributes:
        counts: lines by reason.
        examples: first example of each reason as `file:offset`.
        suspicious: the chunk at hand must be checked line by line.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, str] = {}
        self.suspicious = False

    def add(self, reason: str, file: str, offset: int) -> None:
        """Count one line."""
        self.counts[reason] += 1
        self.examples.setdefault(reason, f"{file}:{offset}")

    def check(self, buffer: bytes, stop: int, base: int, file: str, prefixes: Collection[bytes]) -> list[int]:
        """Count what in `buffer[:stop]` is no record; line by line only where a count of heads says that there is some.

        Args:
            buffer: the chunk; it begins with a newline.
            stop: position of the newline to end at.
            base: offset of the chunk in the log.
            file: the log.
            prefixes: what is known to stand before `type=`.

        Returns:
            Positions of `type=` on lines of nodes that are not known yet.
        """
        lines = buffer.count(b"\n", 0, stop)
        if len(prefixes) <= _FEW:
            heads = sum(buffer.count(b"\n" + prefix + b"type=", 0, stop) for prefix in prefixes)
        else:
            heads = buffer.count(b"\nnode=", 0, stop) + buffer.count(b"\ntype=", 0, stop)
        if heads == lines and not self.suspicious:
            return []
        self.suspicious = False
        unknown: list[int] = []
        position = 0
        while position < stop:
            end = buffer.find(b"\n", position + 1, stop)
            end = stop if end < 0 else end
            match = HEAD.match(buffer, position + 1, end)
            if match is not None:
                if match.group(1) not in prefixes:
                    unknown.append(match.end(1))
            else:
                record = parse_record(buffer[position + 1 : end])
                if isinstance(record, Reject):
                    self.add(record.reason, file, base + position + 1)
            position = end
        return unknown

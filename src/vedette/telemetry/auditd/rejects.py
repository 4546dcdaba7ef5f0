"""Lines that are no records: counted by reason, never silently skipped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from typing import Final

from vedette.telemetry.auditd.record import LINE_LIMIT, Reject, parse_record
from vedette.telemetry.places import Places

_PREFIX: Final = rb"(?:node=[^\s\x00-\x1f\x7f]{1,255} )?"
_TYPE: Final = rb"type=[A-Z][A-Z0-9_]*+(?:\[\d{1,5}\])? "
_STAMP: Final = rb"[0-9]{1,12}+\.[0-9]{3}"
_SERIAL: Final = rb"[0-9]{1,10}+"
_END: Final = rb"\):(?=[ \r\n])"
#: What every record begins with, up to its body: prefix, time and serial.
HEAD: Final = re.compile(
    rb"(" + _PREFIX + rb")" + _TYPE + rb"msg=audit\((" + _STAMP + rb"):(" + _SERIAL + rb")" + _END + rb" ?"
)
#: With more nodes than this, any name behind `node=` is taken for known where heads are looked through.
_FEW: Final = 8


class Rejects:
    """The lines of a hunt that are no records.

    Most lines are known for records by the search itself. Between those, `other` finds the first that has no proper
    head; only then are the lines of the chunk looked at one by one.

    Attributes:
        counts: lines by reason.
        examples: first example of each reason as `file:offset`.
        suspicious: the chunk at hand must be checked line by line.
        places: where the lines at hand stand in their file, if they are carried.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, str] = {}
        self.suspicious = False
        self.places: Places | None = None
        self._known: tuple[bytes, ...] = ()
        self._other = _other(())

    def other(self, prefixes: Collection[bytes]) -> re.Pattern[bytes]:
        """Finds the newline before a line that is no record of a known node.

        Args:
            prefixes: what is known to stand before `type=`.
        """
        if len(prefixes) != len(self._known):
            self._known = tuple(prefixes)
            self._other = _other(self._known)
        return self._other

    def add(self, reason: str, file: str, offset: int) -> None:
        """Count one line."""
        self.counts[reason] += 1
        if reason not in self.examples:
            self.examples[reason] = f"{file}:{offset if self.places is None else self.places.in_file(offset)}"

    def check(self, buffer: bytes, stop: int, base: int, file: str, prefixes: Collection[bytes]) -> list[int]:
        """Count what in `buffer[:stop]` is no record, if there is reason to think so.

        Args:
            buffer: the chunk; it begins with a newline.
            stop: position of the newline to end at.
            base: offset of the chunk in the log.
            file: the log.
            prefixes: what is known to stand before `type=`.

        Returns:
            Positions of `type=` on lines of nodes that are not known yet.
        """
        if not self.suspicious:
            return []
        self.suspicious = False
        position = 0
        unknown: list[int] = []
        while position < stop:
            end = buffer.find(b"\n", position + 1, stop)
            end = stop if end < 0 else end
            record = None
            match = HEAD.match(buffer, position + 1, end + 1)
            if match is None or end - position > LINE_LIMIT or buffer.find(b"\0", position, end) >= 0:
                record = parse_record(buffer[position + 1 : end])
            if isinstance(record, Reject):
                self.add(record.reason, file, base + position + 1)
            elif match is not None and match.group(1) not in prefixes:
                unknown.append(match.end(1))
            position = end
        return unknown


def _other(prefixes: tuple[bytes, ...]) -> re.Pattern[bytes]:
    prefix = b"|".join(map(re.escape, prefixes)) if 0 < len(prefixes) <= _FEW else _PREFIX
    if len(prefixes) != 1:
        prefix = rb"(?:" + prefix + rb")"
    return re.compile(rb"\n(?!\Z|" + prefix + _TYPE + rb"msg=audit\(" + _STAMP + rb":" + _SERIAL + _END + rb")")

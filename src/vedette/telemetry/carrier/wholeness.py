"""Events of which records got lost on their way: forwarders drop single lines, and what is left still looks sound."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from vedette.telemetry.auditd.memo import parse_kind

#: Events that are looked at together; the records of one lie within this many.
_OPEN: Final = 4_000
_RECORD: Final = re.compile(
    rb"\n(?:node=([^ \n]++) )?type=(SYSCALL|EXECVE|CWD|PATH|PROCTITLE|EOE) msg=audit\(([0-9.:]++)\):"
    rb"(?: (arch=[^a\n]++(?:a(?!0=)[^a\n]*+)*+)a0=[^\n]*? items=(\d{1,9}+) )?"
)


class Wholeness:
    """Counts events that lack records which they must have.

    Attributes:
        incomplete: events without their SYSCALL, EXECVE or CWD record, or with fewer PATH records than they say.
    """

    def __init__(self) -> None:
        self.incomplete = 0
        self._events: dict[tuple[bytes, bytes], list[int]] = {}
        self._starts: dict[bytes, bool] = {}

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks, looked at on their way.

        Args:
            chunks: records as auditd writes them, in whole lines.
        """
        for chunk in chunks:
            self._look(chunk)
            yield chunk
        self._close(len(self._events))

    def _look(self, chunk: bytes) -> None:
        events = self._events
        for node, kind, identity, called, items in _RECORD.findall(b"\n" + chunk):
            event = events.get((node, identity))
            if event is None:
                # The paths that are missing, and whether SYSCALL, EXECVE and CWD are.
                event = events[node, identity] = [0, 1, 0, 0]
            if kind == b"PATH":
                event[0] -= 1
            elif kind == b"CWD":
                event[3] -= 1
            elif kind == b"EXECVE":
                event[2] -= 1
            elif kind == b"SYSCALL":
                event[1] = 0
                if called:
                    starts = self._starts.get(called)
                    if starts is None:
                        if len(self._starts) > _OPEN:
                            self._starts.clear()
                        starts = self._starts[called] = parse_kind(called).starts
                    event[0] += int(items)
                    event[2] += starts
                    event[3] += items != b"0"
        if len(events) > 2 * _OPEN:
            self._close(len(events) - _OPEN)

    def _close(self, number: int) -> None:
        """Count the oldest events, of which nothing comes any more."""
        for key in list(self._events)[:number]:
            self.incomplete += max(self._events.pop(key)) > 0

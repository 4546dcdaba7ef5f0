"""Sight: when a log saw nothing: records that are missing by their serials, auditing that was stopped or changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

#: Value of `schema` in every line.
SCHEMA: Final = "vedette.blind/1"
#: Holes of one host that are told apart; more are counted into the last one.
MAX_HOLES: Final = 1_000
#: A serial that falls by more than this is a reboot.
SERIAL_DROP: Final = 10_000
#: A jump beyond this is another numbering, such as the daemon's own, and no loss.
MAX_JUMP: Final = 1_000_000
MAX_HOSTS: Final = 10_000
_HEAD: Final = re.compile(
    rb"^(?:node=([^\s\x00-\x1f\x7f]{1,255}) )?type=([A-Z][A-Z0-9_]{1,40}) msg=audit\((\d{1,12})\.(\d{3}):(\d{1,10})\):",
    re.MULTILINE,
)
_MAX_LINE: Final = 1 << 20
_MAX_BODY: Final = 400
#: The last second that a calendar can tell.
_LAST: Final = 253_402_300_799.0


class Blind(msgspec.Struct, frozen=True):
    """A span in which a log does not show what happened.

    Attributes:
        schema: `SCHEMA`.
        kind: always `blind`.
        host: node name, or the empty text.
        start: UTC epoch seconds of the last record before.
        end: UTC epoch seconds of the first record after, or null where there is none.
        cause: `lost`: serials are missing; `stopped`: auditd ended; `disabled`: auditing was switched off; `rules`:
            audit rules were removed.
        text: one line.
        events: how many events are missing, where serials tell.
    """

    schema: str
    kind: str
    host: str
    start: float
    end: float | None
    cause: Literal["lost", "stopped", "disabled", "rules"]
    text: str
    events: int | None = None


class _Hole(msgspec.Struct):
    first: int
    last: int
    start: float
    end: float


class _Host(msgspec.Struct):
    top: int = -1
    time: float = 0.0
    holes: list[_Hole] = []
    settled: int = 0  # so many of the holes are of an earlier boot, whose numbers come again
    stopped: float | None = None


class Sight:
    """Is fed the bytes of logs, in order."""

    def __init__(self) -> None:
        self._hosts: dict[bytes, _Host] = {}
        self._told: list[Blind] = []

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks of one log, looked at on their way."""
        rest = b""
        for chunk in chunks:
            buffer = rest + chunk
            end = buffer.rfind(b"\n") + 1
            if end:
                self._look(buffer[:end])
                rest = buffer[end:]
            else:
                rest = buffer if len(buffer) < _MAX_LINE else b""
            yield chunk
        if rest:
            self._look(rest)

    def blind(self) -> tuple[Blind, ...]:
        """What was not seen, in order of time."""
        found = list(self._told)
        for name, host in self._hosts.items():
            label = name.decode("utf-8", "replace")
            found += [_lost(label, hole) for hole in host.holes]
            if host.stopped is not None:
                text = "auditd was stopped, and the log shows no start after it"
                found.append(Blind(SCHEMA, "blind", label, host.stopped, None, "stopped", text))
        return tuple(sorted(found, key=lambda one: (one.start, one.host, one.cause)))

    def _look(self, lines: bytes) -> None:
        for found in _HEAD.finditer(lines):
            name, kind, seconds, milliseconds, serial = found.groups()
            host = self._hosts.get(name or b"")
            if host is None:
                if len(self._hosts) >= MAX_HOSTS:
                    continue
                host = self._hosts[name or b""] = _Host(holes=[])
            time = min(int(seconds) + int(milliseconds) / 1000, _LAST)
            if kind.startswith(b"DAEMON_"):
                self._daemon(name or b"", host, kind, time)
                continue
            _number(host, int(serial), time)
            if kind == b"CONFIG_CHANGE":
                body = lines[found.end() : found.end() + _MAX_BODY].partition(b"\n")[0]
                self._config(name or b"", body, time)

    def _daemon(self, name: bytes, host: _Host, kind: bytes, time: float) -> None:
        """The daemon's own records; their serials are a numbering of their own."""
        label = name.decode("utf-8", "replace")
        if kind in (b"DAEMON_END", b"DAEMON_ABORT"):
            host.stopped = time
        elif kind == b"DAEMON_START" and host.stopped is not None:
            text = f"auditd was stopped for {time - host.stopped:,.0f} s"
            self._tell(Blind(SCHEMA, "blind", label, host.stopped, time, "stopped", text))
            host.stopped = None

    def _config(self, name: bytes, body: bytes, time: float) -> None:
        label = name.decode("utf-8", "replace")
        if re.search(rb"\bres=(?:0|failed)\b", body):
            return  # refused, as all changes are once auditing is locked
        if re.search(rb"\baudit_enabled=0\b", body):
            self._tell(Blind(SCHEMA, "blind", label, time, None, "disabled", "auditing was switched off"))
        elif re.search(rb"\bop=\"?remove_rule\b", body):
            self._tell(Blind(SCHEMA, "blind", label, time, None, "rules", "an audit rule was removed"))

    def _tell(self, blind: Blind) -> None:
        if len(self._told) < MAX_HOLES:
            self._told.append(blind)


def _number(host: _Host, serial: int, time: float) -> None:
    """Take a serial in: the next one, one that came late, or one behind a hole."""
    if serial == host.top:
        return
    if host.top < 0 or host.top - serial > SERIAL_DROP or serial - host.top > MAX_JUMP:
        host.top, host.time, host.settled = serial, time, len(host.holes)
        return
    if serial < host.top:
        _fill(host, serial)
        return
    if serial > host.top + 1:
        if len(host.holes) >= MAX_HOLES:
            # Holes without end: the last one stands for all that follow.
            last = host.holes[-1]
            host.holes[-1] = _Hole(last.first, last.last + serial - host.top - 1, last.start, time)
        else:
            host.holes.append(_Hole(host.top + 1, serial - 1, host.time, time))
    host.top, host.time = serial, max(host.time, time)


def _fill(host: _Host, serial: int) -> None:
    """A record that came late fills its hole, or a part of it."""
    for place in range(len(host.holes) - 1, host.settled - 1, -1):
        hole = host.holes[place]
        if hole.last < serial:
            return
        if hole.first <= serial <= hole.last:
            parts = [
                _Hole(first, last, hole.start, hole.end)
                for first, last in ((hole.first, serial - 1), (serial + 1, hole.last))
                if first <= last
            ]
            if len(parts) > 1 and len(host.holes) >= 2 * MAX_HOLES:
                return
            host.holes[place : place + 1] = parts
            return


def _lost(host: str, hole: _Hole) -> Blind:
    count = hole.last - hole.first + 1
    text = f"{count:,} events are missing by their serials" if count > 1 else "1 event is missing by its serial"
    return Blind(SCHEMA, "blind", host, hole.start, hole.end, "lost", text, count)

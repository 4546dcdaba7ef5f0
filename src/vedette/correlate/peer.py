"""Peers: which connections are new, and from where a session was opened."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final, TypeVar

from vedette.telemetry.auditd.process import Process

K = TypeVar("K")
V = TypeVar("V")

#: Connections that are remembered; the longest unseen goes first.
MAX_SEEN: Final = 500_000
_MAX_ORIGINS: Final = 50_000
#: A daemon starts the process that serves a peer within so many seconds of taking it in.
_SOON: Final = 2.0


class Peers:
    """Remembers (peer, port, program, login user) over a whole hunt."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def is_new(self, process: Process, address: str, port: int) -> bool:
        """Whether such a connection was not made before, by that program for that login user on that host."""
        program = process.program.invoked or process.program.resolved
        text = "\0".join((address, str(port), program, process.tail.login_user, process.node))
        # Paths may be long, and there are many: only their hash is kept.
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key in self._seen:
            self._seen.move_to_end(key)
            return False
        self._seen[key] = None
        if len(self._seen) > MAX_SEEN:
            self._seen.popitem(last=False)
        return True


class Origins:
    """From which address a session was opened: that of the peer whom a daemon took in just before."""

    def __init__(self) -> None:
        self._taken: OrderedDict[tuple[str, int], tuple[float, str]] = OrderedDict()
        self._served: OrderedDict[tuple[str, int, float], str] = OrderedDict()
        self._sessions: OrderedDict[tuple[str, int, int], str] = OrderedDict()

    def took(self, process: Process, address: str, time: float) -> None:
        """A process accepted a connection."""
        _put(self._taken, (process.node, process.pid), (time, address))

    def started(self, process: Process) -> None:
        """A process started."""
        if not self._taken:
            return
        taken = self._taken.get((process.node, process.ppid))
        if taken is not None and 0 <= process.time - taken[0] <= _SOON:
            _put(self._served, (process.node, process.pid, process.time), taken[1])
        if process.tail.ses >= 0:
            session = (process.node, process.boot, process.tail.ses)
            if session not in self._sessions and (address := self._above(process)):
                _put(self._sessions, session, address)

    def of(self, process: Process) -> str:
        """The address behind a process, or the empty text."""
        session = (process.node, process.boot, process.tail.ses)
        return self._sessions.get(session, "") or self._above(process)

    def _above(self, process: Process) -> str:
        step: Process | None = process
        while step is not None:
            address = self._served.get((step.node, step.pid, step.time))
            if address:
                return address
            step = step.parent
        return ""


def _put(held: OrderedDict[K, V], key: K, value: V) -> None:
    held[key] = value
    held.move_to_end(key)
    if len(held) > _MAX_ORIGINS:
        held.popitem(last=False)

"""Rows as processes that hang together, so that incidents can be made of what a workspace shows.

A row names its session and its ancestors; two rows that name the same one mean the same process. What no table holds,
the kernel's records of the packet filter and connections that no rule matched, is in no incident.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vedette.correlate.tracker import Tracker
from vedette.event import Event, Shapes
from vedette.event.logsource import NETWORK_CONNECTION, PROCESS_CREATION
from vedette.hunt.finding import Ancestor, Finding
from vedette.predicate import Value
from vedette.telemetry.auditd.happening import Batch, Call, Happening
from vedette.telemetry.auditd.process import Command, Process, Program, Script, Tail

#: Processes that are kept; the rows of a hunt name few.
MAX_KNOWN: Final = 200_000


class Kin:
    """Shows a tracker the findings of a workspace, in the order of their times.

    Args:
        tracker: keeps what hangs together.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._known: dict[tuple[object, ...], Process] = {}
        self._shown: set[str] = set()

    def found(self, finding: Finding, event: Event) -> None:
        """Take a match, excluded or not; of one without a process nothing can be tied."""
        process = self._process(finding, event)
        if process is None:
            return
        connects = event.source.category == NETWORK_CONNECTION.category
        happening: Happening = process
        if connects:
            fields = {name: value for name, value in event.values.items() if "." not in name}
            happening = Call(
                event.host, event.time, event.origin.serial, 0, event.origin.file, process, {**_SYSCALL, **fields}
            )
        if event.origin.file not in self._shown:  # which several rules may match
            self._shown.add(event.origin.file)
            batch = Batch(NETWORK_CONNECTION if connects else PROCESS_CREATION, Shapes((), ()))
            batch.happenings.append(happening)
            self._tracker.see([batch])
        self._tracker.found(happening, finding)

    def _process(self, finding: Finding, event: Event) -> Process | None:
        told = finding.process
        if told is None:
            return None
        boot = finding.session.boot if finding.session is not None else 0
        parent = self._above(finding.host, boot, told.ancestors)
        values = event.values
        tail = Tail(
            auid=_number(values.get("LoginUserId")),
            euid=_number(values.get("UserId")),
            ses=finding.session.ses if finding.session is not None else -1,
            user=finding.user or "",
            login_user=finding.login_user or "",
            tty=str(values.get("Tty", "")),
            comm=str(values.get("ProcessName", "")),
        )
        own = Ancestor(told.pid, told.image, told.invoked, told.script, told.command_line, finding.user, told.cut)
        started = event.source.category == PROCESS_CREATION.category
        return _made(finding.host, boot, own, parent, tail, event, started=started)

    def _above(self, host: str, boot: int, ancestors: Iterable[Ancestor]) -> Process | None:
        """The parent, with the processes above it; the same object wherever it is named alike."""
        parent: Process | None = None
        for one in reversed(tuple(ancestors)):
            key = (host, boot, one.pid, one.image, one.command_line, id(parent))
            known = self._known.get(key)
            if known is None:
                if len(self._known) >= MAX_KNOWN:
                    self._known.clear()
                known = self._known[key] = _made(host, boot, one, parent, Tail(user=one.user or ""), None)
            parent = known
        return parent


_SYSCALL: Final[dict[str, Value]] = {"Syscall": "connect"}


def _made(
    host: str,
    boot: int,
    one: Ancestor,
    parent: Process | None,
    tail: Tail,
    event: Event | None,
    *,
    started: bool = True,
) -> Process:
    script = Script(one.script, -1, "", -1, "") if one.script else None
    return Process(
        host,
        boot,
        one.pid,
        parent.pid if parent is not None else 0,
        parent,
        tail,
        Program(one.image or "", one.invoked or "", script),
        Command(one.command_line, (), one.cut) if one.command_line is not None else None,
        "",
        event.time if event is not None else 0.0,
        event.origin.serial if event is not None else 0,
        0,
        event.origin.file if event is not None else "",
        started,
        0 if parent is None else parent.depth + 1,
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1

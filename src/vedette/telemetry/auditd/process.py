"""Processes of one node: who started what, safe against pid reuse and reboot."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Final

import msgspec

_NUMBER: Final = itertools.count(1)
#: A node that shows more processes than this forgets those that it saw first.
MAX_PROCESSES: Final = 100_000
#: A process with more ancestors than this keeps only the nearest: a daemon that respawns itself for ever would
#: otherwise be a chain without end.
MAX_DEPTH: Final = 256
_KEPT: Final = 64


class Command(msgspec.Struct, gc=False, eq=False):
    """A command line, one object per distinct text in a memo.

    Attributes:
        number: unique, never reused.
        text: argv joined by one blank.
        args: argv itself.
        cut: arguments are known to be missing.
    """

    text: str
    args: tuple[str, ...]
    cut: bool
    number: int = msgspec.field(default_factory=_NUMBER.__next__)


class Script(msgspec.Struct, gc=False, eq=False):
    """The `#!` script of a process: what PATH item 0 says of it. `inode` and `owner` are -1 where not logged."""

    path: str
    inode: int
    device: str
    owner: int
    mode: str


class Program(msgspec.Struct, gc=False, eq=False):
    """What was executed.

    Attributes:
        number: unique, never reused.
        resolved: the kernel's `exe`.
        invoked: path that was executed, made absolute by cwd; empty where no record and no absolute argv[0] told it.
        script: the `#!` script, or None.
        guessed: `invoked` is argv[0], since no PATH record exists.
    """

    resolved: str
    invoked: str
    script: Script | None
    guessed: bool = False
    number: int = msgspec.field(default_factory=_NUMBER.__next__)


class Tail(msgspec.Struct, gc=False, eq=False):
    """Who runs what: the part of a SYSCALL record from `auid=` on, one object per distinct text in a memo.

    Attributes:
        number: unique, never reused.
        face: number that two tails share if they agree in every column that the reader was asked for.
        auid, uid, euid, ses: decimal; -1 where unset or missing.
        user, login_user: names where known, else decimal; login_user is empty if unset.
        tty, comm, exe, key: decoded; empty where `(none)` or `(null)`.
    """

    auid: int = -1
    uid: int = -1
    euid: int = -1
    ses: int = -1
    user: str = ""
    login_user: str = ""
    tty: str = ""
    comm: str = ""
    exe: str = ""
    key: str = ""
    number: int = msgspec.field(default_factory=_NUMBER.__next__)
    face: int = 0

    def __post_init__(self) -> None:
        """A tail is its own face until somebody knows better."""
        self.face = self.number


class Process(msgspec.Struct, gc=False):
    """One process image: from its exec, or from its first record if the exec was not logged, to the next exec.

    Attributes:
        node: whose process it is.
        boot: how many boots of the node the log had shown before.
        pid, ppid: as logged with the event.
        parent: the process that ppid named at that moment, or None.
        tail: users, session, comm, exe.
        program: what was executed.
        command: its command line, or None where no record told it.
        cwd: working directory, or empty.
        time: UTC epoch seconds of the event that showed it.
        serial: audit serial of that event.
        offset: byte offset of that event's SYSCALL record in the decompressed log.
        file: the log.
        executed: the event is its exec.
        depth: how many ancestors are known.
        shown: place for the hunt to keep its rendering; None until then.
    """

    node: str
    boot: int
    pid: int
    ppid: int
    parent: Process | None
    tail: Tail
    program: Program
    command: Command | None
    cwd: str
    time: float
    serial: int
    offset: int
    file: str
    executed: bool
    depth: int = 0
    shown: object = None

    @property
    def process(self) -> Process:
        """Itself: a process start is its own process."""
        return self

    @property
    def fields(self) -> Mapping[str, str | int | float]:
        """Nothing: all that its start says are columns of the process."""
        return {}

    @property
    def identity(self) -> tuple[int, int, float]:
        """What tells this image from all others of its node, however often it is seen again."""
        return self.pid, self.serial, self.time

    def seen_as(self, tail: Tail) -> Process:
        """The same image when a later record shows it with other users, another session or name."""
        return self._with(tail, self.parent)

    def _with(self, tail: Tail, parent: Process | None) -> Process:
        return Process(
            self.node,
            self.boot,
            self.pid,
            self.ppid,
            parent,
            tail,
            self.program,
            self.command,
            self.cwd,
            self.time,
            self.serial,
            self.offset,
            self.file,
            self.executed,
            0 if parent is None else parent.depth + 1,
        )

    def ancestors(self, limit: int = 64) -> tuple[Process, ...]:
        """Parent first, up to init or the edge of the log, at most `limit`."""
        found: list[Process] = []
        parent = self.parent
        while parent is not None and len(found) < limit:
            found.append(parent)
            parent = parent.parent
        return tuple(found)


def shortened(process: Process) -> Process:
    """The same process with its nearest ancestors only."""
    found: Process | None = None
    for each in (*reversed(process.ancestors(_KEPT)), process):
        found = each._with(each.tail, found)  # noqa: SLF001 - its own class
    assert found is not None
    return found


class ProcessTable:
    """The last known image of every pid of one node in one boot.

    Attributes:
        by_pid: process by pid.
        journal: what each pid was before it changed, in order, with the offset of the change; None if nobody asks.
    """

    __slots__ = ("by_pid", "journal")

    def __init__(self, *, keep_journal: bool = False) -> None:
        self.by_pid: dict[int, Process] = {}
        self.journal: dict[int, list[tuple[int, Process | None]]] | None = {} if keep_journal else None

    def enter(self, process: Process) -> Process:
        """Put in the image that a pid runs from now on."""
        if self.journal is not None:
            self.journal.setdefault(process.pid, []).append((process.offset, self.by_pid.get(process.pid)))
        self.by_pid[process.pid] = process
        return process

    def emptied(self, offset: int) -> ProcessTable:
        """A table without processes, whose journal knows what was forgotten at that offset in the log."""
        table = ProcessTable()
        if self.journal is not None:
            for pid, process in self.by_pid.items():
                self.journal.setdefault(pid, []).append((offset, process))
            table.journal = self.journal
        return table

    def at(self, pid: int, offset: int) -> Process | None:
        """What `pid` was at an offset in the log, as far back as the journal goes."""
        for changed, before in (self.journal or {}).get(pid, ()):
            if changed > offset:
                return before
        return self.by_pid.get(pid)

    def replace(self, process: Process) -> Process:
        """Put in the same image as it is known now."""
        self.by_pid[process.pid] = process
        return process

    def parent(self, ppid: int, tail: Tail) -> Process | None:
        """The process that `ppid` names, unless it can only be an earlier holder of that pid.

        A login session is inherited and never left, so a parent with another session than its child's is a stale entry.
        """
        parent = self.by_pid.get(ppid)
        if parent is not None:
            theirs = parent.tail
            if theirs.ses != -1 and theirs.ses != tail.ses:
                return None
        return parent

    def text_size(self) -> int:
        """Characters of the distinct command lines that are kept."""
        commands = {each.command.number: each.command for each in self.by_pid.values() if each.command is not None}
        return sum(len(command.text) for command in commands.values())

    def trim(self, most: int = MAX_PROCESSES) -> int:
        """Forget processes if there are more than `most`: those shown first, except parents of those shown last.

        Returns:
            How many were forgotten.
        """
        table = self.by_pid
        if len(table) <= most:
            return 0
        before = len(table)
        by_age = sorted(table.values(), key=lambda process: process.serial)
        older, younger = by_age[: -(most // 2)], by_age[-(most // 2) :]
        parents = {each.parent.identity for each in younger if each.parent is not None}
        for process in older:
            if process.identity not in parents:
                del table[process.pid]
        return before - len(table)

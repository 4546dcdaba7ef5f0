"""Processes of one node: who started what, safe against pid reuse and reboot."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Final

import msgspec

_NUMBER: Final = itertools.count(1)
#: A node that shows more processes than this forgets those that it saw first.
MAX_PROCESSES: Final = 100_000


class Command:
    """A command line, one object per distinct text in a memo.

    Attributes:
        number: unique, never reused.
        text: argv joined by one blank.
        args: argv itself.
        cut: arguments are known to be missing.
    """

    __slots__ = ("args", "cut", "number", "text")

    def __init__(self, text: str, args: tuple[str, ...], *, cut: bool) -> None:
        self.number = next(_NUMBER)
        self.text = text
        self.args = args
        self.cut = cut


class Script:
    """The `#!` script of a process: what PATH item 0 says of it. `inode` and `owner` are -1 where not logged."""

    __slots__ = ("device", "inode", "mode", "owner", "path")

    def __init__(self, path: str, inode: int, device: str, owner: int, mode: str) -> None:
        self.path = path
        self.inode = inode
        self.device = device
        self.owner = owner
        self.mode = mode


class Program:
    """What was executed.

    Attributes:
        number: unique, never reused.
        resolved: the kernel's `exe`.
        invoked: path that was executed, made absolute by cwd; empty where no record and no absolute argv[0] told it.
        script: the `#!` script, or None.
        guessed: `invoked` is argv[0], since no PATH record exists.
    """

    __slots__ = ("guessed", "invoked", "number", "resolved", "script")

    def __init__(self, resolved: str, invoked: str, script: Script | None, *, guessed: bool = False) -> None:
        self.number = next(_NUMBER)
        self.resolved = resolved
        self.invoked = invoked
        self.script = script
        self.guessed = guessed


class Tail:
    """Who runs what: the part of a SYSCALL record from `auid=` on, one object per distinct text in a memo.

    Attributes:
        number: unique, never reused.
        face: number that two tails share if they agree in every column that the reader was asked for.
        auid, uid, euid, ses: decimal; -1 where unset or missing.
        user, login_user: names where known, else decimal; login_user is empty if unset.
        tty, comm, exe, key: decoded; empty where `(none)` or `(null)`.
    """

    __slots__ = ("auid", "comm", "euid", "exe", "face", "key", "login_user", "number", "ses", "tty", "uid", "user")

    def __init__(self) -> None:
        self.number = next(_NUMBER)
        self.face = self.number
        self.auid = self.uid = self.euid = self.ses = -1
        self.user = self.login_user = self.tty = self.comm = self.exe = self.key = ""


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
    shown: object = None

    @property
    def process(self) -> Process:
        """Itself: a process start is its own process."""
        return self

    @property
    def fields(self) -> Mapping[str, str | int | float]:
        """Nothing: all that its start says are columns of the process."""
        return {}

    def ancestors(self, limit: int = 64) -> tuple[Process, ...]:
        """Parent first, up to init or the edge of the log, at most `limit`."""
        found: list[Process] = []
        parent = self.parent
        while parent is not None and len(found) < limit:
            found.append(parent)
            parent = parent.parent
        return tuple(found)


class ProcessTable:
    """The last known image of every pid of one node in one boot."""

    __slots__ = ("by_pid",)

    def __init__(self) -> None:
        self.by_pid: dict[int, Process] = {}

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

    def trim(self) -> None:
        """Forget the processes that were entered first, if there are too many."""
        table = self.by_pid
        if len(table) > MAX_PROCESSES:
            for pid in list(itertools.islice(table, len(table) - MAX_PROCESSES * 3 // 4)):
                del table[pid]

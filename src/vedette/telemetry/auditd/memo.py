"""Distinct texts of the log, each parsed once."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from vedette.telemetry.auditd.argv import command_line, parse_argv, proctitle
from vedette.telemetry.auditd.process import Command, Program, Tail
from vedette.telemetry.auditd.program import program_of
from vedette.telemetry.auditd.syscalls import syscall_name
from vedette.telemetry.auditd.tail import parse_tail
from vedette.telemetry.auditd.value import untrusted

#: A memo that has taken in more bytes than this is emptied; nothing but speed depends on it.
MEMO_BYTES: Final = 24 * 1024 * 1024
#: What one entry costs beside its text.
_ENTRY: Final = 200


class Action(enum.IntEnum):
    """What the reader does with a SYSCALL record."""

    OTHER = 0
    EXEC = 1
    EXEC_FAILED = 2
    CONNECT = 3
    LISTEN = 4  # bind, listen, accept: a socket is opened to peers
    SOCKETCALL = 5  # any of these: i386 and s390 have one call for all
    UNNAMED = -1  # no table for the architecture, or no such number in it


_ACTIONS: Final = {
    "execve": Action.EXEC,
    "execveat": Action.EXEC,
    "connect": Action.CONNECT,
    "bind": Action.LISTEN,
    "listen": Action.LISTEN,
    "accept": Action.LISTEN,
    "accept4": Action.LISTEN,
    "socketcall": Action.SOCKETCALL,
}


class Kind(NamedTuple):
    """The part of a SYSCALL record before `a0=`: what was called and how it ended (`exit` 0 if not logged).

    `starts` says that it is a process start if an EXECVE record belongs to it.
    """

    action: Action
    name: str
    exit: int
    success: bool
    starts: bool = False


def parse_kind(body: bytes) -> Kind:
    """Decode `arch=c000003e syscall=59 success=yes exit=0`."""
    fields = dict(word.partition(b"=")[::2] for word in body.split())
    number, exit_code = fields.get(b"syscall", b""), fields.get(b"exit", b"0")
    arch = fields.get(b"arch", b"").decode("ascii", "replace")
    name = syscall_name(arch, int(number[:9])) if number.isdigit() else number.decode("ascii", "replace")
    success = fields.get(b"success", b"yes") == b"yes"
    action = _ACTIONS.get(name, Action.UNNAMED if number.isdigit() and name.isdigit() else Action.OTHER)
    if action is Action.EXEC and not success:
        action = Action.EXEC_FAILED
    elif action is Action.UNNAMED and not success:
        action = Action.OTHER
    digits = exit_code.removeprefix(b"-")
    value = int(exit_code[:20]) if digits.isdigit() else 0
    return Kind(action, name, value, success, action in (Action.EXEC, Action.UNNAMED))


class Memo:
    """Memos of the reader; `trim` between chunks keeps them bounded.

    Args:
        names: user names by uid for RAW logs.
        face: what of a tail the asked columns can tell apart.
    """

    def __init__(self, names: Mapping[int, str], face: Callable[[Tail], tuple[object, ...]]) -> None:
        self._names = names
        self._face = face
        self._faces: dict[tuple[object, ...], int] = {}
        self._size = 0
        self.kinds: dict[bytes, Kind] = {}
        self.tails: dict[bytes, Tail] = {}
        self.commands: dict[bytes, Command] = {}
        self.titles: dict[bytes, Command] = {}
        self.words: dict[bytes, str] = {}
        self.absolute: dict[tuple[str, bytes, bytes | None], Program] = {}
        self.programs: dict[tuple[str, str, bytes, bytes, str], Program] = {}

    def kind(self, body: bytes) -> Kind:
        """The parsed head of a SYSCALL record."""
        kind = self.kinds[body] = parse_kind(body)
        self._size += len(body) + _ENTRY
        return kind

    def tail(self, body: bytes) -> Tail:
        """The parsed tail of a SYSCALL record."""
        tail = self.tails[body] = parse_tail(body, self._names)
        tail.face = self._faces.setdefault(self._face(tail), tail.number)
        self._size += len(body) + 2 * _ENTRY
        return tail

    def command(self, bodies: Sequence[bytes]) -> Command:
        """The command line of one or more EXECVE bodies; only single bodies are remembered."""
        argv = parse_argv(bodies)
        command = Command(command_line(argv.args), argv.args, cut=not argv.complete)
        if len(bodies) == 1:
            self.commands[bodies[0]] = command
            self._size += 3 * len(bodies[0]) + _ENTRY
        return command

    def title(self, body: bytes) -> Command:
        """The command line of a PROCTITLE body: cut at 128 bytes."""
        command = self.titles.get(body)
        if command is None:
            title, cut = proctitle(body)
            command = self.titles[body] = Command(title, (), cut=cut)
            self._size += 3 * len(body) + _ENTRY
        return command

    def word(self, value: bytes) -> str:
        """A decoded value of a field that the kernel quotes or hex-encodes, where it ends its line."""
        word = self.words.get(value)
        if word is None:
            word = self.words[value] = untrusted(value.partition(b"\x1d")[0].removesuffix(b"\r"))
            self._size += 2 * len(value) + _ENTRY
        return word

    def program(self, exe: str, cwd: str, path0: bytes, path1: bytes, argv0: str) -> Program:
        """The program of an exec."""
        if path0.startswith(b'name="/'):
            known = (exe, path0, path1 or None)
            found = self.absolute.get(known)
            if found is None:
                found = self.absolute[known] = program_of(exe, cwd, path0, path1, argv0)
                self._size += len(path0) + len(path1) + 2 * _ENTRY
            return found
        key = (exe, cwd if path0 else "", path0, path1, "" if path0 else argv0)
        program = self.programs.get(key)
        if program is None:
            program = self.programs[key] = program_of(exe, cwd, path0, path1, argv0)
            self._size += len(path0) + len(path1) + 2 * _ENTRY
        return program

    def trim(self) -> bool:
        """Empty the memos if they have grown too big; whether they were."""
        if self._size <= MEMO_BYTES:
            return False
        for memo in (
            self.kinds,
            self.tails,
            self.commands,
            self.titles,
            self.words,
            self.absolute,
            self.programs,
            self._faces,
        ):
            memo.clear()
        self._size = 0
        return True

"""The join that a rival must do first: records of an audit log to process starts, line by line in plain Python.

Written for the benchmarks from what the records mean, apart from Vedette's reader, so that equal findings prove both.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

#: Columns of a process start; the image fields stand by reading. Everything is text, absent is empty.
COLUMNS: Final = (
    "Image.resolved",
    "Image.invoked",
    "CommandLine",
    "CurrentDirectory",
    "ParentImage.resolved",
    "ParentImage.invoked",
    "ParentCommandLine",
    "ParentUser",
    "User",
    "UserId",
    "LoginUser",
    "LoginUserId",
    "LogonId",
    "ProcessName",
    "Tty",
    "AuditKey",
    "ProcessId",
    "ParentProcessId",
)
#: Lines for which an event is waited for, far more than interleaving needs.
_PATIENCE: Final = 2_000

_RECORD: Final = re.compile(rb"((?:node=\S+ )?)type=(\S+) msg=audit\((\d+\.\d+):(\d+)\): ?([^\n]*)")
_WORD: Final = re.compile(rb'([\w\[\]-]+)=("[^"]*"|\S*)')
_ARGUMENT: Final = re.compile(rb"a(\d+)(?:\[(\d+)\])?")
_WANTED: Final = frozenset({b"SYSCALL", b"EXECVE", b"CWD", b"PATH", b"PROCTITLE"})
_EXECS: Final = {(b"c000003e", b"59"), (b"c000003e", b"322"), (b"40000003", b"11"), (b"40000003", b"358")}
_UNSET: Final = b"4294967295"


class Start:
    """One process start: serial, time as logged, and a value for each of `COLUMNS`."""

    __slots__ = ("serial", "time", "values")

    def __init__(self, serial: int, time: str, values: tuple[str, ...]) -> None:
        self.serial = serial
        self.time = time
        self.values = values


class _Who(NamedTuple):
    ppid: bytes
    user: str
    session: str
    comm: str


class _Process:
    __slots__ = ("command", "exe", "invoked", "parent", "who")

    def __init__(self, who: _Who, exe: str, invoked: str, command: str, parent: _Process | None) -> None:
        self.who = who
        self.exe = exe
        self.invoked = invoked
        self.command = command
        self.parent = parent


_Event = dict[bytes, list[bytes]]
_Table = dict[tuple[bytes, bytes], _Process]


def starts(log: Path) -> Iterator[Start]:
    """The process starts of a log, in the order of their SYSCALL records."""
    events: dict[tuple[bytes, bytes, bytes], _Event] = {}
    queue: list[tuple[int, tuple[bytes, bytes, bytes]]] = []
    table: _Table = {}
    first = 0
    with log.open("rb") as lines:
        for number, line in enumerate(lines):
            record = _RECORD.match(line)
            if record is None:
                continue
            prefix, kind, time, serial, body = record.groups()
            if kind not in _WANTED:
                continue
            key = (prefix, time, serial)
            events.setdefault(key, {}).setdefault(kind, []).append(body)
            if kind == b"SYSCALL":
                queue.append((number, key))
            while first < len(queue) and queue[first][0] < number - _PATIENCE:
                done = queue[first][1]
                yield from _finish(done, events.pop(done), table)
                first += 1
    for _, done in queue[first:]:
        yield from _finish(done, events.pop(done), table)


def _finish(key: tuple[bytes, bytes, bytes], event: _Event, table: _Table) -> Iterator[Start]:
    prefix, time, serial = key
    call, _, extra = event[b"SYSCALL"][0].partition(b"\x1d")
    told, names = _words(call), _words(extra)
    pid, ppid = told.get(b"pid", b""), told.get(b"ppid", b"")
    exe, comm = _text(told.get(b"exe", b"")), _text(told.get(b"comm", b""))
    session = _unless_unset(told.get(b"ses", _UNSET))
    euid, auid = told.get(b"euid", b""), _unless_unset(told.get(b"auid", _UNSET))
    user = _name(euid, names.get(b"EUID"))
    who = _Who(ppid, user, session, comm)
    is_exec = (told.get(b"arch"), told.get(b"syscall")) in _EXECS
    known = table.get((prefix, pid))
    parent = table.get((prefix, ppid))
    if parent is not None and parent.who.session not in ("", session):
        parent = None
    if not (is_exec and told.get(b"success", b"yes") == b"yes"):
        if known is None or known.exe != exe or known.who.session not in ("", session):
            # A fork that never called exec runs its parent's image.
            if parent is not None and parent.exe == exe and parent.who.comm == comm:
                fork = _Process(who, exe, parent.invoked, parent.command, parent)
            else:
                fork = _Process(who, exe, "", _title(event), parent)
            table[prefix, pid] = fork
        return
    if parent is None and known is not None and known.who.ppid == ppid and known.who.session in ("", session):
        parent = known.parent
    cwd = _text(_words(event[b"CWD"][0]).get(b"cwd", b"")) if b"CWD" in event else ""
    arguments = _arguments(event.get(b"EXECVE", []))
    command = _title(event) if arguments is None else " ".join(arguments)
    invoked = _invoked(event, cwd, arguments or [])
    process = table[prefix, pid] = _Process(who, exe, invoked, command, parent)
    above = process.parent
    values = (
        exe,
        invoked,
        command,
        cwd,
        above.exe if above else "",
        above.invoked if above else "",
        above.command if above else "",
        above.who.user if above else "",
        user,
        euid.decode(),
        _name(auid.encode(), names.get(b"AUID")) if auid else "",
        auid,
        session,
        comm,
        _plain(told.get(b"tty", b"")),
        ",".join(key for key in _text(told.get(b"key", b"")).split("\x01") if key),
        pid.decode(),
        ppid.decode(),
    )
    yield Start(int(serial), time.decode(), values)


def _words(body: bytes) -> dict[bytes, bytes]:
    return dict(reversed(_WORD.findall(body)))  # the first of a name counts


def _text(raw: bytes) -> str:
    """A string of a stranger: quoted, or in hexadecimal."""
    if raw[:1] == b'"':
        return raw[1:-1].decode("utf-8", "replace")
    if raw in (b"(null)", b"(none)"):
        return ""
    try:
        return bytes.fromhex(raw.decode("ascii")).decode("utf-8", "replace")
    except ValueError:
        return raw.decode("utf-8", "replace")


def _plain(raw: bytes) -> str:
    return "" if raw in (b"(null)", b"(none)") else raw.strip(b'"').decode("utf-8", "replace")


def _unless_unset(raw: bytes) -> str:
    return "" if raw == _UNSET else raw.decode()


def _name(number: bytes, enriched: bytes | None) -> str:
    name = _plain(enriched) if enriched else ""
    if name and not name.startswith("unknown("):
        return name
    return "root" if number == b"0" else number.decode()


def _arguments(bodies: list[bytes]) -> list[str] | None:
    if not bodies:
        return None
    pieces: dict[int, dict[int, bytes]] = {}
    for body in bodies:
        for name, raw in _WORD.findall(body.partition(b"\x1d")[0]):
            place = _ARGUMENT.fullmatch(name)
            if place:
                data = raw[1:-1] if raw[:1] == b'"' else bytes.fromhex(raw.decode("ascii"))
                pieces.setdefault(int(place[1]), {})[int(place[2] or 0)] = data
    joined = (b"".join(parts[part] for part in sorted(parts)) for _, parts in sorted(pieces.items()))
    return [argument.decode("utf-8", "replace") for argument in joined]


def _title(event: _Event) -> str:
    if b"PROCTITLE" not in event:
        return ""
    raw = event[b"PROCTITLE"][0].partition(b"\x1d")[0].strip().removeprefix(b"proctitle=")
    data = raw[1:-1] if raw[:1] == b'"' else bytes.fromhex(raw.decode("ascii"))
    return data.rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "replace")


def _invoked(event: _Event, cwd: str, arguments: list[str]) -> str:
    for body in event.get(b"PATH", []):
        words = _words(body.partition(b"\x1d")[0])
        if words.get(b"item") == b"0":
            name = _text(words.get(b"name", b""))
            if name:
                return name if name.startswith("/") else posixpath.normpath(posixpath.join(cwd or "/", name))
    return arguments[0] if arguments and arguments[0].startswith("/") else ""

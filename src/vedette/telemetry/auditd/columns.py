"""Which column an event of the audit log has, and how it is read off a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from vedette.event import FIELDS, READ_FIELDS, REGISTRY, LogSource, Shapes, Vocabulary
from vedette.predicate import Value
from vedette.telemetry.auditd.process import Process, Script

Getter: TypeAlias = Callable[[Process], Value]


def _number(value: int) -> Value:
    return "" if value < 0 else value


def _script(process: Process | None) -> Script | None:
    return None if process is None else process.program.script


def _script_getters(prefix: str, holder: Callable[[Process], Process | None]) -> dict[str, Getter]:
    def of(read: Callable[[Script], Value]) -> Getter:
        def getter(process: Process) -> Value:
            script = _script(holder(process))
            return "" if script is None else read(script)

        return getter

    return {
        prefix: of(lambda script: script.path),
        f"{prefix}Inode": of(lambda script: _number(script.inode)),
        f"{prefix}Device": of(lambda script: script.device),
        f"{prefix}OwnerId": of(lambda script: _number(script.owner)),
        f"{prefix}Mode": of(lambda script: script.mode),
    }


def _parent(read: Getter) -> Getter:
    return lambda process: "" if process.parent is None else read(process.parent)


def _resolved(process: Process) -> Value:
    return process.program.resolved


def _invoked(process: Process) -> Value:
    return process.program.invoked


def _command(process: Process) -> Value:
    return "" if process.command is None else process.command.text


#: Column of a process -> how to read it. The image fields stand by reading.
PROCESS: Final[dict[str, Getter]] = {
    "Image.resolved": _resolved,
    "Image.invoked": _invoked,
    "CommandLine": _command,
    "CurrentDirectory": lambda process: process.cwd,
    "ParentImage.resolved": _parent(_resolved),
    "ParentImage.invoked": _parent(_invoked),
    "ParentCommandLine": _parent(_command),
    "ParentUser": _parent(lambda process: process.tail.user),
    "User": lambda process: process.tail.user,
    "UserId": lambda process: _number(process.tail.euid),
    "LoginUser": lambda process: process.tail.login_user,
    "LoginUserId": lambda process: _number(process.tail.auid),
    "LogonId": lambda process: "" if process.tail.ses < 0 else str(process.tail.ses),
    "ProcessName": lambda process: process.tail.comm,
    "Tty": lambda process: process.tail.tty,
    "AuditKey": lambda process: process.tail.key,
    **_script_getters("Script", lambda process: process),
    **_script_getters("ParentScript", lambda process: process.parent),
}
#: Columns that differ from event to event.
PER_EVENT: Final[dict[str, Getter]] = {
    "ProcessId": lambda process: process.pid,
    "ParentProcessId": lambda process: process.ppid,
}


def field_of(column: str) -> str:
    """The field that a column holds: `Image` for `Image.resolved`."""
    return column.partition(".")[0]


def vocabulary_of(column: str) -> str:
    """The name of the vocabulary that a column shares with its like; EXECVE's arguments share one."""
    if column[:1] == "a" and column[1:].isdigit():
        return "argument"
    field = REGISTRY.get(field_of(column))
    return column if field is None else field.vocabulary


def make_shapes(columns: tuple[str, ...], vocabularies: dict[str, Vocabulary]) -> Shapes:
    """Shapes over `columns`; vocabularies are taken from, and added to, the given ones by name."""
    return Shapes(
        columns,
        tuple(vocabularies.setdefault(name, Vocabulary(name)) for name in map(vocabulary_of, columns)),
    )


def process_values(process: Process) -> dict[str, Value]:
    """Every column of a process that is not absent."""
    return {column: value for column, getter in (PROCESS | PER_EVENT).items() if (value := getter(process)) != ""}


def shape_number(shapes: Shapes, process: Process | None, fields: Mapping[str, Value]) -> int:
    """The shape of an event: each column from its own fields, else from its process."""
    row = []
    for column, vocabulary in zip(shapes.columns, shapes.vocabularies, strict=True):
        value = fields.get(column, "")
        if value == "" and process is not None:
            getter = PROCESS.get(column)
            if getter is not None:
                value = getter(process)
        row.append(vocabulary.code(value))
    return shapes.number(tuple(row))


def shaper(shapes: Shapes) -> Callable[[Process], int]:
    """The shape of a process start as a function with all look-ups of columns behind it."""
    plan = tuple(
        (PROCESS[column], vocabulary) for column, vocabulary in zip(shapes.columns, shapes.vocabularies, strict=True)
    )

    def number(process: Process) -> int:
        row = []
        for getter, vocabulary in plan:
            value = getter(process)
            code = vocabulary.codes.get(value)
            row.append(vocabulary.code(value) if code is None else code)
        return shapes.number(tuple(row))

    return number


def supplied(source: LogSource) -> tuple[str, ...]:
    """The columns that events of this kind carry, the image fields split by reading; none for single records."""
    columns: list[str] = []
    for field in FIELDS:
        if source.category in field.supplied and not field.per_event:
            if field.name in READ_FIELDS:
                columns += [f"{field.name}.resolved", f"{field.name}.invoked"]
            else:
                columns.append(field.name)
    return tuple(columns)

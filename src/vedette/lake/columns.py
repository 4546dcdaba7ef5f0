"""The columns of a dataset's files.

Every value that rules can ask for is a text column, numbers too: what a log says of an inode or a user may be any
number, and is kept as it was. Absent is null.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from vedette.event import REGISTRY, LogSource
from vedette.event.logsource import AUDIT_RECORD, PROCESS_CREATION
from vedette.hunt.assignment import KINDS
from vedette.predicate import Value
from vedette.telemetry.auditd.columns import PROCESS, field_of, supplied

#: Columns of every event.
EVENT: Final[dict[str, pl.DataType]] = {
    "time": pl.Datetime("us", "UTC"),
    "node": pl.String(),
    "serial": pl.Int64(),
    "log": pl.String(),
    "offset": pl.Int64(),
}
#: Columns of process starts beside those that rules ask for; the numbers of processes are those of the log's entry.
START: Final[dict[str, pl.DataType]] = {
    "pid": pl.Int64(),
    "ppid": pl.Int64(),
    "boot": pl.Int32(),
    "parent": pl.Int32(),
    "cut": pl.Boolean(),
}
#: Columns of other events: what they say beyond their process, as JSON, and the process's number.
CALL: Final[dict[str, pl.DataType]] = {"process": pl.Int32(), "fields": pl.String()}
#: Columns of single records: their type and bodies.
RECORD: Final[dict[str, pl.DataType]] = {
    "process": pl.Int32(),
    "type": pl.String(),
    "bodies": pl.List(pl.Binary()),
}
#: Columns of processes, `above` being the numbers of the ancestors from the parent on.
IMAGE: Final[dict[str, pl.DataType]] = {
    "number": pl.Int32(),
    "above": pl.List(pl.Int32()),
    "node": pl.String(),
    "boot": pl.Int32(),
    "pid": pl.Int64(),
    "ppid": pl.Int64(),
    "time": pl.Datetime("us", "UTC"),
    "serial": pl.Int64(),
    "log": pl.String(),
    "offset": pl.Int64(),
    "executed": pl.Boolean(),
    "cut": pl.Boolean(),
    **{column: pl.String() for column in PROCESS if not column.startswith("Parent")},
}
#: The kinds of events by the name that their folder has.
NAMES: Final[dict[str, LogSource]] = {source.category or source.service: source for source in KINDS}
#: The kind of a dataset's files that hold processes.
PROCESSES: Final = "process"


def name_of(source: LogSource) -> str:
    """The name of a kind."""
    return source.category or source.service


def asked(source: LogSource) -> tuple[str, ...]:
    """The text columns of a kind: all that its events can supply."""
    return supplied(source)


def schema(source: LogSource) -> dict[str, pl.DataType]:
    """All columns of a kind."""
    if source == AUDIT_RECORD:
        return {**EVENT, **RECORD}
    own = START if source == PROCESS_CREATION else CALL
    return {**EVENT, **own, **{column: pl.String() for column in asked(source)}}


def keys(source: LogSource) -> tuple[str, ...]:
    """The columns in which two events of a kind agree only if they are one, read twice."""
    if source == AUDIT_RECORD:
        return ("time", "serial", "type", "bodies")
    if source == PROCESS_CREATION:
        return ("time", "serial", "pid", "Image.resolved", "Image.invoked", "CommandLine", "UserId", "LogonId")
    return ("time", "serial", "fields")


def stored(value: Value) -> str | None:
    """A value as it stands in a column."""
    return None if value == "" else str(value)


def loaded(column: str, text: str | None) -> Value:
    """A value as the engine reads it; the field registry knows its type."""
    if text is None:
        return ""
    field = REGISTRY.get(field_of(column))
    return int(text) if field is not None and field.kind == "integer" else text


def microseconds(time: float) -> int:
    """UTC epoch seconds as they are stored; audit times are whole milliseconds."""
    milliseconds = round(time * 1000)
    return milliseconds * 1000 if milliseconds / 1000 == time else round(time * 1_000_000)


def seconds(stored_time: int) -> float:
    """The inverse of `microseconds`."""
    milliseconds, rest = divmod(stored_time, 1000)
    return stored_time / 1_000_000 if rest else milliseconds / 1000

"""Rows that `vedette ship` sent, read back by its mapping turned round: both readings, script, session, ancestors."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from vedette.event import REGISTRY
from vedette.hunt.finding import Ancestor
from vedette.predicate import Value
from vedette.sentinel.hunting.text import clean, integer, plain
from vedette.sentinel.shipping.mapping import ADDITIONAL, Table, shipped_mapping
from vedette.telemetry.auditd.columns import PER_EVENT, PROCESS, field_of

#: The column of what tells an event again however often it was sent.
UID: Final = "EventOriginalUid"
_MOST_ANCESTORS: Final = 64
_MARKS: Final = ("EventVendor", "EventProduct")
_OWN: Final = frozenset({"Syscall", "ExitCode", "DestinationIp", "DestinationPort"})


class Shipped(msgspec.Struct, frozen=True):
    """What a row says beyond columns that every source fills.

    Attributes:
        uid: what tells the event again.
        values: column to value, as `vedette.event.Event` has them.
        serial: the audit serial, or 0.
        boot: how many boots of the host were seen before.
        cut: the command line is incomplete.
        ancestors: parent first.
        whole: nothing of it was cut.
    """

    uid: str
    values: dict[str, Value]
    serial: int
    boot: int
    cut: bool
    ancestors: tuple[Ancestor, ...]
    whole: bool


def read_shipped(row: Mapping[str, Any], category: str) -> Shipped | None:
    """A row as it was before it was shipped, or None where somebody else wrote it.

    Args:
        row: column to value, as the workspace gave it.
        category: of the events that the query asked for.
    """
    table = _tables().get(category)
    extra = _extra(row.get(ADDITIONAL))
    if table is None or extra is None or any(row.get(mark) != table.constants[mark] for mark in _MARKS):
        return None
    values: dict[str, Value] = {}
    for column, source in table.columns.items():
        _put(values, source, row.get(column))
    for key, source in table.additional.items():
        _put(values, source, extra.get(key))
    marks = extra.get("Cut")
    cut = bool(extra.get("CommandLineCut")) or (
        isinstance(marks, dict) and not marks.keys().isdisjoint({"TargetProcessCommandLine", "CommandLine"})
    )
    ancestors = _ancestors(extra.get("Ancestors"), values)
    serial, boot = _number(extra.get("Serial")), _number(extra.get("Boot"))
    return Shipped(str(plain(row.get(UID)))[:80], values, serial, boot, cut, ancestors, not cut and not marks)


@functools.cache
def _tables() -> dict[str, Table]:
    return {table.kind: table for table in shipped_mapping().tables}


def _put(values: dict[str, Value], source: str, found: object) -> None:
    """Keep a value of the event's own columns; what only the row needs is left."""
    if (source not in PROCESS and source not in PER_EVENT and source not in _OWN) or found in (None, ""):
        return
    field = REGISTRY.get(field_of(source))
    if field is not None and field.kind == "integer":
        number = integer(str(plain(found)))
        if number is not None:
            values[source] = number
        return
    text = str(plain(found))
    if text:
        values[source] = text


def _extra(found: object) -> Mapping[str, Any] | None:
    """AdditionalFields, which come as an object or as its text."""
    if isinstance(found, str):
        try:
            found = msgspec.json.decode(found)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            return None
    return found if isinstance(found, dict) else None


def _ancestors(found: object, values: Mapping[str, Value]) -> tuple[Ancestor, ...]:
    told = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    read = [_ancestor(one) for one in told[:_MOST_ANCESTORS]]
    parent = _parent(values)
    if parent is None:
        return tuple(read)
    # The row's own columns say more of the parent than the list does.
    first = read[0] if read and read[0].pid == parent.pid else None
    if first is not None:
        return (msgspec.structs.replace(parent, cut=first.cut), *read[1:])
    return (parent, *read) if not read else tuple(read)


def _parent(values: Mapping[str, Value]) -> Ancestor | None:
    """The parent, where more is known of it than its number."""
    pid = values.get("ParentProcessId")
    image, invoked = _text(values, "ParentImage.resolved"), _text(values, "ParentImage.invoked")
    command = _text(values, "ParentCommandLine")
    if not isinstance(pid, int) or not (image or invoked or command):
        return None
    script, user = _text(values, "ParentScript"), _text(values, "ParentUser")
    return Ancestor(pid, image, invoked, script, command, user)


def _ancestor(told: Mapping[str, Any]) -> Ancestor:
    image, invoked = _string(told.get("Image")), _string(told.get("InvokedImage"))
    return Ancestor(
        _number(told.get("ProcessId")),
        image,
        invoked or image,
        _string(told.get("Script")),
        _string(told.get("CommandLine")),
        None,
    )


def _text(values: Mapping[str, Value], name: str) -> str | None:
    return str(values[name]) if values.get(name, "") != "" else None


def _string(found: object) -> str | None:
    return clean(found) if isinstance(found, str) and found else None


def _number(found: object) -> int:
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 1 << 63 else 0

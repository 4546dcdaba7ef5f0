"""Rows of Defender's and ASIM's tables as plain events."""

from __future__ import annotations

import functools
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from vedette.event import LogSource
from vedette.event.view import Reading
from vedette.predicate import Value
from vedette.telemetry.events.instant import instant
from vedette.telemetry.events.kind import Kind
from vedette.telemetry.events.plain import Plain
from vedette.telemetry.events.rejects import Rejects
from vedette.telemetry.events.rows import Row
from vedette.telemetry.events.value import integer, text, value_of

_WINDOWS: Final = re.compile(r"[A-Za-z]:\\|\\")
#: Prefix of the categories of Defender's streaming export.
_STREAM: Final = "AdvancedHunting-"
#: Initiated for each action of Defender and each direction of ASIM.
_INITIATED: Final[Mapping[str, str]] = {
    "ConnectionSuccess": "true",
    "ConnectionFailed": "true",
    "ConnectionAttempt": "true",
    "ConnectionRequest": "true",
    "InboundConnectionAccepted": "false",
    "InboundConnectionAttempt": "false",
    "Outbound": "true",
    "Inbound": "false",
}
#: Columns that hold a file's name without its folder where Sigma has a path.
_NAMES: Final = frozenset({"InitiatingProcessParentFileName"})


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table.

    Attributes:
        name: as its query is written.
        format: `defender` or `asim`.
        category: Sigma's.
        marks: columns by which it is known.
        fields: Sigma's field to its column.
        time: columns of the time, the first that is filled counts.
        host: column of the host's name.
        path: columns with a path, by which the product is told.
        actions: the values of `action` whose rows are events of the category; empty for all rows.
        action: the column that says what happened.
        reading: which path the image fields hold, if that is known.
        hashes: algorithm to its column.
        hex: fields that Windows' rules know in hexadecimal.
        ends: field to its column for outbound and for inbound connections.
        computed: field to how it is computed.
    """

    name: str
    format: str
    category: str
    marks: tuple[str, ...]
    fields: dict[str, str]
    time: tuple[str, ...]
    host: str
    path: tuple[str, ...]
    actions: tuple[str, ...] = ()
    action: str = "ActionType"
    reading: Reading | None = None
    hashes: dict[str, str] = {}
    hex: tuple[str, ...] = ()
    ends: dict[str, tuple[str, str]] = {}
    computed: dict[str, str] = {}

    @property
    def supplied(self) -> frozenset[str]:
        """The fields that its rows can fill."""
        return frozenset({*self.fields, *self.ends, *self.computed, *(("Hashes",) if self.hashes else ())})


class _Tables(msgspec.Struct, frozen=True):
    tables: tuple[Table, ...]


@functools.cache
def tables() -> tuple[Table, ...]:
    """All tables that are known."""
    data = tomllib.loads((Path(__file__).parent / "table.toml").read_text("utf-8"))
    return msgspec.convert(data, _Tables).tables


def unwrapped(values: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """A row's own columns and the table that it names, if it names one; Defender's stream wraps each row."""
    category, inner = values.get("category"), values.get("properties")
    if isinstance(category, str) and category.startswith(_STREAM) and isinstance(inner, dict):
        return inner, category.removeprefix(_STREAM)
    named = values.get("Type")
    return values, named if isinstance(named, str) else ""


def table_of(columns: Mapping[str, Any]) -> Table | None:
    """The table that a row belongs to, by its columns; None if it is of none."""
    values, named = unwrapped(columns)
    for table in tables():
        if table.name == named or all(mark in values for mark in table.marks):
            return table
    return None


class TableMapper:
    """Rows of tables as events."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], Kind] = {}
        self._tables: dict[tuple[str, ...], Table | None] = {}
        self._last: Table | None = None

    def plains(self, row: Row, file: str, before: float, rejects: Rejects) -> list[Plain]:
        """The event of a row; none where it is of no table, or not of what the table's rules ask for."""
        values, named = unwrapped(row.values)
        key = (named, *values)
        if key not in self._tables:
            if len(self._tables) > 1_000:
                self._tables.clear()
            self._tables[key] = table_of(row.values)
        # Some exports leave out what is empty, so that a row may lack what its table is known by.
        table = self._last = self._tables[key] or self._last
        if table is None:
            rejects.add("row-of-no-table", file, row.line)
            return []
        action = text(values.get(table.action))
        if table.actions and action not in table.actions:
            rejects.add("row-of-another-action", file, row.line)
            return []
        time = next((found for name in table.time if (found := instant(values.get(name))) is not None), None)
        if time is None:
            rejects.add("without-time", file, row.line)
        product = _product(table, values)
        kind = self._kinds.get((table.name, product)) or self._kind(table, product)
        host = text(values.get(table.host))
        filled = _fill(table, values, product)
        rest = {name: text(value) for name, value in values.items() if value not in (None, "")}
        return [Plain(kind, before if time is None else time, host, filled, rest, row.offset, row.line, row.raw)]

    def _kind(self, table: Table, product: str) -> Kind:
        # A path with slashes may be of either system, and no column tells which.
        also = (LogSource("macos", table.category),) if product == "linux" else ()
        title = f"the table {table.name}"
        kind = Kind(LogSource(product, table.category), also, table.supplied, table.reading, title)
        self._kinds[table.name, product] = kind
        return kind


def _product(table: Table, values: Mapping[str, Any]) -> str:
    """`linux` where the first path that a row holds is one of slashes, else `windows`."""
    for name in table.path:
        path = values.get(name)
        if isinstance(path, str) and path:
            return "windows" if _WINDOWS.match(path) or not path.startswith("/") else "linux"
    return "windows"


def _fill(table: Table, values: Mapping[str, Any], product: str) -> dict[str, Value]:
    filled: dict[str, Value] = {}
    inbound = text(values.get(table.action)).lower().startswith("inbound") or (
        text(values.get("NetworkDirection")).lower() == "inbound"
    )
    for field, column in table.fields.items():
        value = values.get(column)
        if value is None or value == "":
            continue
        if column in _NAMES and isinstance(value, str) and "/" not in value and "\\" not in value:
            value = ("/" if product == "linux" else "\\") + value
        typed = value_of(field, value)
        if typed != "":
            filled[field] = typed
    for field, ends in table.ends.items():
        typed = value_of(field, values.get(ends[inbound]))
        if typed != "":
            filled[field] = typed
    for field in table.hex:
        number = integer(filled.get(field, ""))
        if product == "windows" and isinstance(number, int):
            filled[field] = hex(number)
    if table.hashes:
        told = ",".join(f"{name}={text(values[column])}" for name, column in table.hashes.items() if values.get(column))
        if told:
            filled["Hashes"] = told
    for field, way in table.computed.items():
        told = _WAYS[way](values, field, filled, product)
        if told:
            filled[field] = told
    return filled


_Way = Callable[[Mapping[str, Any], str, Mapping[str, Value], str], str]


def _account(prefix: str) -> _Way:
    def read(values: Mapping[str, Any], _field: str, _filled: Mapping[str, Value], product: str) -> str:
        name, domain = text(values.get(f"{prefix}AccountName")), text(values.get(f"{prefix}AccountDomain"))
        # On Linux and macOS the domain is the host's name, which no user name of a rule has.
        return f"{domain}\\{name}" if domain and product == "windows" else name

    return read


def _directory(values: Mapping[str, Any], _field: str, _filled: Mapping[str, Value], product: str) -> str:
    more = values.get("AdditionalFields")
    if product == "windows" or not more:
        return ""
    if isinstance(more, str):
        try:
            more = json.loads(more)
        except (ValueError, RecursionError):
            return ""
    return text(more.get("ProcessCurrentWorkingDirectory")) if isinstance(more, dict) else ""


def _initiated(column: str) -> _Way:
    return lambda values, _field, _filled, _product: _INITIATED.get(text(values.get(column)), "")


def _six(_values: Mapping[str, Any], field: str, filled: Mapping[str, Value], _product: str) -> str:
    address = text(filled.get(field.replace("IsIpv6", "Ip"), ""))
    return "" if not address else "true" if ":" in address else "false"


_WAYS: Final[Mapping[str, _Way]] = {
    "account": _account(""),
    "initiator": _account("InitiatingProcess"),
    "directory": _directory,
    "action": _initiated("ActionType"),
    "direction": _initiated("NetworkDirection"),
    "six": _six,
}

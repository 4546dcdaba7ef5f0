"""A row that a workspace gave, as an event: the target's columns turned back into Sigma's fields, within bounds."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from vedette.event import READ_FIELDS, REGISTRY
from vedette.kql import Column
from vedette.predicate import Value
from vedette.sentinel.hunting.answer import Row
from vedette.sentinel.hunting.seen import Seen
from vedette.sentinel.hunting.shipped import read_shipped
from vedette.sentinel.hunting.text import MAX_TEXT, clean, integer, plain
from vedette.sentinel.hunting.told import Columns

#: Longest name of a host or of a row.
MAX_NAME: Final = 255
_AUDIT: Final = re.compile(r"msg=audit\((\d{1,12}\.\d{1,3}):(\d{1,18})\)")
_MESSAGE: Final = "SyslogMessage"
_HOSTS: Final = frozenset({"Computer", "ComputerName", "Hostname"})


class Reader:
    """Reads the rows of one query.

    Args:
        columns: field to column, for the rule's product.
        told: the columns of times, hosts and ids.
        table: what the query asked.
        category: of its events.
        raw: the column that keywords search, or None.
    """

    def __init__(
        self, columns: Mapping[str, Column], told: Columns, table: str, category: str, raw: Column | None
    ) -> None:
        self._columns = [(field, column) for field, column in columns.items() if field not in _HOSTS]
        self._told, self._table, self._category = told, table, category
        self._raw = None if raw is None else raw.column

    def seen(self, row: Row) -> Seen | None:
        """A row as an event; None where it says no time."""
        cropped: list[str] = []
        row = {str(name)[:MAX_NAME]: _plain(value, str(name), cropped) for name, value in row.items()}
        message = str(plain(row.get(_MESSAGE)))
        record = _AUDIT.search(message)
        time = float(record[1]) if record else _time_of(row, self._told.times)
        if time is None:
            return None
        host = _first(row, self._told.hosts)[:MAX_NAME]
        shipped = read_shipped(row, self._category)
        values = {} if shipped is not None else self._values(row)
        if shipped is not None:
            values = {**self._beside(row), **shipped.values}
        if host:
            values |= dict.fromkeys(_HOSTS, host)
        raw = str(plain(row.get(self._raw))) if self._raw else ""
        table = _first(row, self._told.tables)[:MAX_NAME] or self._table
        name = shipped.uid if shipped is not None and shipped.uid else _first(row, self._told.ids)[:MAX_NAME]
        return Seen(
            name or _digest(row),
            table,
            time,
            host,
            values,
            raw or message,
            int(record[2]) if record else shipped.serial if shipped is not None else 0,
            shipped.boot if shipped is not None else 0,
            bool(shipped is not None and shipped.cut) or any("CommandLine" in each for each in cropped),
            shipped.ancestors if shipped is not None else (),
            tuple(cropped),
            shipped is not None and shipped.whole and not cropped,
        )

    def _values(self, row: Row) -> dict[str, Value]:
        """Fields by the target's columns; an image column has one reading, told as the resolved one."""
        values: dict[str, Value] = {}
        for field, column in self._columns:
            value = _value(field, column, row)
            if value != "":
                values[f"{field}.resolved" if field in READ_FIELDS else field] = value
        return values

    def _beside(self, row: Row) -> dict[str, Value]:
        """Fields of a shipped row that are not of the mapping turned round, such as the grandparent's image."""
        return {name: value for name, value in self._values(row).items() if "." not in name}


def _value(field: str, column: Column, row: Row) -> Value:
    """One field's value, or the empty text."""
    if column.hashes:
        told = [f"{name}={value}" for name, each in column.hashes.items() if (value := plain(row.get(each)))]
        return ",".join(told)
    found = row.get(column.column)
    if found is None or found == "":
        return ""
    if column.values:
        return next((name for name, theirs in column.values.items() if found in theirs), "")
    if column.form == "hex" and isinstance(found, int):
        return hex(found) if abs(found) < 1 << 64 else ""
    kind = REGISTRY[field].kind if field in REGISTRY else "text"
    value = plain(found)
    if kind == "integer":
        number = integer(str(value))
        return str(value) if number is None else number
    if kind == "time":
        return value if isinstance(value, float) else ""
    # A number stays one, as rules compare it; only text is text.
    return value if column.type in ("int", "long", "real") else str(value)


def _plain(value: Any, name: str, cropped: list[str]) -> Any:
    """A cell as text, number or object; a time as epoch seconds; what is too long is cut, and named."""
    if isinstance(value, dt.datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return zoned.timestamp()
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            cropped.append(clean(name, MAX_NAME))
        return clean(value)
    if value is None or isinstance(value, bool | int | float | dict):
        return value
    return None


def _time_of(row: Row, names: tuple[str, ...]) -> float | None:
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value:
            # The client leaves what it can't read.
            try:
                moment = dt.datetime.fromisoformat(value)
            except ValueError:
                continue
            value = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
        if isinstance(value, float) and math.isfinite(value):
            return round(value, 3)
    return None


def _first(row: Row, names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := str(plain(row.get(name))))), "")


def _digest(row: Row) -> str:
    """What names a row that has no name: all that it says."""
    told = msgspec.json.encode(sorted((clean(name), clean(repr(value))) for name, value in row.items()))
    return hashlib.sha256(told).hexdigest()[:32]

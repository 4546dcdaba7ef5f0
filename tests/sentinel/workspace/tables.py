"""The rows that the workspace holds, and the tables and parsers that queries see them through."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.kql.oracle import engine
from tests.sentinel.workspace import parsers

from vedette.kql.check.schema import shipped

#: Kusto's types as the engine stores them.
SQL: Final = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "long": "BIGINT",
    "real": "DOUBLE",
    "bool": "BOOLEAN",
    "datetime": "TIMESTAMPTZ",
    "dynamic": "JSON",
    "guid": "VARCHAR",
    "decimal": "DECIMAL(38, 10)",
}
#: Columns that the service gives to each row.
OWN: Final = {"_ItemId": "string", "_TimeReceived": "datetime", "Type": "string"}
Span = tuple[dt.datetime | None, dt.datetime | None]


class Found(NamedTuple):
    """The result of a query: columns, each with Kusto's type, and rows."""

    columns: list[tuple[str, str]]
    rows: list[tuple[Any, ...]]


class Tables:
    """Tables of rows.

    Attributes:
        rows: table to its rows, in the order of arrival; may be changed at will, but for rows in place.
        types: table to the types of its columns.
    """

    def __init__(self, now: Callable[[], dt.datetime]) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.types: dict[str, dict[str, str]] = {}
        self._now = now
        self._lock = threading.Lock()
        self._connection: Any = None
        self._loaded: dict[str, tuple[int, int, int]] = {}

    def close(self) -> None:
        """Let go of the engine."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def columns(self, table: str) -> dict[str, str]:
        """The types of a table's columns; empty if there is no such table."""
        known = self.types.get(table) or shipped().tables.get(table)
        return {} if known is None else {**known, **OWN}

    def declare(self, table: str, types: Mapping[str, str]) -> None:
        """Make a table of one's own, or give it further columns."""
        self.types[table] = {**self.types.get(table, {}), **types}

    def add(self, table: str, rows: Iterable[Mapping[str, Any]], received: dt.datetime | None = None) -> None:
        """Store rows, which arrive now unless told, with what the service gives to each; what they have of it stays."""
        held = self.rows.setdefault(table, [])
        received = received or self._now()
        made = [{"_ItemId": str(uuid.uuid4()), "_TimeReceived": iso(received), "Type": table, **row} for row in rows]
        for row in made:
            row.setdefault("TimeGenerated", iso(received))
        if table not in shipped().tables:
            self.declare(table, {name: kind for row in made for name, kind in _types_of(row).items()})
        held.extend(made)

    def names(self) -> dict[str, list[str]]:
        """What queries may name, with the columns."""
        tables = {*self.rows, *self.types, *parsers.TABLES}
        found = {table: list(self.columns(table)) for table in sorted(tables)}
        return found | {view: [*found[table], *added] for view, (table, added) in parsers.VIEWS.items()}

    def run(
        self,
        translate: Callable[[dict[str, list[str]]], tuple[str, Mapping[str, Any]]],
        span: Span,
        lists: Mapping[str, Sequence[Mapping[str, str]]],
    ) -> Found:
        """Run a query.

        Args:
            translate: what makes SQL and its parameters, once the columns of all tables are known.
            span: TimeGenerated is in it, both ends included.
            lists: tables of text for this query alone, such as watchlists; a list without rows has `SearchKey` alone.
        """
        with self._lock:
            connection = self._open()
            names = self.names()
            for table in names:
                if table not in parsers.VIEWS:
                    self._load(connection, table, span)
            for view, (table, _) in parsers.VIEWS.items():
                connection.execute(f'create or replace temp view "{view}" as {parsers.select(view, table)}')
            for name, rows in lists.items():
                names[name] = _fill(connection, name, rows)
            text, parameters = translate(names)
            cursor = connection.execute(text, dict(parameters)) if parameters else connection.execute(text)
            columns = [(column[0], kusto_type(str(column[1]))) for column in cursor.description]
            return Found(columns, cursor.fetchall())

    def outline(
        self,
        translate: Callable[[dict[str, list[str]]], tuple[str, Mapping[str, Any]]],
        wanted: set[str],
        lists: Mapping[str, Sequence[Mapping[str, str]]],
    ) -> list[str]:
        """The columns of a query's result, as far as they are named somewhere.

        Args:
            translate: as for `run`.
            wanted: names of columns that the query or who asks for it names; tables have no others here, which is
                many times faster.
            lists: as for `run`.
        """
        with self._lock, engine().connect() as connection:
            names = {}
            for name, columns in self.names().items():
                table = parsers.VIEWS[name][0] if name in parsers.VIEWS else name
                types = {column: self.columns(table).get(column, "string") for column in columns}
                narrow = {column: kind for column, kind in types.items() if column in {"TimeGenerated", *wanted}}
                declared = ", ".join(f'"{column}" {SQL[kind]}' for column, kind in narrow.items())
                connection.execute(f'create table "{name}" ({declared})')
                names[name] = list(narrow)
            for name, rows in lists.items():
                names[name] = _fill(connection, name, rows)
            text, parameters = translate(names)
            cursor = connection.execute(text, dict(parameters)) if parameters else connection.execute(text)
            return [column[0] for column in cursor.description]

    def _open(self) -> Any:
        if self._connection is None:
            self._connection = engine().connect()
            self._connection.execute("set timezone = 'UTC'")
            self._connection.execute("create schema held")
        return self._connection

    def _load(self, connection: Any, table: str, span: Span) -> None:
        types, rows = self.columns(table), self.rows.get(table, [])
        identity, width, loaded = self._loaded.get(table, (0, 0, 0))
        if (identity, width) != (id(rows) if rows else identity, len(types)) or loaded > len(rows) or width == 0:
            declared = ", ".join(f'"{name}" {SQL[kind]}' for name, kind in types.items())
            connection.execute(f'drop table if exists held."{table}" cascade')
            connection.execute(f'create table held."{table}" ({declared})')
            loaded = 0
        if loaded < len(rows):
            self._append(connection, table, types, rows[loaded:])
        self._loaded[table] = (id(rows), len(types), len(rows))
        bounds = [f"TimeGenerated {sign} '{iso(time)}'" for sign, time in zip((">=", "<="), span, strict=True) if time]
        where = f" where {' and '.join(bounds)}" if bounds else ""
        connection.execute(f'create or replace temp view "{table}" as select * from held."{table}"{where}')

    @staticmethod
    def _append(connection: Any, table: str, types: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
        filled = ", ".join(
            f"coalesce(\"{name}\", '')" if kind == "string" else f'"{name}"' for name, kind in types.items()
        )
        told = ", ".join(f"'{name}': '{SQL[kind]}'" for name, kind in types.items())
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "rows.ndjson"
            file.write_text("".join(json.dumps(row, default=iso) + "\n" for row in rows))
            connection.execute(
                f'insert into held."{table}" select {filled} from '
                f"read_json('{file}', format = 'newline_delimited', columns = {{{told}}}, "
                f"maximum_object_size = {1 << 26})"
            )


def iso(time: dt.datetime) -> str:
    """A time as the service writes it; one without a zone is UTC's."""
    zoned = time if time.tzinfo else time.replace(tzinfo=dt.UTC)
    return zoned.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def kusto_type(sql: str) -> str:
    """Kusto's type for one of the engine."""
    name = sql.upper()
    if name.startswith(("TIMESTAMP", "DATE")):
        return "datetime"
    if name.startswith("DECIMAL"):
        return "decimal"
    known = {"VARCHAR": "string", "BOOLEAN": "bool", "DOUBLE": "real", "FLOAT": "real", "INTERVAL": "timespan"}
    whole = {"TINYINT": "int", "SMALLINT": "int", "INTEGER": "int", "BIGINT": "long", "HUGEINT": "long"}
    known |= {"UBIGINT": "long", "UINTEGER": "long", "UUID": "guid"}
    return (known | whole).get(name, "dynamic")


def _fill(connection: Any, name: str, rows: Sequence[Mapping[str, str]]) -> list[str]:
    columns = list(dict.fromkeys(["SearchKey", *(column for row in rows for column in row)]))
    connection.execute(f'create or replace temp table "{name}" ({", ".join(f"{_quoted(c)} VARCHAR" for c in columns)})')
    for row in rows:
        marks = ", ".join("?" for _ in columns)
        connection.execute(f'insert into "{name}" values ({marks})', [row.get(column, "") for column in columns])
    return columns


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _types_of(row: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, value in row.items():
        if name in OWN or value is None:
            continue
        if isinstance(value, bool):
            found[name] = "bool"
        elif isinstance(value, int):
            found[name] = "long"
        elif isinstance(value, float):
            found[name] = "real"
        elif isinstance(value, dict | list):
            found[name] = "dynamic"
        else:
            found[name] = "datetime" if isinstance(value, dt.datetime) or name == "TimeGenerated" else "string"
    return found

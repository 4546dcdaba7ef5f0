"""Events in a target's tables, and the matches of correlations that somebody else's engine finds among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.kql.oracle import _SQL, _mark, engine
from tests.kql.rows import column_row, types_of
from tests.sigma.joined import FLUSH, REACH, SUDO, write_set

from vedette.correlate.reference import Group, Row
from vedette.kql import Options, Query, read_target
from vedette.kql.correlation import convert_correlation
from vedette.predicate import Value
from vedette.sigma.references import Directory
from vedette.sigma.ruleset import load

RULES = ("flush", "reach", "sudo")
#: What each rule matches, by the category of its log source.
MATCHES: tuple[tuple[str, dict[str, Value]], ...] = (
    ("process_creation", {"Image": "/usr/sbin/nft", "CommandLine": "nft flush ruleset"}),
    ("network_connection", {"DestinationPort": 22, "Initiated": "true"}),
    ("process_creation", {"Image": "/usr/bin/sudo"}),
)


def document(kind: str, rules: Sequence[str], **keys: object) -> str:
    """A correlation that is grouped by user and spans ten seconds."""
    whole = {"group-by": "[User]", "timespan": "10s", **{key.replace("_", "-"): text for key, text in keys.items()}}
    lines = "".join(f"    {key}: {text}\n" for key, text in whole.items())
    return f"title: probe\ncorrelation:\n    type: {kind}\n    rules: [{', '.join(rules)}]\n{lines}"


def converted(folder: Path, *documents: str, target: str = "asim", **settings: str) -> Query:
    """The query of the first of some correlations over the rules `flush`, `reach` and `sudo`."""
    loaded = load([write_set(folder, *documents, FLUSH, REACH, SUDO)], cache=False)
    assert [str(problem) for problem in loaded.problems] == []
    data = read_target(target)
    directory = Directory(loaded.rules, loaded.correlations)
    return convert_correlation(loaded.correlations[0], directory, data, Options.of(settings, data))


class Tables:
    """The tables of a target, empty."""

    def __init__(self, target: str) -> None:
        self.module = engine()
        self.connection = self.module.connect()
        self.connection.execute("set timezone = 'UTC'")
        #: Translating a text takes longer than running it.
        self.translated: dict[str, str] = {}
        self.tables = {
            table.category: (table, types_of(table, "linux"))
            for table in read_target(target).tables
            if table.category in ("process_creation", "network_connection")
        }
        for table, types in self.tables.values():
            columns = ", ".join(f'"{name}" {_SQL[kind]}' for name, kind in types.items())
            self.connection.execute(f'create table "{table.name}" ({columns})')

    def fill(self, events: Iterable[tuple[str, Mapping[str, Value]]]) -> None:
        """Hold these events, by category, and no others."""
        held: dict[str, list[Mapping[str, Value]]] = {category: [] for category in self.tables}
        for category, event in events:
            held[category].append(event)
        for category, (table, types) in self.tables.items():
            self.connection.execute(f'delete from "{table.name}"')
            values: list[Any] = []
            for event in held[category]:
                row = column_row(table, "linux", event)
                values += [row.get(name, "" if kind == "string" else None) for name, kind in types.items()]
            if values:
                marks = "(" + ", ".join(map(_mark, types.values())) + ")"
                marks = ", ".join([marks] * len(held[category]))
                self.connection.execute(f'insert into "{table.name}" values {marks}', values)

    def matches(self, query: str, keys: int = 1) -> list[tuple[Group, float, float]]:
        """Group, start and end of each match, in the order of their ends."""
        if query not in self.translated:
            self.translated[query] = str(self.module.to_sql(query, schema=schema(self.connection)))
        cursor = self.connection.execute(self.translated[query])
        names = [column[0] for column in cursor.description]
        start, end = names.index("WindowStart"), names.index("WindowEnd")
        found: list[Any] = [
            (tuple(row[:keys]), row[start].timestamp(), row[end].timestamp()) for row in cursor.fetchall()
        ]
        return sorted(found, key=lambda match: (match[2], match[0]))


def schema(connection: Any) -> dict[str, list[str]]:
    """Table to columns, which the translation of a join asks for."""
    found: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from information_schema.columns order by table_name, ordinal_position"
    ).fetchall():
        found.setdefault(table, []).append(column)
    return found


def events_of(rows: Iterable[Row], counted: str = "") -> list[tuple[str, dict[str, Value]]]:
    """Events, each of which one rule matches: the one that the row names among `RULES`."""
    found: list[tuple[str, dict[str, Value]]] = []
    for row in rows:
        category, event = MATCHES[row.rule]
        full = {**event, "EventTime": row.time}
        told = zip(
            ("User", "LogonId", counted), (*row.group, *[None] * (2 - len(row.group)), *row.values), strict=False
        )
        full.update({field: value for field, value in told if isinstance(value, str | int)})
        found.append((category, full))
    return found

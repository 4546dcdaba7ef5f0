"""A correlation -> a query of one target, or the reasons why there is none.

The queries of its rules become one table of events; `windows.py` says where the correlation matches among them. Groups
are told apart letter by letter. An event without a value for each column of its group, or for a counted one, takes no
part.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Final

from vedette.errors import ConversionError
from vedette.kql.convert import MAX_QUERY, Options, Query, convert
from vedette.kql.strings import quote
from vedette.kql.syslog import columns_of, with_hex
from vedette.kql.target import Column, Table, Target, Type
from vedette.kql.windows import NUMBERED, OURS, Events, duration, matches, scans
from vedette.sigma.correlation import Correlation
from vedette.sigma.place import section_of
from vedette.sigma.references import Directory, Part, resolve
from vedette.sigma.rule import Rule

_PLAIN: Final = re.compile(r"[A-Z][A-Za-z0-9_]*")
_NUMBERS: Final = ("int", "long", "real")
_CASTS: Final = {"string": "tostring", "long": "tolong", "real": "todouble"}
#: What an audit record says of a session or a login user that is not set: no two events are one by that.
_UNSET: Final = {
    **dict.fromkeys(("ses", "auid", "old-ses", "old-auid"), "4294967295"),
    **dict.fromkeys(("AUID", "OLD-AUID"), "unset"),
}


def convert_correlation(
    correlation: Correlation, directory: Directory, target: Target, options: Options | None = None
) -> Query:
    """Write a correlation as KQL.

    Args:
        correlation: as loaded.
        directory: of the set that it was loaded with.
        target: where the query is to run.
        options: how it and the queries of its rules are written.

    Returns:
        The query; with errors and without a text where one of its rules can't be converted, or where a field of its
        group has no column.
    """
    options = options or Options()
    target = with_hex(target, options.hex)
    writer = _Writer(directory, target, options)
    text = writer.matches(correlation)
    tables = ", ".join(writer.tables)
    if writer.errors:
        return Query(correlation, target.name, tables, "", None, tuple(writer.errors), ())
    text = ";\n".join([*writer.lets, text])
    if len(text) > MAX_QUERY:
        told = f"{len(text):,} characters, more than the {MAX_QUERY:,} that an analytics rule may have"
        if writer.options.long == "refuse":
            writer.refuse(correlation, told, "too-long", "rules")
            return Query(correlation, target.name, tables, "", None, tuple(writer.errors), ())
        writer.note(told)
    return Query(correlation, target.name, tables, text, None, (), tuple(writer.notes))


@dataclasses.dataclass(frozen=True)
class _Place:
    """A column of some events.

    Attributes:
        expression: what it is there.
        type: of the expression.
        absent: a text that stands for no value, besides the empty one.
    """

    expression: str
    type: Type
    absent: str = ""

    def cast(self, kind: Type) -> str:
        """The expression as a value of another type, in which the columns of several rules agree."""
        return self.expression if self.type == kind else f"{_CASTS[kind]}({self.expression})"


@dataclasses.dataclass(frozen=True)
class _Source:
    """Events of a rule or correlation: a query, its column of time, and a place for each name."""

    text: str
    time: str
    places: dict[str, _Place]


@dataclasses.dataclass(frozen=True)
class _Matches:
    """Matches of a correlation that is written: the name of their table, empty if there is none, and its columns."""

    name: str
    places: dict[str, _Place]


class _Writer:
    """Writes a correlation, and before it those that it joins, each once."""

    def __init__(self, directory: Directory, target: Target, options: Options) -> None:
        self.directory = directory
        self.target = target
        self.options = options
        self.lets: list[str] = []
        self.tables: dict[str, None] = {}
        self.notes: dict[str, None] = {}
        self.errors: list[ConversionError] = []
        self.written: dict[str, _Matches] = {}
        self.count = 0

    def matches(self, correlation: Correlation) -> str:
        """The table of a correlation's matches, whose statements are put before; no text if there are errors."""
        self.count += 1
        suffix = "" if self.count == 1 else f"_{self.count}"
        columns = _columns(correlation)
        parts = resolve(correlation, self.directory)
        sources = [self.source(correlation, part) for part in parts]
        if self.errors or not all(sources):
            self.written[correlation.id] = _Matches("", {})
            return ""
        types = {name: _common({source.places[name].type for source in sources if source}) for name in columns}
        marked = len(parts) > 1 or correlation.kind in ("temporal", "temporal_ordered")
        tables = []
        for part, source in zip(parts, sources, strict=True):
            assert source is not None
            shown = [f"EventTime = {source.time}"]
            shown += [f"Rule = {quote(part.reference)}"] * marked
            shown += [f"{column} = {source.places[name].cast(types[name])}" for name, column in columns.items()]
            tables.append(f"{source.text}\n| project {', '.join(shown)}")
        keys, values = (tuple(columns[name] for name in names) for names in (correlation.group_by, correlation.fields))
        events = Events(f"Events{suffix}", suffix, keys, values)
        once = scans(correlation, self.options.window, self.options.style) or (
            self.options.window == "bin" and correlation.kind != "temporal_ordered"
        )
        present = [_present(column, types[name]) for name, column in columns.items()]
        present += [
            f"{column} != {quote(absent)}"
            for name, column in columns.items()
            for absent in sorted({source.places[name].absent for source in sources if source} - {""})
        ]
        self.lets.append(_statement(events.name, tables, present, once=once))
        lets, text = matches(correlation, events, self.options.window, self.options.style)
        self.lets.extend(lets)
        self.declare(correlation)
        places = {name: _Place(columns[name], types[name]) for name in correlation.group_by}
        self.written[correlation.id] = _Matches(f"Matches{suffix}", places)
        return text

    def note(self, text: str) -> None:
        """Say once what to know."""
        self.notes[text] = None

    def refuse(self, correlation: Correlation, cause: str, code: str, key: str) -> None:
        """Say why the correlation can't be converted, at a key of it."""
        place = section_of(correlation, "correlation", key)
        self.errors.append(ConversionError(f"{_named(correlation)}: {cause}", place, code=code))

    def declare(self, correlation: Correlation) -> None:
        """Note what to know about the windows."""
        if self.options.window == "bin":
            self.note(f"fixed bins of {duration(correlation.timespan)}: what lies across the edge of one is missed")
        counted = correlation.kind in ("event_count", "value_count", "temporal")
        if counted and all(one.holds(1) for one in correlation.condition):
            self.note("the condition holds for one event alone, which is then a match by itself")

    def source(self, correlation: Correlation, part: Part) -> _Source | None:
        """The events of a part; None where it, or a field that the correlation needs, can't be had."""
        names = dict(zip((*correlation.group_by, *correlation.fields), (*part.group, *part.fields), strict=True))
        if isinstance(part.source, Correlation):
            if part.source.id not in self.written:
                text = self.matches(part.source)
                if text:
                    self.lets.append(f"let {self.written[part.source.id].name} = {text}")
            inner = self.written[part.source.id]
            if not inner.name:
                return None
            found: dict[str, _Place | None] = {name: inner.places[field] for name, field in names.items()}
            text, time = inner.name, "WindowEnd"
        else:
            query = convert(part.source, self.target, self.options)
            if query.table:
                self.tables[query.table] = None
            if query.errors:
                cause = f"it joins {_named(part.source)}, which can't be converted to {self.target.name}"
                self.refuse(correlation, cause, "joined", "rules")
                self.errors.extend(query.errors)
                return None
            for note in query.notes:
                self.note(note)
            table = self.target.table(part.source.logsource)
            assert table is not None  # or the query would have errors
            held = columns_of(table, part.source.logsource.product)
            found = {
                name: self.place(correlation, part.source, name, field, held.get(field), _absent(table, field))
                for name, field in names.items()
            }
            parsed = {
                name: text for field in names.values() if field in held for name, text in held[field].after.items()
            }
            computed = query.bound.computed if query.bound else {}
            lines = [f"| extend {name} = {text}" for name, text in parsed.items() if name not in computed]
            text, time = "\n".join([query.text, *lines]), held["EventTime"].column
        if correlation.kind in ("value_sum", "value_avg"):
            (name,) = correlation.fields
            place = found[name]
            if place is not None and place.type not in _NUMBERS:
                self.refuse(
                    correlation, f"{names[name]} is no number in {self.target.name}", "column-type", "condition"
                )
        places = {name: place for name, place in found.items() if place is not None}
        return _Source(text, time, places) if len(places) == len(found) else None

    def place(
        self, correlation: Correlation, rule: Rule, name: str, field: str, column: Column | None, absent: str
    ) -> _Place | None:
        """A field of a rule's events."""
        where = f"for {_named(rule)} in {self.target.name}"
        key = "group-by" if name in correlation.group_by else "condition"
        if column is None:
            self.refuse(correlation, f"{field} has no column {where}", "no-column", key)
            return None
        if column.hashes or column.values or column.form == "name":
            cause = f"{field} is held in another form {where}, by which events can't be told apart"
            self.refuse(correlation, cause, "value", key)
            return None
        if column.note:
            self.note(column.note)
        return _Place(column.expression or column.column, column.type, absent)


def _absent(table: Table, field: str) -> str:
    """The text of a field that stands for no value."""
    return _UNSET.get(field, "") if table.parser == "audit" else ""


def _common(types: set[Type]) -> Type:
    """The type in which columns agree."""
    if len(types) == 1:
        return next(iter(types))
    return "long" if types <= {"int", "long"} else "real" if types <= set(_NUMBERS) else "string"


def _present(column: str, kind: Type) -> str:
    return f"isnotempty({column})" if kind == "string" else f"isnotnull({column})"


def _statement(name: str, tables: Sequence[str], present: Sequence[str], *, once: bool) -> str:
    """The events of several tables, kept where they are read more than once."""
    text = tables[0] if len(tables) == 1 else "union\n(" + "),\n(".join(tables) + ")"
    if present:
        text += f"\n| where {' and '.join(present)}"
    return f"let {name} = {text}" if once else f"let {name} = materialize({text})"


def _columns(correlation: Correlation) -> dict[str, str]:
    """Field or alias to a name of a column that no reader of KQL takes for a word of the language."""
    found: dict[str, str] = {}
    for name in (*correlation.group_by, *correlation.fields):
        if name in found:
            continue
        is_plain = _PLAIN.fullmatch(name) and not name.startswith(NUMBERED)
        plain = name if is_plain else "By_" + re.sub(r"[^A-Za-z0-9_]", "_", name)
        taken = {*OURS, *found.values()}
        column, number = plain, 1
        while column in taken:
            number += 1
            column = f"{plain}_{number}"
        found[name] = column
    return found


def _named(source: Rule | Correlation) -> str:
    return f"{source.title} ({source.id})"

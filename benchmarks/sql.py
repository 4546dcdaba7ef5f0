"""Predicates as SQL for SQLite: the law, spelled so that a rule is one SELECT.

Text columns stand twice: as they are, and folded by the law's simple case folding, so that SQLite's own byte-exact
`=`, `substr`, `instr` and `GLOB` answer as the reference evaluator does. Everything else calls back into Python.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from benchmarks.join import COLUMNS, Start

from vedette.event import READ_FIELDS, VIEWS, View
from vedette.event.event import single_valued
from vedette.predicate import (
    FALSE,
    TRUE,
    And,
    Atom,
    Const,
    Glob,
    Keyword,
    Match,
    Not,
    Or,
    Pattern,
    Predicate,
    Present,
    Reference,
    Value,
    Wild,
    fields,
    fold,
    holds,
    rewrite,
)

#: Fields of a view: the image fields in one reading.
FIELDS: Final = tuple(dict.fromkeys(column.partition(".")[0] for column in COLUMNS))
#: What a rule may read of the image fields; for each, one row of an event is enough for all its equal views.
_READS: Final = (frozenset[str](), frozenset({"Image"}), frozenset({"ParentImage"}), frozenset(READ_FIELDS))
_TABLE: Final = "starts"


class Question:
    """One rule as SQL.

    Attributes:
        bit: rows that suffice to answer it have this bit in their column `suffices`.
        where: the condition, with `?` for each of `values`.
        values: what the condition is asked with.
    """

    def __init__(self, predicate: Predicate, patterns: list[Pattern]) -> None:
        """Spell a predicate.

        Args:
            predicate: the logic.
            patterns: grows by the patterns that SQLite asks Python about.

        Raises:
            NotImplementedError: it searches the raw event, which a table of columns does not hold.
        """
        self.values: list[str | int] = []
        self._patterns = patterns
        decided = rewrite(predicate, _without_absent)
        self.bit = 1 << _READS.index(READ_FIELDS & fields(decided))
        self.where = self._condition(decided)

    def _condition(self, predicate: Predicate) -> str:
        match predicate:
            case Const(value=value):
                return "1" if value else "0"
            case Not(child=child):
                return f"NOT {self._condition(child)}"
            case And(children=children):
                return self._joined(children, "AND")
            case Or(children=children):
                return self._joined(children, "OR")
            case Match(field=field, pattern=pattern):
                return self._match(field, pattern)
            case Keyword():
                raise NotImplementedError("a keyword searches the raw event")
        raise TypeError(predicate)

    def _joined(self, children: Sequence[Predicate], operator: str) -> str:
        """A balanced tree, since SQLite bounds the depth of an expression."""
        if len(children) == 1:
            return self._condition(children[0])
        half = len(children) // 2
        left, right = self._joined(children[:half], operator), self._joined(children[half:], operator)
        return f"({left} {operator} {right})"

    def _match(self, field: str, pattern: Pattern) -> str:
        match pattern:
            case Glob():
                return self._glob(field, pattern)
            case Present():
                return f"(\"{field}\" <> '')"
            case Reference(field=other):
                self._patterns.append(pattern)
                return f'law_of_two({len(self._patterns) - 1}, "{field}", \'{other}\', "{other}")'
            case _:
                self._patterns.append(pattern)
                return f'law({len(self._patterns) - 1}, "{field}")'

    def _glob(self, field: str, pattern: Glob) -> str:
        if any(isinstance(token, str) and "\0" in token for token in pattern.tokens):
            self._patterns.append(pattern)
            return f'law({len(self._patterns) - 1}, "{field}")'
        column = f'"{field}"' if pattern.cased else f'"{field}.folded"'
        text = pattern.literal if pattern.cased else fold(pattern.literal)
        match pattern.form:
            case "equals":
                self.values.append(text)
                return f"({column} = ?)"
            case "contains":
                self.values.append(text)
                return f"(instr({column}, ?) > 0)"
            case "startswith":
                self.values += [len(text), text]
                return f"(substr({column}, 1, ?) = ?)"
            case "endswith":
                self.values += [-len(text), text]
                return f"(substr({column}, ?) = ?)"
            case "wildcard":
                tokens = (
                    token if isinstance(token, Wild) or pattern.cased else fold(token) for token in pattern.tokens
                )
                self.values.append("".join(map(_spelled, tokens)))
                return f"({column} GLOB ?)"


def _spelled(token: str | Wild) -> str:
    if isinstance(token, Wild):
        return "*" if token is Wild.ANY else "?"
    return "".join(f"[{character}]" if character in "*?[" else character for character in token)


def _without_absent(atom: Atom, _positive: bool) -> Predicate:
    """Atoms on fields that no column holds, decided: they are absent."""
    if not isinstance(atom, Match):
        return atom
    if isinstance(atom.pattern, Reference):
        return atom if {atom.field, atom.pattern.field} <= set(FIELDS) else FALSE
    if atom.field in FIELDS:
        return atom
    return TRUE if holds(atom.pattern, "") else FALSE


class Database:
    """Process starts in SQLite's memory, a row for each distinct view of each.

    Attributes:
        events: serial and time as logged, by event number.
    """

    def __init__(self, starts: Iterable[Start], *, among: tuple[View, ...] = VIEWS) -> None:
        """Load all starts.

        Raises:
            ValueError: a value holds a NUL.
        """
        self.events: list[tuple[int, str]] = []
        self._patterns: list[Pattern] = []
        self._connection = sqlite3.connect(":memory:")
        names = ", ".join(f'"{field}" TEXT, "{field}.folded" TEXT' for field in FIELDS)
        self._connection.execute(f"CREATE TABLE {_TABLE} (event INTEGER, suffices INTEGER, {names})")
        marks = ", ".join("?" * (2 * len(FIELDS) + 2))
        self._connection.executemany(f"INSERT INTO {_TABLE} VALUES ({marks})", self._rows(starts, among))
        self._connection.create_function("law", 2, self._law, deterministic=True)
        self._connection.create_function("law_of_two", 4, self._law_of_two, deterministic=True)

    def ask(self, predicate: Predicate) -> list[int]:
        """The numbers of the events that match in at least one view, ascending.

        Raises:
            NotImplementedError: see `Question`.
        """
        question = Question(predicate, self._patterns)
        if question.where == "0":
            return []
        statement = f"SELECT DISTINCT event FROM {_TABLE} WHERE suffices & ? AND {question.where} ORDER BY event"
        return [event for (event,) in self._connection.execute(statement, [question.bit, *question.values])]

    def _rows(self, starts: Iterable[Start], among: tuple[View, ...]) -> Iterable[tuple[int | str, ...]]:
        for start in starts:
            number = len(self.events)
            self.events.append((start.serial, start.time))
            values = dict(zip(COLUMNS, start.values, strict=True))
            shown: list[set[tuple[Value, ...]]] = [set() for _ in _READS]
            for view in among:
                row = single_valued(values, view)
                suffices = 0
                for place, reads in enumerate(_READS):
                    key = tuple(row.get(field, "") for field in sorted(reads))
                    if key not in shown[place]:
                        shown[place].add(key)
                        suffices |= 1 << place
                if suffices:
                    cells: list[int | str] = [number, suffices]
                    for field in FIELDS:
                        text = str(row.get(field, ""))
                        if "\0" in text:
                            raise ValueError(f"{field} holds a NUL, at which SQLite's text ends: {text[:80]!r}")
                        cells += [text, fold(text)]
                    yield tuple(cells)

    def _law(self, number: int, value: str) -> bool:
        return holds(self._patterns[number], value)

    def _law_of_two(self, number: int, value: str, name: str, other: str) -> bool:
        return holds(self._patterns[number], value, {name: other})

"""The engine beside the reference evaluator, on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from vedette.engine import Backend, Matcher, Plan, Query, plan
from vedette.event import Choice, Event, LogSource, Origin, Shapes, View, Vocabulary, matching_views, views
from vedette.predicate import Predicate, Value

VOCABULARIES = {
    "Image.resolved": "path",
    "Image.invoked": "path",
    "CommandLine": "command",
    "CurrentDirectory": "path",
    "ParentImage.resolved": "path",
    "ParentImage.invoked": "path",
    "ParentCommandLine": "command",
    "User": "user",
    "UserId": "id",
    "DestinationIp": "address",
    "DestinationPort": "port",
}
COLUMNS = tuple(VOCABULARIES)
PER_EVENT = frozenset({"ProcessId", "EventTime"})
BACKENDS: tuple[Backend, ...] = ("hyperscan", "polars")

Row = Mapping[str, Value]
#: Key of the query to the views in which it matched, one a row.
Answers = list[dict[str, tuple[View, ...]]]


def queries(*predicates: Predicate) -> list[Query]:
    """Queries named by their place."""
    return [Query(str(place), LogSource(), predicate) for place, predicate in enumerate(predicates)]


def event(row: Row, raw: str = "") -> Event:
    """A row, per-event fields included, as an event."""
    return Event(LogSource(), 0.0, "", dict(row), raw, Origin("-", 0))


def new_shapes(columns: tuple[str, ...] = COLUMNS) -> Shapes:
    """Shapes without rows."""
    vocabularies = {name: Vocabulary(name) for name in VOCABULARIES.values()}
    return Shapes(columns, tuple(vocabularies[VOCABULARIES[column]] for column in columns))


def add(shapes: Shapes, row: Row) -> int:
    """The number of a row's shape."""
    pairs = zip(shapes.columns, shapes.vocabularies, strict=True)
    return shapes.number(tuple(vocabulary.code(row.get(column, "")) for column, vocabulary in pairs))


def compile_plan(asked: Sequence[Query], columns: tuple[str, ...] = COLUMNS, choice: Choice = "both") -> Plan:
    """A plan that went through its serialised form."""
    made = plan(asked, columns, tuple(VOCABULARIES[column] for column in columns), choice=choice, per_event=PER_EVENT)
    return msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=Plan)


def reference(asked: Sequence[Query], rows: Sequence[Row], choice: Choice, raws: Sequence[str] = ()) -> Answers:
    """What the law says."""
    answers: Answers = []
    for place, row in enumerate(rows):
        one = event(row, raws[place] if raws else "")
        found = {query.key: matching_views(query.predicate, one, views(choice)) for query in asked}
        answers.append({key: matched for key, matched in found.items() if matched})
    return answers


def engine(
    asked: Sequence[Query],
    rows: Sequence[Row],
    choice: Choice,
    backend: Backend,
    cache: Path,
    raws: Sequence[str] = (),
    columns: tuple[str, ...] = COLUMNS,
    batch: int = 1000,
) -> Answers:
    """What the engine says; candidates are confirmed as a caller does it."""
    compiled = compile_plan(asked, columns, choice)
    predicates = {query.key: query.predicate for query in asked}
    shapes = new_shapes(columns)
    matcher = Matcher(compiled, shapes, backend=backend, cache_dir=cache)
    numbers: list[int] = []
    for place, row in enumerate(rows):
        numbers.append(add(shapes, row))
        if place % batch == batch - 1:
            matcher.update()
    matcher.update()
    answers: Answers = []
    for place, hits in enumerate(matcher.sift(numbers, raws or [""] * len(rows))):
        found: dict[str, tuple[View, ...]] = {}
        for hit in hits:
            key = compiled.queries[hit.query].key
            matched = hit.views
            if hit.confirm:
                one = event(rows[place], raws[place] if raws else "")
                matched = matching_views(predicates[key], one, hit.views)
            if matched:
                found[key] = matched
        answers.append(found)
    return answers


def check(
    asked: Sequence[Query],
    rows: Sequence[Row],
    cache: Path,
    choice: Choice = "both",
    raws: Sequence[str] = (),
    columns: tuple[str, ...] = COLUMNS,
    batch: int = 1000,
) -> Answers:
    """Assert that reference and both back ends agree; what they agree on."""
    supplied = {*columns, *PER_EVENT}
    visible = [{name: value for name, value in row.items() if name in supplied} for row in rows]
    expected = reference(asked, visible, choice, raws)
    for backend in BACKENDS:
        answers = engine(asked, visible, choice, backend, cache, raws, columns, batch)
        for place, (wanted, got) in enumerate(zip(expected, answers, strict=True)):
            assert got == wanted, (backend, visible[place])
    return expected

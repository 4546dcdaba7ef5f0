"""What the generated text of a correlation finds, by somebody else's engine, equals what the reference says."""

from __future__ import annotations

import functools
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kql.correlated import RULES, Tables, converted, document, events_of
from tests.kql.scanned import scanned_matches

from vedette.correlate.reference import Row, correlated

START = 1_795_509_330
SPAN = 10
TIMES = st.integers(0, 45).map(lambda second: START + second)
#: One example holds many groups, of which each is an example by itself.
EXAMPLES = settings(
    max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
#: Two names in each pair are told apart by their case alone; events without a name take no part.
USERS = [name for number in range(8) for name in (f"u{number}", f"U{number}")] + [""]


@functools.cache
def tables(target: str) -> Tables:
    return Tables(target)


def rows(marks: list[int], values: st.SearchStrategy[object] | None = None) -> st.SearchStrategy[list[Row]]:
    """Some events of each of many groups."""
    held = st.just(()) if values is None else values.map(lambda value: (value,))
    group = st.lists(st.tuples(TIMES, st.sampled_from(marks), held), max_size=10)
    return st.lists(group, max_size=len(USERS)).map(
        lambda groups: [
            Row(time, mark, (user,), value)
            for user, events in zip(USERS, groups, strict=False)
            for time, mark, value in events
        ]
    )


def found(target: str, query: str, given_rows: list[Row], counted: str = "") -> set[tuple[object, float]]:
    """Group and end of each match; each is found once, and lasts no longer than the span."""
    held = tables(target)
    held.fill(events_of(given_rows, counted))
    matches = held.matches(query)
    ends = {(group, end) for group, _, end in matches}
    assert len(ends) == len(matches)
    assert all(0 <= end - start <= SPAN for _, start, end in matches)
    return ends  # type: ignore[return-value]  # a group is a tuple of texts here


def condition(written: str) -> list[tuple[str, float]]:
    parts = (part.split(": ") for part in written.strip("{}").split(", "))
    return [(name, float(number)) for name, number in parts if name != "field"]


WHERE = [("asim", "sliding"), ("asim", "bin"), ("xdr", "sliding")]
CASES = [
    ("event_count", [2], "{gte: 3}"),
    ("event_count", [0, 1, 2], "{gt: 1, lte: 3}"),
    ("event_count", [1, 2], "{eq: 2}"),
    ("event_count", [2], "{neq: 2}"),
    ("event_count", [2], "{lt: 3}"),
    ("temporal", [0, 1], "{gte: 2}"),
    ("temporal", [0, 1, 2], "{gte: 3}"),
    ("temporal", [0, 1, 2], "{eq: 2}"),
]


@pytest.mark.parametrize(("target", "windows"), WHERE)
@pytest.mark.parametrize(("kind", "marks", "written"), CASES, ids=str)
@given(data=st.data())
@EXAMPLES
def test_counts(tmp_path, target, windows, kind, marks, written, data):
    given_rows = data.draw(rows(marks))
    text = document(kind, [RULES[mark] for mark in marks], condition=written)
    query = converted(tmp_path, text, target=target, window=windows)
    expected = correlated(kind, given_rows, span=SPAN, rules=len(marks), condition=condition(written), windows=windows)
    assert found(target, query.text, given_rows) == expected


@pytest.mark.parametrize(("target", "windows"), WHERE)
@pytest.mark.parametrize("marks", [[0], [0, 1], [2, 1, 0]], ids=str)
@given(data=st.data())
@EXAMPLES
def test_orders(tmp_path, target, windows, marks, data):
    given_rows = data.draw(rows(marks))
    query = converted(
        tmp_path, document("temporal_ordered", [RULES[mark] for mark in marks]), target=target, window=windows
    )
    in_order = [row._replace(rule=marks.index(row.rule)) for row in given_rows]
    expected = correlated("temporal_ordered", in_order, span=SPAN, rules=len(marks), condition=(), windows=windows)
    assert found(target, query.text, given_rows) == expected


PASSES = [
    *[("temporal_ordered", marks, "") for marks in ([0], [0, 1], [2, 1, 0])],
    *[case for case in CASES if case[0] == "temporal"],
    ("temporal", [2], "{gte: 1}"),
    ("event_count", [2], "{gte: 3}"),
    ("event_count", [1, 2], "{gt: 1}"),
]


@pytest.mark.parametrize("group", ["[User]", "[]"])
@pytest.mark.parametrize(("kind", "marks", "written"), PASSES, ids=str)
@given(data=st.data())
@EXAMPLES
def test_one_pass_finds_the_same(tmp_path, kind, marks, written, group, data):
    given_rows = data.draw(rows(marks))
    more = {"condition": written} if written else {}
    text = document(kind, [RULES[mark] for mark in marks], group_by=group, **more)
    query = converted(tmp_path, text, style="scan")
    assert "sort by" in query.text
    in_order = [row._replace(rule=marks.index(row.rule)) for row in given_rows]
    if group == "[]":
        in_order = [row._replace(group=()) for row in in_order]
    asked = condition(written) if written else []
    expected = correlated(kind, in_order, span=SPAN, rules=len(marks), condition=asked)
    held = tables("asim")
    held.fill(events_of(given_rows))
    matches = scanned_matches(held, query.text, keys=len(group) > 2)
    assert {(by, end) for by, _, end in matches} == expected
    assert len(matches) == len(expected)
    assert all(0 <= end - start <= SPAN for _, start, end in matches)
    times = {(row.group, row.time) for row in in_order}
    assert all((by, start) in times for by, start, _ in matches)


VALUES = [
    ("value_count", 2, "CommandLine", "{field: CommandLine, gte: 2}", st.sampled_from(["a", "b", "B", ""])),
    ("value_count", 1, "SourcePort", "{field: SourcePort, gte: 2}", st.sampled_from([1, 2, 3, None])),
    ("value_sum", 1, "SourcePort", "{field: SourcePort, gt: 5}", st.sampled_from([1, 2, 3, 0, None])),
    ("value_sum", 1, "SourcePort", "{field: SourcePort, eq: 4}", st.sampled_from([1, 2, 3, 0, None])),
    ("value_avg", 1, "SourcePort", "{field: SourcePort, gte: 1.5, lt: 2}", st.sampled_from([1, 2, 3, 0, None])),
]


@pytest.mark.parametrize(("target", "windows"), WHERE)
@pytest.mark.parametrize(("kind", "mark", "field", "written", "values"), VALUES, ids=lambda part: str(part)[:40])
@given(data=st.data())
@EXAMPLES
def test_values(tmp_path, target, windows, kind, mark, field, written, values, data):
    given_rows = data.draw(rows([mark], values))
    query = converted(tmp_path, document(kind, [RULES[mark]], condition=written), target=target, window=windows)
    alone = [row._replace(rule=0) for row in given_rows]
    expected = correlated(kind, alone, span=SPAN, condition=condition(written), windows=windows)
    assert found(target, query.text, given_rows, field) == expected


@pytest.mark.parametrize(("target", "windows"), WHERE)
@given(data=st.data())
@EXAMPLES
def test_a_chain(tmp_path, target, windows, data):
    given_rows = data.draw(rows([1, 2]))
    many = "name: many\n" + document("event_count", ["sudo"], condition="{gte: 2}")
    query = converted(tmp_path, document("temporal_ordered", ["many", "reach"]), many, target=target, window=windows)
    sudo = [row for row in given_rows if row.rule == 2]
    inner = correlated("event_count", sudo, span=SPAN, condition=[("gte", 2)], windows=windows)
    outer = [Row(end, 0, group) for group, end in inner] + [row for row in given_rows if row.rule == 1]
    expected = correlated("temporal_ordered", outer, span=SPAN, rules=2, condition=(), windows=windows)
    assert found(target, query.text, given_rows) == expected


@pytest.mark.parametrize("windows", ["sliding", "bin"])
@pytest.mark.parametrize(("kind", "marks", "written"), [*CASES, ("temporal_ordered", [2, 0, 1], "{eq: 3}")], ids=str)
def test_many_events(tmp_path, windows, kind, marks, written):
    chance = random.Random(7)
    given_rows = [Row(START + chance.randrange(200), chance.choice(marks), (chance.choice(USERS),)) for _ in range(400)]
    text = document(kind, [RULES[mark] for mark in marks], condition=written)
    query = converted(tmp_path, text, window=windows)
    in_order = [row._replace(rule=marks.index(row.rule)) for row in given_rows]
    expected = correlated(kind, in_order, span=SPAN, rules=len(marks), condition=condition(written), windows=windows)
    assert len(expected) > 1
    assert found("asim", query.text, given_rows) == expected


def test_all_events_together(tmp_path):
    query = converted(tmp_path, document("event_count", ["sudo"], group_by="[]", condition="{gte: 2}"))
    held = tables("asim")
    held.fill(events_of([Row(START, 2, ("eve",)), Row(START + 10, 2, ("",)), Row(START + 30, 2, ("bob",))]))
    assert held.matches(query.text, keys=0) == [((), START, START + 10)]


def test_several_fields_must_agree(tmp_path):
    query = converted(tmp_path, document("event_count", ["sudo"], group_by="[User, LogonId]", condition="{gte: 2}"))
    held = tables("asim")
    held.fill(events_of([Row(START + step, 2, ("eve", step // 2)) for step in range(5)]))
    assert [(group, end - START) for group, _, end in held.matches(query.text, keys=2)] == [
        (("eve", "0"), 1),
        (("eve", "1"), 3),
    ]


def test_fractions_of_a_second_count(tmp_path):
    query = converted(tmp_path, document("event_count", ["sudo"], condition="{gte: 2}"))
    held = tables("asim")
    for apart, matched in [(10.0, 1), (10.001, 0)]:
        held.fill(events_of([Row(START + 0.5, 2, ("eve",))]))
        held.connection.execute(
            'insert into "imProcessCreate" ("TargetProcessName", "TargetUsername", "TimeGenerated") '
            "values ('/usr/bin/sudo', 'eve', to_timestamp(?))",
            [int(START + 0.5) + apart],
        )
        assert len(held.matches(query.text)) == matched

"""The streaming engine: case by case, and against the reference in any order within the slack."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.correlate.streamed import matches, streamed

from vedette.correlate.entry import Entry
from vedette.correlate.reference import Kind, Row, correlated
from vedette.correlate.stream import Bounds, Stream
from vedette.sigma.correlation import Threshold

A, B = ("a",), ("b",)
SLACK = 30


def row(time: float, rule: int = 0, value: object = (), group: tuple[object, ...] = A) -> Row:
    return Row(time, rule, group, value if isinstance(value, tuple) else (value,))


#: Kind, rules, condition, rows, ends of the windows of group A that match; the timespan is 10.
TABLE = {
    "count, exactly the timespan apart": ("event_count", 1, [("gte", 2)], [row(0), row(10)], [10]),
    "count, a millisecond more": ("event_count", 1, [("gte", 2)], [row(0), row(10.001)], []),
    "count, out of order": ("event_count", 1, [("gte", 3)], [row(9), row(0), row(5)], [9]),
    "count, one time": ("event_count", 1, [("eq", 2)], [row(4), row(4)], [4]),
    "count, groups apart": ("event_count", 1, [("gte", 2)], [row(0), row(1, group=B)], []),
    "count, group absent": ("event_count", 1, [("gte", 2)], [row(0, group=("",)), row(1, group=(None,))], []),
    "count, letter by letter": ("event_count", 1, [("gte", 2)], [row(0), row(1, group=("A",))], []),
    "count, a range": ("event_count", 1, [("gt", 1), ("lte", 3)], [row(n) for n in range(4)], [1, 2]),
    "count, fewer than": ("event_count", 1, [("lt", 2)], [row(0), row(1), row(12)], [0, 12]),
    "values, edge": ("value_count", 1, [("gte", 2)], [row(0, 0, "x"), row(10, 0, "y")], [10]),
    "values, beyond": ("value_count", 1, [("gte", 2)], [row(0, 0, "x"), row(11, 0, "y")], []),
    "values, the same": ("value_count", 1, [("gte", 2)], [row(0, 0, "x"), row(1, 0, "x")], []),
    "values, absent": ("value_count", 1, [("gte", 2)], [row(0, 0, "x"), row(1, 0, "")], []),
    "values, several": ("value_count", 1, [("gte", 2)], [row(0, 0, ("x", 1)), row(1, 0, ("x", 2))], [1]),
    "temporal, edge": ("temporal", 2, [("gte", 2)], [row(0, 1), row(10, 0)], [10]),
    "temporal, beyond": ("temporal", 2, [("gte", 2)], [row(0, 1), row(10.5, 0)], []),
    "temporal, one rule twice": ("temporal", 2, [("gte", 2)], [row(0, 1), row(1, 1)], []),
    "temporal, a part": ("temporal", 3, [("eq", 2)], [row(0, 0), row(1, 1), row(2, 2)], [1]),
    "ordered, edge": ("temporal_ordered", 2, [], [row(0, 0), row(10, 1)], [10]),
    "ordered, beyond": ("temporal_ordered", 2, [], [row(0, 0), row(10.5, 1)], []),
    "ordered, the wrong way": ("temporal_ordered", 2, [], [row(0, 1), row(5, 0)], []),
    "ordered, one time": ("temporal_ordered", 3, [], [row(5, 2), row(5, 0), row(5, 1)], [5]),
    "ordered, out of order": ("temporal_ordered", 2, [], [row(5, 1), row(0, 0)], [5]),
    "ordered, only the last ends": ("temporal_ordered", 2, [], [row(0, 0), row(1, 1), row(2, 0), row(3, 1)], [1, 3]),
    "ordered, the start is over": ("temporal_ordered", 3, [], [row(0, 0), row(8, 1), row(12, 2)], []),
    "ordered, the later start": ("temporal_ordered", 3, [], [row(0, 0), row(3, 0), row(8, 1), row(12, 2)], [12]),
    "sum": ("value_sum", 1, [("gt", 4)], [row(0, 0, 5), row(1, 0, -2), row(2, 0, 9), row(3, 0, None)], [0, 2]),
    "sum, what left": ("value_sum", 1, [("gte", 5)], [row(0, 0, 4), row(10, 0, 1), row(11, 0, 4)], [10, 11]),
    "average": ("value_avg", 1, [("lt", 2)], [row(0, 0, 5), row(1, 0, -2), row(12, 0, 1)], [1, 12]),
    "average, rounded": ("value_avg", 1, [("gte", 0.1)], [row(0, 0, 1)] + [row(1, 0, 0)] * 9, [0, 1]),
}


@pytest.mark.parametrize(("kind", "rules", "condition", "rows", "ends"), TABLE.values(), ids=TABLE)
def test_case(kind, rules, condition, rows, ends):
    found = streamed(kind, rows, span=10, rules=rules, condition=condition, slack=SLACK)
    assert sorted(end for group, end in found if group == A) == ends
    assert found == correlated(kind, rows, span=10, rules=rules, condition=condition)


KINDS: list[tuple[Kind, int, st.SearchStrategy[tuple[object, ...]]]] = [
    ("event_count", 1, st.just(())),
    ("event_count", 2, st.just(())),
    ("value_count", 1, st.sampled_from([("x",), ("y",), ("X",), ("",)])),
    ("temporal", 3, st.just(())),
    ("temporal_ordered", 1, st.just(())),
    ("temporal_ordered", 3, st.just(())),
    ("value_sum", 1, st.sampled_from([(1,), (2,), (-1,), (0,), (0.5,), (None,)])),
    ("value_avg", 1, st.sampled_from([(1,), (2,), (-1,), (0,), (0.5,), (None,)])),
]
THRESHOLD = st.tuples(st.sampled_from(["gt", "gte", "lt", "lte", "eq", "neq"]), st.integers(0, 4))


@pytest.mark.parametrize(("kind", "rules", "values"), KINDS, ids=lambda part: str(part)[:20])
@given(data=st.data())
def test_any_order_within_the_slack_finds_what_the_reference_finds(kind, rules, values, data):
    times = st.integers(0, 120) | st.sampled_from([5.0, 15.0, 15.001, 14.999, 25.0])
    one = st.builds(Row, times, st.integers(0, rules - 1), st.sampled_from([A, A, B, ("",)]), values)
    rows = data.draw(st.lists(one, max_size=25))
    condition = data.draw(st.lists(THRESHOLD, min_size=1, max_size=2))
    # What comes at most SLACK later than it happened is at most SLACK older than the newest one before it.
    delays = data.draw(st.lists(st.floats(0, SLACK), min_size=len(rows), max_size=len(rows)))
    arriving = [r for _, r in sorted(zip(delays, rows, strict=True), key=lambda pair: pair[1].time + pair[0])]
    expected = correlated(kind, rows, span=10, rules=rules, condition=condition)
    found, stream = matches(kind, arriving, span=10, rules=rules, condition=condition, slack=SLACK)
    assert {(match.group, match.end) for match in found} == expected
    assert not stream.counts


@given(st.lists(st.integers(0, 40).map(float), min_size=1, max_size=30))
def test_each_event_of_a_match_is_told_once(times):
    rows = [row(time) for time in times]
    found, _ = matches("event_count", rows, span=10, condition=[("gte", 3)], slack=50)
    ends = {end for _, end in correlated("event_count", rows, span=10, condition=[("gte", 3)])}
    told = [entry.key for match in found for entry in match.fresh]
    assert len(told) == len(set(told))
    assert {times[key] for key in told} == {time for time in times if any(end - 10 <= time <= end for end in ends)}


def stream(condition: list[tuple[str, int]], kind: Kind = "event_count", **settings) -> Stream:
    return Stream(kind, span=10, condition=[Threshold(*part) for part in condition], **settings)  # type: ignore[arg-type]


def test_an_event_is_counted_once_however_often_it_comes():
    counting = stream([("gte", 2)])
    assert counting.take(0, [Entry(0, group=A, key="x"), Entry(0, group=A, key="x")]) == []
    assert counting.take(1, [Entry(1, group=A, key="x")]) == []
    assert counting.counts == {"duplicate": 2}
    assert len(counting.take(2, [Entry(2, group=A, key="y")])) == 1


def test_two_rules_that_match_one_event_are_two():
    counting = stream([("gte", 2)], "temporal", rules=2)
    assert len(counting.take(0, [Entry(0, 0, A, key="x"), Entry(0, 1, A, key="x")])) == 1


def test_a_late_event_counts_for_the_living_window():
    counting = stream([("gte", 3)])
    counting.take(100, [Entry(100, group=A, key=1)])
    counting.take(104, [Entry(104, group=A, key=2)])
    match = counting.late(Entry(95, group=A, key=3))
    assert match is not None
    assert (match.end, [entry.key for entry in match.fresh]) == (104, [3, 1, 2])
    assert counting.counts == {"late": 1}
    again = counting.late(Entry(101, group=A, key=4))
    assert again is not None
    assert again.again
    assert [entry.key for entry in again.fresh] == [4]


def test_a_late_event_whose_window_is_over_is_told():
    counting = stream([("gte", 2)])
    counting.take(100, [Entry(100, group=A, key=1)])
    assert counting.late(Entry(89.9, group=A, key=2)) is None
    assert counting.counts == {"outlived": 1}
    assert counting.held == 1


def test_a_late_step_is_put_in_its_place():
    waiting = stream([], "temporal_ordered", rules=3)
    waiting.take(100, [Entry(100, 0, A, key=1)])
    waiting.take(105, [Entry(105, 2, A, key=2)])
    match = waiting.late(Entry(103, 1, A, key=3))
    assert match is not None
    assert match.end == 105


def test_groups_whose_window_is_over_are_let_go():
    counting = stream([("gte", 2)])
    counting.take(0, [Entry(0, group=A, key=1)])
    counting.take(5, [Entry(5, group=B, key=2)])
    counting.expire(10)
    assert (counting.groups, counting.held) == (2, 2)
    counting.expire(10.001)
    assert (counting.groups, counting.held) == (1, 1)
    assert not counting.counts


def test_of_too_many_groups_the_longest_untouched_goes_first():
    counting = stream([("gte", 2)], bounds=Bounds(groups=2))
    counting.take(0, [Entry(0, group=A, key=1)])
    counting.take(1, [Entry(1, group=B, key=2)])
    counting.take(2, [Entry(2, group=A, key=3)])
    counting.take(3, [Entry(3, group=("c",), key=4)])
    assert counting.counts == {"evicted": 1}
    assert len(counting.take(4, [Entry(4, group=A, key=5)])) == 1
    assert counting.take(5, [Entry(5, group=B, key=6)]) == []


def test_of_too_many_events_in_a_group_the_oldest_go():
    counting = stream([("gte", 2)], bounds=Bounds(window=5))
    for second in range(8):
        counting.take(second, [Entry(second, group=A, key=second)])
    assert counting.counts == {"crowded": 3}
    assert counting.held == 5


def test_a_window_holds_as_many_as_the_condition_asks_for():
    rows = [row(n / 100) for n in range(50)]
    found, counting = matches("event_count", rows, span=10, condition=[("gte", 50)], bounds=Bounds(window=3))
    assert [match.end for match in found] == [0.49]
    assert not counting.counts


@pytest.mark.parametrize(
    ("kind", "events"),
    [("event_count", 1_000_000), *((kind, 50_000) for kind in ("value_count", "temporal", "temporal_ordered"))],
)
def test_memory_is_flat_over_a_million_events(kind, events):
    chance = random.Random(5)
    bounds = Bounds(groups=500, window=100, events=5_000)
    counting = stream([("gte", 3)], kind, rules=3, bounds=bounds)
    most = groups = told = 0
    for number in range(events):
        time = number / 100
        group = (chance.randrange(40) if number % 2 else number,)
        entry = Entry(time, number % 3 if "temporal" in kind else 0, group, (number % 5,), key=number)
        told += len(counting.take(time, [entry]))
        if number % 50 == 0:
            counting.expire(time - 30)
        if number % 1_000 == 0:
            most, groups = max(most, counting.held), max(groups, counting.groups)
            assert counting.held == sum(len(window) for window in counting._groups.values())
    assert most <= bounds.events
    assert groups <= bounds.groups
    assert told > events / 10

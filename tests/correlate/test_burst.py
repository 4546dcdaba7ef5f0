from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from vedette.correlate.burst import MAX_SHOWN, Burst, Bursts
from vedette.correlate.entry import Entry
from vedette.correlate.stream import Match, Stream
from vedette.sigma.correlation import Threshold

A, B = ("a",), ("b",)


def match(end: float, *times: float, rule: int = 0, group: tuple[str, ...] = A, again: bool = False) -> Match:
    return Match(group, end, tuple(Entry(time, rule, group, key=time) for time in times or (end,)), again)


def test_ends_within_the_timespan_of_each_other_are_one():
    bursts = Bursts(10)
    for end in (0, 10, 20):
        assert bursts.add(match(end))[1] == []
    burst, complete = bursts.add(match(30.5))
    assert [(one.opened, one.last, one.ends) for one in complete] == [(0, 20, 3)]
    assert (burst.opened, len(bursts)) == (30.5, 1)


def test_a_burst_is_complete_when_no_end_can_follow():
    bursts = Bursts(10)
    bursts.add(match(5))
    bursts.add(match(6, group=B))
    assert bursts.expire(15) == []
    assert [burst.group for burst in bursts.expire(15.5)] == [A]
    assert [burst.group for burst in bursts.close()] == [B]
    assert len(bursts) == 0


def test_a_window_that_is_told_again_is_no_further_window():
    bursts = Bursts(10)
    burst, _ = bursts.add(match(5, 1, 5))
    bursts.add(match(5, 2, again=True))
    assert (burst.ends, burst.count, burst.first) == (1, 3, 1)


def test_of_too_many_the_longest_untouched_is_completed():
    bursts = Bursts(10, most=2)
    bursts.add(match(0))
    bursts.add(match(1, group=B))
    bursts.add(match(2))
    assert [burst.group for burst in bursts.add(match(3, group=("c",)))[1]] == [B]


def test_each_rule_has_its_share_of_what_is_shown():
    burst = Burst(match(0), 2)
    burst.add(match(200, *range(200)))
    burst.add(match(201, 201, rule=1))
    shown = burst.shown
    assert len(shown) == MAX_SHOWN
    assert {entry.rule for entry in shown} == {0, 1}
    assert [entry.time for entry in shown] == sorted(entry.time for entry in shown)
    assert (burst.count, burst.counts) == (201, {0: 200, 1: 1})


def test_a_hundred_rules_have_one_each():
    burst = Burst(match(0), 100)
    for rule in range(100):
        burst.add(match(rule, rule, rule + 0.5, rule=rule))
    assert {entry.rule for entry in burst.shown} == set(range(100))
    assert len(burst.shown) == MAX_SHOWN


@given(st.lists(st.integers(0, 100), min_size=1, max_size=40))
def test_bursts_hold_every_end_once_and_are_apart(times):
    stream = Stream("event_count", span=10, condition=[Threshold("gte", 2)])
    bursts, complete, ends = Bursts(10), [], []
    for time in sorted(set(times)):
        entries = [Entry(time, group=A, key=number) for number, one in enumerate(times) if one == time]
        for found in stream.take(time, entries):
            ends.append(found.end)
            complete += bursts.add(found)[1]
    complete += bursts.close()
    assert sum(burst.ends for burst in complete) == len(ends)
    for before, after in itertools.pairwise(complete):
        assert after.opened - before.last > 10
    inside = [time for time in times if any(end - 10 <= time <= end for end in ends)]
    assert sum(burst.count for burst in complete) == len(inside)

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from vedette.correlate.order import Order


def instants(times, slack, most=1_000):
    order: Order[int] = Order(slack, most)
    found: list[tuple[float, list[int]]] = []
    for number, time in enumerate(times):
        if time >= order.mark:
            found += order.push(time, number, number)
    return [*found, *order.close()], order


def test_what_is_exactly_the_slack_late_is_in_order():
    found, _ = instants([0, 40, 10, 41], 30)
    assert [time for time, _ in found] == [0, 10, 40, 41]


def test_what_is_later_is_late():
    order: Order[int] = Order(30)
    assert list(order.push(0, 0, 0)) == []
    assert [time for time, _ in order.push(30.5, 1, 1)] == [0]
    assert order.mark == 0.5
    assert len(order) == 1


def test_events_of_one_time_come_together_by_their_keys():
    order: Order[str] = Order(30)
    for key in "cab":
        assert not list(order.push(5, key, key))
    assert list(order.close()) == [(5, ["a", "b", "c"])]


@given(st.lists(st.integers(0, 60), max_size=40), st.integers(0, 60) | st.just(math.inf))
def test_times_only_grow_and_nothing_is_lost(times, slack):
    found, order = instants(times, slack)
    assert [time for time, _ in found] == sorted({time for time, _ in found})
    taken = [number for _, items in found for number in items]
    newest, expected = -math.inf, 0
    for time in times:
        newest = max(newest, time)
        expected += time >= newest - slack
    assert len(taken) == len(set(taken)) == expected
    assert all(times[number] == time for time, items in found for number in items)
    assert not len(order)


def test_of_too_many_the_oldest_are_given_on_early():
    order: Order[int] = Order(math.inf, 3)
    found = [time for number in range(5) for time, _ in order.push(number, number, number)]
    assert found == [0, 1]
    assert order.hurried == 2
    assert order.mark > 1
    assert [time for time, _ in order.close()] == [2, 3, 4]

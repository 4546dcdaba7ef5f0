from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.correlate.reference import Row, correlated

AT = ("eve",)


def rows(*times: float, rule: int = 0, group: tuple[object, ...] = AT) -> list[Row]:
    return [Row(time, rule, group) for time in times]


def ends(found: frozenset[tuple[object, float]]) -> list[float]:
    return sorted(end for _, end in found)


def count(given_rows: list[Row], order: str = "gte", number: int = 3, **settings: str) -> list[float]:
    return ends(correlated("event_count", given_rows, span=10, condition=[(order, number)], **settings))  # type: ignore[arg-type]


def test_the_edge_of_the_window_belongs_to_it() -> None:
    assert count(rows(0, 5, 10)) == [10]
    assert count(rows(0, 5, 10.001)) == []


def test_a_window_is_not_cut_where_a_bin_is() -> None:
    assert count(rows(8, 9, 11)) == [11]
    assert count(rows(8, 9, 11), windows="bin") == []
    assert count(rows(1, 2, 9), windows="bin") == [9]


def test_each_event_that_completes_a_window_ends_one() -> None:
    assert count(rows(0, 1, 2, 3, 20)) == [2, 3]


def test_events_of_one_time_end_one_window_together() -> None:
    assert count(rows(4, 4, 4)) == [4]
    assert count(rows(4, 4, 4), "eq", 1) == []


def test_what_lacks_a_value_of_its_group_takes_no_part() -> None:
    assert count(rows(0, 1, 2, group=("",))) == count(rows(0, 1, 2, group=(None,))) == []
    assert count(rows(0, 1, 2, group=())) == [2]


def test_groups_are_told_apart_letter_by_letter() -> None:
    assert count([*rows(0, 1), *rows(2, group=("Eve",))]) == []


@pytest.mark.parametrize(
    ("order", "number", "expected"),
    [("gt", 2, [2]), ("lt", 2, [0]), ("lte", 2, [0, 1]), ("eq", 2, [1]), ("neq", 2, [0, 2])],
)
def test_orders(order: str, number: int, expected: list[float]) -> None:
    assert count(rows(0, 1, 2), order, number) == expected


def test_a_range_is_two_numbers() -> None:
    found = correlated("event_count", rows(0, 1, 2, 3), span=10, condition=[("gt", 1), ("lte", 3)])
    assert ends(found) == [1, 2]


def valued(*pairs: tuple[float, object]) -> list[Row]:
    return [Row(time, 0, AT, (value,)) for time, value in pairs]


def test_values_are_counted_once_and_absent_ones_not() -> None:
    found = correlated("value_count", valued((0, "a"), (1, "a"), (2, ""), (3, "b")), span=10, condition=[("gte", 2)])
    assert ends(found) == [3]


def test_sums_and_averages() -> None:
    given_rows = valued((0, 5), (1, -2), (2, 9), (3, None))
    assert ends(correlated("value_sum", given_rows, span=10, condition=[("gt", 4)])) == [0, 2]
    assert ends(correlated("value_avg", given_rows, span=10, condition=[("lt", 2)])) == [1]


def temporal(given_rows: list[Row], number: int = 2, kind: str = "temporal") -> list[float]:
    return ends(correlated(kind, given_rows, span=10, rules=2, condition=[("gte", number)]))  # type: ignore[arg-type]


def test_all_rules_in_any_order() -> None:
    assert temporal([*rows(5), *rows(0, rule=1)]) == [5]
    assert temporal([*rows(0), *rows(10, rule=1), *rows(21)]) == [10]
    assert temporal(rows(0, 1)) == []
    assert temporal(rows(0), 1) == [0]


def test_rules_in_their_order() -> None:
    assert temporal([*rows(5), *rows(0, rule=1)], kind="temporal_ordered") == []
    assert temporal([*rows(0), *rows(10, 11, rule=1)], kind="temporal_ordered") == [10]
    assert temporal([*rows(4), *rows(4, rule=1)], kind="temporal_ordered") == [4]


def test_a_chain_starts_as_late_as_it_can() -> None:
    chain = [*rows(0, 8), *rows(9, rule=1), *rows(12, rule=2)]
    assert ends(correlated("temporal_ordered", chain, span=10, rules=3, condition=[])) == [12]
    assert ends(correlated("temporal_ordered", chain[:1] + chain[2:], span=10, rules=3, condition=[])) == []


ROWS = st.lists(st.builds(Row, st.integers(0, 40), st.integers(0, 2), st.sampled_from([("a",), ("b",), ("",)])))


@given(ROWS, st.integers(1, 4))
def test_bins_find_nothing_that_windows_miss(given_rows, number):
    def both(windows):
        found = correlated("event_count", given_rows, span=10, condition=[("gte", number)], windows=windows)
        return {group for group, _ in found}

    assert both("bin") <= both("sliding")


@given(ROWS, st.randoms())
def test_the_order_of_rows_says_nothing(given_rows, chance):
    mixed = list(given_rows)
    chance.shuffle(mixed)
    for kind in ("temporal", "temporal_ordered"):
        first = correlated(kind, given_rows, span=7, rules=3, condition=[("gte", 3)])
        assert correlated(kind, mixed, span=7, rules=3, condition=[("gte", 3)]) == first


@given(ROWS)
def test_in_order_is_also_in_any_order(given_rows):
    ordered = correlated("temporal_ordered", given_rows, span=9, rules=3, condition=[("gte", 3)])
    assert ordered <= correlated("temporal", given_rows, span=9, rules=3, condition=[("gte", 3)])

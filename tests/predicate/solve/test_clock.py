"""Times: found where there is one, and refused by the solver and the checker alike where there is none."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import ORDERS, PARTS

from vedette.predicate import Compare, Glob, Present, TimePart
from vedette.predicate.evaluate import holds
from vedette.predicate.pattern import Pattern
from vedette.predicate.solve.almanac import _days, no_time
from vedette.predicate.solve.clock import find
from vedette.predicate.solve.outcome import Budget, GaveUpError, Limit

START = 1795509330
PARTED = st.one_of(
    st.builds(TimePart, st.sampled_from(PARTS[:5]), st.sampled_from(ORDERS), st.integers(0, 60)),
    st.builds(TimePart, st.just("year"), st.sampled_from(ORDERS), st.integers(1969, 1973)),
)
PATTERNS: st.SearchStrategy[Pattern] = st.one_of(
    PARTED,
    PARTED,
    st.builds(Compare, st.sampled_from(ORDERS), st.sampled_from([0, 59, 60, START, START + 60, START + 0.5, 10**12])),
    st.just(Present()),
)


@given(st.lists(st.tuples(PATTERNS, st.booleans()), min_size=1, max_size=4), st.floats(0, 2**31), st.integers(0, 2**31))
def test_found_or_there_is_none(literals: list[tuple[Pattern, bool]], some: float, other: int):
    found = find(literals, Budget(Limit(steps=10_000_000)))
    if found is not None:
        assert all(holds(pattern, found) == sign for pattern, sign in literals)
        assert not no_time(literals)
        return
    assert no_time(literals)
    for value in ("", some, other, START, START + 60, 31536000 * 3 + 0.25):
        assert not all(holds(pattern, value) == sign for pattern, sign in literals)


@pytest.mark.parametrize(
    "literals",
    [
        [(Compare("eq", 0), True), (TimePart("minute", "eq", 0), False)],
        [(Compare("lt", 60), True), (Compare("gte", 0), True), (TimePart("hour", "lt", 1), False)],
        [(TimePart("year", "lt", 1970), True)],
        [(TimePart("day", "eq", 31), True), (TimePart("month", "eq", 4), True)],
        [(Compare("gt", 5), True), (Compare("lte", 5), True)],
        [(Present(), True), (Present(), False)],
        [(Compare("eq", 0), True), (Compare("eq", 0), False)],
        [(Compare("lte", 3600), True), (TimePart("hour", "eq", 1), True), (Compare("eq", 3600), False)],
    ],
)
def test_times_that_there_are_not(literals: list[tuple[Pattern, bool]]):
    assert find(literals, Budget(Limit())) is None
    assert no_time(literals)


def test_the_almanac_agrees_with_the_calendar():
    days = _days()
    for index in [*range(4000), *range(2_000_000, 2_000_800), len(days["day"]) - 1]:
        date = dt.date(1970, 1, 1) + dt.timedelta(days=index)
        assert (days["year"][index], days["month"][index], days["day"][index], days["week"][index]) == (
            date.year,
            date.month,
            date.day,
            date.isocalendar().week,
        )
    assert len(days["day"]) == (dt.date(9999, 12, 31) - dt.date(1970, 1, 1)).days + 1


def test_what_is_no_time_pattern_is_named():
    with pytest.raises(GaveUpError, match="a Glob pattern on a time"):
        find([(Glob(("a",)), True)], Budget(Limit()))
    with pytest.raises(GaveUpError, match="beyond times"):
        find([(Compare("gt", 2**60), True)], Budget(Limit()))
    assert not no_time([(Glob(("a",)), True)])

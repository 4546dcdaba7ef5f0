"""Comparisons as automata: the law's decimal integers, no more and no fewer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import NUMBERS, ORDERS

from vedette.predicate import Compare
from vedette.predicate.evaluate import holds
from vedette.predicate.solve.integer import DIGITS, Decimal, bounds

BOUNDS = st.integers(-120, 120) | st.sampled_from([0.5, -0.5, 7.0, -7.25, 10**39, -(10**40), 1e300])
TEXTS = st.one_of(
    st.integers(-130, 130).map(str),
    st.sampled_from(NUMBERS),
    st.tuples(st.sampled_from(["", "+", "-"]), st.integers(0, 45), st.integers(0, 130)).map(
        lambda parts: f"{parts[0]}{'0' * parts[1]}{parts[2]}"
    ),
    st.text("+-0123456789a", max_size=5),
)


@given(st.sampled_from(ORDERS), BOUNDS, TEXTS)
def test_as_the_law_compares(order: str, number: float, text: str):
    pattern = Compare(order, number)  # type: ignore[arg-type]  # one of them
    limits = bounds(pattern)
    found = limits is not None and Decimal(*limits).matches(text)
    assert found == holds(pattern, text)


@given(st.none() | st.integers(-120, 120), st.none() | st.integers(-120, 120), TEXTS)
def test_canonical(low: int | None, high: int | None, text: str):
    try:
        number = int(text) if text.isascii() else None
    except ValueError:
        number = None
    plain = number is not None and str(number) == text and len(text.lstrip("-")) <= DIGITS
    inside = plain and (low is None or low <= number) and (high is None or number <= high)  # type: ignore[operator]  # a number if plain
    assert Decimal(low, high, canonical=True).matches(text) == (inside or text == "")


@pytest.mark.parametrize(
    ("order", "number", "expected"),
    [
        ("lt", float("inf"), (None, None)),
        ("gt", float("inf"), None),
        ("eq", float("inf"), None),
        ("gte", float("-inf"), (None, None)),
        ("lt", float("nan"), None),
        ("lt", 0.5, (None, 0)),
        ("gt", -0.5, (0, None)),
    ],
)
def test_numbers_that_are_no_integers(order: str, number: float, expected: object):
    assert bounds(Compare(order, number)) == expected  # type: ignore[arg-type]  # one of them

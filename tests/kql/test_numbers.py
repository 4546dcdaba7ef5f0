from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.kql.numbers import decimals, number_condition, text_condition
from vedette.predicate import Compare, Regex, holds

ORDERS = st.sampled_from(["eq", "lt", "lte", "gt", "gte"])
WHOLE = st.integers(-(1 << 63) + 1, (1 << 63) - 1) | st.integers(-120, 120)


def accepted(pattern: Compare, text: str) -> bool:
    """What the two expressions that are printed say of a text."""
    expressions = re.findall(r'matches regex "([^"]*)"', text_condition("c", pattern))
    return bool(expressions) and all(holds(Regex(source), text) for source in expressions)


@given(ORDERS, WHOLE, WHOLE, st.sampled_from(["", "0", "00"]), st.sampled_from(["", "+"]))
def test_the_expressions_hold_for_what_the_comparison_holds(order, number, value, zeros, plus):
    text = ("-" if value < 0 else plus) + zeros + str(abs(value))
    assert accepted(Compare(order, number), text) == holds(Compare(order, number), text)


@given(ORDERS, st.integers(-999, 999), st.integers(-2, 2))
def test_the_edges_are_right(order, number, offset):
    text = str(number + offset)
    assert accepted(Compare(order, number), text) == holds(Compare(order, number), text)


@given(ORDERS, st.integers(-40, 40), st.integers(-12, 12))
def test_fractions_are_rounded_the_right_way(order, quarters, value):
    pattern = Compare(order, quarters / 4)
    assert accepted(pattern, str(value)) == holds(pattern, str(value))


@pytest.mark.parametrize("text", ["", " 5", "5 ", "5.0", "1e3", "0x10", "\u0665", "+", "-", "5\n", "1" * 41])
@pytest.mark.parametrize("order", ["lt", "gt", "gte", "lte", "eq"])
def test_what_is_no_decimal_integer_is_in_no_order(text, order):
    assert not accepted(Compare(order, 5), text)
    assert not holds(Compare(order, 5), text)


@pytest.mark.parametrize("text", ["-0", "+0", "00", "0"])
def test_zero_has_signs(text):
    for order in ("eq", "gte", "lte"):
        assert accepted(Compare(order, 0), text), order


def test_a_fraction_equals_no_integer():
    assert decimals(Compare("eq", 1.5)) is None
    assert text_condition("c", Compare("eq", 1.5)) == "false"


def test_numbers_carry_their_guard():
    assert (
        number_condition("DstPortNumber", Compare("lt", 1024)) == "(isnotnull(DstPortNumber) and DstPortNumber < 1024)"
    )

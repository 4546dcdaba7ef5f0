"""The reference evaluator against definitions that are even slower and more obvious."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import ADDRESSES, FORMS, NETWORKS, NUMBERS, ORDERS, PARTS, globs, near, rows, texts, values

from vedette.predicate import (
    Cidr,
    Compare,
    Glob,
    Keyword,
    Match,
    Present,
    Reference,
    Regex,
    TimePart,
    Value,
    Wild,
    contains,
    equals,
    evaluate,
    fold,
    glob,
    holds,
)


def by_re(pattern: Glob, text: str) -> bool:
    """The same by Python's `re`, letter for letter."""
    spelled = "".join(
        ".*" if token is Wild.ANY else "." if token is Wild.ONE else re.escape(token if pattern.cased else fold(token))
        for token in pattern.tokens
    )
    return re.fullmatch(spelled, text if pattern.cased else fold(text), re.DOTALL) is not None


@given(st.data(), globs())
def test_wildcards_are_those_of_a_translated_expression(data: st.DataObject, pattern: Glob) -> None:
    text = data.draw(near(pattern) | texts())
    assert holds(pattern, text) is by_re(pattern, text)


@given(st.data(), globs())
def test_case_never_matters_unless_cased(data: st.DataObject, pattern: Glob) -> None:
    text = data.draw(near(pattern))
    if not pattern.cased:
        assert holds(pattern, text) is holds(pattern, fold(text))
        folded = glob([t if isinstance(t, Wild) else fold(t) for t in pattern.tokens])
        assert holds(pattern, text) is holds(folded, text)


def test_a_pattern_that_explodes_elsewhere() -> None:
    pattern = glob([part for _ in range(50) for part in (Wild.ANY, "a")] + ["b"])
    assert not holds(pattern, "a" * 5_000)


@given(globs(), texts(), texts())
def test_a_keyword_may_stand_anywhere(pattern: Glob, raw: str, field: str) -> None:
    anywhere = Glob((Wild.ANY, *pattern.tokens, Wild.ANY), pattern.cased)
    assert evaluate(Keyword(pattern), {"Image": field}, raw) is by_re(anywhere, raw)


@given(values())
def test_present_is_not_empty(value: Value) -> None:
    assert holds(Present(), value) is (value != "")
    assert holds(equals(""), value) is (value == "")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("number", [-7, 0, 7, 10, 0.5])
def test_order_of_numbers(order: Any, number: float) -> None:
    pattern = Compare(order, number)
    table = {"eq": "__eq__", "lt": "__lt__", "lte": "__le__", "gt": "__gt__", "gte": "__ge__"}
    for value in (-8, -7, 0, 7, 10, 11):
        expected = getattr(float(value), table[order])(float(number))
        assert holds(pattern, value) is expected
        assert holds(pattern, str(value)) is expected
        assert holds(pattern, f"{value}.0") is False


@pytest.mark.parametrize("text", [*NUMBERS, "", " 7", "7 ", "0x7", "7\n", "1" * 41, "\u0667", "--7", "+"])
def test_text_is_ordered_only_if_it_is_a_decimal_integer(text: str) -> None:
    is_decimal = re.fullmatch("[+-]?[0-9]{1,40}", text) is not None
    pattern = Compare("gte", -(2**62))
    assert holds(pattern, text) is is_decimal


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("text", [*ADDRESSES, "", "10.0.0.1/32", "1", 10])
def test_inside_a_network(network: str, text: Value) -> None:
    try:
        expected = isinstance(text, str) and ipaddress.ip_address(text) in ipaddress.ip_network(network)
    except ValueError:
        expected = False
    assert holds(Cidr(network), text) is expected


@given(st.sampled_from(PARTS), st.integers(0, 253402300798), st.integers(0, 999))
def test_parts_of_a_time_are_utc(part: Any, second: int, millisecond: int) -> None:
    time = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=second)
    numbers = {
        "minute": time.minute,
        "hour": time.hour,
        "day": time.day,
        "week": int(time.strftime("%V")),
        "month": time.month,
        "year": time.year,
    }
    expected = numbers[part]
    assert holds(TimePart(part, "eq", expected), second + millisecond / 1000)
    assert not holds(TimePart(part, "gt", expected), second)


@pytest.mark.parametrize("value", ["", "2026-11-24", "0", -1, 253402300800, 2**70])
def test_what_is_no_time_has_no_parts(value: Value) -> None:
    parts: Any = PARTS
    assert not any(holds(TimePart(part, "gte", 0), value) for part in parts)


@given(st.sampled_from(FORMS), st.booleans(), texts(), texts())
def test_references_compare_two_fields(form: Any, cased: bool, left: str, right: str) -> None:
    row = {"A": left, "B": right}
    same: dict[str, Glob] = {
        "equals": equals(right, cased=cased),
        "startswith": glob([right, Wild.ANY], cased=cased),
        "endswith": glob([Wild.ANY, right], cased=cased),
        "contains": contains(right, cased=cased),
    }
    expected = left != "" and right != "" and holds(same[form], left)
    assert evaluate(Match("A", Reference("B", form, cased)), row) is expected


@given(rows(("A",)))
def test_an_absent_field_is_the_empty_text(row: dict[str, Value]) -> None:
    for pattern in (equals(""), equals("a"), contains("a"), Present(), Regex("^$"), Compare("lt", 5), Cidr("::/0")):
        assert evaluate(Match("B", pattern), row) is holds(pattern, "")


def test_integers_are_text_in_decimal() -> None:
    assert holds(equals("22"), 22)
    assert holds(contains("2"), 12)
    assert holds(Regex("^-7$"), -7)
    assert not holds(equals("022"), 22)


def test_half_a_surrogate_pair_is_no_reason_to_stop() -> None:
    assert holds(Regex("^a.$"), "a\ud800")
    assert holds(contains("\ud800"), "a\ud800")

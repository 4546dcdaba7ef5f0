"""Patterns in normal form, and that they survive being written down."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import globs, patterns, texts

from vedette.predicate import Glob, Pattern, Wild, contains, endswith, equals, glob, startswith

ANY, ONE = Wild.ANY, Wild.ONE


@given(st.lists(st.sampled_from(Wild) | texts(3), max_size=8))
def test_normal_form(tokens: list[str | Wild]) -> None:
    pattern = glob(tokens)
    assert glob(pattern.tokens) == pattern
    assert "" not in pattern.tokens
    for left, right in zip(pattern.tokens, pattern.tokens[1:], strict=False):
        assert not (isinstance(left, str) and isinstance(right, str))
        assert left is not ANY or isinstance(right, str), "`*` is the last of its run"
    assert "".join(t for t in pattern.tokens if isinstance(t, str)) == "".join(t for t in tokens if isinstance(t, str))
    assert pattern.tokens.count(ONE) == tokens.count(ONE)


@pytest.mark.parametrize(
    ("pattern", "form", "literal"),
    [
        (equals("a"), "equals", "a"),
        (equals(""), "equals", ""),
        (startswith("a"), "startswith", "a"),
        (endswith("a"), "endswith", "a"),
        (contains("a"), "contains", "a"),
        (contains(""), "wildcard", ""),
        (glob([ANY]), "wildcard", ""),
        (glob([ONE, "a"]), "wildcard", "a"),
        (glob(["ab", ANY, "cde"]), "wildcard", "cde"),
        (glob([ANY, "ab", ONE]), "wildcard", "ab"),
    ],
)
def test_form(pattern: Glob, form: str, literal: str) -> None:
    assert pattern.form == form
    assert pattern.literal == literal


@given(patterns())
def test_patterns_survive_being_written_down(pattern: Pattern) -> None:
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(pattern), type=Pattern)
    assert again == pattern
    assert hash(again) == hash(pattern)


@given(globs())
def test_a_pattern_can_t_be_changed(pattern: Glob) -> None:
    with pytest.raises(AttributeError):
        pattern.tokens = ()  # type: ignore[misc]  # that is the point

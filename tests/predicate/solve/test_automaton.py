"""Automata of wildcards and the search for a shortest text."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import globs, near, texts

from vedette.predicate import Compare, Glob, Match, Present, Regex, contains, endswith, equals, startswith
from vedette.predicate.evaluate import holds
from vedette.predicate.pattern import Pattern
from vedette.predicate.solve.automaton import DEAD, FULL
from vedette.predicate.solve.outcome import Budget, GaveUpError, Limit
from vedette.predicate.solve.product import shortest
from vedette.predicate.solve.shape import shape_of


def budget(**bounds: int) -> Budget:
    return Budget(Limit(**bounds))


def find(*patterns: tuple[Pattern, bool]) -> str | None:
    return shortest([(shape_of(Match("f", p)).automaton(4_000), sign) for p, sign in patterns], budget())


@given(globs(), st.data())
def test_a_glob_is_its_automaton(pattern: Glob, data: st.DataObject):
    text = data.draw(texts() | near(pattern))
    assert shape_of(Match("f", pattern)).automaton(4_000).matches(text) == holds(pattern, text)


@given(st.lists(st.tuples(globs(), st.booleans()), min_size=1, max_size=3))
def test_the_shortest_text_is_shortest(patterns: list[tuple[Glob, bool]]):
    found = find(*patterns)
    if found is not None:
        assert all(holds(p, found) == sign for p, sign in patterns)
    letters = sorted({c for p, _ in patterns for t in p.tokens if isinstance(t, str) for c in t} | {"x"})[:6]
    for size in range(3 if found is None else min(3, len(found))):
        for word in itertools.product(letters, repeat=size):
            assert not all(holds(p, "".join(word)) == sign for p, sign in patterns)


def test_dead_and_full_states_end_the_search_at_once():
    machine = shape_of(Match("f", contains("ab"))).automaton(100)
    state = machine.step(machine.step(machine.start, ord("a")), ord("B"))
    assert state == FULL
    assert machine.step(state, 0) == FULL
    anchored = shape_of(Match("f", Regex("^ab"))).automaton(100)
    assert anchored.step(anchored.start, ord("x")) == DEAD


def test_known_products():
    assert find((contains("ab"), True), (contains("b"), False)) is None
    assert find((startswith("ab"), True), (endswith("ba"), True)) == "aba"
    assert find((Regex("^a+$"), True), (Regex("^(aa)*$"), False)) == "a"
    assert find((Present(), False), (contains("a"), True)) is None
    assert find((Compare("gt", 9), True), (equals("10"), False)) == "11"
    assert find((Compare("eq", 0.5), True)) is None


def test_limits_are_named():
    patterns = [(shape_of(Match("f", contains(text))).automaton(100), True) for text in ("abc", "bcd", "cde", "dea")]
    with pytest.raises(GaveUpError, match="more than 5 states"):
        shortest(patterns, budget(states=5))
    with pytest.raises(GaveUpError, match="more than 5 steps"):
        shortest(patterns, budget(steps=5))
    with pytest.raises(GaveUpError, match="more than 3 positions"):
        shape_of(Match("f", contains("abcdefg"))).automaton(3)

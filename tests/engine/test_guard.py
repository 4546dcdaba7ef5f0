from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.engine.strategies_predicate import patterns, predicates, rows

from vedette.engine.guard import cost, guard, guards, scannable
from vedette.predicate import (
    FALSE,
    TRUE,
    And,
    Match,
    Not,
    Or,
    Present,
    Reference,
    Regex,
    contains,
    endswith,
    equals,
    evaluate,
    holds,
)

SH = Match("Image", endswith("/sh"))
RARE = Match("CommandLine", contains("very-rare-word"))
COMMON = Match("CommandLine", contains("a"))


def leaf(match):
    return (match.field, match.pattern)


def one_row(row):
    return {name.partition(".")[0]: value for name, value in row.items()}


@given(predicates, rows, st.booleans())
def test_wherever_a_predicate_holds_a_leaf_of_its_guard_hits(predicate, row, positive):
    found = guard(predicate, scannable, positive=positive)
    assume(found is not None)
    assert found is not None
    if evaluate(predicate, one_row(row)) == positive and not any(True for _ in _keywords(predicate)):
        assert any(holds(pattern, one_row(row).get(field, "")) for field, pattern in found.leaves)


@given(predicates, rows)
def test_wherever_a_predicate_holds_all_its_guards_hit(predicate, row):
    assume(not any(True for _ in _keywords(predicate)) and evaluate(predicate, one_row(row)))
    for found in guards(predicate, scannable):
        assert any(holds(pattern, one_row(row).get(field, "")) for field, pattern in found.leaves)


def _keywords(predicate):
    from vedette.predicate import Keyword, atoms

    return (atom for atom in atoms(predicate) if isinstance(atom, Keyword))


@given(patterns)
def test_no_scannable_pattern_holds_on_an_absent_value(pattern):
    assert not (scannable(pattern) and holds(pattern, ""))


@pytest.mark.parametrize(
    ("predicate", "leaves"),
    [
        (SH, {leaf(SH)}),
        (And((COMMON, RARE)), {leaf(RARE)}),
        (Or((COMMON, RARE)), {leaf(COMMON), leaf(RARE)}),
        (And((COMMON, Or((RARE, And((RARE, SH)))))), {leaf(RARE)}),
        (Not(Or((Not(RARE), COMMON))), {leaf(RARE)}),
        (Not(And((Not(RARE), Not(SH)))), {leaf(RARE), leaf(SH)}),
        (FALSE, set()),
        (Not(TRUE), set()),
        (Or((RARE, FALSE)), {leaf(RARE)}),
    ],
)
def test_the_guard_of(predicate, leaves):
    found = guard(predicate, scannable)
    assert found is not None
    assert set(found.leaves) == leaves


@pytest.mark.parametrize(
    "predicate",
    [
        TRUE,
        Not(RARE),
        Or((RARE, Not(SH))),
        Match("Image", Present()),
        Match("Image", equals("")),
        Match("Image", Regex("a*")),
        Match("Image", Reference("ParentImage")),
    ],
)
def test_no_guard_for(predicate):
    assert guard(predicate, scannable) is None
    assert guards(predicate, scannable) == ()


def test_a_common_guard_gets_others_beside_it():
    assert len(guards(And((RARE, SH)), scannable)) == 1
    assert len(guards(And((Match("CommandLine", contains("/tmp/")), SH)), scannable)) == 2
    many = Or(tuple(Match("CommandLine", contains(f"{number}")) for number in range(100)))
    assert len(guards(And((many, SH)), scannable)) == 1


def test_costs_tell_rare_from_common():
    assert cost(contains("very-rare-word")) < cost(contains("cat ")) < cost(contains(" -"))
    assert cost(endswith("/mimikatz")) < cost(endswith("/bash"))
    assert cost(equals("x")) < cost(contains("x"))
    assert cost(Regex("very-rare-word")) < cost(Regex(r"\s-[a-z]"))
    assert all(cost(pattern) > 0 for pattern in (equals("\0" * 999), contains("x" * 999)))

"""Implication, equality, redundancy and the smallest event."""

from __future__ import annotations

from hypothesis import given
from tests.predicate.solve.test_solver import small_predicates

from vedette.predicate import (
    And,
    Cidr,
    Compare,
    Match,
    Not,
    Or,
    Predicate,
    Present,
    Regex,
    contains,
    endswith,
    equals,
    evaluate,
    startswith,
)
from vedette.predicate.solve import (
    Limit,
    Sat,
    Unsat,
    check,
    difference,
    equivalent,
    implies,
    redundant,
    smallest,
    solve,
    unlike,
)


def f(text: str) -> Match:
    return Match("f", contains(text))


def test_implies():
    proved = implies(f("ab"), f("a"))
    assert isinstance(proved, Unsat)
    assert check(difference(f("ab"), f("a")), proved.proof)
    assert implies(f("a"), f("ab")) == Sat({"f": "a"})
    assert isinstance(implies(Match("f", Cidr("10.1.0.0/16")), Match("f", Cidr("10.0.0.0/8"))), Unsat)


def test_equivalent():
    one, other = Not(Or((f("a"), f("b")))), And((Not(f("b")), Not(f("a"))))
    proved = equivalent(one, other)
    assert isinstance(proved, Unsat)
    assert check(unlike(one, other), proved.proof)
    assert isinstance(equivalent(f("a"), f("A")), Unsat)
    assert isinstance(equivalent(f("a"), f("ab")), Sat)


@given(small_predicates())
def test_everything_equals_itself(predicate: Predicate):
    assert isinstance(implies(predicate, predicate), Unsat)
    assert isinstance(equivalent(predicate, And((predicate, predicate))), Unsat)


def test_redundant():
    assert redundant([f("ab"), f("a"), f("b"), f("A"), f("x")]) == {0: 1, 3: 1}
    assert redundant([f("a"), f("a")]) == {1: 0}
    number = Match("n", Compare("gt", 5))
    assert redundant([number, Match("n", equals("7"))], kinds={"n": "number"}) == {1: 0}
    hard = Match("f", Regex("a.{30}b"))
    assert redundant([hard, Match("f", Regex("a.{30}[bc]"))], limit=Limit(states=50)) == {}


def test_smallest():
    rule = And((Or((And((f("iptables"), Match("g", endswith("/sudo")))), f("nft flush"))), Match("f", Present())))
    assert smallest(rule) == Sat({"f": "nft flush"})
    assert smallest(And((Match("f", startswith("aba")), Match("f", endswith("bab"))))) == Sat({"f": "abab"})
    assert smallest(Not(f("a"))) == Sat({})
    assert isinstance(smallest(And((f("ab"), Not(f("a"))))), Unsat)
    assert smallest(Match("f", Regex("[0-9]{3}|x"))) == Sat({"f": "x"})


@given(small_predicates())
def test_the_smallest_is_no_larger_than_any(predicate: Predicate):
    found, other = smallest(predicate), solve(predicate)
    assert type(found) is type(other)
    if isinstance(found, Sat) and isinstance(other, Sat):
        assert evaluate(predicate, found.row, found.raw)
        assert len(found.row) + bool(found.raw) <= len(other.row) + bool(other.raw)

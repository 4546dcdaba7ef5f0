"""Fields that refer to one another: grouped, and decided together."""

from __future__ import annotations

import pytest

from vedette.predicate import (
    And,
    Match,
    Not,
    Pattern,
    Predicate,
    Reference,
    Regex,
    contains,
    endswith,
    equals,
    startswith,
)
from vedette.predicate.solve import Limit, Sat, Unsat, check, solve
from vedette.predicate.solve.automaton import FULL
from vedette.predicate.solve.outcome import Budget
from vedette.predicate.solve.reference import groups
from vedette.predicate.solve.shape import shape_of
from vedette.predicate.solve.theory import Theory
from vedette.predicate.solve.within import Within


def refers(field: str, target: str) -> Match:
    return Match(field, Reference(target))


def test_groups_are_joined_through_others():
    leaves = [refers("a", "b"), refers("c", "d"), refers("b", "c"), refers("x", "x")]
    theory = Theory({n: shape_of(leaf) for n, leaf in enumerate(leaves, 1)}, {}, {}, Budget(Limit()))
    found = groups(theory, [1, -2, 3, 4])
    assert [(sorted(group.fields), sorted(group.literals)) for group in found] == [
        (["a", "b", "c", "d"], [-2, 1, 3]),
        (["x"], [4]),
    ]


@pytest.mark.parametrize(
    ("form", "holding", "missing"),
    [
        ("equals", ["ab", "AB"], ["xab", "abx", ""]),
        ("startswith", ["ab", "abx"], ["xab", ""]),
        ("endswith", ["ab", "xab", "abab"], ["abx", ""]),
        ("contains", ["ab", "xabx"], ["axb", ""]),
    ],
)
def test_texts_that_hold_another(form: str, holding: list[str], missing: list[str]):
    machine = Within(form, [(shape_of(Match("f", equals("ab"))).automaton(100), True)])
    assert [machine.matches(text) for text in holding + missing] == [True] * len(holding) + [False] * len(missing)
    state = machine.start
    for letter in "abx":
        state = machine.step(state, ord(letter))
    assert (state == FULL) == (form in ("startswith", "contains"))


def test_cased_patterns_behind_a_reference_that_is_not():
    """Letters of either case may stand in the one field, so the clash is of the other's own patterns at most."""
    both = And((refers("a", "b"), Match("a", equals("x", cased=True)), Match("b", equals("X", cased=True))))
    assert solve(both) == Sat({"a": "x", "b": "X"})
    same = And((Match("a", Reference("b", cased=True)), *both.children[1:]))
    outcome = solve(same)
    assert isinstance(outcome, Unsat)
    assert check(same, outcome.proof)


@pytest.mark.parametrize(
    ("form", "subject", "target", "possible"),
    [
        ("startswith", Regex("^/usr/bin/[a-z]+ -x$"), Regex("^/usr/bin/[a-z]+$"), True),
        ("startswith", Regex("^/usr/bin/[a-z]+ -x$"), startswith("/opt/"), False),
        ("endswith", endswith("/sh"), contains("bash"), None),
        ("contains", equals("sh -c ufw"), startswith("ufw"), True),
        ("contains", equals("sh -c ufw"), endswith("x"), False),
    ],
)
def test_paths_and_command_lines(form: str, subject: Pattern, target: Pattern, possible: bool | None):
    predicate: Predicate = And((Match("a", Reference("b", form)), Match("a", subject), Match("b", target)))  # type: ignore[arg-type]  # one of them
    outcome = solve(predicate)
    if possible is not False:
        assert isinstance(outcome, Sat)
    else:
        assert isinstance(outcome, Unsat)
        assert check(predicate, outcome.proof)


def test_numbers_are_compared_as_text():
    kinds = {"a": "number", "b": "integer"}
    outcome = solve(And((refers("a", "b"), Match("a", startswith("12")))), kinds=kinds)
    assert outcome == Sat({"a": 12, "b": 12})
    apart = And((refers("a", "b"), Match("a", startswith("12")), Match("b", startswith("13"))))
    proved = solve(apart, kinds=kinds)
    assert isinstance(proved, Unsat)
    assert check(apart, proved.proof, kinds=kinds)
    assert isinstance(solve(And((Match("a", startswith("1")), Not(refers("a", "b")))), kinds=kinds), Sat)

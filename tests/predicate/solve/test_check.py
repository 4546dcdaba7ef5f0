"""The checker takes proofs and refuses what is not one."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.predicate.solve.test_solver import NEVER

from vedette.predicate import (
    And,
    Compare,
    Match,
    Not,
    Or,
    Pattern,
    Predicate,
    Present,
    Reference,
    Regex,
    TimePart,
    contains,
    endswith,
    equals,
    evaluate,
    startswith,
)
from vedette.predicate.solve import Proof, Unsat, check, solve
from vedette.predicate.solve.check import refuted


def proof_of(predicate: Predicate, kinds: dict[str, str] | None = None) -> Proof:
    outcome = solve(predicate, kinds=kinds or {})
    assert isinstance(outcome, Unsat)
    return outcome.proof


def f(text: str) -> Match:
    return Match("f", contains(text))


RULE = And((Or((f("ab"), f("cb"))), Not(f("b")), Match("g", equals("x"))))


def test_a_proof_is_taken():
    proof = proof_of(RULE)
    assert check(RULE, proof)
    assert msgspec.json.decode(msgspec.json.encode(proof), type=Proof) == proof


@pytest.mark.parametrize(
    "change",
    [
        lambda _: {"lemmas": ()},
        lambda p: {"lemmas": p.lemmas[1:]},
        lambda p: {"lemmas": (*p.lemmas, (1,))},
        lambda p: {"lemmas": (*p.lemmas, (-1,))},
        lambda p: {"lemmas": (*p.lemmas, (-4,))},
        lambda p: {"lemmas": (*p.lemmas, ())},
        lambda p: {"lemmas": (*p.lemmas, (-1, -4))},
        lambda p: {"lemmas": (*p.lemmas, (99,))},
        lambda p: {"lemmas": tuple(tuple(-n for n in lemma) for lemma in p.lemmas)},
        lambda p: {"clauses": p.clauses[:-1]},
        lambda p: {"clauses": (*p.clauses, (-4,))},
        lambda _: {"clauses": ((),)},
        lambda p: {"atoms": p.atoms[::-1]},
        lambda p: {"atoms": (f("b"), *p.atoms[1:])},
        lambda p: {"atoms": p.atoms[:-1]},
        lambda p: {"kinds": {**p.kinds, "f": "number"}},
        lambda _: {"kinds": {}},
        lambda _: {"vocabulary": {"g": frozenset({"y"})}},
    ],
)
def test_a_changed_proof_is_refused(change):
    proof = proof_of(RULE)
    assert not check(RULE, msgspec.structs.replace(proof, **change(proof)))


def test_a_proof_of_something_else_is_refused():
    proof = proof_of(RULE)
    for other in (And((RULE.children[0], RULE.children[2])), Not(RULE), And((*RULE.children, f("z")))):
        assert not check(other, proof)
    assert not check(RULE, proof, kinds={"f": "number"})


@pytest.mark.parametrize(("predicate", "kinds"), NEVER)
def test_a_lemma_that_says_more_is_refused_unless_it_is_true(predicate: Predicate, kinds: dict[str, str]):
    proof = proof_of(predicate, kinds)
    for index, lemma in enumerate(proof.lemmas):
        for weaker in range(len(lemma)):
            cut = (*lemma[:weaker], *lemma[weaker + 1 :])
            changed = msgspec.structs.replace(proof, lemmas=(*proof.lemmas[:index], cut, *proof.lemmas[index + 1 :]))
            rest = And(tuple(Not(proof.atoms[n - 1]) if n > 0 else proof.atoms[-n - 1] for n in cut))
            assert check(predicate, changed, kinds=kinds) <= isinstance(solve(rest, kinds=kinds), Unsat)


@pytest.mark.parametrize(("predicate", "kinds"), [case for case in NEVER if case[1]])
def test_a_proof_rests_on_its_premises(predicate: Predicate, kinds: dict[str, str]):
    proof = proof_of(predicate, kinds)
    assert check(predicate, proof, kinds=kinds)
    assert not check(predicate, proof)


LITERALS = st.lists(st.integers(1, 5).flatmap(lambda n: st.sampled_from([n, -n])), max_size=3)


@given(st.lists(LITERALS, max_size=14), st.integers(0, 5))
def test_refutation_against_brute_force(clauses: list[list[int]], first: int):
    possible = any(
        all(any(values[abs(n) - 1] == (n > 0) for n in clause) for clause in clauses)
        for values in itertools.product([False, True], repeat=5)
    )
    assert refuted(clauses, first) != possible


def test_pigeons():
    holes = 4
    clauses = [[pigeon * holes + hole + 1 for hole in range(holes)] for pigeon in range(holes + 1)]
    for hole in range(holes):
        for one, other in itertools.combinations(range(holes + 1), 2):
            clauses.append([-(one * holes + hole + 1), -(other * holes + hole + 1)])
    assert refuted(clauses)
    assert not refuted(clauses[1:])


def lemma_of(*literals: tuple[str, Pattern, bool]) -> tuple[Predicate, Proof]:
    predicate = And(tuple(Match(n, p) if sign else Not(Match(n, p)) for n, p, sign in literals))
    lemma = tuple(-n if sign else n for n, (_, _, sign) in enumerate(literals, 1))
    clauses = tuple((-n,) for n in lemma)
    kinds = {name: "time" if isinstance(p, TimePart) else "text" for name, p, _ in literals}
    return predicate, Proof(tuple(Match(n, p) for n, p, _ in literals), clauses, (lemma,), kinds, {})


@pytest.mark.parametrize(
    "literals",
    [
        [("f", contains("a"), True), ("f", contains("b"), False)],
        [("f", contains("a"), True), ("g", contains("b"), True)],
        [("f", Reference("g"), True), ("f", startswith("a"), True), ("g", endswith("b"), True)],
        [("f", Reference("g", "startswith"), True), ("f", startswith("a"), True), ("g", equals("A"), True)],
        [("f", Reference("g", "contains"), True), ("f", equals("ab"), True), ("g", equals("B", cased=True), True)],
        [("f", Reference("g"), True), ("f", equals("a", cased=True), True), ("g", equals("A", cased=True), True)],
        [("f", Reference("g"), False), ("f", equals("a"), True), ("g", equals("b"), True)],
        [("f", Reference("g", cased=True), False), ("f", equals("a"), True), ("g", equals("a"), True)],
        [("f", Reference("g", "endswith"), True), ("g", Regex("^b"), True), ("f", startswith("a"), True)],
        [("f", Compare("gt", 5), True), ("f", Compare("lt", 7), True)],
        [("f", Compare("gt", 5), False), ("f", Compare("lt", 5), False)],
        [("f", TimePart("hour", "gt", 5), True), ("f", TimePart("hour", "lt", 7), True)],
        [("f", TimePart("hour", "gt", 5), False)],
        [("f", Present(), False)],
    ],
)
def test_a_lemma_that_is_not_true_is_refused(literals: list[tuple[str, Pattern, bool]]):
    predicate, proof = lemma_of(*literals)
    assert not check(predicate, proof)
    outcome = solve(predicate)
    assert evaluate(predicate, outcome.row) if hasattr(outcome, "row") else not isinstance(outcome, Unsat)


@pytest.mark.parametrize(
    "literals",
    [
        [("f", contains("ab"), True), ("f", contains("b"), False)],
        [("f", Reference("g"), True), ("f", startswith("a"), True), ("g", startswith("b"), True)],
        [("f", Reference("g", "contains"), True), ("f", contains("b"), False), ("g", endswith("B"), True)],
        [("f", Reference("g"), False), ("f", equals("a"), True), ("g", equals("A"), True)],
        [("f", TimePart("hour", "gt", 5), True), ("f", TimePart("hour", "lt", 6), True)],
    ],
)
def test_a_lemma_that_is_true_is_taken(literals: list[tuple[str, Pattern, bool]]):
    assert check(*lemma_of(*literals))

from __future__ import annotations

import pytest
from hypothesis import given
from tests.strategies import predicates, rows

from vedette.audit.logic import question
from vedette.audit.logic.question import Asker, difference, size
from vedette.audit.reach import Witness, matched
from vedette.predicate import FALSE, Match, contains, equals, evaluate, startswith
from vedette.predicate.node import And, Not, Or
from vedette.predicate.solve import Limit, Sat, Undecided, Unsat

ROOT, EVE, SHELL = Match("User", equals("root")), Match("User", equals("eve")), Match("Image", contains("sh"))


def test_questions_are_counted_by_their_outcome():
    asker = Asker()
    assert isinstance(asker.ask(ROOT, SHELL), Sat)
    assert isinstance(asker.ask(ROOT, EVE), Unsat)
    assert isinstance(asker.ask(FALSE), Unsat)
    assert isinstance(asker.implies(And((ROOT, SHELL)), ROOT), Unsat)
    assert asker.outcomes == {"sat": 1, "unsat": 3}
    assert len(asker.seconds) == 4


def test_a_proof_that_the_checker_refuses_decides_nothing(monkeypatch):
    monkeypatch.setattr(question, "check", lambda *_, **__: False)
    outcome = Asker().ask(ROOT, EVE)
    assert isinstance(outcome, Undecided)
    assert "checker" in outcome.reason


def test_a_witness_is_the_smallest_found():
    assert Asker().witness(Or((And((ROOT, SHELL)), EVE))) == Witness({"User": "eve"})
    assert Asker().witness(ROOT, EVE) is None


def test_a_limit_is_obeyed():
    assert isinstance(Asker(Limit(rounds=0)).ask(ROOT), Undecided)


def test_a_proof_says_on_which_fields_it_rests():
    outcome = Asker().ask(Match("Image", startswith("/a")), Match("Image", startswith("/b")), SHELL)
    assert isinstance(outcome, Unsat)
    assert (size(outcome).fields, size(outcome).lemmas) == (("Image",), 1)


@pytest.mark.parametrize(
    ("one", "other", "left"),
    [
        (And((ROOT, SHELL)), And((ROOT, EVE)), And((ROOT, SHELL, Not(EVE)))),
        (And((ROOT, SHELL)), ROOT, None),
        (ROOT, And((ROOT, SHELL)), And((ROOT, Not(SHELL)))),
        (Or((ROOT, SHELL)), Or((ROOT, EVE)), And((SHELL, Not(Or((ROOT, EVE)))))),
        (ROOT, Or((ROOT, EVE)), None),
    ],
)
def test_what_both_have_word_for_word_is_left_out(one, other, left):
    if left is not None:
        assert difference(one, other) == left
    assert isinstance(Asker().implies(one, other), Unsat) is (left is None)


@given(predicates(["Image", "ParentImage"], max_leaves=4), predicates(["Image", "User"], max_leaves=4))
def test_one_view_is_enough(one, other):
    asker = Asker()
    for asked in (And((one, other)), And((one, Not(other)))):
        here, everywhere = asker.ask(asked), asker.ask(matched(asked))
        if not isinstance(here, Undecided) and not isinstance(everywhere, Undecided):
            assert type(here) is type(everywhere)
    implied, lifted = asker.implies(one, other), asker.implies(matched(one), matched(other))
    if not isinstance(implied, Undecided) and not isinstance(lifted, Undecided):
        assert type(implied) is type(lifted)


@given(predicates(["Image", "User"]), predicates(["Image", "User"]), rows(["Image", "User"]))
def test_the_difference_is_what_one_holds_for_and_the_other_does_not(one, other, row):
    for left, right in ((one, other), (And((one, other)), one), (Or((one, other)), other), (one, And((one, other)))):
        expected = evaluate(left, row) and not evaluate(right, row)
        assert evaluate(difference(left, right), row) == expected

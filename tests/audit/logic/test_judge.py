from __future__ import annotations

from tests.audit.logic.rules import of, rule

from vedette.audit.logic.fault import KINDS
from vedette.audit.logic.judge import judge
from vedette.predicate import Match, Predicate, contains, equals
from vedette.predicate.node import And, Not, Or
from vedette.predicate.solve import Limit

ROOT, EVE = Match("User", equals("root")), Match("User", equals("eve"))


def kinds(predicate: Predicate) -> list[str]:
    return [fault.kind for fault in judge([of("r", predicate)]).faults]


def test_a_rule_that_can_never_match():
    (fault,) = judge([of("r", And((ROOT, EVE)))]).faults
    assert (fault.kind, fault.rule, fault.level) == ("dead-rule", "r", "error")
    assert fault.proof
    assert fault.proof.clauses >= 3


def test_a_rule_that_always_matches():
    assert kinds(Or((Match("User", contains("root")), Not(ROOT)))) == ["certain-rule"]
    assert kinds(Not(ROOT)) == []


def test_all_is_counted():
    some = rule("a: {Image|endswith: /sh}\nfilter: {Image: /bin/ls}\nkept: {User: x}\ncondition: a and not filter")
    judged = judge([some, of("dead", And((ROOT, EVE)))])
    assert judged.filters == {"all": 1, "rules": 1, "named": 1}
    assert judged.standings == {"asked": 2, "denied": 1, "unused": 1}
    assert list(judged.count()) == list(KINDS)
    assert {kind: count for kind, count in judged.count().items() if count} == {"dead-rule": 1, "inert-filter": 1}
    assert [fault.kind for fault in judged.faults] == ["dead-rule", "inert-filter"]
    assert judged.phases["rules"].questions == 2
    assert judged.phases["filters"].outcomes == {"unsat": 2}
    assert judged.phases["pairs"].questions == 0


def test_pairs_are_left_out_if_not_asked_for():
    rules = [of("a", ROOT), of("b", And((ROOT, Match("Image", equals("x")))))]
    assert [fault.kind for fault in judge(rules).faults] == ["implied-rule"]
    judged = judge(rules, duplicates=False)
    assert judged.faults == ()
    assert "pairs" not in judged.phases


def test_what_the_limit_leaves_open_is_undecided():
    judged = judge([of("r", ROOT)], limit=Limit(rounds=0))
    assert [fault.kind for fault in judged.faults] == ["undecided"]


def test_a_rule_with_too_many_parts_is_judged_as_a_whole(monkeypatch):
    monkeypatch.setattr("vedette.audit.logic.judge.MAX_PARTS", 1)
    judged = judge([rule("a: {User: a}\nb: {User: a}\ncondition: a or b"), of("dead", And((ROOT, EVE)))])
    assert [fault.kind for fault in judged.faults] == ["dead-rule", "undecided", "undecided"]
    assert judged.phases["rules"].questions == 2


def test_progress_is_told():
    told: list[tuple[int, int]] = []
    judge([of("a", ROOT), of("b", EVE)], on_rule=lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2), (2, 2)]

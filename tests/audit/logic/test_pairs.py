from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.audit.logic.rules import of
from tests.strategies import predicates

from vedette.audit.logic.fault import Fault
from vedette.audit.logic.index import Index
from vedette.audit.logic.pairs import judge_pairs
from vedette.audit.logic.question import Asker
from vedette.audit.reach import Witness
from vedette.event import LogSource
from vedette.predicate import Keyword, Match, Predicate, contains, endswith, equals, evaluate, glob
from vedette.predicate.node import And, Not, Or
from vedette.predicate.solve import Sat, Unsat
from vedette.sigma.rule import Rule


def judged(*rules: Rule) -> tuple[list[Fault], Asker]:
    asker = Asker()
    witnesses = {}
    for rule in rules:
        outcome = asker.ask(rule.predicate)
        if isinstance(outcome, Sat):
            witnesses[rule.id] = Witness(dict(outcome.row), outcome.raw)
    asker = Asker()
    return list(judge_pairs(rules, witnesses, asker)), asker


def pairs(*rules: Rule) -> set[tuple[str, str, str]]:
    return {(fault.kind, fault.rule, fault.other) for fault in judged(*rules)[0]}


SHELL = Match("Image", endswith("/sh"))
ROOT = Match("User", equals("root"))


def test_a_narrower_rule_is_implied_with_an_event_of_the_wider_alone():
    faults, _ = judged(of("wide", SHELL), of("narrow", And((SHELL, ROOT))))
    assert [(fault.kind, fault.rule, fault.other) for fault in faults] == [("implied-rule", "narrow", "wide")]
    assert faults[0].witness == Witness({"Image": "/sh"})
    assert faults[0].proof


def test_rules_that_mean_the_same_are_named_once():
    one, other = of("one", Or((SHELL, ROOT))), of("other", Not(And((Not(ROOT), Not(SHELL)))))
    assert pairs(one, other) == {("equal-rules", "one", "other")}


def test_other_log_sources_are_other_events():
    windows = LogSource("windows", "process_creation")
    assert pairs(of("a", SHELL), of("b", SHELL, LogSource("linux", "file_event"))) == set()
    # A rule of any product takes the events of this one, and not the other way round.
    assert pairs(of("any", SHELL), of("windows", And((SHELL, ROOT)), windows)) == {("implied-rule", "windows", "any")}
    assert pairs(of("any", And((SHELL, ROOT))), of("windows", SHELL, windows)) == set()


def test_what_can_never_match_implies_nothing():
    assert pairs(of("dead", And((ROOT, Match("User", equals("x"))))), of("b", ROOT)) == set()


def test_few_questions_are_asked_where_rules_have_little_in_common():
    rules = [of(f"r{number}", Match("CommandLine", contains(f"word{number:03}"))) for number in range(200)]
    faults, asker = judged(*rules)
    assert faults == []
    assert len(asker.seconds) < 200


def test_a_set_that_asks_for_too_many_questions_is_undecided(monkeypatch):
    monkeypatch.setattr("vedette.audit.logic.pairs.MAX_ASKED", 2)
    rules = [of(f"r{number}", Or((SHELL, Match("User", equals(str(number)))))) for number in range(5)]
    told = pairs(of("narrow", SHELL), *rules)
    assert {(kind, rule) for kind, rule, _ in told if rule == "narrow"} == {
        ("implied-rule", "narrow"),
        ("undecided", "narrow"),
    }
    assert len([rule for kind, rule, _ in told if (kind, rule) == ("implied-rule", "narrow")]) == 2


def test_keywords_are_searched_in_the_raw_event():
    wide, narrow = Keyword(glob(["flush"])), Keyword(glob(["nft flush"]))
    assert pairs(of("wide", wide), of("narrow", narrow)) == {("implied-rule", "narrow", "wide")}


@settings(max_examples=60)
@given(st.lists(predicates(["Image", "User"], max_leaves=4), min_size=2, max_size=5, unique=True))
def test_the_index_loses_no_pair(found: list[Predicate]):
    rules = [of(f"r{number}", predicate) for number, predicate in enumerate(found)]
    told, asker = judged(*rules)
    undecided = {(fault.rule, fault.other) for fault in told if fault.kind == "undecided"}
    expected = set()
    for one, other in itertools.permutations(rules, 2):
        if (one.id, other.id) in undecided or not isinstance(asker.ask(one.predicate), Sat):
            continue
        if isinstance(asker.implies(one.predicate, other.predicate), Unsat):
            expected.add((one.id, other.id))
    implied = {(fault.rule, fault.other) for fault in told if fault.kind in ("implied-rule", "equal-rules")}
    implied |= {(fault.other, fault.rule) for fault in told if fault.kind == "equal-rules"}
    assert implied == expected


@given(predicates(["Image", "User"]), st.dictionaries(st.sampled_from(["Image", "User"]), st.text("ab/", min_size=1)))
def test_what_holds_on_an_event_is_among_its_candidates(predicate, row):
    candidates = list(Index({7: predicate}).candidates(Witness(dict(row), "raw ab")))
    assert candidates == [7] or not evaluate(predicate, row, "raw ab")

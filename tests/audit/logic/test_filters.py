from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.logic.rules import rule

from vedette.audit.logic.condition import Frame
from vedette.audit.logic.fault import Fault
from vedette.audit.logic.filters import judge_filters
from vedette.audit.logic.question import Asker
from vedette.predicate import FALSE, evaluate
from vedette.predicate.solve import Limit

SHORT = ["".join(letters) for size in range(4) for letters in itertools.product("ab", repeat=size)]
ROWS = [{name: value for name, value in (("User", u), ("Image", i)) if value} for u in SHORT for i in SHORT]


def judged(detection: str, limit: Limit | None = None) -> list[Fault]:
    frame, asker = Frame(rule(detection)), Asker(limit)
    return list(judge_filters(frame, asker.ask(frame.rule.predicate), asker))


def kinds(detection: str) -> dict[str, str]:
    return {fault.name: fault.kind for fault in judged(detection)}


def test_a_filter_that_hides_something_is_no_fault():
    assert kinds("a: {Image|endswith: /sh}\nfilter: {Image: /bin/sh}\ncondition: a and not filter") == {}


def test_a_filter_that_contradicts_the_rule_is_inert_with_a_proof():
    (fault,) = judged("a: {Image|endswith: .evtx}\nfilter: {Image: /bin/sh}\ncondition: a and not filter")
    assert (fault.kind, fault.name, fault.level) == ("inert-filter", "filter", "warning")
    assert fault.proof
    assert fault.proof.lemmas == 1
    assert fault.proof.fields == ("Image",)


def test_of_two_filters_that_hide_the_same_the_first_stays():
    text = """
        a: {Image|endswith: /sh}
        filter_a: {Image|startswith: /bin/}
        filter_b: {Image: /bin/sh}
        filter_c: {Image: /bin/sh}
        condition: a and not 1 of filter_*
    """
    assert kinds(text) == {"filter_b": "redundant-filter", "filter_c": "redundant-filter"}
    equal = text.replace("filter_a: {Image|startswith: /bin/}", "")
    assert kinds(equal) == {"filter_c": "redundant-filter"}


def test_filters_that_apply_only_together_are_not_inert():
    text = """
        a: {Image|endswith: /sh}
        filter_a: {Image: /bin/sh}
        filter_b: {User: root}
        condition: a and not all of filter_*
    """
    assert kinds(text) == {}


def test_a_filter_within_an_alternative_is_judged_where_it_stands():
    text = """
        a: {Image: /bin/sh}
        b: {Image: /bin/ls}
        filter: {Image|endswith: ls}
        condition: a and not filter or b
    """
    assert kinds(text) == {"filter": "inert-filter"}


def test_a_filter_that_hides_all_is_named_with_what_it_hides():
    text = "a: {Image|endswith: /sh}\nfilter: {Image|contains: s}\nother: {User: x}"
    (fault,) = judged(f"{text}\ncondition: a and not filter and not other")
    assert (fault.kind, fault.name, fault.level) == ("blinding-filter", "filter", "error")
    assert fault.witness
    assert fault.witness.values == {"Image": "/sh"}


def test_what_is_dead_without_its_filters_blames_none_of_them():
    assert kinds("a: {Image|cased: a}\nb: {Image|cased: b}\nfilter: {User: x}\ncondition: a and b and not filter") == {}


def test_a_filter_that_is_asked_to_hold_is_not_judged_as_one():
    assert kinds("a: {Image: a}\nfilter: {Image: b}\ncondition: a or filter") == {}


def test_what_is_not_found_out_is_said_with_its_reason():
    faults = judged("a: {Image|re: 'a+'}\nfilter: {Image|re: '^b+$'}\ncondition: a and not filter", Limit(rounds=0))
    assert [fault.kind for fault in faults] == ["undecided"]
    assert "rounds" in faults[0].why


items = st.builds(
    lambda field, modifier, text: f"{{{field}{modifier}: '{text}'}}",
    st.sampled_from(["User", "Image"]),
    st.sampled_from(["", "|contains", "|startswith", "|endswith"]),
    st.sampled_from(["a", "b", "ab"]),
)
conditions = st.sampled_from(
    [
        "a and not 1 of f*",
        "a and not all of f*",
        "a and not f or b and not g",
        "(a or b) and not (f or g)",
        "a and not (f and not b) and not g",
        "not f and not g",
    ]
)


@given(st.lists(items, min_size=4, max_size=4), conditions)
def test_filters_agree_with_the_law_on_every_small_event(parts, condition):
    names = dict(zip(("a", "b", "f", "fg" if " of " in condition else "g"), parts, strict=True))
    text = "\n".join(f"{name}: {part}" for name, part in names.items())
    made = rule(f"{text}\ncondition: {condition}")
    frame = Frame(made)
    for fault in judged(f"{text}\ncondition: {condition}"):
        without = frame.filled({fault.name: FALSE})
        differ = [row for row in ROWS if evaluate(without, row) != evaluate(made.predicate, row)]
        if fault.kind == "inert-filter":
            assert differ == []
        elif fault.kind == "blinding-filter":
            assert fault.witness
            assert evaluate(without, fault.witness.values)
            assert not any(evaluate(made.predicate, row) for row in ROWS)
        else:
            assert fault.kind == "redundant-filter"


@pytest.mark.parametrize("condition", ["a and not f", "a and not 1 of f*"])
def test_a_filter_is_inert_exactly_if_no_small_event_shows_an_effect(condition):
    for one, other in itertools.product(("contains", "startswith", "endswith"), repeat=2):
        text = f"a: {{Image|{one}: ab}}\nf: {{Image|{other}: ba}}\ncondition: {condition}"
        names = rule(text).names
        both = any(evaluate(names["a"], row) and evaluate(names["f"], row) for row in ROWS)
        assert kinds(text) == ({} if both else {"f": "inert-filter"}), text

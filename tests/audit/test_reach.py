"""Reach over all views, against the law asked of every small event."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given as given_by
from hypothesis import strategies as st

from vedette.audit.reach import Witness, covered, matched, reach, redundant
from vedette.event import VIEWS, Event, LogSource, Origin, matching_views
from vedette.hunt.cover import holding
from vedette.hunt.exclusion import Exclusion, read_exclusion
from vedette.predicate import And, Match, Not, Or, Predicate, contains, endswith, equals, evaluate, startswith
from vedette.predicate.certain import certain
from vedette.sigma.documents import Document
from vedette.sigma.lower_filter import lower_filter

COLUMNS = ("Image.resolved", "Image.invoked", "ParentImage.resolved", "ParentImage.invoked", "User")
VALUES = ("", "a", "b", "ab")
ROWS = [dict(zip(COLUMNS, values, strict=True)) for values in itertools.product(VALUES, repeat=5)]


def exclusion(predicate: Predicate) -> Exclusion:
    section = {"rules": "any", "selection": {"User": "x"}, "condition": "not selection"}
    document = Document({"title": "t", "logsource": {"category": "process_creation"}, "filter": section}, 1, 0)
    made = read_exclusion(lower_filter(document, "f.yml", "")[0])
    return msgspec.structs.replace(made, silenced=certain(predicate))


def event(row: dict[str, str]) -> Event:
    return Event(LogSource(), 0.0, "", {name: value for name, value in row.items() if value}, "", Origin("-", 0))


atoms = st.builds(
    Match,
    st.sampled_from(["Image", "ParentImage", "User"]),
    st.builds(
        lambda make, text: make(text), st.sampled_from([equals, contains, startswith, endswith]), st.sampled_from("ab")
    ),
)
predicates = st.recursive(
    atoms,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(lambda parts: And(tuple(parts)), st.lists(inner, min_size=1, max_size=2))
        | st.builds(lambda parts: Or(tuple(parts)), st.lists(inner, min_size=1, max_size=2))
    ),
    max_leaves=3,
)


def law(rule: Predicate, one: Exclusion, row: dict[str, str]) -> tuple[bool, bool]:
    """Whether the rule matches an event, and whether the exclusion covers that."""
    asked = event(row)
    views = matching_views(rule, asked, VIEWS)
    return bool(views), bool(views) and bool(holding([one], views, asked.row, ""))


@given_by(predicates, predicates, st.sampled_from(ROWS))
def test_the_formulas_say_what_the_law_says(rule, silenced, row):
    one = exclusion(silenced)
    matches, hidden = law(rule, one, row)
    assert evaluate(matched(rule), row) is matches
    assert (matches and evaluate(covered(rule, one.silenced), row)) is hidden


@given_by(predicates, predicates)
def test_a_verdict_holds_for_every_small_event_and_its_witnesses_are_real(rule, silenced):
    one = exclusion(silenced)
    found = reach("r", rule, one, carried=None)
    answers = [law(rule, one, row) for row in ROWS[::3]]
    if found.verdict == "INERT":
        assert not any(hidden for _, hidden in answers)
    if found.verdict == "BLINDING":
        assert all(hidden for matches, hidden in answers if matches)
    assert found.verdict != "UNDECIDED"
    for witness, wanted in ((found.silenced, True), (found.seen, False)):
        if isinstance(witness, Witness):
            assert law(rule, one, {name: str(value) for name, value in witness.values.items()}) == (True, wanted)
    assert (found.verdict == "PARTIAL") is (found.silenced is not None and found.seen is not None)


RULE = And((Match("Image", endswith("/iptables")), Match("CommandLine", contains("ufw-logging"))))


@pytest.mark.parametrize(
    ("silenced", "verdict"),
    [
        (Match("CommandLine", contains("UFW")), "BLINDING"),
        (Match("Image", endswith("/bash")), "INERT"),
        (Match("Image", equals("/usr/sbin/iptables")), "PARTIAL"),
        (And((Match("Image", endswith("/bash")), Match("CommandLine", equals("bash")))), "INERT"),
        (Match("User", equals("root")), "PARTIAL"),
    ],
)
def test_verdicts(silenced, verdict):
    """A bash that was executed as iptables meets each in another view; the exclusion must hold where the rule did."""
    assert reach("r", RULE, exclusion(silenced), carried=None).verdict == verdict


def test_a_field_that_no_event_carries_makes_it_inert():
    found = reach("r", RULE, exclusion(Match("OriginalFileName", equals("x"))), carried=frozenset({"User"}))
    assert found.verdict == "INERT"
    assert "OriginalFileName" in found.why
    either = Or((Match("OriginalFileName", equals("x")), Match("User", equals("root"))))
    assert reach("r", RULE, exclusion(either), carried=frozenset({"User"})).verdict == "PARTIAL"


def test_redundancy():
    root, words = Match("User", equals("root")), Match("CommandLine", contains("flush"))
    assert redundant(RULE, exclusion(And((root, words))), exclusion(root))
    assert not redundant(RULE, exclusion(root), exclusion(And((root, words))))

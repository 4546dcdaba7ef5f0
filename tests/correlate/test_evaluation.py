"""Chains, bounded memory of all parts together, and numbers."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.correlate.documents import FLUSH, REACH, correlation, write

from vedette.correlate.evaluation import Evaluation, number_of
from vedette.correlate.reference import Group, Row, correlated
from vedette.correlate.stream import Match
from vedette.sigma.correlation import Correlation
from vedette.sigma.references import Directory
from vedette.sigma.ruleset import load

FLUSHED, REACHED = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
MANY = "type: event_count, rules: flush, group-by: [User, LogonId], timespan: 10s, condition: {gte: 2}"
CHAIN = "type: temporal_ordered, rules: [many, reach], group-by: [User], timespan: 20s"


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    path = write(
        tmp_path_factory.mktemp("chain"),
        FLUSH,
        REACH,
        correlation(2, CHAIN),
        correlation(1, MANY, name="many"),
    )
    return load([path], cache=False)


def evaluation(rules, **more) -> Evaluation:
    return Evaluation(rules.correlations, Directory(rules.rules, rules.correlations), **more)


EVENTS = st.lists(
    st.tuples(st.integers(0, 100), st.sampled_from([FLUSHED, REACHED]), st.sampled_from("ab"), st.sampled_from("12")),
    max_size=30,
)


@given(EVENTS, st.randoms(use_true_random=False))
def test_a_chain_in_any_order_finds_what_the_reference_finds(chain, events, chance):
    found: dict[str, set[tuple[Group, float]]] = {"Correlation 1": set(), "Correlation 2": set()}

    def note(one: Correlation, match: Match) -> None:
        assert (match.group, match.end) not in found[one.title]
        found[one.title].add((match.group, match.end))

    at_work = evaluation(chain, on_match=note)
    arriving = sorted(enumerate(events), key=lambda pair: pair[1][0] + chance.uniform(0, 30))
    complete = []
    for number, (time, rule, user, session) in arriving:
        fields = {"User": user, "LogonId": session}
        complete += at_work.push(rule, time, fields.__getitem__, key=number, item=number)
    complete += at_work.close()

    flushes = [Row(time, 0, (user, session)) for time, rule, user, session in events if rule == FLUSHED]
    inner = correlated("event_count", flushes, span=10, condition=[("gte", 2)])
    outer = [Row(end, 0, (user,)) for (user, _), end in inner]
    outer += [Row(time, 1, (user,)) for time, rule, user, _ in events if rule == REACHED]
    assert found["Correlation 1"] == inner
    assert found["Correlation 2"] == correlated("temporal_ordered", outer, span=20, rules=2, condition=())
    windows = dict.fromkeys(found, 0)
    for one in complete:
        windows[one.correlation.title] += one.burst.ends
    assert windows == {title: len(ends) for title, ends in found.items()}
    assert at_work.open == 0
    assert not at_work.counts


def test_a_late_event_below_is_a_late_event_above(chain):
    at_work = evaluation(chain)
    for number, (time, rule) in enumerate([(100, FLUSHED), (105, REACHED), (140, REACHED), (99, FLUSHED)]):
        at_work.push(rule, time, {"User": "a", "LogonId": "1"}.__getitem__, key=number, item=number)
    told = [(one.correlation.title, one.burst.opened) for one in at_work.close()]
    assert told == [("Correlation 1", 100), ("Correlation 2", 105)]
    assert at_work.counts == {"late": 2}


def test_memory_is_flat_whatever_comes(chain):
    chance = random.Random(3)
    at_work = evaluation(chain)
    most = 0
    for number in range(100_000):
        time = number / 50 - chance.uniform(0, 25)
        fields = {"User": str(chance.randrange(20)), "LogonId": str(number // 7)}
        rule = FLUSHED if number % 3 else REACHED
        at_work.push(rule, time, fields.__getitem__, key=number, item=None)
        if number % 500 == 0:
            most = max(most, at_work.held + at_work.open)
    # 30 s of slack, 20 s of window for each of two correlations, 50 events a second.
    assert most < 50 * (30 + 25 + 2 * 45)
    assert at_work.counts == {}


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3), ("-12", -12), ("+4", 4), (0.5, 0.5), ("1.5", None), ("", None), (None, None), ("٣", None), ("--1", None)],
)
def test_what_counts_as_a_number(value, number):
    assert number_of(value) == number

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from tests.audit.logic.rules import of, rule

from vedette.audit.logic.fault import Fault
from vedette.audit.logic.question import Asker
from vedette.audit.logic.values import MAX_VALUES, judge_values
from vedette.predicate import contains, endswith, equals, evaluate, startswith
from vedette.predicate.node import And, Match, Or

SHORT = ["".join(letters) for size in range(5) for letters in itertools.product("ab", repeat=size)]


def judged(detection: str) -> list[Fault]:
    return list(judge_values(rule(f"a: {{{detection}}}\ncondition: a"), Asker()))


def pairs(detection: str) -> set[tuple[str, ...]]:
    return {fault.values for fault in judged(detection)}


def test_of_alternatives_the_narrower_can_go():
    assert pairs("CommandLine|contains: [abc, ABCD, x]") == {("*ABCD*", "*abc*")}
    assert pairs("CommandLine|startswith: [abc, ab]") == {("abc*", "ab*")}
    assert pairs("CommandLine|endswith: [bc, abc]") == {("*abc", "*bc")}
    assert pairs("CommandLine: [abc, 'a*', '*b?']") == {("abc", "a*")}


def test_of_demands_the_wider_can_go():
    (fault,) = judged("CommandLine|contains|all: [abc, abcd]")
    assert fault.values == ("*abc*", "*abcd*")
    assert (fault.kind, fault.level, fault.name, fault.field) == ("redundant-value", "note", "a", "CommandLine")
    assert fault.proof


def test_what_only_looks_alike_stays():
    assert pairs("CommandLine|contains|cased: [abc, ABCD]") == set()
    assert pairs("CommandLine: [a, ab]") == set()
    assert pairs("CommandLine: ['a?', 'ab']") == set()
    assert pairs("CommandLine|contains: a, Image|contains: ab") == set()


def test_a_list_beyond_the_bound_is_left_alone():
    some = ", ".join(f"a{number}" for number in range(MAX_VALUES))
    assert pairs(f"CommandLine|contains: [a, {some}]") == set()


atoms = st.builds(
    lambda make, text: Match("f", make(text)),
    st.sampled_from([equals, contains, startswith, endswith]),
    st.text("ab", min_size=1, max_size=3),
)


@given(st.lists(atoms, min_size=2, max_size=5, unique=True), st.booleans())
def test_the_rule_means_the_same_without_them(parts, any_of):
    join = Or if any_of else And
    faults = list(judge_values(of("r", join(tuple(parts))), Asker()))
    signs = {"equals": "{}", "contains": "*{}*", "startswith": "{}*", "endswith": "*{}"}
    gone = {fault.values[0] for fault in faults}
    left = [part for part in parts if signs[part.pattern.form].format(part.pattern.literal) not in gone]
    assert len(left) == len(parts) - len(faults)
    assert left
    for text in SHORT:
        row = {"f": text} if text else {}
        assert evaluate(join(tuple(left)), row) == evaluate(join(tuple(parts)), row)

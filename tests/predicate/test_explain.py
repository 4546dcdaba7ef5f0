"""Predicates in words, and the truth of each part."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from tests.strategies import predicates, rows, texts

from vedette.predicate import (
    FALSE,
    TRUE,
    And,
    Cidr,
    Compare,
    Const,
    Glob,
    Keyword,
    Match,
    Not,
    Or,
    Predicate,
    Present,
    Reference,
    Regex,
    Step,
    TimePart,
    Wild,
    atoms,
    contains,
    endswith,
    equals,
    evaluate,
    explain,
    glob,
    startswith,
    steps,
)

FIELDS = ("Image", "CommandLine", "DestinationPort")


@pytest.mark.parametrize(
    ("predicate", "words"),
    [
        (Match("Image", equals("/bin/sh")), 'Image is "/bin/sh"'),
        (Match("Image", startswith("/tmp/")), 'Image starts with "/tmp/"'),
        (Match("Image", endswith("/ufw")), 'Image ends with "/ufw"'),
        (Match("Image", contains('"', cased=True)), r'Image contains "\"" (cased)'),
        (Match("Image", glob(["a", Wild.ANY, "\\", Wild.ONE])), r'Image matches "a*\\?"'),
        (Match("Image", Regex("^a b$", "i")), "Image matches the expression /^a b$/i"),
        (Match("User", Present()), "User is not empty"),
        (Not(Match("User", Present())), "User is empty"),
        (Match("DestinationIp", Cidr("fe80::/10")), "DestinationIp is inside fe80::/10"),
        (Match("DestinationPort", Compare("lte", 22)), "DestinationPort is at most 22"),
        (Match("EventTime", TimePart("hour", "gte", 22)), "EventTime has an hour that is at least 22"),
        (Match("Image", Reference("ParentImage")), "Image is the value of ParentImage"),
        (Match("A", Reference("B", "endswith", cased=True)), "A ends with the value of B (cased)"),
        (Keyword(equals("ufw")), 'the raw event contains "ufw"'),
        (Keyword(Regex("u.w")), "the raw event matches /u.w/"),
        (Not(Match("A", equals("a"))), 'not (A is "a")'),
        (
            And((Match("A", equals("a")), Or((Match("B", equals("b")), Match("C", equals("c")))))),
            'A is "a" and (B is "b" or C is "c")',
        ),
        (TRUE, "always"),
        (FALSE, "never"),
    ],
)
def test_words(predicate: Predicate, words: str) -> None:
    assert explain(predicate) == words


@given(predicates(FIELDS))
def test_every_leaf_is_named(predicate: Predicate) -> None:
    words = explain(predicate)
    for atom in atoms(predicate):
        assert (atom.field if isinstance(atom, Match) else "the raw event") in words


@given(predicates(FIELDS), rows(FIELDS), texts())
def test_steps_tell_the_truth(predicate: Predicate, row: dict[str, Any], raw: str) -> None:
    told = steps(predicate, row, raw)
    assert told[0].held is evaluate(predicate, row, raw)
    assert told[0].depth == 0
    leaves = [step for step in told if step.value is not None]
    assert [step.held for step in leaves] == [evaluate(atom, row, raw) for atom in atoms(predicate)]


def test_steps_line_by_line() -> None:
    tree = And((Match("A", equals("a")), Not(Or((Match("B", Present()), Const(value=False))))))
    assert steps(tree, {"A": "a", "B": 7}) == [
        Step(0, False, "all of"),
        Step(1, True, 'A is "a"', "a"),
        Step(1, False, "not"),
        Step(2, True, "any of"),
        Step(3, True, "B is not empty", "7"),
        Step(3, False, "never"),
    ]


def test_a_wildcard_reads_as_a_rule_writes_it() -> None:
    assert explain(Match("A", Glob((Wild.ONE, "b", Wild.ANY)))) == 'A matches "?b*"'

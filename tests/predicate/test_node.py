"""Joining, folding and rewriting trees never changes what they mean."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import predicates, rows, texts

from vedette.predicate import (
    FALSE,
    TRUE,
    And,
    Atom,
    Const,
    Keyword,
    Match,
    Not,
    Or,
    Predicate,
    Present,
    Reference,
    atoms,
    conjunction,
    disjunction,
    equals,
    evaluate,
    fields,
    has_keyword,
    negation,
    rewrite,
)

FIELDS = ("Image", "CommandLine", "DestinationPort", "EventTime")
TREES = predicates(FIELDS)
ROWS = rows(FIELDS)
A, B = Match("A", equals("a")), Match("B", equals("b"))


@given(st.lists(TREES, max_size=4), ROWS, texts())
def test_joining_means_all_and_any(children: list[Predicate], row: dict[str, str], raw: str) -> None:
    held = [evaluate(child, row, raw) for child in children]
    assert evaluate(conjunction(children), row, raw) is all(held)
    assert evaluate(disjunction(children), row, raw) is any(held)


@given(TREES, ROWS, texts())
def test_negation_means_not(tree: Predicate, row: dict[str, str], raw: str) -> None:
    assert evaluate(negation(tree), row, raw) is not evaluate(tree, row, raw)
    assert evaluate(Not(tree), row, raw) is not evaluate(tree, row, raw)


@given(TREES, ROWS, texts())
def test_rewriting_nothing_keeps_the_meaning(tree: Predicate, row: dict[str, str], raw: str) -> None:
    folded = rewrite(tree, lambda atom, _: atom)
    assert evaluate(folded, row, raw) is evaluate(tree, row, raw)
    assert isinstance(folded, Const) or not any(isinstance(part, Const) for part in parts(folded))


@given(TREES, ROWS, texts())
def test_replacing_leaves_by_their_truth_folds_to_the_truth(tree: Predicate, row: dict[str, str], raw: str) -> None:
    assert rewrite(tree, lambda atom, _: Const(evaluate(atom, row, raw))) == Const(evaluate(tree, row, raw))


@given(TREES, ROWS, texts())
def test_leaves_taken_as_true_where_positive_only_add_matches(tree: Predicate, row: dict[str, str], raw: str) -> None:
    """What guards rely on: dropping what one can't tell, in the right direction, loses nothing."""

    def leaf(atom: Atom, positive: bool) -> Predicate:
        return Const(positive) if isinstance(atom, Match) and atom.field == "Image" else atom

    assert evaluate(rewrite(tree, leaf), row, raw) >= evaluate(tree, row, raw)


@given(TREES)
def test_trees_survive_being_written_down(tree: Predicate) -> None:
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(tree), type=Predicate)
    assert again == tree
    assert hash(again) == hash(tree)


@given(TREES)
def test_fields_are_those_of_the_leaves(tree: Predicate) -> None:
    leaves = list(atoms(tree))
    named = {leaf.field for leaf in leaves if isinstance(leaf, Match)}
    referred = {leaf.pattern.field for leaf in leaves if isinstance(leaf.pattern, Reference)}
    assert fields(tree) == named | referred
    assert has_keyword(tree) is any(isinstance(leaf, Keyword) for leaf in leaves)


def test_joined_trees_are_flat_and_hold_each_child_once() -> None:
    assert conjunction([A, conjunction([B, A]), TRUE]) == And((A, B))
    assert disjunction([A, disjunction([B, A]), FALSE]) == Or((A, B))
    assert conjunction([A]) == A == disjunction([A])
    assert conjunction([]) == TRUE
    assert disjunction([]) == FALSE
    assert conjunction([A, FALSE]) == FALSE
    assert disjunction([A, TRUE]) == TRUE
    assert negation(negation(A)) == A
    assert negation(TRUE) == FALSE


def test_present_twice_is_one_leaf() -> None:
    both = conjunction([Match("A", Present()), Match("A", Present())])
    assert list(atoms(both)) == [Match("A", Present())]


def parts(tree: Predicate) -> list[Predicate]:
    match tree:
        case Not(child=child):
            return [tree, *parts(child)]
        case And(children=children) | Or(children=children):
            return [tree, *(part for child in children for part in parts(child))]
        case _:
            return [tree]

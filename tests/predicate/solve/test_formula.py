"""Clauses say what the tree says, and the checker writes the same ones."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from vedette.predicate import And, Const, Match, Not, Or, Predicate, equals, evaluate
from vedette.predicate.solve.check import _clauses
from vedette.predicate.solve.formula import Formula

FIELDS = "abcd"
TREES: st.SearchStrategy[Predicate] = st.recursive(
    st.builds(Match, st.sampled_from(FIELDS), st.just(equals("1"))) | st.builds(Const, st.booleans()),
    lambda children: st.one_of(
        st.builds(Not, children),
        st.builds(And, st.lists(children, max_size=3).map(tuple)),
        st.builds(Or, st.lists(children, max_size=3).map(tuple)),
    ),
    max_leaves=12,
)


@given(TREES)
def test_clauses_are_the_tree(tree: Predicate):
    formula = Formula(tree)
    numbers = formula.numbers
    extra = range(len(numbers) + 1, formula.top + 1)
    for values in itertools.product([False, True], repeat=len(FIELDS)):
        row = {field: "1" for field, value in zip(FIELDS, values, strict=True) if value}
        truth = {number: evaluate(atom, row) for atom, number in numbers.items()}
        held = evaluate(tree, row)
        if formula.constant is not None:
            assert held == formula.constant
            continue
        met = any(
            all(
                any({**truth, **dict(zip(extra, more, strict=True))}[abs(n)] == (n > 0) for n in c)
                for c in formula.clauses
            )
            for more in itertools.product([False, True], repeat=len(extra))
        )
        assert met == held


@given(TREES)
def test_a_support_makes_the_tree_true_by_itself(tree: Predicate):
    formula = Formula(tree)
    if formula.constant is not None:
        return
    for values in itertools.product([False, True], repeat=len(formula.numbers)):
        model = [n if value else -n for n, value in enumerate(values, 1)]
        row = {atom.field: "1" for atom, n in formula.numbers.items() if values[n - 1] and isinstance(atom, Match)}
        if not evaluate(tree, row):
            continue
        chosen = {abs(n) for n in formula.support(model)}
        for others in itertools.product([False, True], repeat=len(values)):
            mixed = [values[n - 1] if n in chosen else others[n - 1] for n in range(1, len(values) + 1)]
            assert evaluate(
                tree,
                {atom.field: "1" for atom, n in formula.numbers.items() if mixed[n - 1] and isinstance(atom, Match)},
            )


@given(TREES)
def test_the_checker_writes_the_same_clauses(tree: Predicate):
    formula = Formula(tree)
    clauses, numbers = _clauses(tree)
    assert numbers == formula.numbers
    if formula.constant is None:
        assert sorted(clauses) == sorted(formula.clauses)
    else:
        assert clauses == ([] if formula.constant else [()])

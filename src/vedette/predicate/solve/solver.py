"""The solver: a propositional one proposes which atoms hold, the theory finds values for them or says why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pysat.solvers import Minisat22

from vedette.predicate.evaluate import Value, evaluate
from vedette.predicate.node import Predicate
from vedette.predicate.regex import RegexRefusedError
from vedette.predicate.solve.formula import Formula
from vedette.predicate.solve.outcome import (
    Budget,
    GaveUpError,
    Kinds,
    Limit,
    Outcome,
    Proof,
    Sat,
    Undecided,
    Unsat,
    Vocabulary,
)
from vedette.predicate.solve.reference import decide_related, groups
from vedette.predicate.solve.shape import RAW, shape_of
from vedette.predicate.solve.text import Clash
from vedette.predicate.solve.theory import Theory

_NO_KINDS: Final[dict[str, str]] = {}
_NO_VOCABULARY: Final[dict[str, frozenset[str]]] = {}


def solve(
    predicate: Predicate,
    *,
    limit: Limit | None = None,
    kinds: Kinds = _NO_KINDS,
    vocabulary: Vocabulary = _NO_VOCABULARY,
) -> Outcome:
    """An event on which the predicate holds, or a proof that there is none.

    Args:
        predicate: the logic tree, of one view.
        limit: how much work it may cost.
        kinds: field to `text`, `number` (or `integer`), `address` (or `ip`), `time`; a field without one is text, or a
            time if a part of one is asked for.
        vocabulary: fields whose values are known; the empty text among them allows absence.

    Returns:
        `Sat` with an event that the reference evaluator has replayed, `Unsat` with a proof for `check`, or `Undecided`
        with the reason. The same question always gets the same answer.
    """
    search = Search(predicate, limit or Limit(), kinds, vocabulary)
    return next(iter(search.answers()))


class Search:
    """One question, answered model by model."""

    def __init__(
        self, predicate: Predicate, limit: Limit, kinds: Kinds, vocabulary: Vocabulary, *, short: bool = False
    ) -> None:
        self.predicate = predicate
        self.limit = limit
        self.formula = Formula(predicate)
        self.shapes = {number: shape_of(atom) for atom, number in self.formula.numbers.items()}
        self.theory = Theory(self.shapes, kinds, vocabulary, Budget(limit), short=short)
        self.lemmas: list[tuple[int, ...]] = []
        self.unexplained = ""

    def answers(self) -> Iterator[Outcome]:
        """One `Sat` for each set of atoms that an event can rest on, then `Unsat` or `Undecided`.

        `Unsat` at the end says that there is no further one; alone, that there is none.
        """
        if self.formula.constant is not None:
            yield self._replay({}) if self.formula.constant else self._unsat()
            return
        if self.limit.rounds < 1:
            yield Undecided("no rounds allowed")
            return
        with Minisat22(bootstrap_with=self.formula.clauses) as solver:
            for _ in range(self.limit.rounds):
                if not solver.solve():
                    yield Undecided(self.unexplained) if self.unexplained else self._unsat()
                    return
                support = self.formula.support(solver.get_model())
                row, clashes = self._values(support)
                for clash in clashes:
                    lemma = tuple(-literal for literal in clash.literals)
                    self.lemmas.append(lemma)
                    solver.add_clause(lemma)
                if row is not None:
                    outcome = self._replay(row)
                    if isinstance(outcome, Undecided):
                        self.unexplained = outcome.reason
                    else:
                        yield outcome
                if not clashes:
                    solver.add_clause([-literal for literal in support])
        yield Undecided(f"more than {self.limit.rounds:,} assignments tried")

    def _values(self, support: list[int]) -> tuple[dict[str, Value] | None, list[Clash]]:
        """Values for all fields, or what clashes; neither if a field could not be decided."""
        row: dict[str, Value] = {}
        clashes: list[Clash] = []
        complete = True
        by_field: dict[str, list[int]] = {}
        references = []
        for literal in support:
            if self.theory.is_reference(literal):
                references.append(literal)
            else:
                by_field.setdefault(self.shapes[abs(literal)].field, []).append(literal)
        related = groups(self.theory, references)
        for field, literals in by_field.items():
            if any(field in group.fields for group in related):
                continue
            try:
                found = self.theory.decide(field, sorted(literals))
            except (GaveUpError, RegexRefusedError) as gave_up:
                self.unexplained = str(gave_up)
                complete = False
                continue
            if isinstance(found, Clash):
                clashes.append(found)
            elif found != "":
                row[field] = found
        for group in related:
            try:
                values = decide_related(self.theory, group, by_field)
            except (GaveUpError, RegexRefusedError) as gave_up:
                self.unexplained = str(gave_up)
                complete = False
                continue
            if isinstance(values, Clash):
                clashes.append(values)
            else:
                row.update({field: value for field, value in values.items() if value != ""})
        return (row if complete and not clashes else None), clashes

    def _replay(self, row: dict[str, Value]) -> Sat | Undecided:
        raw = str(row.pop(RAW, ""))
        try:
            if evaluate(self.predicate, row, raw):
                return Sat(row, raw)
        except RegexRefusedError as refused:
            return Undecided(str(refused))
        return Undecided("a defect: the reference evaluator does not confirm the witness")

    def _unsat(self) -> Unsat:
        theory = self.theory
        clauses = tuple(self.formula.clauses) if self.formula.constant is None else ((),)
        kinds = {field: theory.kind(field) for field in sorted({shape.field for shape in self.shapes.values()})}
        listed = {field: values for field, values in sorted(theory.vocabulary.items()) if field in kinds}
        return Unsat(Proof(tuple(self.formula.numbers), clauses, tuple(self.lemmas), kinds, listed))

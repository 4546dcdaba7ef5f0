"""Questions to the solver, counted and timed, their proofs replayed by the independent checker."""

from __future__ import annotations

import time
from collections import Counter
from typing import Final

from vedette.audit.logic.fault import Size
from vedette.audit.reach import KINDS, Witness
from vedette.predicate import FALSE, And, Match, Or, Predicate, conjunction, disjunction, negation
from vedette.predicate.solve import Limit, Outcome, Sat, Undecided, Unsat, check, smallest, solve

_REFUSED: Final = "the checker did not confirm the proof, or it is too large to be replayed"


#: What a question may cost that the usual limit leaves undecided.
_PATIENT: Final = Limit(rounds=8_000, states=200_000, steps=3_000_000)


class Asker:
    """Asks, and keeps account.

    Attributes:
        limits: what a question may cost, and what it may cost once more if that was too little.
        outcomes: `sat`, `unsat`, `undecided` to how often.
        seconds: of the processor that each question took, its proof's replay included.
    """

    def __init__(self, limit: Limit | None = None) -> None:
        self.limits = (limit,) if limit is not None else (Limit(), _PATIENT)
        self.outcomes: Counter[str] = Counter()
        self.seconds: list[float] = []

    def ask(self, *parts: Predicate) -> Outcome:
        """Whether all parts can hold together; an `Unsat` has been replayed."""
        started = time.thread_time()
        question = conjunction(parts)
        outcome: Outcome = Undecided("not asked")
        for limit in self.limits:
            outcome = self._proved(question, limit)
            if not isinstance(outcome, Undecided):
                break
        self.seconds.append(time.thread_time() - started)
        self.outcomes[type(outcome).__name__.lower()] += 1
        return outcome

    def implies(self, premise: Predicate, conclusion: Predicate) -> Outcome:
        """Whether each event that meets the premise meets the conclusion: `Unsat` if so."""
        return self.ask(difference(premise, conclusion))

    def witness(self, *parts: Predicate) -> Witness | None:
        """The smallest event found on which all parts hold, or None; not counted as a question."""
        outcome = smallest(conjunction(parts), kinds=KINDS, limit=self.limits[-1])
        return Witness(dict(outcome.row), outcome.raw) if isinstance(outcome, Sat) else None

    def _proved(self, predicate: Predicate, limit: Limit) -> Outcome:
        outcome = solve(predicate, kinds=KINDS, limit=limit)
        # What is false as it stands needs no proof beyond its constant.
        if isinstance(outcome, Unsat) and predicate != FALSE and not check(predicate, outcome.proof, kinds=KINDS):
            return Undecided(_REFUSED)
        return outcome


def difference(one: Predicate, other: Predicate) -> Predicate:
    """What `one` holds for and `other` does not, without the parts that both have word for word."""
    if isinstance(other, And):
        given = set(one.children) if isinstance(one, And) else {one}
        other = conjunction(child for child in other.children if child not in given)
    if isinstance(one, Or):
        taken = set(other.children) if isinstance(other, Or) else {other}
        one = disjunction(child for child in one.children if child not in taken)
    return conjunction([one, negation(other)])


def size(outcome: Unsat) -> Size:
    """The size of a proof."""
    proof = outcome.proof
    atoms = {proof.atoms[abs(literal) - 1] for lemma in proof.lemmas for literal in lemma}
    fields = {atom.field if isinstance(atom, Match) else "the raw event" for atom in atoms}
    return Size(len(proof.clauses) + len(proof.lemmas), len(proof.lemmas), tuple(sorted(fields)))

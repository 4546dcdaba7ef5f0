"""Questions to the solver, counted and timed, their proofs replayed by the independent checker."""

from __future__ import annotations

import time
from collections import Counter
from typing import Final

from vedette.audit.logic.fault import Size
from vedette.audit.reach import KINDS, Witness
from vedette.predicate import FALSE, Predicate, conjunction, negation
from vedette.predicate.solve import Limit, Outcome, Sat, Undecided, Unsat, check, smallest, solve

_REFUSED: Final = "the proof was not confirmed by the checker; please report this"


class Asker:
    """Asks, and keeps account.

    Attributes:
        limit: what a question may cost.
        outcomes: `sat`, `unsat`, `undecided` to how often.
        seconds: of the processor that each question took, its proof's replay included.
    """

    def __init__(self, limit: Limit | None = None) -> None:
        self.limit = limit or Limit()
        self.outcomes: Counter[str] = Counter()
        self.seconds: list[float] = []

    def ask(self, *parts: Predicate) -> Outcome:
        """Whether all parts can hold together; an `Unsat` has been replayed."""
        started = time.thread_time()
        outcome = self._proved(conjunction(parts))
        self.seconds.append(time.thread_time() - started)
        self.outcomes[type(outcome).__name__.lower()] += 1
        return outcome

    def implies(self, premise: Predicate, conclusion: Predicate) -> Outcome:
        """Whether each event that meets the premise meets the conclusion: `Unsat` if so."""
        return self.ask(premise, negation(conclusion))

    def witness(self, *parts: Predicate) -> Witness | None:
        """The smallest event found on which all parts hold, or None; not counted as a question."""
        outcome = smallest(conjunction(parts), kinds=KINDS, limit=self.limit)
        return Witness(dict(outcome.row), outcome.raw) if isinstance(outcome, Sat) else None

    def _proved(self, predicate: Predicate) -> Outcome:
        outcome = solve(predicate, kinds=KINDS, limit=self.limit)
        # What is false as it stands needs no proof beyond its constant.
        if isinstance(outcome, Unsat) and predicate != FALSE and not check(predicate, outcome.proof, kinds=KINDS):
            return Undecided(_REFUSED)
        return outcome


def size(outcome: Unsat) -> Size:
    """The size of a proof."""
    lemmas = len(outcome.proof.lemmas)
    return Size(len(outcome.proof.clauses) + lemmas, lemmas)

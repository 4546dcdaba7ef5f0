"""Whether a predicate can hold: an event on which it does, or a proof that there is none."""

from vedette.predicate.solve.check import check
from vedette.predicate.solve.outcome import (
    Kind,
    Kinds,
    Limit,
    Outcome,
    Proof,
    Sat,
    Undecided,
    Unsat,
    Vocabulary,
)
from vedette.predicate.solve.relation import difference, equivalent, implies, redundant, smallest, unlike
from vedette.predicate.solve.solver import solve

__all__ = [
    "Kind",
    "Kinds",
    "Limit",
    "Outcome",
    "Proof",
    "Sat",
    "Undecided",
    "Unsat",
    "Vocabulary",
    "check",
    "difference",
    "equivalent",
    "implies",
    "redundant",
    "smallest",
    "solve",
    "unlike",
]

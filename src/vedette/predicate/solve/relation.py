"""How predicates stand to one another: one implies the other, they mean the same, one of several is redundant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vedette.predicate.evaluate import text_of
from vedette.predicate.node import Predicate, conjunction, disjunction, negation
from vedette.predicate.solve.outcome import Kinds, Limit, Outcome, Sat, Unsat, Vocabulary
from vedette.predicate.solve.solver import Search, solve

_NO_KINDS: Final[dict[str, str]] = {}
_NO_VOCABULARY: Final[dict[str, frozenset[str]]] = {}
#: Supports that `smallest` looks at.
_LOOKED_AT: Final = 64


def implies(
    premise: Predicate,
    conclusion: Predicate,
    *,
    limit: Limit | None = None,
    kinds: Kinds = _NO_KINDS,
    vocabulary: Vocabulary = _NO_VOCABULARY,
) -> Outcome:
    """Whether every event that meets `premise` meets `conclusion`.

    Returns:
        `Unsat` with the proof if so, `Sat` with an event that meets the premise alone if not, or `Undecided`.
    """
    return solve(difference(premise, conclusion), limit=limit, kinds=kinds, vocabulary=vocabulary)


def equivalent(
    one: Predicate,
    other: Predicate,
    *,
    limit: Limit | None = None,
    kinds: Kinds = _NO_KINDS,
    vocabulary: Vocabulary = _NO_VOCABULARY,
) -> Outcome:
    """Whether two predicates hold on the same events.

    Returns:
        `Unsat` with the proof for `unlike(one, other)` if so, `Sat` with an event that meets only one if not, or
        `Undecided`.
    """
    return solve(unlike(one, other), limit=limit, kinds=kinds, vocabulary=vocabulary)


def difference(one: Predicate, other: Predicate) -> Predicate:
    """What `one` holds for and `other` does not; it can't hold if `one` implies `other`."""
    return conjunction([one, negation(other)])


def unlike(one: Predicate, other: Predicate) -> Predicate:
    """What exactly one of the two holds for."""
    return disjunction([difference(one, other), difference(other, one)])


def redundant(
    parts: Sequence[Predicate],
    *,
    limit: Limit | None = None,
    kinds: Kinds = _NO_KINDS,
    vocabulary: Vocabulary = _NO_VOCABULARY,
) -> dict[int, int]:
    """Parts of a disjunction that can go, since what they hold for another part holds for too.

    Returns:
        Index of a part to the index of a part that it implies and that stays; of equal parts the first one stays. A
        part that is undecided beside all others stays.
    """
    gone: dict[int, int] = {}
    for index in range(len(parts) - 1, -1, -1):
        for other in range(len(parts)):
            if other == index or other in gone:
                continue
            if isinstance(implies(parts[index], parts[other], limit=limit, kinds=kinds, vocabulary=vocabulary), Unsat):
                gone[index] = other
                break
    return dict(sorted(gone.items()))


def smallest(
    predicate: Predicate,
    *,
    limit: Limit | None = None,
    kinds: Kinds = _NO_KINDS,
    vocabulary: Vocabulary = _NO_VOCABULARY,
) -> Outcome:
    """The event with the fewest fields and letters, as far as the solver looks, on which the predicate holds.

    Of each way in which the predicate can hold, up to 64 of them, one event with short texts is made; the smallest of
    these is returned.
    """
    found: Sat | None = None
    search = Search(predicate, limit or Limit(), kinds, vocabulary, short=True)
    for count, outcome in enumerate(search.answers(), 1):
        if isinstance(outcome, Sat):
            if found is None or _size(outcome) < _size(found):
                found = outcome
            if count >= _LOOKED_AT or _size(found) == (0, 0):
                break
        elif found is None:
            return outcome
    assert found is not None
    return found


def _size(sat: Sat) -> tuple[int, int]:
    return len(sat.row) + bool(sat.raw), len(sat.raw) + sum(len(text_of(value)) for value in sat.row.values())

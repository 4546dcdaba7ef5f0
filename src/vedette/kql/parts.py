"""A predicate too long for one query -> predicates that are short enough, of which a row must fulfil one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vedette.predicate import And, Not, Or, Predicate, atoms, conjunction, disjunction, negation

#: Most parts of one rule.
MAX_PARTS: Final = 64


def parts(predicate: Predicate, fits: Callable[[Predicate], bool]) -> tuple[Predicate, ...]:
    """Alternatives that together hold for what the predicate holds for, each of which fits.

    Args:
        predicate: what may be too long.
        fits: whether one is short enough.

    Returns:
        The alternatives; the predicate alone if it fits, none if no alternative of it can be made to fit, or if more
        than `MAX_PARTS` were needed.
    """
    found: list[Predicate] = []
    waiting = [predicate]
    while waiting:
        one = waiting.pop()
        if fits(one):
            found.append(one)
            continue
        halves = _halves(one)
        if not halves or len(found) + len(waiting) + 2 > MAX_PARTS:
            return ()
        waiting += reversed(halves)
    return tuple(found)


def _halves(predicate: Predicate) -> tuple[Predicate, ...]:
    """Two alternatives, or none where the predicate has no `or` to part it at."""
    match predicate:
        case Or(children=children) if len(children) > 1:
            middle = len(children) // 2
            return disjunction(children[:middle]), disjunction(children[middle:])
        case Not(child=And(children=children)):
            return _halves(disjunction(map(negation, children)))
        case And(children=children):
            for place in sorted(range(len(children)), key=lambda place: -sum(1 for _ in atoms(children[place]))):
                halves = _halves(children[place])
                if halves:
                    before, after = children[:place], children[place + 1 :]
                    return tuple(conjunction((*before, half, *after)) for half in halves)
    return ()

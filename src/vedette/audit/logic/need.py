"""What a predicate can't do without: patterns of which one holds on every event that it matches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from vedette.predicate import And, Atom, Const, Glob, Keyword, Match, Not, Or, Predicate, Reference, holds

#: Patterns of which at least one must hold; None if there are none that an empty event lacks.
Need: TypeAlias = frozenset[Atom] | None
#: A larger need says little.
_MOST: Final = 5_000


def need(predicate: Predicate, *, positive: bool = True) -> Need:
    """The most telling need of a predicate, or with `positive` false of its negation."""
    match predicate:
        case Match(pattern=pattern):
            # What holds on an absent field asks for nothing.
            bare = not isinstance(pattern, Reference) and holds(pattern, "")
            return frozenset([predicate]) if positive and not bare else None
        case Keyword():
            return frozenset([predicate]) if positive else None
        case Not(child=child):
            return need(child, positive=not positive)
        case And(children=children) | Or(children=children):
            parts = [need(child, positive=positive) for child in children]
            return _best(parts) if isinstance(predicate, And) is positive else _joined(parts)
        case Const():
            return None


def _best(parts: Sequence[Need]) -> Need:
    known = [part for part in parts if part is not None]
    return max(known, key=_telling, default=None)


def _joined(parts: Sequence[Need]) -> Need:
    found: frozenset[Atom] = frozenset()
    for part in parts:
        if part is None:
            return None
        found |= part
    return found if 0 < len(found) <= _MOST else None


def _telling(part: frozenset[Atom]) -> tuple[int, int]:
    """How rare it is that one holds: by the shortest text that any asks for."""
    return min(len(_literal(atom)) for atom in part), -len(part)


def _literal(atom: Atom) -> str:
    return atom.pattern.literal if isinstance(atom.pattern, Glob) else ""

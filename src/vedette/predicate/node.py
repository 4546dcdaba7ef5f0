"""The one logic tree: every rule, filter and exclusion is a `Predicate`, every engine reads nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec

from vedette.predicate.pattern import Glob, Pattern, Reference, Regex


class Const(msgspec.Struct, frozen=True, tag="const", gc=False):
    """Always true or always false."""

    value: bool


class Match(msgspec.Struct, frozen=True, tag="match", gc=False):
    """A field's value matches a pattern."""

    field: str
    pattern: Pattern


class Keyword(msgspec.Struct, frozen=True, tag="keyword", gc=False):
    """A search in the raw event; a Glob keyword is unanchored."""

    pattern: Glob | Regex


class Not(msgspec.Struct, frozen=True, tag="not", gc=False):
    """The child does not hold."""

    child: Predicate


class And(msgspec.Struct, frozen=True, tag="and", gc=False):
    """All children hold; true without children."""

    children: tuple[Predicate, ...]


class Or(msgspec.Struct, frozen=True, tag="or", gc=False):
    """A child holds; false without children."""

    children: tuple[Predicate, ...]


Predicate: TypeAlias = Const | Match | Keyword | Not | And | Or
Atom: TypeAlias = Match | Keyword

TRUE = Const(True)
FALSE = Const(False)


def conjunction(children: Iterable[Predicate]) -> Predicate:
    """And of `children`, flattened, constants folded, doubles dropped; a single child stands for itself."""
    kept: dict[Predicate, None] = {}
    for child in children:
        if child == FALSE:
            return FALSE
        if isinstance(child, And):
            kept.update(dict.fromkeys(child.children))
        elif child != TRUE:
            kept[child] = None
    return next(iter(kept)) if len(kept) == 1 else (And(tuple(kept)) if kept else TRUE)


def disjunction(children: Iterable[Predicate]) -> Predicate:
    """Or of `children`, flattened, constants folded, doubles dropped; a single child stands for itself."""
    kept: dict[Predicate, None] = {}
    for child in children:
        if child == TRUE:
            return TRUE
        if isinstance(child, Or):
            kept.update(dict.fromkeys(child.children))
        elif child != FALSE:
            kept[child] = None
    return next(iter(kept)) if len(kept) == 1 else (Or(tuple(kept)) if kept else FALSE)


def negation(child: Predicate) -> Predicate:
    """Not of `child`; constants and double negation folded."""
    match child:
        case Const(value=value):
            return Const(not value)
        case Not(child=inner):
            return inner
        case _:
            return Not(child)


def atoms(predicate: Predicate) -> Iterator[Atom]:
    """The leaves of the tree from left to right, doubles included."""
    match predicate:
        case Match() | Keyword():
            yield predicate
        case Not(child=child):
            yield from atoms(child)
        case And(children=children) | Or(children=children):
            for child in children:
                yield from atoms(child)
        case Const():
            return


def fields(predicate: Predicate) -> frozenset[str]:
    """The names of all fields that the predicate reads, those of `fieldref` included; keywords read none."""
    names: set[str] = set()
    for atom in atoms(predicate):
        if isinstance(atom, Match):
            names.add(atom.field)
            if isinstance(atom.pattern, Reference):
                names.add(atom.pattern.field)
    return frozenset(names)


def has_keyword(predicate: Predicate) -> bool:
    """Whether the predicate reads the raw event."""
    return any(isinstance(atom, Keyword) for atom in atoms(predicate))


def rewrite(predicate: Predicate, leaf: Callable[[Atom, bool], Predicate], *, positive: bool = True) -> Predicate:
    """Replace each leaf by `leaf(atom, positive)` and fold constants.

    `positive` is false for a leaf under an odd number of negations, so that a leaf can be over-approximated in either
    position.
    """
    match predicate:
        case Match() | Keyword():
            return leaf(predicate, positive)
        case Not(child=child):
            return negation(rewrite(child, leaf, positive=not positive))
        case And(children=children):
            return conjunction(rewrite(child, leaf, positive=positive) for child in children)
        case Or(children=children):
            return disjunction(rewrite(child, leaf, positive=positive) for child in children)
        case Const():
            return predicate

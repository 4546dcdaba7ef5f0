"""What a text says, whatever its dialect: comparisons joined by and, or, not; and which way round it says it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import msgspec

from vedette.predicate import Token

Relation: TypeAlias = Literal["equals", "contains", "startswith", "endswith", "regex", "lt", "lte", "gt", "gte"]
#: Name of the raw event among the fields: what a shell's grep looks into.
RAW: Final = ""
#: Bounds of one tree.
MAX_DEPTH: Final = 24
MAX_COMPARISONS: Final = 200


class Comparison(msgspec.Struct, frozen=True):
    """One field held against one value.

    Attributes:
        field: as the page has it, or `RAW`.
        relation: how they are compared.
        value: the text and wildcards; for a regular expression its source alone.
        cased: capital and small letters differ.
        start: index into the text at which it begins.
        shown: what the page calls the field, where that is no field's name.
    """

    field: str
    relation: Relation
    value: tuple[Token, ...]
    cased: bool
    start: int
    shown: str = ""


class Not(msgspec.Struct, frozen=True):
    """Holds where its part fails."""

    part: Tree


class And(msgspec.Struct, frozen=True):
    """Holds where all parts do."""

    parts: tuple[Tree, ...]


class Or(msgspec.Struct, frozen=True):
    """Holds where any part does."""

    parts: tuple[Tree, ...]


Tree: TypeAlias = Comparison | Not | And | Or


def every(parts: list[Tree]) -> Tree:
    """All of them; one alone stays as it is."""
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def either(parts: list[Tree]) -> Tree:
    """Any of them; one alone stays as it is."""
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def comparisons(tree: Tree) -> Iterator[Comparison]:
    """All comparisons, from left to right."""
    if isinstance(tree, Comparison):
        yield tree
    elif isinstance(tree, Not):
        yield from comparisons(tree.part)
    else:
        for part in tree.parts:
            yield from comparisons(part)


def contrary(tree: Tree) -> Tree:
    """What holds where the tree fails, its negations as deep as they go."""
    if isinstance(tree, Not):
        return tree.part
    if isinstance(tree, And):
        return Or(tuple(contrary(part) for part in tree.parts))
    if isinstance(tree, Or):
        return And(tuple(contrary(part) for part in tree.parts))
    return Not(tree)


def negative(tree: Tree) -> bool:
    """Whether it holds on an event for which no comparison does.

    Such a text says what is to be seen rather than what is to be left out: as an exclusion it would silence all else.
    """
    if isinstance(tree, Comparison):
        return False
    if isinstance(tree, Not):
        return not negative(tree.part)
    judged = [negative(part) for part in tree.parts]
    return all(judged) if isinstance(tree, And) else any(judged)

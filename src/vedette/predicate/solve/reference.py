"""Fields that refer to one another (`fieldref`), decided together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from vedette.predicate.evaluate import Value
from vedette.predicate.pattern import Reference
from vedette.predicate.solve.outcome import GaveUpError
from vedette.predicate.solve.text import Clash
from vedette.predicate.solve.theory import Theory


class Group(NamedTuple):
    """Fields that references join, and the literals of these references."""

    fields: tuple[str, ...]
    literals: tuple[int, ...]


def groups(theory: Theory, references: Sequence[int]) -> list[Group]:
    """The references by the fields that they join, directly or through others."""
    joined: list[Group] = []
    for literal in references:
        shape = theory.shapes[abs(literal)]
        assert isinstance(shape.pattern, Reference)
        fields, literals = {shape.field: None, shape.pattern.field: None}, [literal]
        apart = []
        for group in joined:
            if any(field in fields for field in group.fields):
                fields.update(dict.fromkeys(group.fields))
                literals = [*group.literals, *literals]
            else:
                apart.append(group)
        joined = [*apart, Group(tuple(fields), tuple(literals))]
    return joined


def decide_related(theory: Theory, group: Group, by_field: Mapping[str, Sequence[int]]) -> dict[str, Value] | Clash:
    """Values for all fields of the group, or literals that clash.

    Raises:
        GaveUpError: neither was found.
    """
    raise GaveUpError(f"fieldref between {len(group.fields)} fields of {len(by_field)}, {len(theory.shapes)} atoms")

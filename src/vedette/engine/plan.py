"""The plan: queries compiled for the columns of one kind of event.

A plan is plain data in MessagePack, so that it can be cached; what is only needed when a candidate comes up stays
packed.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

import msgspec

from vedette.engine.atoms import Atoms, gather
from vedette.engine.guard import guard, scannable
from vedette.engine.query import Query
from vedette.engine.supply import Supply, blame, readings, reduce
from vedette.engine.tree import Tree, plant
from vedette.event import Choice
from vedette.predicate import FALSE, Match, Pattern, Predicate, Reference, atoms

_TREE: Final[msgspec.msgpack.Decoder[Tree]] = msgspec.msgpack.Decoder(Tree)


class Planned(msgspec.Struct, frozen=True):
    """One live query.

    Attributes:
        key: the query's key.
        confirm: its hits are candidates, each of which must be evaluated on the event itself.
        reads: the fields with two readings that it reads.
        packed: its tree in MessagePack.
    """

    key: str
    confirm: bool
    reads: tuple[str, ...]
    packed: bytes

    def tree(self) -> Tree:
        """Unpack the tree."""
        return _TREE.decode(self.packed)


class Plan(msgspec.Struct, frozen=True, dict=True):
    """Queries compiled for the columns of one kind of event.

    Attributes:
        columns: column names of the shapes.
        vocabularies: vocabulary name of each column.
        choice: the views that are evaluated.
        queries: the queries that can match, in the order in which they were given.
        dead: key to absent fields, for queries that can never match events of this kind.
        atoms: scanned patterns by vocabulary.
        guards: field to number of a scanned pattern to places in `queries` that its hit makes candidates.
        unguarded: places in `queries` for which every shape is a candidate.
    """

    columns: tuple[str, ...]
    vocabularies: tuple[str, ...]
    choice: Choice
    queries: tuple[Planned, ...]
    dead: dict[str, tuple[str, ...]]
    atoms: dict[str, Atoms]
    guards: dict[str, dict[int, tuple[int, ...]]]
    unguarded: tuple[int, ...]

    @functools.cached_property
    def supply(self) -> Supply:
        """Which column supplies which field."""
        return Supply(self.columns, self.vocabularies, self.choice, frozenset())


def plan(
    queries: Sequence[Query],
    columns: tuple[str, ...],
    vocabularies: tuple[str, ...],
    *,
    choice: Choice,
    per_event: frozenset[str],
) -> Plan:
    """Compile queries.

    Args:
        queries: routed to this kind of event.
        columns: column names of the shapes.
        vocabularies: vocabulary name of each column; the readings of a field share one.
        choice: the views to evaluate.
        per_event: fields that events have but shapes don't.

    Raises:
        ValueError: columns and vocabularies don't fit each other.
    """
    if len(columns) != len(vocabularies):
        raise ValueError("one vocabulary a column")
    supply = Supply(columns, vocabularies, choice, per_event)
    dead: dict[str, tuple[str, ...]] = {}
    live: list[tuple[Query, Predicate, bool]] = []
    for query in queries:
        absent = supply.absent(query.predicate)
        reduced, widened = reduce(query.predicate, supply, absent)
        if reduced == FALSE:
            dead[query.key] = blame(query.predicate, supply, absent)
        else:
            live.append((query, reduced, widened))
    vocabulary = functools.cache(supply.vocabulary)
    numbers: dict[str, dict[Pattern, int]] = {}
    guards: dict[str, dict[int, list[int]]] = {}
    unguarded: list[int] = []
    for place, (_, reduced, _) in enumerate(live):
        found = guard(reduced, scannable)
        if found is None:
            unguarded.append(place)
        for field, pattern in _scannable_leaves(reduced) if found is None else found.leaves:
            known = numbers.setdefault(vocabulary(field), {})
            number = known.setdefault(pattern, len(known))
            if found is not None:
                guards.setdefault(field, {}).setdefault(number, []).append(place)

    def number_of(field: str, pattern: Pattern) -> int | None:
        return numbers.get(vocabulary(field), {}).get(pattern)

    return Plan(
        columns,
        vocabularies,
        choice,
        tuple(
            Planned(query.key, widened, readings(reduced), msgspec.msgpack.encode(plant(reduced, number_of)))
            for query, reduced, widened in live
        ),
        dead,
        {name: gather(name, tuple(known)) for name, known in numbers.items()},
        {
            field: {number: tuple(dict.fromkeys(places)) for number, places in by_number.items()}
            for field, by_number in guards.items()
        },
        tuple(unguarded),
    )


def _scannable_leaves(predicate: Predicate) -> list[tuple[str, Pattern]]:
    """What to scan for a query without a guard: all, since every row will be evaluated."""
    return [
        (atom.field, atom.pattern)
        for atom in atoms(predicate)
        if isinstance(atom, Match) and not isinstance(atom.pattern, Reference) and scannable(atom.pattern)
    ]

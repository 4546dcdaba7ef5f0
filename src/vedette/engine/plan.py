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
from vedette.engine.guard import guards, scannable
from vedette.engine.keyword import RAW, keyword_guard
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
        guards: how many guards it has; each must hit.
        packed: its tree in MessagePack.
    """

    key: str
    confirm: bool
    reads: tuple[str, ...]
    guards: int
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
        scanned: the fields whose values are scanned.
        guards: field to number of a scanned pattern to the guards that it hits, by place in `owners`.
        owners: place in `queries` of the query that a guard belongs to.
        unguarded: places in `queries` for which every shape is a candidate.
        keywords: patterns for the raw texts of events.
        keyword_guards: number in `keywords` to places in `queries` that its hit leaves possible.
        sifted: places in `queries` that are impossible without such a hit.
    """

    columns: tuple[str, ...]
    vocabularies: tuple[str, ...]
    choice: Choice
    queries: tuple[Planned, ...]
    dead: dict[str, tuple[str, ...]]
    atoms: dict[str, Atoms]
    scanned: tuple[str, ...]
    guards: dict[str, dict[int, tuple[int, ...]]]
    owners: tuple[int, ...]
    unguarded: tuple[int, ...]
    keywords: Atoms
    keyword_guards: dict[int, tuple[int, ...]]
    sifted: frozenset[int]

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
    scanned: dict[str, None] = {}
    index: dict[str, dict[int, dict[int, None]]] = {}
    owners: list[int] = []
    counts: list[int] = []

    def scan(field: str, pattern: Pattern) -> int:
        scanned[field] = None
        known = numbers.setdefault(vocabulary(field), {})
        return known.setdefault(pattern, len(known))

    for place, (_, reduced, _) in enumerate(live):
        found = guards(reduced, scannable)
        counts.append(len(found))
        for one in found:
            for field, pattern in one.leaves:
                index.setdefault(field, {}).setdefault(scan(field, pattern), {})[len(owners)] = None
            owners.append(place)
        if not found:
            for field, pattern in _scannable_leaves(reduced):
                scan(field, pattern)

    raw: dict[Pattern, int] = {}
    keyword_guards: dict[int, list[int]] = {}
    sifted: set[int] = set()
    for place, (query, _, widened) in enumerate(live):
        wanted = keyword_guard(query.predicate, supply.absent(query.predicate)) if widened else None
        if wanted is not None:
            sifted.add(place)
            for pattern in wanted:
                keyword_guards.setdefault(raw.setdefault(pattern, len(raw)), []).append(place)

    def number_of(field: str, pattern: Pattern) -> int | None:
        return numbers[vocabulary(field)].get(pattern) if field in scanned else None

    return Plan(
        columns,
        vocabularies,
        choice,
        tuple(
            Planned(query.key, widened, readings(reduced), count, msgspec.msgpack.encode(plant(reduced, number_of)))
            for (query, reduced, widened), count in zip(live, counts, strict=True)
        ),
        dead,
        {name: gather(name, tuple(known)) for name, known in numbers.items()},
        tuple(scanned),
        {field: {number: tuple(hit) for number, hit in by_number.items()} for field, by_number in index.items()},
        tuple(owners),
        tuple(place for place, count in enumerate(counts) if not count),
        gather(RAW, tuple(raw)),
        {number: tuple(places) for number, places in keyword_guards.items()},
        frozenset(sifted),
    )


def _scannable_leaves(predicate: Predicate) -> list[tuple[str, Pattern]]:
    """What to scan for a query without a guard: all, since every row will be evaluated."""
    return [
        (atom.field, atom.pattern)
        for atom in atoms(predicate)
        if isinstance(atom, Match) and not isinstance(atom.pattern, Reference) and scannable(atom.pattern)
    ]

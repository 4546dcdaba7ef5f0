"""The readings of image paths in a table some of whose rows tell both: a rule is asked in each view, in one query.

Most sources fill one column, which is the only view. Rows that Vedette ships tell both paths: the one that was executed
stands in the column, the one that the kernel resolved beside it. Before a predicate is bound to columns, its image
fields are replaced by their readings, `Image.resolved` and `Image.invoked`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from vedette.event import READ_FIELDS, Choice
from vedette.event.view import RESOLVED, View, views
from vedette.kql.syslog import columns_of
from vedette.kql.target import Column, Table
from vedette.predicate import (
    And,
    Atom,
    Match,
    Or,
    Predicate,
    Reference,
    conjunction,
    disjunction,
    fields,
    negation,
    rewrite,
)

#: What is asked for: the one column that each source fills, or readings.
Image: TypeAlias = Literal["column"] | Choice


def has_readings(table: Table, image: Image) -> bool:
    """Whether image fields are asked by their readings."""
    return image != "column" and bool(table.resolved)


def readable_columns(table: Table, product: str) -> dict[str, Column]:
    """Field to column for rules of a product, each reading of an image field beside the field."""
    columns = columns_of(table, product)
    for field, place in table.resolved.items():
        columns |= {f"{field}.resolved": place, f"{field}.invoked": columns[field]}
    return columns


def seen(predicate: Predicate, table: Table, image: Image) -> Predicate:
    """What a rule asks for: that it holds, whole, in any of the views.

    Args:
        predicate: over Sigma's fields.
        table: where it is asked.
        image: the views.

    Returns:
        Over fields and readings; the predicate itself where there are none to choose from.
    """
    return _union(predicate, views(image)) if image != "column" and table.resolved else predicate


def covered(exclusion: Predicate, rule: Predicate, table: Table, image: Image) -> Predicate:
    """What an exclusion covers: it must hold in the all-resolved view, and in every view in which the rule holds.

    Args:
        exclusion: over Sigma's fields.
        rule: the rule whose matches it covers.
        table: where they are asked.
        image: the views in which the rule is seen.
    """
    if image == "column" or not table.resolved or not _read(exclusion):
        return exclusion
    held: dict[Predicate, list[View]] = {}
    for view in views(image):
        held.setdefault(_in_view(exclusion, view), []).append(view)
    resolved = _in_view(exclusion, RESOLVED)
    held.pop(resolved, None)
    return conjunction(
        [
            resolved,
            *(disjunction([negation(_union(rule, some)), silenced]) for silenced, some in held.items()),
        ]
    )


def _union(predicate: Predicate, among: Sequence[View]) -> Predicate:
    """That a predicate holds in any of some views, said as shortly as the logic allows.

    An `or` holds in a view if one of its parts does; the parts of an `and` that read no image field stand once, and
    where every reading of `Image` goes with every one of `ParentImage`, parts that share no image field are apart.
    """
    read = _read(predicate)
    if not read:
        return predicate
    match predicate:
        case Or(children=children):
            return disjunction([_union(child, among) for child in children])
        case And(children=children) if len(groups := _apart(children, among)) > 1:
            return conjunction([_union(conjunction(group), among) for group in groups])
    return disjunction(dict.fromkeys(_in_view(predicate, view) for view in among))


def _apart(children: Iterable[Predicate], among: Sequence[View]) -> list[list[Predicate]]:
    """The parts of an `and` in groups, of which no two read an image field in views that hang together."""
    free: list[Predicate] = []
    bound: dict[frozenset[str], list[Predicate]] = {}
    for child in children:
        read = _read(child)
        (bound.setdefault(read, []) if read else free).append(child)
    images, parents = {view.image for view in among}, {view.parent for view in among}
    independent = {(view.image, view.parent) for view in among} == set(itertools.product(images, parents))
    if len(bound) > 1 and (READ_FIELDS in bound or not independent):
        bound = {READ_FIELDS: [child for group in bound.values() for child in group]}
    return [*([free] if free else []), *bound.values()]


def _read(predicate: Predicate) -> frozenset[str]:
    return READ_FIELDS & fields(predicate)


def _in_view(predicate: Predicate, view: View) -> Predicate:
    """The predicate over the readings that a view picks."""

    def leaf(atom: Atom, positive: bool) -> Predicate:  # noqa: ARG001 (the same in either position)
        if not isinstance(atom, Match):
            return atom
        pattern = atom.pattern
        if isinstance(pattern, Reference):
            pattern = Reference(view.column(pattern.field), pattern.form, pattern.cased)
        return Match(view.column(atom.field), pattern)

    return rewrite(predicate, leaf)

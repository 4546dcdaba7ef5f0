"""Which column supplies which field, and what is left of a predicate when fields can't be supplied."""

from __future__ import annotations

import dataclasses

from vedette.engine.needle import searchable
from vedette.event import READ_FIELDS, VIEWS, Choice, View, views
from vedette.predicate import (
    FALSE,
    TRUE,
    Atom,
    Compare,
    Const,
    Glob,
    Match,
    Pattern,
    Predicate,
    Reference,
    Regex,
    Wild,
    evaluate,
    fields,
    rewrite,
)


@dataclasses.dataclass(frozen=True)
class Supply:
    """What a reader supplies for one kind of event.

    Attributes:
        columns: column names of the shapes.
        vocabularies: vocabulary name of each column.
        choice: the views that the user chose.
        per_event: fields that differ from event to event and therefore are in no column.
    """

    columns: tuple[str, ...]
    vocabularies: tuple[str, ...]
    choice: Choice
    per_event: frozenset[str]

    def column(self, field: str, view: View) -> str | None:
        """The column that holds `field` in `view`, or None where it is absent."""
        name = view.column(field)
        if name in self.columns:
            return name
        return field if field in self.columns else None

    def columns_of(self, field: str) -> tuple[str, ...]:
        """The distinct columns that hold `field` in the chosen views."""
        found = (self.column(field, view) for view in views(self.choice))
        return tuple(dict.fromkeys(column for column in found if column is not None))

    def vocabulary(self, field: str) -> str:
        """The one vocabulary of a supplied field.

        Raises:
            ValueError: its readings have different vocabularies.
        """
        names = {self.vocabularies[self.columns.index(column)] for column in self.columns_of(field)}
        if len(names) != 1:
            raise ValueError(f"the readings of {field} must share one vocabulary")
        return names.pop()

    def absent(self, predicate: Predicate) -> frozenset[str]:
        """The fields of a predicate that no event of this kind will ever have."""
        return frozenset(name for name in fields(predicate) if name not in self.per_event and not self.columns_of(name))


def reduce(predicate: Predicate, supply: Supply, absent: frozenset[str]) -> tuple[Predicate, bool]:
    """The predicate over shapes alone.

    Leaves on absent fields become what the law says of an absent value. Leaves that a shape can't answer (fields that
    differ from event to event, keywords) become their over-approximation.

    Returns:
        the reduced predicate, and whether something was over-approximated, so that each hit needs a second look.
    """
    widened = False

    def leaf(atom: Atom, positive: bool) -> Predicate:
        nonlocal widened
        settled = settle(atom, absent)
        if settled is not None:
            return settled
        if isinstance(atom, Match):
            names = {atom.field}
            if isinstance(atom.pattern, Reference):
                names.add(atom.pattern.field)
            if not names & supply.per_event and _packable(atom.pattern):
                return atom
        widened = True
        return TRUE if positive else FALSE

    reduced = rewrite(predicate, leaf)
    return reduced, widened


def settle(atom: Atom, absent: frozenset[str]) -> Predicate | None:
    """The truth of a leaf that no event can change, or None."""
    if isinstance(atom.pattern, Glob | Regex) and not _writable(atom.pattern):
        return FALSE
    if isinstance(atom, Match):
        if isinstance(atom.pattern, Reference):
            return FALSE if {atom.field, atom.pattern.field} & absent else None
        if atom.field in absent:
            return Const(evaluate(atom, {}))
    return None


def _writable(pattern: Glob | Regex) -> bool:
    """Whether a pattern can be encoded; readers give no value that a lone surrogate could match."""
    if isinstance(pattern, Regex):
        return searchable(pattern.source) == pattern.source
    return all(isinstance(token, Wild) or searchable(token) == token for token in pattern.tokens)


def _packable(pattern: Pattern) -> bool:
    """Whether MessagePack can carry the pattern's number."""
    return not isinstance(pattern, Compare) or isinstance(pattern.number, float) or -(2**63) <= pattern.number < 2**64


def blame(predicate: Predicate, supply: Supply, absent: frozenset[str]) -> tuple[str, ...]:
    """The absent fields on which a predicate that reduces to false hangs.

    Those are the fields each of which alone would bring it to life; where no single one does, all of them.
    """
    alone = [name for name in absent if reduce(predicate, _with(supply, name), absent - {name})[0] != FALSE]
    return tuple(sorted(alone or absent))


def _with(supply: Supply, name: str) -> Supply:
    return dataclasses.replace(supply, per_event=supply.per_event | {name})


def readings(predicate: Predicate) -> tuple[str, ...]:
    """The fields with two readings that a predicate reads, in the order of their names."""
    return tuple(sorted(fields(predicate) & READ_FIELDS))


def projections(reads: tuple[str, ...], choice: Choice) -> tuple[tuple[View, int], ...]:
    """The views that can differ for a predicate that reads `reads`.

    Returns:
        one pair a projection: a view that stands for it, and the bits (by position in `VIEWS`) of all its views.
    """
    bits: dict[tuple[str, ...], int] = {}
    standing: dict[tuple[str, ...], View] = {}
    for view in views(choice):
        key = tuple(view.column(field) for field in reads)
        bits[key] = bits.get(key, 0) | 1 << VIEWS.index(view)
        standing.setdefault(key, view)
    return tuple((standing[key], bits[key]) for key in standing)

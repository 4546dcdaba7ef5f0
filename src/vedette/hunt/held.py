"""Why a match is one: the atoms that held, and the absent fields on which it hangs."""

from __future__ import annotations

from typing import TypeAlias

from vedette.event import READ_FIELDS, View
from vedette.hunt.finding import Matched, Verdict
from vedette.predicate import (
    And,
    Const,
    Keyword,
    Match,
    Not,
    Or,
    Predicate,
    Row,
    evaluate,
)
from vedette.predicate.evaluate import text_of

#: What a finding says of its match.
Why: TypeAlias = tuple[tuple[Matched, ...], Verdict]

#: More atoms than this say no more to a reader.
MAX_MATCHED = 32


def explain(predicate: Predicate, reads: tuple[str, ...], row: Row, raw: str, view: View) -> Why:
    """Why a match is one, and the verdict that it alerts; see `matched` and `undecided`."""
    return matched(predicate, row, raw, view), Verdict("alert", undecided_by=undecided(predicate, reads, row, raw))


def matched(predicate: Predicate, row: Row, raw: str, view: View) -> tuple[Matched, ...]:
    """The field values that made the predicate true, in its order, each value once.

    Args:
        predicate: what holds on the row.
        row: the event in the view in which it matched.
        raw: the raw event.
        view: that view.
    """
    found: dict[str, Matched] = {}
    _collect(predicate, row, raw, view, found)
    return tuple(found.values())[:MAX_MATCHED]


def _collect(predicate: Predicate, row: Row, raw: str, view: View, found: dict[str, Matched]) -> None:
    """Add what made a predicate true that does hold; a row has one value a field, so one atom a field is enough."""
    match predicate:
        case Match(field=field):
            if field not in found:
                reading = None
                if field in READ_FIELDS:
                    reading = view.image if field == "Image" else view.parent
                found[field] = Matched(field, text_of(row.get(field, "")), reading)
        case Keyword():
            found.setdefault("", Matched("keyword", ""))
        case And(children=children):
            for child in children:
                _collect(child, row, raw, view, found)
        case Or(children=children):
            for child in children:
                known = isinstance(child, Match) and child.field in found
                if not known and not isinstance(child, Not | Const) and evaluate(child, row, raw):
                    _collect(child, row, raw, view, found)
        case _:
            return


def undecided(predicate: Predicate, reads: tuple[str, ...], row: Row, raw: str) -> tuple[str, ...]:
    """The absent fields on which a match hangs: with another value of one of them, the predicate could be false.

    Args:
        predicate: what matched.
        reads: the fields that it reads, sorted.
        row: the event in the view in which it matched.
        raw: the raw event.

    All atoms of an absent field are taken as true, then as false; if either makes the predicate false, it hangs on it.
    """
    return tuple(
        field
        for field in reads
        if row.get(field, "") == ""
        and not all(_with(predicate, field, row, raw, truth=truth) for truth in (True, False))
    )


def _with(predicate: Predicate, field: str, row: Row, raw: str, *, truth: bool) -> bool:
    """The predicate's truth if all atoms of `field` had this one."""
    match predicate:
        case Match(field=name) if name == field:
            return truth
        case Not(child=child):
            return not _with(child, field, row, raw, truth=truth)
        case And(children=children):
            return all(_with(child, field, row, raw, truth=truth) for child in children)
        case Or(children=children):
            return any(_with(child, field, row, raw, truth=truth) for child in children)
        case _:
            return evaluate(predicate, row, raw)

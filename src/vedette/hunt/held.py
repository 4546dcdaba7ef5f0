"""Why a match is one: the atoms that held, and the absent fields on which it hangs."""

from __future__ import annotations

from typing import TypeAlias

from vedette.event import READ_FIELDS, View
from vedette.hunt.finding import Matched, Verdict
from vedette.predicate import (
    And,
    Atom,
    Const,
    Keyword,
    Match,
    Not,
    Or,
    Predicate,
    Row,
    evaluate,
    rewrite,
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
    """The field values that made the predicate true, in its order, each value once."""
    found: dict[tuple[str, str], Matched] = {}
    for atom in _held(predicate, row, raw):
        if isinstance(atom, Keyword):
            found.setdefault(("", ""), Matched("keyword", ""))
            continue
        reading = None
        if atom.field in READ_FIELDS:
            reading = view.image if atom.field == "Image" else view.parent
        value = text_of(row.get(atom.field, ""))
        found.setdefault((atom.field, value), Matched(atom.field, value, reading))
    return tuple(found.values())[:MAX_MATCHED]


def _held(predicate: Predicate, row: Row, raw: str) -> list[Atom]:
    match predicate:
        case Match() | Keyword():
            return [predicate] if evaluate(predicate, row, raw) else []
        case And(children=children) | Or(children=children):
            return [
                atom
                for child in children
                if not isinstance(child, Not | Const) and evaluate(child, row, raw)
                for atom in _held(child, row, raw)
            ]
        case _:
            return []


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
    def leaf(atom: Atom, _positive: bool) -> Predicate:
        return Const(truth) if isinstance(atom, Match) and atom.field == field else atom

    return evaluate(rewrite(predicate, leaf), row, raw)

"""Reach: whether an exclusion can cover a match of its rule at all, and whether it leaves any, in all views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from vedette.event import READ_FIELDS, REGISTRY, RESOLVED, VIEWS, View
from vedette.hunt.exclusion import Exclusion, Scope
from vedette.predicate import (
    FALSE,
    Atom,
    Const,
    Keyword,
    Match,
    Predicate,
    Reference,
    Value,
    conjunction,
    disjunction,
    fields,
    negation,
    rewrite,
)
from vedette.predicate.solve import Limit, Outcome, Sat, Undecided, Unsat, check, smallest, solve

#: `INERT`: it covers no match; `BLINDING`: it covers all; `PARTIAL`: some; `UNDECIDED`: not found out.
Verdict: TypeAlias = Literal["INERT", "BLINDING", "PARTIAL", "UNDECIDED"]
_COLUMNS: Final = tuple(f"{field}.{reading}" for field in sorted(READ_FIELDS) for reading in ("resolved", "invoked"))
KINDS: Final[dict[str, str]] = {
    **{field.name: field.kind for field in REGISTRY.values()},
    **dict.fromkeys(_COLUMNS, "text"),
}


class Witness(msgspec.Struct, frozen=True):
    """An event in columns, as the solver made it and the reference evaluator replayed it."""

    values: dict[str, Value]
    raw: str = ""


class Reach(msgspec.Struct, frozen=True):
    """What an exclusion reaches of one rule.

    Attributes:
        rule: id of the rule.
        verdict: see `Verdict`.
        why: the reason, for all but PARTIAL.
        silenced: the smallest event found that the rule matches and the exclusion covers, or None.
        seen: the smallest event found that the rule matches and the exclusion leaves, or None.
        clauses: clauses of the proof of an INERT or BLINDING verdict, lemmas included; 0 where there is none.
        lemmas: how many of them are about the values of fields.
    """

    rule: str
    verdict: Verdict
    why: str
    silenced: Witness | None
    seen: Witness | None
    clauses: int = 0
    lemmas: int = 0


def at(predicate: Predicate, view: View) -> Predicate:
    """The predicate over columns in one view: each image field in the reading that the view picks."""

    def leaf(atom: Atom, _positive: bool) -> Predicate:
        if isinstance(atom, Keyword):
            return atom
        pattern = atom.pattern
        if isinstance(pattern, Reference):
            pattern = msgspec.structs.replace(pattern, field=view.column(pattern.field))
        return Match(view.column(atom.field), pattern)

    return rewrite(predicate, leaf)


def matched(rule: Predicate) -> Predicate:
    """Over columns: the rule matches in some view."""
    return disjunction(at(rule, view) for view in VIEWS)


def covered(rule: Predicate, silenced: Predicate) -> Predicate:
    """Over columns: the exclusion holds in the all-resolved view and in every view in which the rule matches."""
    return conjunction(
        [
            at(silenced, RESOLVED),
            *(disjunction([negation(at(rule, view)), at(silenced, view)]) for view in VIEWS),
        ]
    )


def reach(rule_id: str, rule: Predicate, exclusion: Exclusion, *, carried: frozenset[str] | None) -> Reach:
    """What an exclusion reaches of a rule, scope apart.

    Args:
        rule_id: id of the rule.
        rule: its logic.
        exclusion: the exclusion.
        carried: the fields that the rule's events carry, or None where that is not known.
    """
    silenced = exclusion.silenced
    absent = sorted(fields(silenced) - carried) if carried is not None else []
    if absent and (silenced := without(silenced, absent)) == FALSE:
        why = f"no event that the rule reads carries {', '.join(absent)}, and what hangs on an absent field is seen"
        return Reach(rule_id, "INERT", why, None, None)
    some, cover = matched(rule), covered(rule, silenced)
    hidden = shown(conjunction([some, cover]))
    if isinstance(hidden, Unsat):
        why = "the rule and the exclusion contradict each other: no event meets both"
        return Reach(rule_id, "INERT", why, None, None, *_size(hidden))
    seen = shown(conjunction([some, negation(cover)]))
    if isinstance(seen, Unsat):
        why = "every match of the rule meets it: nothing is left to see"
        return Reach(rule_id, "BLINDING", why, _witness(hidden), None, *_size(seen))
    if isinstance(hidden, Undecided) or isinstance(seen, Undecided):
        why = next(outcome.reason for outcome in (hidden, seen) if isinstance(outcome, Undecided))
        return Reach(rule_id, "UNDECIDED", why, _witness(hidden), _witness(seen))
    return Reach(rule_id, "PARTIAL", "", _witness(hidden), _witness(seen))


def without(predicate: Predicate, absent: Sequence[str]) -> Predicate:
    """The predicate of an exclusion where fields are absent: no atom on them is certain."""

    def leaf(atom: Atom, positive: bool) -> Predicate:
        return atom if fields(atom).isdisjoint(absent) else Const(not positive)

    return rewrite(predicate, leaf)


def given(rule: Predicate, part: Predicate) -> bool:
    """Whether every match of a rule meets a part of an exclusion anyway, in the all-resolved view or the rule's own."""
    return isinstance(ask(conjunction([matched(rule), negation(at_any(part))])), Unsat)


def at_any(part: Predicate) -> Predicate:
    """Over columns: the part holds in every view."""
    return conjunction(at(part, view) for view in VIEWS)


def redundant(rule: Predicate, one: Exclusion, other: Exclusion) -> bool:
    """Whether all that `one` covers of a rule's matches is covered by `other` too, scopes included."""
    if other.scope not in (Scope(), one.scope):
        return False
    question = conjunction([matched(rule), covered(rule, one.silenced), negation(covered(rule, other.silenced))])
    return isinstance(ask(question), Unsat)


def ask(predicate: Predicate, limit: Limit | None = None) -> Outcome:
    """The solver, with the registry's types of fields."""
    return solve(predicate, kinds=KINDS, limit=limit)


def shown(predicate: Predicate) -> Outcome:
    """As `ask`, with the smallest witness, or a proof that the independent checker has replayed."""
    outcome = smallest(predicate, kinds=KINDS)
    if isinstance(outcome, Unsat) and not check(predicate, outcome.proof, kinds=KINDS):
        return Undecided("the proof was not confirmed by the checker; please report this")
    return outcome


def _witness(outcome: Outcome) -> Witness | None:
    return Witness(dict(outcome.row), outcome.raw) if isinstance(outcome, Sat) else None


def _size(outcome: Unsat) -> tuple[int, int]:
    return len(outcome.proof.clauses) + len(outcome.proof.lemmas), len(outcome.proof.lemmas)

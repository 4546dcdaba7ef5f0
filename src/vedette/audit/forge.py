"""Forge: what an attacker must do so that an exclusion covers the attack, graded by its cheapest way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from vedette.audit.forging import Form, Grade, Table, form_of
from vedette.predicate import And, Atom, Const, Keyword, Match, Not, Or, Predicate

#: More ways than this say no more.
_MOST: Final = 16


class Claim(msgspec.Struct, frozen=True):
    """One atom of an exclusion, and what it costs.

    Attributes:
        field: the field, or the empty text for a keyword.
        value: what is asked of it.
        positive: it must hold; else it must not.
        form: name of the form that was applied.
        grade: what making it true costs.
        step: what to do.
        betrayed: what would show it.
    """

    field: str
    value: str
    positive: bool
    form: str
    grade: Grade
    step: str
    betrayed: str


class Forging(msgspec.Struct, frozen=True):
    """The cheapest way into an exclusion.

    Attributes:
        grade: of its hardest claim; what the whole costs.
        claims: the claims that must hold together, those that cost most first.
    """

    grade: Grade
    claims: tuple[Claim, ...]

    @property
    def steps(self) -> tuple[str, ...]:
        """What to do, without what costs nothing."""
        return tuple(dict.fromkeys(claim.step for claim in self.claims if claim.grade not in ("E", "F")))

    @property
    def betrayed(self) -> tuple[str, ...]:
        """The telemetry that would show the hardest claims."""
        return tuple(dict.fromkeys(claim.betrayed for claim in self.claims if claim.grade == self.grade))


def forge(silenced: Predicate, table: Table, *, given: Callable[[Predicate], bool]) -> Forging:
    """The cheapest way to make an exclusion hold on a match.

    Args:
        silenced: what the exclusion covers.
        table: what forging costs.
        given: whether every match of the rule meets a part of it anyway, so that it costs nothing.

    Returns:
        Of claims that must hold together the hardest decides, of alternatives the easiest.
    """
    return _forge(silenced, table, given, positive=True)


def _forge(predicate: Predicate, table: Table, given: Callable[[Predicate], bool], *, positive: bool) -> Forging:
    match predicate:
        case Const():
            return Forging("F", ())
        case Not(child=child):
            return _forge(child, table, given, positive=not positive)
        case And(children=children) | Or(children=children):
            parts = [_forge(child, table, given, positive=positive) for child in children]
            if isinstance(predicate, And) is positive:
                claims = tuple(dict.fromkeys(claim for part in parts for claim in part.claims))
                ordered = tuple(sorted(claims, key=lambda claim: claim.grade))[:_MOST]
                return Forging(min((part.grade for part in parts), default="F"), _without_guards(ordered))
            return max(parts, key=lambda part: part.grade)
        case Match() | Keyword():
            claim = _claim(predicate, table, given, positive=positive)
            return Forging(claim.grade, (claim,))
    raise TypeError(predicate)


def _claim(atom: Atom, table: Table, given: Callable[[Predicate], bool], *, positive: bool) -> Claim:
    name, value = form_of(atom, table)
    field = atom.field if isinstance(atom, Match) else ""
    wanted: Predicate = atom if positive else Not(atom)
    if given(wanted):
        return Claim(field, value, positive, "given", "F", "nothing: the rule asks for it too", "nothing of its own")
    if not positive:
        name = "other"
    form: Form = table.forms[name]
    places = {"field": field or "the records", "value": value or "anything"}
    return Claim(field, value, positive, name, form.grade, _filled(form.step, places), _filled(form.betrayed, places))


def _filled(text: str, places: dict[str, str]) -> str:
    """Texts of a site's own table are no format strings: only the two places are filled."""
    for name, value in places.items():
        text = text.replace("{" + name + "}", value)
    return text


def _without_guards(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    """Leave out that a field holds something where another claim on it says more."""
    named = {claim.field for claim in claims if claim.form != "present"}
    return tuple(claim for claim in claims if claim.form != "present" or claim.field not in named)

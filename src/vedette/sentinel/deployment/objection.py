"""Exclusions that are not let into a workspace, and the rules that are refused with them.

An exclusion that the target can't hold, that blinds its rule or never applies, or that costs less to forge than its
floor: what can be told by logic is told always, what recordings say where they are asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from vedette.audit.audit import Audit, carried
from vedette.audit.forge import forge
from vedette.audit.forging import Table, built_in
from vedette.audit.reach import given, reach
from vedette.hunt.exclusion import Exclusion, Exclusions
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import RuleSet


def by_logic(loaded: RuleSet, judged: Exclusions, table: Table | None = None) -> dict[str, str]:
    """Rule id to what its exclusions do wrong by logic alone.

    Args:
        loaded: the rules.
        judged: their exclusions, as judged for the target.
        table: what forging costs; else the built-in one.
    """
    costs = table or built_in()
    found = {}
    for rule in loaded.rules:
        said = [_wrong(exclusion, rule, costs) for exclusion in judged.bound.get(rule.id, ())]
        if told := "; ".join(one for one in said if one):
            found[rule.id] = told
    return found


def by_evidence(audited: Audit) -> dict[str, str]:
    """Rule id to what an audit says of its exclusions: those that it rejects, for the reasons that it gives."""
    found: dict[str, list[str]] = {}
    for one in audited.judgements:
        if one.in_force and one.decision == "REJECTED" and not one.aside:
            why = f"exclusion {one.exclusion.filter.title!r} is rejected: {'; '.join(one.reasons[:3])}"
            for rule in one.rules:
                found.setdefault(rule, []).append(why)
    return {rule: "; ".join(several) for rule, several in found.items()}


def joined(*several: dict[str, str]) -> dict[str, str]:
    """Objections of several kinds to each rule."""
    names: dict[str, list[str]] = {}
    for one in several:
        for rule, why in one.items():
            names.setdefault(rule, []).append(why)
    return {rule: "; ".join(dict.fromkeys(whys)) for rule, whys in names.items()}


def _wrong(exclusion: Exclusion, rule: Rule, table: Table) -> str:
    named = f"exclusion {exclusion.filter.title!r}"
    reached = reach(rule.id, rule.predicate, exclusion, carried=carried(rule))
    if reached.verdict == "BLINDING":
        return f"{named} is BLINDING: {reached.why}"
    if reached.verdict == "INERT":
        return ""  # it hides nothing; `vedette audit` says so
    forging = forge(exclusion.silenced, table, given=lambda part: given(rule.predicate, part))
    if forging.grade > exclusion.floor:
        return f"{named}: forging costs {forging.grade}, below its floor {exclusion.floor}"
    return ""


def lacking(rendered_without: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Rule id to the exclusions that the target can't hold.

    Args:
        rendered_without: rule id and cause, as a rendering tells them.
    """
    found: dict[str, list[str]] = {}
    for rule, cause in rendered_without:
        found.setdefault(rule, []).append(f"{cause}; --without-missing ships the rule without it")
    return {rule: "; ".join(several) for rule, several in found.items()}

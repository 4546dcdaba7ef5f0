"""The hunt page as it should have been: rules, checked KQL, and each false positive with its verdict and evidence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from vedette.audit.audit import Audit
from vedette.audit.judgement import WRONG, Judgement
from vedette.errors import ParserMissingError
from vedette.hunt.exclusion import judge
from vedette.kql import Options, Query, convert_all, read_target
from vedette.kql.check import Checker
from vedette.kql.check.conversion import checked
from vedette.page.block import Block, Code, Heading, Items, Paragraph, Table
from vedette.report.judgement import told
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import RuleSet

#: The targets whose queries a page shows.
TARGETS = ("asim", "xdr")


def render(title: str, prose: str, loaded: RuleSet, audit: Audit, *, now: float) -> Iterator[Block]:
    """The blocks of a page.

    Args:
        title: of the page.
        prose: what the hunt is for; paragraphs are parted by an empty line.
        loaded: the pack's rules and the exclusions in force.
        audit: what was found about all exclusions.
        now: UTC epoch seconds to which the expiry of exclusions is held.
    """
    yield Heading(title, 1)
    for paragraph in prose.split("\n\n"):
        if paragraph.strip():
            yield Paragraph(paragraph)
    yield Heading("Rules")
    yield Table(
        ("rule", "level", "log source", "author", "license"),
        tuple((rule.title, rule.level, str(rule.logsource), rule.author, rule.license) for rule in loaded.rules),
    )
    queries = {target: _queries(loaded, target, now) for target in TARGETS}
    for rule in loaded.rules:
        yield from _rule(rule, [query for found in queries.values() for query in found if query.rule.id == rule.id])
    yield Heading("False positives")
    yield from _scenarios(audit)
    yield Heading("Evidence")
    yield from _evidence(audit)


def _queries(loaded: RuleSet, name: str, now: float) -> list[Query]:
    """The queries of a target, held against Microsoft's parser where it is here."""
    target = read_target(name)
    judged = judge(loaded.filters, loaded.rules, now=now, place=name)
    found = convert_all(loaded, target, Options(), judged)
    with contextlib.suppress(ParserMissingError), Checker() as checker:
        return [checked(query, checker) for query in found]
    return found


def _rule(rule: Rule, queries: Sequence[Query]) -> Iterator[Block]:
    yield Heading(rule.title, 3)
    yield Paragraph(
        f"By {rule.author or 'an author who is not stated'}, {rule.license or 'license not stated'}; {rule.id}."
    )
    if rule.description:
        yield Paragraph(rule.description)
    with contextlib.suppress(OSError, UnicodeDecodeError):
        yield Code(Path(rule.location.path).read_text(encoding="utf-8"), "yaml")
    for query in queries:
        if query.text:
            state = "accepted by Microsoft's parser" if query.checked else "not checked"
            excluded = f"; takes out: {', '.join(one.filter.title for one in query.excluded)}" if query.excluded else ""
            yield Paragraph(f"KQL for {query.target} ({query.table}), {state}{excluded}.")
            yield Code(query.text, "kusto")
        for note in query.notes:
            yield Paragraph(f"Note: {note}.")
        for error in query.errors:
            yield Paragraph(f"No KQL for {query.target}: {error.cause}.")


def _scenarios(audit: Audit) -> Iterator[Block]:
    if not audit.judgements:
        yield Paragraph("No exclusion stands beside these rules.")
    by_scenario: dict[str, list[Judgement]] = {}
    for one in audit.judgements:
        by_scenario.setdefault(one.exclusion.scenario, []).append(one)
    for scenario, judgements in by_scenario.items():
        yield Heading(scenario, 3)
        yield Table(
            ("exclusion", "in force", "reach", "forging", "everyday silenced", "attacks silenced", "decision"),
            tuple(
                (
                    str(one.exclusion.filter.block.get("wording", "")) or one.exclusion.filter.title,
                    _force(one),
                    one.verdict,
                    one.forging.grade if one.forging else "-",
                    f"{one.replayed.benign_silenced:,} of {one.replayed.benign:,}",
                    f"{one.replayed.attack_silenced:,} of {one.replayed.attack:,}",
                    one.decision,
                )
                for one in judgements
            ),
        )
        for one in judgements:
            yield from _exclusion(one)


def _applies(one: Judgement) -> bool:
    """Whether hunts apply it today."""
    return one.in_force and not one.aside and one.verdict not in WRONG


def _force(one: Judgement) -> str:
    if not one.in_force:
        return "no"
    return "yes" if _applies(one) else "not applied"


def _exclusion(one: Judgement) -> Iterator[Block]:
    kept = one.exclusion.filter
    said = [f"{kept.title}: {one.exclusion.reason}"]
    said += one.reasons
    if one.aside:
        said.append(f"not applied for now: {one.aside}")
    if one.forging is not None and one.forging.steps:
        said.append(f"to hide behind it: {'; '.join(one.forging.steps)}")
        said.append(f"what would show it: {'; '.join(one.forging.betrayed)}")
    witness = next((reach.silenced for reach in one.reaches if reach.silenced is not None), None)
    if witness is not None:
        said.append(f"smallest event silenced: {told(witness)}")
    yield Items(tuple(said))
    if one.in_force:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            yield Code(Path(kept.location.path).read_text(encoding="utf-8"), "yaml")


def _evidence(audit: Audit) -> Iterator[Block]:
    if not audit.recordings:
        yield Paragraph("No recording was replayed, so nothing is shown of what these exclusions silence.")
        return
    yield Table(
        ("recording", "steps", "attacks"),
        tuple(
            (one.name, str(len(one.steps)), str(sum(step.label == "attack" for step in one.steps)))
            for one in audit.recordings
        ),
    )
    applied = {one.exclusion.id for one in audit.judgements if _applies(one)}
    steps: dict[tuple[str, str, str], int] = {}
    for seen in audit.seen:
        if seen.step is not None and seen.step.label == "benign":
            key = (seen.recording, seen.step.name, seen.finding.rule.title)
            steps[key] = steps.get(key, 0) + applied.isdisjoint(seen.by)
    alerting = tuple((*key, str(count)) for key, count in steps.items() if count)
    if alerting:
        yield Paragraph("Everyday steps that still alert, with the exclusions in force:")
        yield Table(("recording", "step", "rule", "alerts"), alerting)

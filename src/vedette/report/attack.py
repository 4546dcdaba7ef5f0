"""ATT&CK techniques of findings: their names, tactics and numbers of today."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from typing import Final

import msgspec

from vedette.hunt.finding import Finding
from vedette.report.level import rank

_ID: Final = re.compile(r"T\d{4}(?:\.\d{3})?", re.ASCII)


class Technique(msgspec.Struct, frozen=True):
    """One technique that fired.

    Attributes:
        id: its number of today, such as `T1686`.
        former: numbers under which rules name it and that it replaced.
        name: as ATT&CK has it, or the empty text where our list does not.
        tactics: short names such as `defense-impairment`; none where our list does not know it.
        level: the highest level among its findings.
        findings: how many alert.
        excluded: how many an exclusion covers.
        rules: titles of the rules that fired.
    """

    id: str
    former: tuple[str, ...]
    name: str
    tactics: tuple[str, ...]
    level: str
    findings: int
    excluded: int
    rules: tuple[str, ...]


class Matrix(msgspec.Struct, frozen=True):
    """Our list of techniques, as of its date.

    Attributes:
        as_of: date of the list, `2026-11-24`.
        version: ATT&CK's major version.
        tactics: short name to name, in the order of the matrix.
        renumbered: revoked number to the one of today.
        techniques: number to name and tactics.
    """

    as_of: str
    version: str
    tactics: dict[str, str]
    renumbered: dict[str, str]
    techniques: dict[str, tuple[str, tuple[str, ...]]]


@functools.cache
def matrix() -> Matrix:
    """The list that comes with this version."""
    data = tomllib.loads(files("vedette.report").joinpath("attack.toml").read_text(encoding="utf-8"))
    techniques = {number: (names[0], tuple(names[1:])) for number, names in data["techniques"].items()}
    return Matrix(str(data["as_of"]), data["version"], data["tactics"], data["renumbered"], techniques)


def fired(findings: Iterable[Finding]) -> tuple[Technique, ...]:
    """The techniques of the rules that fired, by number.

    A finding whose rule carries both the old and the new number of a technique counts once.
    """
    known = matrix()
    former: dict[str, set[str]] = {}
    levels: dict[str, str] = {}
    alerts: dict[str, int] = {}
    excluded: dict[str, int] = {}
    rules: dict[str, dict[str, None]] = {}
    for finding in findings:
        todays = set()
        for tag in finding.rule.attack:
            if not _ID.fullmatch(tag):
                continue
            today = known.renumbered.get(tag, tag)
            todays.add(today)
            former.setdefault(today, set())
            if today != tag:
                former[today].add(tag)
        for number in todays:
            counted = excluded if finding.verdict.decision == "excluded" else alerts
            counted[number] = counted.get(number, 0) + 1
            if number not in levels or rank(finding.rule.level) > rank(levels[number]):
                levels[number] = finding.rule.level
            rules.setdefault(number, {})[finding.rule.title] = None
    made = []
    for number in sorted(levels):
        name, tactics = known.techniques.get(number, ("", ()))
        made.append(
            Technique(
                number,
                tuple(sorted(former[number])),
                name,
                tactics,
                levels[number],
                alerts.get(number, 0),
                excluded.get(number, 0),
                tuple(rules[number]),
            )
        )
    return tuple(made)

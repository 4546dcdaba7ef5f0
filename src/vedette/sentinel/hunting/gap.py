"""A hunt in a log and the same in a workspace: what differs, and why, as far as that can be told."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from vedette.hunt.finding import Finding
from vedette.sentinel.hunting.asking import Asked
from vedette.sentinel.hunting.difference import Difference, Hosts, both, compare, of, place
from vedette.sentinel.hunting.fate import Fate
from vedette.sentinel.hunting.pace import Pace
from vedette.sentinel.hunting.plan import Ask
from vedette.sentinel.hunting.presence import Look, Presence
from vedette.sentinel.hunting.told import Columns
from vedette.sentinel.hunting.window import Window


@dataclasses.dataclass(frozen=True)
class Gap:
    """All of it.

    Attributes:
        matches: those of both and of either side, in the order of their times.
        elsewhere: matches of the workspace on hosts, or at times, that the log does not cover, by host.
    """

    matches: tuple[Difference, ...]
    elsewhere: Counter[str]

    @property
    def sides(self) -> Counter[str]:
        """How many matches are on which side."""
        return Counter(one.side for one in self.matches)

    @property
    def differs(self) -> bool:
        """Whether the two show anything but the same."""
        return any(one.side != "both" for one in self.matches)


def gap(
    local: Sequence[Finding],
    remote: Sequence[Finding],
    spans: Mapping[str, tuple[float, float]],
    fates: Sequence[Fate],
    asks: Sequence[Ask],
    wire: Asked,
    told: Columns,
    window: Window,
    pace: Pace,
) -> Gap:
    """Hold the two against each other; of what the workspace does not show, it is asked what it holds.

    Args:
        local: matches of the log, excluded ones too.
        remote: matches of the workspace, likewise.
        spans: host of the log to the UTC epoch seconds of its first and last record.
        fates: what became of the rules in the workspace.
        asks: their queries.
        wire: what sends queries.
        told: the target's columns of hosts and sources.
        window: in which rows were received.
        pace: how fast.
    """
    hosts = Hosts(spans)
    pairs, here, there = compare(local, remote, hosts)
    by_rule: dict[str, list[Fate]] = {}
    for fate in fates:
        by_rule.setdefault(fate.id, []).append(fate)
    look = Look(wire, told, window, hosts, pace)
    tables = _presences(here, by_rule, asks, look)
    found = [
        *both(pairs),
        *(of(one, "local", _why(one, by_rule, tables), log=place(one)) for one in here),
        *(of(one, "workspace", _alone(one), host=hosts.known(one.host), row=one.origin.file) for one in there),
    ]
    elsewhere = Counter(one.host for one in remote if not hosts.covers(one))
    return Gap(tuple(sorted(found, key=lambda one: (one.time, one.host, one.rule.title, one.pid or 0))), elsewhere)


def _presences(
    here: Sequence[Finding],
    by_rule: Mapping[str, Sequence[Fate]],
    asks: Sequence[Ask],
    look: Look,
) -> dict[str, Presence]:
    """What each table holds that was asked whole for a match that it does not show."""
    wanted: dict[str, list[Finding]] = {}
    for one in here:
        fates = by_rule.get(one.rule.id, ())
        if one.correlation is None and fates and all(fate.state == "ran" for fate in fates):
            wanted.setdefault(fates[0].table, []).append(one)
    first = {ask.query.table: ask for ask in reversed(asks)}
    return {table: look.presence(first[table], missed) for table, missed in wanted.items()}


def _why(finding: Finding, by_rule: Mapping[str, Sequence[Fate]], tables: Mapping[str, Presence]) -> str:
    """Why the workspace does not show a match of the log."""
    if finding.correlation is not None:
        below = [(one.rule.title, _of_rule(by_rule.get(one.rule.id, ()))) for one in finding.correlation.rules]
        wrong = [f"{title}: {why}" for title, why in below if why]
        return f"it joins {wrong[0]}" if wrong else "the matches that it joins are not all there"
    fates = by_rule.get(finding.rule.id, ())
    why = _of_rule(fates)
    if why or not fates:
        return why or "the rule was not asked"
    known = tables.get(fates[0].table)
    return known.why(finding) if known is not None else ""


def _of_rule(fates: Sequence[Fate]) -> str:
    """What is wrong with a rule as a whole; empty where it ran."""
    words = {
        "refused": "the rule is refused",
        "missing": "",
        "failed": "the query failed",
        "partial": "not asked whole",
    }
    for fate in fates:
        if fate.state != "ran":
            return ": ".join(filter(None, (words.get(fate.state, "not asked"), fate.why)))
    return ""


def _alone(finding: Finding) -> str:
    if finding.correlation is not None:
        return "the log does not show all the matches that it joins"
    return "the log has no such event, or the rule does not match it there"


def rows(found: Gap) -> Iterator[tuple[str, Counter[str]]]:
    """Rule by rule, so many matches on each side; the rules with the most differences first."""
    counts: dict[str, Counter[str]] = {}
    for one in found.matches:
        counts.setdefault(one.rule.title, Counter())[one.side] += 1
    yield from sorted(counts.items(), key=lambda item: (item[1]["both"] - item[1].total(), item[0]))

"""What logs can show, as a table for people or as JSON: which rules can fire, which never can, and what to enable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import BinaryIO

from rich.console import Console

from vedette.hunt.survey import Blind, HostSurvey, Survey
from vedette.report.line import BOLD, DIM, PLAIN, WARN, Glyphs, Line, show, wrapped
from vedette.report.ndjson import encode
from vedette.report.summary import names, percent, period
from vedette.report.terminal import printable

_LABEL = 10


def write_json(survey: Survey, out: BinaryIO) -> None:
    """The survey as one JSON object on one line."""
    out.write(encode(survey) + b"\n")
    out.flush()


def write(survey: Survey, console: Console) -> None:
    """Print the survey host by host."""
    show(lambda width, glyphs: lines(survey, width, glyphs), console)


def lines(survey: Survey, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The survey line by line."""
    for number, host in enumerate(survey.hosts):
        if number:
            yield []
        yield from _host(host, width, glyphs)
    if not survey.hosts:
        yield [("no record of any host was read, so no rule can fire", WARN)]
    for problem in survey.problems:
        yield from _labelled("problem", problem, width, glyphs, warn=True)


def _host(host: HostSurvey, width: int, glyphs: Glyphs) -> Iterator[Line]:
    name = printable(host.host or "(no node name)")
    yield from wrapped([(name, BOLD), (period(host.first, host.last), PLAIN)], width, glyphs)
    gaps = "".join(f"; no record from {period(gap.start, gap.end)}" for gap in host.gaps[:5])
    more = f" and {len(host.gaps) - 5:,} more gaps" if len(host.gaps) > 5 else ""
    hours = "1 hour" if host.covered_hours == 1 else f"{host.covered_hours:,} hours"
    yield from _labelled("covered", f"{hours} with records{gaps}{more}", width, glyphs, warn=bool(host.gaps))
    yield from _labelled("events", _counts(host.events) or "none", width, glyphs, warn=not host.events)
    yield from _labelled("records", _counts(host.record_types) or "none", width, glyphs)
    share = f"known for {percent(host.parents_known)} of process starts"
    yield from _labelled("parents", share, width, glyphs, warn=host.parents_known < 0.9)
    yield from _labelled(
        "can fire", _rules([rule.title for rule in host.can_fire]), width, glyphs, warn=not host.can_fire
    )
    if host.cannot:
        yield from _labelled("never can", f"{len(host.cannot):,} {_noun(len(host.cannot))}", width, glyphs, warn=True)
    for (why, enable), rules in _reasons(host.cannot):
        text = f"{len(rules):,}  {why}: {names(rule.title for rule in rules)}"
        yield from _labelled("", text, width, glyphs)
        if enable:
            yield [(" " * (_LABEL + 4) + "to enable, add to audit.rules:", DIM)]
            yield from ([(" " * (_LABEL + 6) + printable(line), PLAIN)] for line in enable)


def _rules(titles: list[str]) -> str:
    return f"{len(titles):,} {_noun(len(titles))}: {names(titles, 5)}" if titles else "no rule"


def _noun(count: int) -> str:
    return "rule" if count == 1 else "rules"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(
        f"{count:,} {name}" for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def _reasons(cannot: tuple[Blind, ...]) -> list[tuple[tuple[str, tuple[str, ...]], list[Blind]]]:
    """Blind rules by reason and remedy; what can be enabled first, then the most rules first."""
    groups: defaultdict[tuple[str, tuple[str, ...]], list[Blind]] = defaultdict(list)
    for rule in cannot:
        groups[rule.why, rule.enable].append(rule)
    return sorted(groups.items(), key=lambda item: (not item[0][1], -len(item[1]), item[0]))


def _labelled(label: str, text: str, width: int, glyphs: Glyphs, *, warn: bool = False) -> Iterator[Line]:
    style = WARN if warn else PLAIN
    for number, line in enumerate(wrapped([(printable(text), style)], width - _LABEL - 2, glyphs)):
        yield [("  " + (label if number == 0 else "").ljust(_LABEL), DIM), *line]

"""Incidents for people at a terminal: who did what, from where, to where, and what the kernel confirms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console

from vedette.correlate.incident import Fact, Incident
from vedette.report.level import SHORT
from vedette.report.line import BOLD, DIM, LEVEL, PLAIN, WARN, Glyphs, Line, show, wrapped
from vedette.report.terminal import pad, printable

_MARGIN: Final = 4
_UNBOUNDED: Final = 1_000_000
#: Facts of one kind in a row that are shown.
_MOST: Final = 5


def write(incidents: Sequence[Incident], console: Console) -> None:
    """Print all incidents; nothing at all if there are none."""
    if incidents:
        show(lambda width, glyphs: lines(incidents, width if console.is_terminal else _UNBOUNDED, glyphs), console)


def lines(incidents: Sequence[Incident], width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The incidents line by line."""
    yield []
    count = len(incidents)
    yield [(f"{count} incident" + ("s" if count != 1 else ""), BOLD)]
    for one in incidents:
        yield []
        yield from _one(one, width, glyphs)


def _one(one: Incident, width: int, glyphs: Glyphs) -> Iterator[Line]:
    level = pad(SHORT.get(one.level, one.level), 6)
    host = ", ".join(one.hosts) or "a host without a name"
    head = [(f"{level}", LEVEL.get(one.level, PLAIN)), (printable(one.title), BOLD)]
    yield from wrapped(head, width, glyphs, hanging=_MARGIN)
    when = f"{one.first[:10]} {one.first[11:19]} to {one.last[11:19]} UTC"
    yield from wrapped(
        [(printable(text), DIM) for text in (one.id, host, when, one.state)], width, glyphs, indent=_MARGIN
    )
    if one.decision is not None:
        by = f" by {one.decision.by}" if one.decision.by else ""
        note = f": {one.decision.note}" if one.decision.note else ""
        yield from wrapped(
            [(printable(f"decided {one.decision.verdict}{by}{note}"), WARN)], width, glyphs, indent=_MARGIN
        )
    for reason in one.reasons:
        yield from wrapped([(printable(reason), PLAIN)], width, glyphs, indent=_MARGIN)
    for clock, text in _facts(one.facts):
        yield from wrapped([(f"{clock}  {printable(text)}", DIM)], width, glyphs, indent=_MARGIN, hanging=_MARGIN + 10)
    for step in one.next_steps:
        if step.where != "kql":
            parts = [(printable(step.title), PLAIN), (printable(step.command), BOLD)]
            yield from wrapped(parts, width, glyphs, indent=_MARGIN)


def _facts(facts: Sequence[Fact]) -> Iterator[tuple[str, str]]:
    """Clock and text; of many facts of one kind in a row the first few."""
    run, kind = 0, ""
    for place, fact in enumerate(facts):
        run, kind = (run + 1, kind) if fact.kind == kind else (1, fact.kind)
        if run <= _MOST:
            yield fact.time[11:19], f"{fact.kind}: {fact.text}"
        elif place + 1 == len(facts) or facts[place + 1].kind != kind:
            yield " " * 8, f"{kind}: {run - _MOST} more"

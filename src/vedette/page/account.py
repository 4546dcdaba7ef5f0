"""What an import tells whoever ran it, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vedette.page.importing import Imported
from vedette.report.terminal import printable, shorten


def account(done: Imported) -> Iterator[str]:
    """Lines for a terminal: files, rule, query, scenarios, and all that was not read or is incomplete."""
    page = done.page
    yield f"page       {printable(page.name)}: {shorten(page.title, 80)}"
    how = f"indentation of {page.restored} lines restored" if page.form == "flat" else "as indented"
    yield f"rule       line {page.rule_line}: {how}; license {done.license}{' (assumed)' if done.assumed else ''}"
    yield f"query      line {page.kql_line}" if page.kql else "query      none on the page"
    whole = sum(scenario.complete for scenario in page.scenarios)
    yield f"scenarios  {len(page.scenarios)}, of which {whole} complete"
    for scenario in page.scenarios:
        if not scenario.complete:
            yield f"           line {scenario.line}: {shorten(scenario.title or '(no title)', 60)}: {scenario.why}"
    yield from _exclusions(done)
    yield f"unread     {len(page.unread) or 'nothing'}"
    for each in page.unread:
        yield f"           line {each.line}: {printable(each.why)}: {shorten(each.text, 60)}"
    yield f"pack       {printable(str(done.pack))}"
    for name in done.files:
        yield f"           {name}"


def _exclusions(done: Imported) -> Iterator[str]:
    """Each exclusion text: what it became, by which mapping, and what was not read."""
    made = sum(bool(name) for name in done.candidates)
    yield f"exclusions {made} candidates of {len(done.readings)} texts; none is applied"
    for reading, name in zip(done.readings, done.candidates, strict=True):
        yield (
            f"           line {reading.line}: {shorten(reading.scenario or '(no title)', 40)}: "
            f"{reading.dialect}: {shorten(reading.text or '(no text)', 60)}"
        )
        if name:
            yield f"             candidate {name}: {shorten(_told(reading.detection), 100)}"
        elif reading.detection is not None:
            yield "             no candidate: the rule has neither id nor name by which a filter could name it"
        for each in reading.mapping:
            note = f" ({each.note})" if each.note else ""
            yield f"             {printable(each.page_field)} -> {each.sigma_field} {shorten(each.how, 60)}{note}"
        for unread in reading.unread:
            yield f"             not read, {unread.line}:{unread.column}: {shorten(unread.reason, 120)}"
        for text in reading.notes:
            yield f"             note: {shorten(text, 120)}"


def _told(detection: dict[str, Any] | None) -> str:
    """A detection section on one line."""
    return "; ".join(f"{name}: {value}" for name, value in (detection or {}).items())

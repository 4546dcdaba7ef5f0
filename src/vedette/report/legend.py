"""What stands below a table: how much it shows, and every rule with its author and licence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.style import Style

from vedette.hunt.finding import RuleHeader
from vedette.report.group import Group
from vedette.report.level import counted, rank
from vedette.report.line import BOLD, DIM, PLAIN, Glyphs, Line, wrapped
from vedette.report.terminal import printable


def legend(rows: Sequence[Group], width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Totals in one line, then each rule: title, author, licence, techniques and id; wrapped, never cut."""
    yield from wrapped([(totals(rows), BOLD)], width, glyphs)
    rules = {row.rule.id: row.rule for row in rows}
    rules |= {part.rule.id: part.rule for row in rows for part in row.joined}
    for rule in sorted(rules.values(), key=lambda rule: (-rank(rule.level), rule.title)):
        yield from wrapped(_about(rule), width, glyphs, indent=2)


def totals(rows: Sequence[Group]) -> str:
    """`292 findings in 41 rows: 1 high, 291 medium; 12 more excluded`."""
    alerts: Counter[str] = Counter()
    excluded = 0
    for row in rows:
        if row.decision == "excluded":
            excluded += row.count
        else:
            alerts[printable(row.rule.level)] += row.count
    number = alerts.total()
    noun = "finding" if number == 1 else "findings"
    line = "row" if len(rows) == 1 else "rows"
    levels = f": {counted(alerts)}" if number else ""
    tail = f"; {excluded:,} more excluded" if excluded else ""
    return f"{number:,} {noun} in {len(rows):,} {line}{levels}{tail}"


def _about(rule: RuleHeader) -> list[tuple[str, Style]]:
    parts = [
        (rule.title, PLAIN),
        (f"by {rule.author}" if rule.author else "author not stated", PLAIN),
        (rule.license or "licence not stated", DIM),
        (" ".join(rule.attack), DIM),
        (rule.id, DIM),
    ]
    return [(printable(text), style) for text, style in parts if text]

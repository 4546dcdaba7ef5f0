"""What stands below a table: how much it shows, and every rule with its author and licence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len
from rich.style import Style

from vedette.hunt.finding import RuleHeader
from vedette.report.group import Group
from vedette.report.level import counted, rank
from vedette.report.line import BOLD, DIM, PLAIN, Glyphs, Line
from vedette.report.terminal import head, printable

_INDENT: Final = 2


def legend(rows: Sequence[Group], width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Totals in one line, then each rule: title, author, licence, techniques and id; wrapped, never cut."""
    yield from wrapped([(totals(rows), BOLD)], width, glyphs, indent=0)
    rules = {row.rule.id: row.rule for row in rows}
    for rule in sorted(rules.values(), key=lambda rule: (-rank(rule.level), rule.title)):
        yield from wrapped(_about(rule), width, glyphs)


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


def wrapped(
    parts: Sequence[tuple[str, Style]], width: int, glyphs: Glyphs, *, indent: int = _INDENT, hanging: int = 2 * _INDENT
) -> Iterator[Line]:
    """Printable parts side by side, on as many lines as they need; nothing is cut, a part wider than a line breaks.

    Args:
        parts: text and style; a dot is set between two.
        width: cells of a line.
        glyphs: the dot.
        indent: blanks before the first line.
        hanging: blanks before the others.
    """
    separator = f" {glyphs.dot} "
    line: Line = [(" " * indent, PLAIN)]
    used = start = indent
    for number, (text, style) in enumerate(parts):
        for place, word in enumerate(_words(text, width - hanging)):
            between = separator if place == 0 and number else " " if place else ""
            if used + len(between) + cell_len(word) > width and used > start:
                yield line
                line, used, between = [(" " * hanging, PLAIN)], hanging, ""
                start = hanging
            line += [(between, DIM), (word, style)]
            used += len(between) + cell_len(word)
    yield line


def _words(text: str, room: int) -> Iterator[str]:
    """The text whole if it fits, else its words; a word that is wider than `room` is broken anywhere."""
    for word in text.split(" ") if cell_len(text) > room else [text]:
        while cell_len(word) > room:
            first = head(word, room)
            yield first
            word = word[len(first) :]
        yield word

"""A line of output as text and style side by side, the signs that it is made with, and how it gets on a console."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style

from vedette.report.level import STYLES

#: Printable texts, each with its style.
Line: TypeAlias = list[tuple[str, Style]]

PLAIN: Final = Style()
DIM: Final = Style.parse("dim")
#: A narrower console is treated as if it had this many columns.
NARROWEST: Final = 40

BOLD: Final = Style.parse("bold")
WARN: Final = Style.parse("yellow")
LEVEL: Final = {level: Style.parse(style) for level, style in STYLES.items()}


class Glyphs:
    """The few signs beyond ASCII, and what stands for them where the terminal's encoding lacks them."""

    def __init__(self, encoding: str) -> None:
        able = encoding.lower().replace("-", "").startswith("utf")
        self.ellipsis = "…" if able else "..."
        self.dot = "·" if able else "-"
        self.times = "×" if able else "x"  # noqa: RUF001 (the sign is meant)


def show(make: Callable[[int, Glyphs], Iterable[Line]], console: Console) -> None:
    """Print the lines that `make` gives for the console's width and signs."""
    console.print(_Lines(make), soft_wrap=True, end="")


class _Lines:
    """A rich renderable that yields segments only, so that no markup in a log is ever read."""

    def __init__(self, make: Callable[[int, Glyphs], Iterable[Line]]) -> None:
        self.make = make

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines without blanks at their ends."""
        for line in self.make(max(NARROWEST, console.width), Glyphs(console.encoding)):
            yield from (Segment(text, style) for text, style in _trimmed(line))
            yield Segment.line()


def _trimmed(line: Line) -> Line:
    line = [part for part in line if part[0]]
    while line and not (text := line[-1][0].rstrip(" ")):
        line = line[:-1]
    return [*line[:-1], (text, line[-1][1])] if line else []

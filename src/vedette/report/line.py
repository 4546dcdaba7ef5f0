"""A line of output as text and style side by side, the signs that it is made with, and how it gets on a console."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style

from vedette.report.level import STYLES
from vedette.report.terminal import head

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


def wrapped(
    parts: Sequence[tuple[str, Style]], width: int, glyphs: Glyphs, *, indent: int = 0, hanging: int | None = None
) -> Iterator[Line]:
    """Printable parts side by side, on as many lines as they need; nothing is cut, a part wider than a line breaks.

    Args:
        parts: text and style; a dot is set between two.
        width: cells of a line.
        glyphs: the dot.
        indent: blanks before the first line.
        hanging: blanks before the others; two more than `indent` unless stated.
    """
    hanging = indent + 2 if hanging is None else hanging
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
            line += [(between, style if place else DIM), (word, style)]
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

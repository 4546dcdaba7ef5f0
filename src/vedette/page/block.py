"""A page as blocks of text, printed as Markdown or as one self-contained HTML file."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import msgspec

from vedette.report.terminal import printable

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~&])")
#: What makes a list, a line or a heading where it begins a line.
_OPENING: Final = re.compile(r"([-+=]|\d{1,9}(?=[.)]))")
_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1, h2, h3 { line-height: 1.2; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid var(--line); border-radius: .4rem; font-size: .85rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
code { overflow-wrap: anywhere; }
@media print { pre { white-space: pre-wrap; } }
"""


class Heading(msgspec.Struct, frozen=True):
    """A heading; depth 1 is the page's own."""

    text: str
    depth: int = 2


class Paragraph(msgspec.Struct, frozen=True):
    """Plain text."""

    text: str


class Code(msgspec.Struct, frozen=True):
    """Text kept as it is."""

    text: str
    language: str = ""


class Items(msgspec.Struct, frozen=True):
    """A list of plain texts."""

    texts: tuple[str, ...]


class Table(msgspec.Struct, frozen=True):
    """Rows of plain text below their heads."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block: TypeAlias = Heading | Paragraph | Code | Items | Table


def markdown(blocks: Iterable[Block]) -> str:
    """The blocks as Markdown; nothing in a text of theirs becomes markup."""
    return "\n\n".join(map(_markdown, blocks)) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text=text, depth=depth):
            return f"{'#' * depth} {_plain(text)}"
        case Paragraph(text=text):
            return _begun(text)
        case Code(text=text, language=language):
            runs = [len(run) for run in re.findall(r"`+", text)]
            fence = "`" * max(3, max(runs, default=0) + 1)
            return f"{fence}{language}\n{_shown(text)}\n{fence}"
        case Items(texts=texts):
            return "\n".join(f"- {_begun(text)}" for text in texts)
        case Table(heads=heads, rows=rows):
            lines = [heads, ("---",) * len(heads), *rows]
            return "\n".join(
                f"| {' | '.join(cell if row is lines[1] else _plain(cell) for cell in row)} |" for row in lines
            )


def page(title: str, blocks: Iterable[Block]) -> str:
    """The blocks as one HTML file that loads nothing and runs nothing."""
    body = "\n".join(map(_html, blocks))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_escaped(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _html(block: Block) -> str:
    match block:
        case Heading(text=text, depth=depth):
            return f"<h{depth}>{_escaped(text)}</h{depth}>"
        case Paragraph(text=text):
            return f"<p>{_escaped(text)}</p>"
        case Code(text=text):
            return f'<pre tabindex="0"><code>{html.escape(_shown(text))}</code></pre>'
        case Items(texts=texts):
            return f"<ul>{''.join(f'<li>{_escaped(text)}</li>' for text in texts)}</ul>"
        case Table(heads=heads, rows=rows):
            return (
                f'<div class="wide"><table><thead>{_row(heads, "th")}</thead><tbody>{_rows(rows)}</tbody></table></div>'
            )


def _rows(rows: Sequence[Sequence[str]]) -> str:
    return "".join(_row(row, "td") for row in rows)


def _row(cells: Sequence[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{_escaped(cell)}</{tag}>' for cell in cells)}</tr>"


def _escaped(text: str) -> str:
    return html.escape(_line(text))


def _plain(text: str) -> str:
    """Text within a line, in which nothing is markup."""
    return _SPECIAL.sub(r"\\\1", _line(text))


def _begun(text: str) -> str:
    """Text that begins a line, which nothing in it makes another kind of line."""
    line = _plain(text)
    opening = _OPENING.match(line)
    if opening is None:
        return line
    # A number can't be escaped, what follows it can.
    place = opening.end() if opening[0].isdigit() else 0
    return f"{line[:place]}\\{line[place:]}"


def _line(text: str) -> str:
    """Text on one line, with what a terminal would hide spelled out."""
    return printable(" ".join(text.split()))


def _shown(text: str) -> str:
    """Text over several lines in which only what a terminal would hide is spelled out."""
    return "\n".join(printable(line) for line in text.expandtabs(4).splitlines())

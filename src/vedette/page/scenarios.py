"""False-positive scenarios out of a page's text, each filter word for word."""

from __future__ import annotations

import re
from typing import Final

from vedette.page.page import Scenario, Unread
from vedette.page.sections import LABEL, Section

#: What a filter that is not cut off ends in.
_ENDS: Final = frozenset(".!?;)]}'\"`»”’…")  # noqa: RUF001 (closing quotes as pages have them)
_FENCE_LINE: Final = re.compile(r"[ \t]*(?:`{3,}|~{3,}).*")


def read_scenario(section: Section, *, last: bool) -> tuple[Scenario, tuple[Unread, ...]]:
    """One scenario from its lines.

    Args:
        section: a section of kind `scenario`, which begins with its label.
        last: nothing follows on the page, so that it may have been cut off.
    """
    parts: dict[str, list[str]] = {"title": [], "description": [], "filter": []}
    begins = {"title": section.line, "description": 0, "filter": 0}
    unread: list[Unread] = []
    part = ""
    bold = False
    columns: list[int] = []  # where on the page the filter's lines begin
    for number, line in enumerate(section.lines, section.line):
        label = LABEL.fullmatch(line)
        if label is None:
            # A fence leaves a blank line, so that lines of the page and of the part keep their distance.
            parts[part].append("" if _FENCE_LINE.fullmatch(line) else line)
            columns += [1] if part == "filter" else []
            continue
        name = {"Scenario": "title", "Description": "description"}.get(label["label"], "filter")
        if name != "title" and begins[name]:
            unread.append(Unread(number, line, f"the scenario has a {label['label']} already"))
            continue
        part, begins[name] = name, number
        text, bold = _unmarked(label["text"], opened=bool(label["bold"]) and not (label["close"] or label["shut"]))
        parts[part].append(text)
        columns += [line.find(text, label.start("text")) + 1] if part == "filter" else []
    texts = {name: _joined(lines) for name, lines in parts.items()}
    filled = next((row for row, text in enumerate(parts["filter"]) if text.strip()), None)
    row, column = filled or 0, 0
    if filled is not None:
        written = parts["filter"][filled]
        column = columns[filled] + len(written) - len(written.lstrip())
    why = _missing(texts, last=last, bold=bold, ends_in=part)
    return Scenario(
        title=texts["title"],
        description=texts["description"],
        filter=texts["filter"],
        line=section.line,
        filter_line=begins["filter"] + row,
        complete=not why,
        why=why,
        filter_column=column,
    ), tuple(unread)


def _unmarked(text: str, *, opened: bool) -> tuple[str, bool]:
    """The text without the bold mark that its label opened, and whether that mark is never closed."""
    text = text.strip()
    if not opened:
        return text, False
    for mark in ("**", "__"):
        if text.endswith(mark):
            return text.removesuffix(mark).rstrip(), False
        if text.startswith(mark):
            return text.removeprefix(mark).lstrip(), False
    return text, "**" not in text


def _joined(lines: list[str]) -> str:
    return "\n".join(lines).strip()


def _missing(texts: dict[str, str], *, last: bool, bold: bool, ends_in: str) -> str:
    lacks = [name for name in ("title", "description", "filter") if not texts[name]]
    if lacks:
        cut = "the page breaks off here; " if last and (bold or lacks[-1] == "filter") else ""
        return f"{cut}it has no {' and no '.join(lacks)}"
    if last and ends_in == "filter" and texts["filter"].rstrip("*_ \t\n")[-1:] not in _ENDS:
        return "the page ends here without a full stop; the filter may break off"
    return ""

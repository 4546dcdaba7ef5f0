"""A page split into its sections, each line in exactly one of them."""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

import msgspec

from vedette.errors import Location, PageError
from vedette.page.line import TOP, read_line
from vedette.page.query import query_end

Kind: TypeAlias = Literal["heading", "prose", "rule", "query", "scenario", "other"]


class Section(msgspec.Struct, frozen=True):
    """Lines that stand together.

    Attributes:
        kind: what they are; `other` is a fenced block of something else.
        line: 1-based line of the first.
        lines: the lines, fences left out.
        fenced: they stood between Markdown fences.
    """

    kind: Kind
    line: int
    lines: tuple[str, ...]
    fenced: bool = False


_FENCE: Final = re.compile(r" {0,3}(?:[-*>] ++)?(?P<mark>`{3,}+|~{3,}+)[ \t]*+(?P<info>[^`]*+)")
_HEADING: Final = re.compile(r" {0,3}#{1,6}[ \t]++(?P<text>.*)")
#: Headings that lose their mark when a page is copied.
BARE_HEADING: Final = re.compile(
    r"(?:detection rule|sigma rule|hunt(?:ing)? quer(?:y|ies)|kql(?: query)?|sentinel query|analytics rule|"
    r"false[- ]positive (?:guidance|scenarios|filters?)|false positives?|references|mitre att&ck|overview)",
    re.IGNORECASE,
)
#: A label of a scenario; the marks around it are Markdown's.
LABEL: Final = re.compile(
    r"[ \t]*+(?:#{1,6}[ \t]++)?(?:[-*+][ \t]++|\d{1,3}[.)][ \t]++)?(?P<bold>\*\*|__)?"
    r"(?P<label>Scenario|Description|Filters?/Exclusions?|Filters?|Exclusions?)(?:[ \t]++\d{1,3})?(?P<close>\*\*|__)?"
    r"[ \t]*+:(?P<shut>\*\*|__)?[ \t]*+(?P<text>.*)"
)
_QUERY_LANGUAGES: Final = frozenset({"kql", "kusto", "csl", "sentinel"})
_RULE_LANGUAGES: Final = frozenset({"yaml", "yml", "sigma"})


def split(lines: tuple[str, ...], path: str) -> tuple[Section, ...]:
    """Sections of a page in order; blank lines between them belong to none.

    Raises:
        PageError: a fence is never closed.
    """
    return _Splitter(lines, path).run()


class _Splitter:
    """One pass over the lines.

    Attributes:
        barren: no rule begins before this index; what was searched once is not searched again.
    """

    def __init__(self, lines: tuple[str, ...], path: str) -> None:
        self.lines = lines
        self.path = path
        self.barren = 0

    def run(self) -> tuple[Section, ...]:
        sections: list[Section] = []
        index = 0
        while index < len(self.lines):
            if not self.lines[index].strip():
                index += 1
                continue
            section, index = self._next(index)
            sections.append(section)
        return tuple(sections)

    def _next(self, index: int) -> tuple[Section, int]:
        lines, line = self.lines, self.lines[index]
        if fence := _FENCE.fullmatch(line):
            return self._fenced(index, fence)
        if (label := LABEL.fullmatch(line)) and label["label"] == "Scenario":
            end = self._scenario_end(index + 1)
            return Section("scenario", index + 1, lines[index:end]), end
        if heading := _HEADING.fullmatch(line):
            return Section("heading", index + 1, (heading["text"].rstrip("# \t"),)), index + 1
        if (end := self._rule_end(index)) > index:
            return Section("rule", index + 1, lines[index:end]), end
        if (end := query_end(lines, index)) > index:
            return Section("query", index + 1, lines[index:end]), end
        if BARE_HEADING.fullmatch(line.strip("*_: \t")):
            return Section("heading", index + 1, (line.strip("*_: \t"),)), index + 1
        return Section("prose", index + 1, (line,)), index + 1

    def _fenced(self, index: int, fence: re.Match[str]) -> tuple[Section, int]:
        mark, info = fence["mark"], fence["info"].strip().lower()
        for end in range(index + 1, len(self.lines)):
            text = self.lines[end].strip()
            if len(text) >= len(mark) and text == mark[0] * len(text):
                body = self.lines[index + 1 : end]
                return Section(_language(info, body), index + 2, body, fenced=True), end + 1
            # Markdown lets a block run to the end of the page; here it would swallow what comes after a lost fence.
            if text.startswith(mark) and text.strip(mark[0] + " "):
                break
        raise PageError(
            "the fence is never closed",
            Location(self.path, index + 1),
            remedy=f"close the block with {mark[:3]} on a line of its own",
            code="page-fence",
        )

    def _rule_end(self, start: int) -> int:
        """The index after the last line of an unfenced rule that begins at `start`; `start` if none does."""
        if start < self.barren:
            return start
        first = read_line(0, self.lines[start])
        if first.kind != "key" or first.name not in TOP or first.name == "detection":
            return start
        names: set[str] = set()
        end = start
        after_blank = False
        for index in range(start, len(self.lines)):
            line = read_line(0, self.lines[index])
            if line.kind == "blank":
                after_blank = True
                continue
            if LABEL.fullmatch(self.lines[index]) or _FENCE.fullmatch(self.lines[index]):
                break
            whole = {"detection", "condition"} <= names
            foreign = line.kind == "other" or (after_blank and line.name not in TOP)
            if line.indent <= first.indent and foreign and self._ends(index, line.kind, after_blank, whole):
                break
            names.add(line.name)
            end, after_blank = index + 1, False
        if "detection" in names:
            return end
        self.barren = end
        return start

    def _ends(self, index: int, kind: str, after_blank: bool, whole: bool) -> bool:
        """Whether a line that looks like none of a rule's ends it."""
        return whole or (after_blank and kind == "other") or query_end(self.lines, index) > index

    def _scenario_end(self, index: int) -> int:
        """The index after a scenario's last line.

        A scenario ends at the next one, at a heading, rule, query or fence, and at a blank line that no label of its
        own follows.
        """
        part, filled = "Scenario", False
        while index < len(self.lines):
            line = self.lines[index]
            if label := LABEL.fullmatch(line):
                part = label["label"]
                if part == "Scenario":
                    return index
                filled = bool(label["text"].strip("*_ \t"))
            elif fence := _FENCE.fullmatch(line):
                # A filter may be written as a block below its label.
                if part in ("Scenario", "Description") or filled:
                    return index
                _, index = self._fenced(index, fence)
                filled = True
                continue
            elif line.strip() and (
                not self.lines[index - 1].strip()
                or _HEADING.fullmatch(line)
                or self._rule_end(index) > index
                or query_end(self.lines, index) > index
            ):
                return index
            index += 1
        return index


def _language(info: str, body: tuple[str, ...]) -> Kind:
    """What a fenced block is, by the word after its fence or, where there is none, by what stands in it."""
    word = info.split(maxsplit=1)[0].strip("{}.") if info.strip("{}. ") else ""
    if word in _QUERY_LANGUAGES:
        return "query"
    keys = {line.name for line in (read_line(0, text) for text in body) if line.kind == "key"}
    if word in _RULE_LANGUAGES:
        return "rule" if keys & {"title", "detection", "logsource"} else "other"
    if word:
        return "other"
    if {"detection", "logsource"} <= keys:
        return "rule"
    first = next((at for at, text in enumerate(body) if text.strip()), None)
    return "query" if first is not None and query_end(body, first) > first else "other"

"""The indentation of a Sigma rule that a page has lost, from Sigma's schema. What can be read two ways is refused.

Only indentation is added: every line keeps its text, its order and its comments.
"""

from __future__ import annotations

import re
from typing import Final

from vedette.page.detection import Detection
from vedette.page.indentation import Indentation
from vedette.page.line import LISTS, OTHER_DOCUMENTS, SCALARS, TOP, RuleLine

_LOGSOURCE: Final = frozenset({"product", "category", "service", "definition"})
_RELATED: Final = frozenset({"id", "type"})
_BLOCK: Final = re.compile(r"[|>][+-]?[0-9]?[+-]?(?:[ \t]+#.*)?")
_CURLY: Final = "‘’“”‚„«»"  # noqa: RUF001 (the quotes that word processors put in place of the plain ones)
#: Longest condition; the longest of SigmaHQ's has some hundred characters.
MAX_CONDITION: Final = 8192


def restore(lines: tuple[RuleLine, ...], path: str) -> str:
    """Give a flat rule its indentation back.

    Args:
        lines: the rule, from its first key to its last line, none left out.
        path: the page, for errors.

    Returns:
        The rule as YAML text, one line for each that was given, ending in a newline.

    Raises:
        PageError: a line can't be read, or can be read in more than one way.
    """
    return _Restoration(lines, Indentation(path)).run()


class _Restoration:
    """One pass over the lines; each block hands a line that isn't its own on to the outermost level."""

    def __init__(self, lines: tuple[RuleLine, ...], out: Indentation) -> None:
        self.lines = lines
        self.out = out
        self.top: dict[str, RuleLine] = {}
        self.block = ""  # the key of the open list or map
        self.items = 0
        self.inner: dict[str, int] = {}  # keys of `logsource`, or of the open item of `related`
        self.detection = Detection(lines, out)

    def run(self) -> str:
        index = 0
        while index < len(self.lines):
            line = self.lines[index]
            index += 1
            if line.kind in ("blank", "comment"):
                self.out.follow(line)
                continue
            if line.kind == "other":
                self.out.refuse(
                    line,
                    "the line is neither key nor list item nor comment",
                    "give the rule its indentation, or bring the value on one line",
                )
            self._check_value(line)
            if line.name and _BLOCK.fullmatch(line.value):
                index = self._block_scalar(line, index)
            else:
                self._place(line)
        self._close()
        self._check_whole()
        return self.out.text()

    def _check_value(self, line: RuleLine) -> None:
        value = line.value
        if value[:1] in ("&", "*", "!", "%", "@", "`"):
            self.out.refuse(line, f"the value begins with {value[0]}, which YAML reserves", "put the value in quotes")
        if value[:1] and value[0] in _CURLY:
            self.out.refuse(line, "the value stands in typographic quotes", "write ' or \" instead")
        if value[:1] in ("'", '"') and not _closed(value):
            self.out.refuse(line, "the quote is not closed on its line", "bring the value on one line")
        if line.name == "condition" and len(value) > MAX_CONDITION:
            self.out.refuse(line, f"the condition has over {MAX_CONDITION} characters", "shorten it")

    def _place(self, line: RuleLine) -> None:
        match self.block:
            case "detection":
                taken = self.detection.take(line)
            case "logsource":
                taken = self._in_logsource(line)
            case "related":
                taken = self._in_related(line)
            case "":
                taken = False
            case _:
                taken = self._in_list(line)
        if not taken:
            self._close()
            self._at_top(line)

    def _at_top(self, line: RuleLine) -> None:
        name = line.name
        if line.item:
            self.out.refuse(line, "the list item belongs to no key", "put it under the key that it is meant for")
        if name in OTHER_DOCUMENTS:
            self.out.refuse(line, f"{name!r} makes this no rule", "a hunt page has one Sigma rule")
        if name not in TOP:
            self.out.refuse(
                line,
                f"{name!r} is no key of a Sigma rule, and without indentation it can't be told what it belongs to",
                "give the rule its indentation, or take the line out of it",
            )
        if name in self.top:
            self.out.refuse(
                line, f"the key {name!r} stands twice, first in line {self.top[name].number}", "keep one of them"
            )
        self.top[name] = line
        if name in SCALARS and line.opens:
            self.out.refuse(line, f"{name!r} has no value", "give it one on its line")
        if name not in SCALARS and line.opens:
            self.block, self.items, self.inner = name, 0, {}
        elif name not in SCALARS | LISTS:
            self.out.refuse(line, f"{name!r} must have keys below it, not a value", "put each on a line of its own")
        self.out.write(0, line)

    def _close(self) -> None:
        if self.block not in ("", "detection") and not self.items:
            self.out.refuse(self.top[self.block], f"nothing stands under {self.block!r}", "take it out or fill it")
        self.block = ""

    def _in_list(self, line: RuleLine) -> bool:
        if not line.item:
            return False
        if line.name:
            self.out.refuse(line, "the item reads as a key and its value", "put it in quotes")
        self.items += 1
        self.out.write(1, line)
        return True

    def _in_related(self, line: RuleLine) -> bool:
        if line.item:
            if line.name not in _RELATED or line.opens:
                self.out.refuse(line, "an item of 'related' has the keys id and type", "write - id: ... and type: ...")
            self.items, self.inner = self.items + 1, {line.name: line.number}
            self.out.write(1, line)
            return True
        if line.name not in _RELATED or not self.inner or line.name in self.inner:
            return False
        if line.name == "id" and "id" not in self.top:
            self.out.refuse(
                line,
                "'id' may be the rule's own or that of 'related'",
                "put the rule's id before 'related', or id before type",
            )
        self.inner[line.name] = line.number
        self.out.write(1, line, extra=2)
        return True

    def _in_logsource(self, line: RuleLine) -> bool:
        if line.item:
            self.out.refuse(line, "'logsource' holds no list", "put the item under the key that it is meant for")
        if line.name not in _LOGSOURCE:
            return False
        if line.name in self.inner:
            self.out.refuse(line, f"{line.name!r} stands twice, first in line {self.inner[line.name]}", "keep one")
        if line.opens:
            self.out.refuse(line, f"{line.name!r} has no value", "give it one on its line")
        self.items, self.inner[line.name] = self.items + 1, line.number
        self.out.write(1, line)
        return True

    def _block_scalar(self, line: RuleLine, index: int) -> int:
        """Take the lines of `description: |` up to the next key of the rule; the index of the line after them."""
        if line.name != "description" or self.block == "detection" or line.item:
            self.out.refuse(line, "where the text of this key ends can't be told", "bring the value on one line")
        self._place(line)
        start = index
        while index < len(self.lines):
            text = self.lines[index]
            if text.kind == "key" and text.name in TOP:
                break
            if text.kind not in ("other", "blank"):
                self.out.refuse(
                    text,
                    f"the line may belong to the text of {line.name!r} or to the rule",
                    "give the rule its indentation, or bring the text on one line",
                )
            self.out.write(1, text)
            index += 1
        if not any(text.text for text in self.lines[start:index]):
            self.out.refuse(line, f"{line.name!r} has no text", "give it one")
        return index

    def _check_whole(self) -> None:
        self.detection.close()
        for name, where, remedy in (
            ("title", self.top, "a Sigma rule begins with title:"),
            ("logsource", self.top, "add logsource: with product: and category:"),
            ("detection", self.top, "add detection: with a condition:"),
            ("condition", self.detection.found, "add condition: to the detection"),
        ):
            if name not in where:
                self.out.refuse(
                    self.lines[-1], f"the rule ends here and has no {name!r}", remedy, code="page-incomplete"
                )


def _closed(value: str) -> bool:
    """Whether a quoted scalar ends on its line, with nothing but a comment after it."""
    pattern = r"'(?:[^']|'')*+'" if value[0] == "'" else r'"(?:[^"\\]|\\.)*+"'
    return re.fullmatch(rf"{pattern}(?:[ \t]+#.*)?", value.rstrip()) is not None

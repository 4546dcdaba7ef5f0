"""A line of a rule as the page has it: a key, an item, a comment, or nothing of the kind."""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

#: Sigma's top-level keys by what stands under them.
SCALARS: Final = frozenset(
    {"title", "id", "name", "status", "description", "license", "author", "date", "modified", "level", "taxonomy"}
    | {"regression_tests_path"}  # SigmaHQ's own
)
LISTS: Final = frozenset({"references", "tags", "falsepositives", "fields", "scope"})
TOP: Final = SCALARS | LISTS | {"related", "logsource", "detection"}
#: Keys of documents that are no rules.
OTHER_DOCUMENTS: Final = frozenset({"correlation", "filter", "action"})

_KEY: Final = re.compile(r"(?P<name>[A-Za-z_@$][\w.@$/()\[\]{}*?-]*(?:\|[A-Za-z0-9_]+)*) *:(?:[ \t]+(?P<value>.*))?")
_QUOTED_KEY: Final = re.compile(r"(?P<name>'[^']*'|\"[^\"\\]*\") *:(?:[ \t]+(?P<value>.*))?")


class RuleLine(msgspec.Struct, frozen=True):
    """One line of a rule without its indentation.

    Attributes:
        number: 1-based line of the page.
        kind: `other` is what is neither key nor item nor comment.
        text: the line without blanks at either end.
        item: it begins with `- `; `name` and `value` then are those of a map that the item opens.
        name: the key with its modifiers, quotes removed; empty for scalars and comments.
        value: what follows the key, or the item's scalar; empty where nothing or only a comment does.
        indent: blanks before it on the page.
    """

    number: int
    kind: Literal["blank", "comment", "key", "item", "other"]
    text: str
    item: bool = False
    name: str = ""
    value: str = ""
    indent: int = 0

    @property
    def opens(self) -> bool:
        """Whether it is a key without a value of its own."""
        return bool(self.name) and not self.value

    @property
    def plain(self) -> bool:
        """Whether its key could be the name of a detection: no modifier, no dot."""
        return re.fullmatch(r"[A-Za-z_][\w-]*", self.name) is not None


def read_line(number: int, line: str) -> RuleLine:
    """Sort one line of the page into its kind."""
    text = line.strip()
    indent = len(line) - len(line.lstrip())
    if not text:
        return RuleLine(number, "blank", "")
    if text.startswith("#"):
        return RuleLine(number, "comment", text, indent=indent)
    item = text == "-" or text.startswith(("- ", "-\t"))
    body = text[1:].lstrip() if item else text
    name, value = _key_of(body)
    if name:
        return RuleLine(number, "item" if item else "key", text, item, name, value, indent)
    if item:
        return RuleLine(number, "item", text, item, "", body, indent)
    return RuleLine(number, "other", text, indent=indent)


def _key_of(body: str) -> tuple[str, str]:
    found = _KEY.fullmatch(body) or _QUOTED_KEY.fullmatch(body)
    if found is None:
        return "", ""
    value = (found["value"] or "").strip()
    return found["name"].strip("'\""), "" if value.startswith("#") else value

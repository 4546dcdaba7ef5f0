"""Which detections a condition names: what tells a detection from a field once indentation is gone."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Final

import msgspec

_WORDS: Final = frozenset({"and", "or", "not", "of", "all", "any", "them"})
_NAME: Final = re.compile(r"[A-Za-z_][\w*?-]*|\*")
#: How detections are called by convention. No log has fields of these names.
CONVENTIONAL: Final = re.compile(r"(?:selection|filter|keywords?)(?:[_-]?\w[\w-]*)?")


class Names(msgspec.Struct, frozen=True):
    """The names in a condition.

    Attributes:
        exact: names without wildcard.
        patterns: names with `*` or `?`.
        them: the condition says `of them`, so every detection counts.
    """

    exact: frozenset[str]
    patterns: tuple[str, ...]
    them: bool

    def cover(self, name: str) -> bool:
        """Whether the condition names a detection, `them` left aside."""
        return name in self.exact or any(fnmatchcase(name, pattern) for pattern in self.patterns)


def names_of(conditions: tuple[str, ...]) -> Names:
    """The names in all conditions of a rule; an aggregation after `|` names fields and is left out."""
    words = [word for text in conditions for word in _NAME.findall(text.partition("|")[0])]
    names = {word for word in words if word.lower() not in _WORDS}
    patterns = tuple(sorted(name for name in names if "*" in name or "?" in name))
    return Names(frozenset(names - set(patterns)), patterns, any(word.lower() == "them" for word in words))

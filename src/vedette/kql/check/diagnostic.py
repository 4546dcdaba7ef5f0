"""What is wrong with a text of KQL, and where; places of UTF-16 as places of characters."""

from __future__ import annotations

import bisect
import itertools
import re
from typing import Final, Literal, TypeAlias

import msgspec

Severity: TypeAlias = Literal["error", "warning", "note"]

#: Microsoft's words for how bad it is.
SEVERITIES: Final[dict[str, Severity]] = {"Error": "error", "Warning": "warning"}
#: Longest piece of the query that a diagnostic repeats.
MAX_TEXT: Final = 60
_BREAK: Final = re.compile(r"\r\n|\r|\n")


class Diagnostic(msgspec.Struct, frozen=True):
    """One thing that is wrong.

    Attributes:
        code: Microsoft's (`KS142`), or Vedette's own: `VKQL-` and a word.
        severity: `error` fails a gate.
        message: one line.
        line: 1-based.
        column: 1-based, in code points.
        start: 0-based offset in code points.
        length: code points that it is about; 0 where it is about a place.
        text: that piece of the query, at most 60 code points of it.
    """

    code: str
    severity: Severity
    message: str
    line: int
    column: int
    start: int
    length: int
    text: str

    def end(self, text: str) -> tuple[int, int]:
        """1-based line and column after the last character, in the query of the diagnostic."""
        return Places(text).line_column(self.start + self.length)


class Places:
    """The places of a text: offsets in UTF-16 units to code points, and these to lines and columns."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(found.end() for found in _BREAK.finditer(text))]
        # Where no character takes two units, the two ways to count agree.
        wide = not text.isascii() and max(text, default="") > "\uffff"
        self._units = [0, *itertools.accumulate(1 + (c > "\uffff") for c in text)] if wide else None

    def points(self, units: int) -> int:
        """Offset in code points of an offset in UTF-16 units; one inside a pair is that of the pair."""
        if self._units is None:
            return min(max(units, 0), len(self.text))
        return min(max(bisect.bisect_right(self._units, units) - 1, 0), len(self.text))

    def line_column(self, offset: int) -> tuple[int, int]:
        """1-based line and column of an offset in code points."""
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def diagnostic(self, code: str, severity: Severity, message: str, *, start: int = 0, length: int = 0) -> Diagnostic:
        """A diagnostic of a piece of the text, given in UTF-16 units."""
        first, last = self.points(start), self.points(start + max(length, 0))
        line, column = self.line_column(first)
        shown = self.text[first : min(last, first + MAX_TEXT)]
        return Diagnostic(code, severity, " ".join(message.split()), line, column, first, last - first, shown)

"""Where an unfenced KQL query begins and ends."""

from __future__ import annotations

import re
from typing import Final

_TABLE: Final = re.compile(r"[A-Za-z_]\w*+(?:\(.*\))?[ \t]*+")
_LET: Final = re.compile(r"let [A-Za-z_]\w*+ *+=.*")
_GOES_ON: Final = re.compile(r"\||\)|,|//|(?:and|or)\b")
#: Lines that a `let` may take before the query proper.
MAX_PROLOGUE: Final = 200


def query_end(lines: tuple[str, ...], start: int) -> int:
    """The index after the last line of a query that begins at `start`; `start` if none does.

    A query is a table (or `let` statements, then a table) and lines that begin with a bar, or that go on with what the
    line before left open.
    """
    after = start
    if _LET.fullmatch(lines[start].strip()):
        while (
            after < min(len(lines), start + MAX_PROLOGUE) and lines[after].strip() and lines[after].lstrip()[0] != "|"
        ):
            after += 1
    elif _TABLE.fullmatch(lines[start]):
        after += 1
    if after == start or after >= len(lines) or not lines[after].lstrip().startswith("|"):
        return start
    depth = sum(map(brackets, lines[start:after]))
    end = after
    while end < len(lines):
        text = lines[end].strip()
        if not text or text.startswith(("```", "~~~")):
            break
        if depth <= 0 and not _GOES_ON.match(text) and not lines[end - 1].rstrip().endswith(","):
            break
        depth += brackets(text)
        end += 1
    return end


def brackets(line: str) -> int:
    """Brackets that a line opens, less those that it closes, outside of string literals and comments."""
    depth, index = 0, 0
    while index < len(line):
        character = line[index]
        if character in "\"'":
            verbatim = index > 0 and line[index - 1] == "@"
            index += 1
            while index < len(line) and line[index] != character:
                index += 2 if line[index] == "\\" and not verbatim else 1
        elif line.startswith("//", index):
            break
        else:
            depth += (character in "([{") - (character in ")]}")
        index += 1
    return depth

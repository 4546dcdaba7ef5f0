"""The patterns of grep as keywords or as expressions of the law."""

from __future__ import annotations

import re
from typing import Final

from vedette.page.dialect.refusal import UnreadError
from vedette.page.dialect.tree import Relation

#: Special with a backslash in a basic pattern, without one in an extended one.
_TURNED: Final = frozenset("+?|(){}")
_ALWAYS: Final = frozenset(".*[]^$")
_GNU: Final = {"b": r"\b", "<": r"\b", ">": r"\b", "w": r"\w", "W": r"\W", "s": r"\s", "S": r"\S"}


def alternatives(pattern: str, start: int, *, extended: bool) -> tuple[list[tuple[Relation, str]], bool]:
    """A pattern as alternatives that are plain text, or as one expression.

    Args:
        pattern: basic, or extended.
        start: where it stands, for errors.
        extended: as with `grep -E`.

    Returns:
        Relation and text of each alternative, and whether a dot was read as a dot.

    Raises:
        UnreadError: an anchor, a back-reference, or what no expression of the law says.
    """
    pieces = _pieces(pattern, start, extended=extended)
    if all(len(piece) == 1 or piece in (r"\|", r"\.") or piece[0] == "=" for piece in pieces):
        branches: list[list[str]] = [[]]
        for piece in pieces:
            if piece == r"\|":
                branches.append([])
            else:
                branches[-1].append(piece[-1])
        if any(not branch for branch in branches):
            raise UnreadError("an empty alternative, which is in every line", start)
        return [("contains", "".join(branch)) for branch in branches], r"\." in pieces
    spelled = []
    for piece in pieces:
        if len(piece) == 1 or piece[0] == "=":
            spelled.append(re.sub(r"([\\.*+?|(){}\[\]^$])", r"\\\1", piece[-1]))
        else:
            spelled.append(piece[1] if piece[0] == "\\" else piece[1:])
    return [("regex", "".join(spelled))], False


def _pieces(pattern: str, start: int, *, extended: bool) -> list[str]:
    r"""A pattern in pieces: a plain character as itself, an escaped one after `=`, what is special after a backslash.

    A class and what GNU adds stand after `@`, ready for an expression.
    """
    pieces: list[str] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        first = not pieces or pieces[-1] in (r"\|", r"\(")
        at += 1
        if character == "\\":
            if at == len(pattern):
                raise UnreadError("the pattern ends in a backslash", start)
            following = pattern[at]
            at += 1
            if following.isdigit():
                raise UnreadError("a back-reference, which no expression of Sigma has", start)
            if following in _TURNED and not extended:
                pieces.append("\\" + following)
            elif following in _GNU:
                pieces.append("@" + _GNU[following])
            elif following.isalnum():
                raise UnreadError(f"\\{following} is nothing that grep knows", start)
            else:
                pieces.append("=" + following)
        elif character == "[":
            found = re.compile(r"\[\^?\]?(?:\[[:.=][^\]]*[:.=]\]|[^\]\[])*+\]").match(pattern, at - 1)
            if found is None:
                raise UnreadError("the bracket is never closed", start)
            # Within a class of grep's a backslash is plain.
            pieces.append("@" + found[0].replace("\\", r"\\"))
            at = found.end()
        elif character in "^$":
            raise UnreadError(f"{character} ties the pattern to an end of a line, which the raw event has not", start)
        elif character == "*" and first:
            pieces.append("=*")
        elif character in _ALWAYS or (character in _TURNED and extended):
            pieces.append("\\" + character)
        else:
            pieces.append(character)
    return pieces

"""Text patterns taken apart: the literal that a scan looks for, and the exact test that a find is put to."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

import msgspec

from vedette.predicate import Glob, Regex, Token, Wild, fold
from vedette.predicate.regex import compile_regex

#: Tells from a text and its folded form whether a pattern holds on it.
Test: TypeAlias = Callable[[str, str], bool]

#: A scan looks for no more than so many characters of a literal; the test does the rest.
MAX_LITERAL: Final = 128
#: Beyond these bounds an expression is not given to a multi-pattern compiler.
_MAX_SOURCE: Final = 1000
_MAX_REPEATS: Final = 300
#: Hyperscan's compiler takes twice as long for each further repeated group around another.
_MAX_REPEATED_GROUPS: Final = 12

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
#: What the dialects might read differently and `portable` does not spell out: flags inside the expression (beyond the
#: usual `(?i)` in front), Unicode classes, quoting, single bytes, named groups.
_WILD_SYNTAX: Final = re.compile(r"\\[pPQEC]|\(\?(?!:)")
_FRONT: Final = re.compile(r"^\(\?[is]+\)")
_REPEATED_GROUP: Final = re.compile(r"\)[*+?{]")
_REPEAT: Final = re.compile(r"(\)?)\{(\d+)(?:,(\d*))?\}")


class Needle(msgspec.Struct, frozen=True):
    """A literal whose presence in a folded value is necessary for a Glob.

    Attributes:
        literal: folded, never empty.
        start: it must stand at the start of the value.
        end: it must stand at the end of the value.
        sure: its presence is also sufficient.
    """

    literal: str
    start: bool
    end: bool
    sure: bool


def needle(pattern: Glob) -> Needle:
    """The needle of a Glob that has a literal: its longest one, cut to `MAX_LITERAL` characters."""
    literals = [(len(token), -place) for place, token in enumerate(pattern.tokens) if isinstance(token, str)]
    place = -max(literals)[1]
    token = pattern.tokens[place]
    assert isinstance(token, str)
    start, end = place == 0, place == len(pattern.tokens) - 1
    sure = pattern.form != "wildcard" and not pattern.cased
    if len(token) > MAX_LITERAL:
        sure = False
        if end and not start:
            token = token[-MAX_LITERAL:]
        else:
            token, end = token[:MAX_LITERAL], False
    return Needle(fold(token), start, end, sure)


def tame(pattern: Regex) -> bool:
    """Whether an expression may be given to Hyperscan and Rust's regex as a first sieve; RE2 alone reads all others."""
    source = pattern.source
    if len(source) > _MAX_SOURCE or "m" in pattern.flags or _WILD_SYNTAX.search(_FRONT.sub("", source, count=1)):
        return False
    if len(_REPEATED_GROUP.findall(source)) > _MAX_REPEATED_GROUPS:
        return False
    repeats = [(group, int(most or least)) for group, least, most in _REPEAT.findall(source)]
    inner = sum(times for group, times in repeats if not group)
    # A repeated group multiplies what it holds.
    return max(inner, 1) * math.prod(max(times, 1) for group, times in repeats if group) <= _MAX_REPEATS


def ignores_case(pattern: Regex) -> bool:
    """Whether case plays a part; dialects may differ on it outside of ASCII."""
    front = _FRONT.match(pattern.source)
    return "i" in pattern.flags or (front is not None and "i" in front.group())


def searchable(text: str) -> str:
    """The text that expressions read: lone surrogates, which no encoding can carry, become U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def text_test(pattern: Glob | Regex) -> Test:
    """The exact test of one text pattern."""
    if isinstance(pattern, Regex):
        search = compile_regex(pattern).search
        # Given bytes, RE2's wrapper need not translate offsets, which costs more than most searches.
        return lambda text, _folded: search(searchable(text).encode()) is not None
    if pattern.cased:
        test = _tokens_test(pattern.tokens)
        return lambda text, _folded: test(text)
    test = _tokens_test([token if isinstance(token, Wild) else fold(token) for token in pattern.tokens])
    return lambda _text, folded: test(folded)


def _tokens_test(tokens: Iterable[Token]) -> Callable[[str], bool]:
    """Whether tokens match a whole text, by finding one piece after the other; never goes back behind a `*`."""
    pieces: list[list[Token]] = [[]]
    for token in tokens:
        if token is Wild.ANY:
            pieces.append([])
        else:
            pieces[-1].append(token)
    if len(pieces) == 1:
        length, (whole, _) = _length(pieces[0]), _piece(pieces[0])
        return lambda text: len(text) == length and whole(text, 0)
    (head, _), (tail, _) = _piece(pieces[0]), _piece(pieces[-1])
    head_length, tail_length = _length(pieces[0]), _length(pieces[-1])
    inner = [(_piece(piece)[1], _length(piece)) for piece in pieces[1:-1] if piece]

    def test(text: str) -> bool:
        position, stop = head_length, len(text) - tail_length
        if stop < position or not head(text, 0) or not tail(text, stop):
            return False
        for find, length in inner:
            place = find(text, position, stop)
            if place < 0:
                return False
            position = place + length
        return True

    return test


def _piece(tokens: list[Token]) -> tuple[Callable[[str, int], bool], Callable[[str, int, int], int]]:
    """How to tell whether a piece without `*` stands at a place, and how to find its first place, or -1."""
    if all(isinstance(token, str) for token in tokens):
        literal = "".join(token for token in tokens if isinstance(token, str))
        return lambda text, place: text.startswith(literal, place), lambda text, start, stop: text.find(
            literal, start, stop
        )
    source = "".join(re.escape(token) if isinstance(token, str) else "." for token in tokens)
    pattern = re.compile(source, re.DOTALL)

    def find(text: str, start: int, stop: int) -> int:
        found = pattern.search(text, start, stop)
        return -1 if found is None else found.start()

    return lambda text, place: pattern.match(text, place) is not None, find


def _length(tokens: list[Token]) -> int:
    return sum(len(token) if isinstance(token, str) else 1 for token in tokens)

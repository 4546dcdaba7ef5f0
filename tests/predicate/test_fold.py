"""Simple case folding: its laws, and agreement with RE2 and Rust's regex on every letter that has a case."""

from __future__ import annotations

import sys
from collections.abc import Callable

import polars as pl
import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from vedette.predicate.fold import DISPUTED, fold

LETTERS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]


def groups() -> dict[str, set[str]]:
    """The letters of each folding that has more than one."""
    found: dict[str, set[str]] = {}
    for letter in LETTERS:
        found.setdefault(fold(letter), set()).add(letter)
    return {folded: members for folded, members in found.items() if len(members) > 1}


GROUPS = groups()
CASED = sorted({letter for members in GROUPS.values() for letter in members} | DISPUTED)


def by_re2() -> Callable[[str], set[str]]:
    options = re2.Options()
    options.log_errors = False
    text = "".join(CASED)
    return lambda letter: set(re2.compile(rf"(?i)\x{{{ord(letter):x}}}", options).findall(text))


def by_rust() -> Callable[[str], set[str]]:
    letters = pl.Series(CASED)
    return lambda letter: set(letters.filter(letters.str.contains(rf"(?i)\x{{{ord(letter):x}}}")).to_list())


@given(st.text())
def test_folding_keeps_length_and_is_done_once(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)
    assert fold(folded) == folded
    assert fold("".join(map(fold, text))) == folded


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_folds_to_lower_case(text: str) -> None:
    assert fold(text) == text.lower()


@pytest.mark.parametrize("engine", [by_re2, by_rust])
def test_engines_agree_letter_by_letter(engine: Callable[[], Callable[[str], set[str]]]) -> None:
    found = engine()
    for letter in CASED:
        assert found(letter) == GROUPS.get(fold(letter), {letter}), f"U+{ord(letter):04X}"


def test_disputed_letters_are_those_beside_a_pair() -> None:
    later = set("\u0390\u03b0\u1fd3\u1fe3\ufb05\ufb06")
    beside = {
        letter
        for folded, members in GROUPS.items()
        if len(members) > 2
        for letter in members - {folded, folded.upper(), folded.lower()}
    }
    assert later <= DISPUTED
    assert beside | set("\u0130\u0131\u1e9e") == DISPUTED - later


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("\u212a", "k", True),
        ("\u017f", "S", True),
        ("\u03c2", "\u03a3", True),
        ("\u1e9e", "\u00df", True),
        ("\u00df", "ss", False),
        ("\u0130", "i", False),
        ("\u0131", "I", False),
        ("\u00b5", "\u039c", True),
        ("e\u0301", "\u00e9", False),
        ("\U00010400", "\U00010428", True),
    ],
)
def test_named_letters(left: str, right: str, equal: bool) -> None:
    assert (fold(left) == fold(right)) is equal

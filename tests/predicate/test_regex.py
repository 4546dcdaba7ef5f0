"""The law's dialect: what it accepts means the same to RE2 and Rust's regex, and the rest is refused."""

from __future__ import annotations

import polars as pl
import pytest
import re2
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.strategies import ALPHABET, EXPRESSIONS, regexes, texts

from vedette.predicate import Regex
from vedette.predicate.regex import MAX_LENGTH, RegexRefusedError, check_regex, compile_regex, portable

TEXTS = st.lists(texts(8) | st.text(max_size=4), min_size=1, max_size=6)


def accepted(pattern: Regex) -> bool:
    try:
        check_regex(pattern)
    except RegexRefusedError:
        return False
    return True


def re2_search(source: str, text: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(source, options).search(text) is not None


def rust_search(source: str, words: list[str]) -> list[bool]:
    return pl.Series(words).str.contains(source).to_list()


@given(regexes(), TEXTS)
def test_spelled_out_means_the_same_everywhere(pattern: Regex, words: list[str]) -> None:
    assume(accepted(pattern))
    original = [compile_regex(pattern).search(word) is not None for word in words]
    assert [re2_search(portable(pattern), word) for word in words] == original
    assert rust_search(portable(pattern, word_boundary=r"(?-u:\b)"), words) == original


@pytest.mark.parametrize("source", EXPRESSIONS)
@pytest.mark.parametrize("flags", ["", "i", "m", "s", "ims"])
def test_each_expression_on_each_letter(source: str, flags: str) -> None:
    pattern = Regex(source, flags)
    check_regex(pattern)
    words = [*ALPHABET, "", "ab", "aab", "a\nb", "AB.", "a.b", "a&&b", "[a", "a]", "=a\\", " ab ", "aa", "aaa\n", "-a"]
    original = [compile_regex(pattern).search(word) is not None for word in words]
    assert rust_search(portable(pattern, word_boundary=r"(?-u:\b)"), words) == original
    assert [re2_search(portable(pattern), word) for word in words] == original


@pytest.mark.parametrize(
    "source",
    [
        *("(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", r"(a)\1", r"(?P<n>a)(?P=n)", "(?>a)", "a++", "(?R)"),
        *("[a", "(a", "a)", "*a", "a{2,1}", "a{1001}", r"\C", r"\Ba", "a{,2}", "[b-a]", "\\", r"\8", "(?x)a b"),
        *("a" * (MAX_LENGTH + 1), "((a{1,99}){1,99}){1,99}", "(?z)a", r"[[:nope:]]", r"\p{Nope}", "a\ud800"),
    ],
)
def test_refused(source: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RegexRefusedError) as refused:
        check_regex(Regex(source))
    assert str(refused.value)
    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("source", "yes", "no"),
    [
        (r"\d", "5", "\u0661"),
        (r"\w", "_", "\u00e9"),
        (r"\s", "\f", "\u00a0"),
        (r"\s", "\r", "\v"),
        (r"\bk", "\u00e9k", "_k"),
        (r"\D", "\u0661", "7"),
        (r"\W", "\u00e9", "k"),
        (r"\S", "\v", " "),
        (r"[^\d]", "a", "1"),
        (r"[\w-]", "-", "+"),
        ("(?i)k", "\u212a", "j"),
        ("a$", "ba", "a\n"),
        ("a.c", "a\u00e9c", "a\nc"),
        ("^.$", "\U0001d4b3", "ab"),
        (r"\x00", "\0", ""),
    ],
)
def test_what_it_means(source: str, yes: str, no: str) -> None:
    pattern = Regex(source)
    check_regex(pattern)
    assert compile_regex(pattern).search(yes)
    assert not compile_regex(pattern).search(no)
    assert rust_search(portable(pattern, word_boundary=r"(?-u:\b)"), [yes, no]) == [True, False]


def test_portable_flags_and_ends() -> None:
    assert portable(Regex("a$", "i"), end=r"\z") == r"(?i)a\z"
    assert portable(Regex("a$", "im"), end=r"\z") == "(?im)a$"
    assert portable(Regex(r"[\d\]$]\$")) == r"[0-9\]$]\$"
    assert portable(Regex(r"[^]a[]")) == r"[^\]a\[]"


def test_portable_refuses_an_end_that_an_inner_flag_moves() -> None:
    assert portable(Regex(r"(?m)a$")) == "(?m)a$"
    assert portable(Regex(r"[(?m]\(?m$"), end=r"\z") == r"[(?m]\(?m\z"
    with pytest.raises(RegexRefusedError):
        portable(Regex("(?im)a$"), end=r"\z")

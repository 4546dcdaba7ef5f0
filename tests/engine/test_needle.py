from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.strategies_predicate import ALPHABET, globs, literal_of, regexes, words
from tests.strategies import near

from vedette.engine.needle import MAX_LITERAL, ignores_case, needle, searchable, tame, text_test
from vedette.predicate import Regex, Token, Wild, contains, endswith, equals, fold, glob, holds, startswith

texts = words | globs.map(literal_of) | st.tuples(words, globs.map(literal_of), words).map("".join)


@given(st.data(), globs)
def test_a_test_says_what_the_law_says(data, pattern):
    text = data.draw(near(pattern))
    assert text_test(pattern)(text, fold(text)) == holds(pattern, text)


@given(regexes, texts)
def test_a_test_of_an_expression_says_what_the_law_says(pattern, text):
    assert text_test(pattern)(text, fold(text)) == holds(pattern, text)


tokens: st.SearchStrategy[Token] = st.sampled_from(["a", "b", "ab", Wild.ANY, Wild.ONE])


@given(st.lists(tokens, max_size=7), st.text("ab", max_size=9))
def test_wildcards_say_what_the_law_says(parts, text):
    pattern = glob(parts)
    assert text_test(pattern)(text, text) == holds(pattern, text)


@given(st.data(), globs)
def test_a_needle_is_necessary_and_a_sure_one_sufficient(data, pattern):
    text = data.draw(near(pattern))
    if not pattern.literal:
        return
    sought = needle(pattern)
    folded = fold(text)
    found = {
        (False, False): sought.literal in folded,
        (True, False): folded.startswith(sought.literal),
        (False, True): folded.endswith(sought.literal),
        (True, True): folded == sought.literal,
    }[sought.start, sought.end]
    if holds(pattern, text):
        assert found
    if sought.sure:
        assert found == holds(pattern, text)


@pytest.mark.parametrize(
    ("parts", "text", "expected"),
    [
        (["a", Wild.ANY, "a"], "a", False),
        (["a", Wild.ANY, "a"], "aa", True),
        (["ab", Wild.ANY, "ba"], "aba", False),
        ([Wild.ANY, "ab", Wild.ANY, "b"], "ab", False),
        ([Wild.ANY, "aa", Wild.ANY, "aa", Wild.ANY], "aaa", False),
        ([Wild.ONE, Wild.ANY], "", False),
        ([Wild.ONE, Wild.ANY, Wild.ONE], "a", False),
        ([Wild.ANY, "a", Wild.ONE, Wild.ANY, "b"], "aab", True),
        ([Wild.ANY, "a", Wild.ONE, Wild.ANY, "b"], "ab", False),
        ([], "", True),
        ([], "a", False),
    ],
)
def test_pieces_do_not_overlap(parts, text, expected):
    assert text_test(glob(parts))(text, text) == expected == holds(glob(parts), text)


@pytest.mark.parametrize("form", [equals, startswith, endswith, contains])
def test_long_literals_are_cut(form):
    long = "".join(chr(0x4E00 + number) for number in range(MAX_LITERAL + 50))
    sought = needle(form(long))
    assert len(sought.literal) == MAX_LITERAL
    assert not sought.sure
    kept = long[-MAX_LITERAL:] if form is endswith else long[:MAX_LITERAL]
    assert sought.literal == kept
    test = text_test(form(long))
    assert test(long, fold(long))
    assert not test(long[:-1], fold(long[:-1]))
    assert not test(long[1:], fold(long[1:]))


@pytest.mark.parametrize(
    "source",
    [
        "a.b",
        r"\{[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}\}",
        "(?i)abc",
        "(?:a|b)+c",
        r"\s-[FTd]\s",
        "x{1,256}$",
    ],
)
def test_tame(source):
    assert tame(Regex(source))


@pytest.mark.parametrize(
    "pattern",
    [
        Regex("^a$", "m"),
        Regex("a(?i)b"),
        Regex("a(?i:b)"),
        Regex("(?m)a"),
        Regex("(?P<name>a)"),
        Regex(r"\pL"),
        Regex(r"\QA.b\E"),
        Regex(r"\C"),
        Regex(".{1000}x"),
        Regex("(.{0,100}k){9}"),
        Regex("(" * 50 + "a" + ")*" * 50),
        Regex(r"\)" * 50 + "(" * 50 + "a" + ")+" * 50),
        Regex("a" * 2000),
    ],
)
def test_not_tame(pattern):
    assert not tame(pattern)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [(Regex("a", "i"), True), (Regex("(?is)a"), True), (Regex("a", "s"), False), (Regex("(?s)ai"), False)],
)
def test_where_case_plays_a_part(pattern, expected):
    assert ignores_case(pattern) == expected


@given(st.text(ALPHABET + "\ud800\udfff"))
def test_searchable_text_can_be_encoded(text):
    clean = searchable(text)
    assert len(clean.encode().decode()) == len(text)
    assert clean == text.replace("\ud800", "\ufffd").replace("\udfff", "\ufffd")

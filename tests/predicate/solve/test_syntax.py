"""Expressions as trees mean what RE2 means; what is not covered is named."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.strategies import ALPHABET, EXPRESSIONS, regexes, texts

from vedette.predicate import Regex
from vedette.predicate.evaluate import holds
from vedette.predicate.regex import RegexRefusedError, check_regex
from vedette.predicate.solve.automaton import Positions
from vedette.predicate.solve.outcome import GaveUpError
from vedette.predicate.solve.syntax import example, regex_tree

WORDS = ["", "ab", "aab", "a\nb", "AB.", "a.b", "a&&b", "[a", "a]", "=a\\", " ab ", "aa", "aaa\n", "-a", "\n", "\na"]
MORE = (
    *(
        r"\141",
        r"\0",
        r"\x{61}b",
        r"[\x41-\x43]",
        r"[a\-z]",
        r"[^\d\s]",
        "a{2}",
        "a{1,}b",
        "a{x}",
        "(a|b|)c",
        "(?i:k)s",
    ),
    *(
        r"(?i)[^k]",
        r"(?i)\w",
        r"(?i)[^\W]",
        r"(?<n>a)",
        r"(?:^|/)a",
        r"(?m)a$",
        r"\ba",
        r"a\b",
        "(?is)A.B",
        "[[:^alpha:]]",
    ),
    *("a|^b$", "(a*)*b", "(^a)+", "$^", "^*a", "[a-]", "[]a]", "[^]a]", r"\[", "(?i)(?-i)k", "(?i)(a)(?-i:k)", "()"),
    *(r"[\pL\d]", r"[^\p{Lu}]", r"\p{^Lu}", r"\P{^Lu}", r"(?i)\p{Lu}", r"(?i)\PL", r"\p{Greek}+"),
)


def automaton(pattern: Regex) -> Positions:
    tree, written = regex_tree(pattern)
    return Positions(tree, open_start=True, open_end=True, written=written, size=4_000)


@given(regexes(), st.lists(texts(8) | st.text(max_size=4), min_size=1, max_size=6))
def test_as_re2_reads_it(pattern: Regex, words: list[str]):
    try:
        check_regex(pattern)
        machine = automaton(pattern)
    except (RegexRefusedError, GaveUpError):
        assume(False)
    assert [machine.matches(word) for word in words] == [holds(pattern, word) for word in words]


@pytest.mark.parametrize("source", [*EXPRESSIONS, *MORE])
@pytest.mark.parametrize("flags", ["", "i", "m", "s", "ims"])
def test_each_expression_on_each_letter(source: str, flags: str):
    pattern = Regex(source, flags)
    machine = automaton(pattern)
    words = [*ALPHABET, *WORDS, *(a + b for a in "aAkK\n _" for b in "bBs\u017f\n -")]
    assert [machine.matches(word) for word in words] == [holds(pattern, word) for word in words]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("(?=a)", "an unknown kind"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "a back-reference"),
        (r"\Ba", r"`\B`"),
        ("(a", "too early"),
        ("a)", "unmatched"),
        ("[a", "too early"),
        ("\\", "too early"),
        ("[b-a]", "backwards"),
        ("(" * 101 + ")" * 101, "deep"),
        ("((a{1,99}){1,99}){1,99}", "positions"),
    ],
)
def test_what_is_not_covered_is_named(source: str, reason: str):
    with pytest.raises(GaveUpError, match=reason.replace("\\", "\\\\")):
        automaton(Regex(source))


@pytest.mark.parametrize(
    "source", ["ab+c", "[0-9a-f]{8}-[0-9]{4}", "(?:foo|ba)r.{2}", r"(?i)\\System32\\", "a{0}b", ""]
)
def test_an_example_matches(source: str):
    pattern = Regex(source)
    assert holds(pattern, example(*regex_tree(pattern)))

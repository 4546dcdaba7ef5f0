"""The checker's own reading of patterns means what the law means."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.predicate.solve.test_syntax import MORE, WORDS
from tests.strategies import ADDRESSES, ALPHABET, EXPRESSIONS, NUMBERS, ORDERS, globs, near, regexes, texts

from vedette.predicate import Cidr, Compare, Present, Reference, Regex, TimePart
from vedette.predicate.evaluate import holds
from vedette.predicate.pattern import Pattern
from vedette.predicate.regex import RegexRefusedError, check_regex
from vedette.predicate.solve.derivative import EDGE, Terms, TooLargeError
from vedette.predicate.solve.expression import UnreadError, integers, loose, term_of


def member(terms: Terms, term: int, text: str) -> bool:
    before = EDGE
    for character in text:
        term = terms.derive(term, before, ord(character))
        before = ord(character)
    return terms.accepts_end(term, before, EDGE)


def matches(pattern: Pattern, words: list[str]) -> list[bool]:
    terms = Terms()
    term = term_of(pattern, terms)
    assert term is not None
    return [member(terms, term, word) for word in words]


@given(globs(), st.data())
def test_globs(pattern, data: st.DataObject):
    text = data.draw(texts() | near(pattern))
    assert matches(pattern, [text]) == [holds(pattern, text)]


@given(regexes(), st.lists(texts(8) | st.text(max_size=4), min_size=1, max_size=6))
def test_regexes(pattern: Regex, words: list[str]):
    try:
        check_regex(pattern)
        found = matches(pattern, words)
    except (RegexRefusedError, UnreadError):
        assume(False)
    assert found == [holds(pattern, word) for word in words]


@pytest.mark.parametrize("source", [*EXPRESSIONS, *MORE])
@pytest.mark.parametrize("flags", ["", "i", "ms", "ims"])
def test_each_expression_on_each_letter(source: str, flags: str):
    words = [*ALPHABET, *WORDS]
    assert matches(Regex(source, flags), words) == [holds(Regex(source, flags), word) for word in words]


@given(
    st.sampled_from(ORDERS), st.integers(-120, 120) | st.sampled_from([0.5, -0.5, 7.0, 10**39, -(10**40)]), st.data()
)
def test_comparisons(order: str, number: float, data: st.DataObject):
    text = data.draw(st.integers(-130, 130).map(str) | st.sampled_from([*NUMBERS, "+07", "-0", "9" * 40, "0" * 41]))
    pattern = Compare(order, number)  # type: ignore[arg-type]  # one of them
    assert matches(pattern, [text]) == [holds(pattern, text)]


@pytest.mark.parametrize("network", ["10.0.0.0/8", "10.64.0.0/10", "10.0.0.1/32", "0.0.0.0/0"])
def test_networks(network: str):
    words = [*ADDRESSES, "10.64.0.1", "10.128.0.0", "10.00.0.1", "9.255.255.255"]
    assert matches(Cidr(network), words) == [holds(Cidr(network), word) for word in words]


def test_what_has_no_exact_term():
    terms = Terms()
    assert term_of(Cidr("fe80::/10"), terms) is None
    assert term_of(TimePart("day", "eq", 1), terms) == terms.none
    assert all(member(terms, loose(terms), str(a)) for a in ipaddress.ip_network("fe80::/120").hosts())
    for pattern in (Compare("gt", float("inf")), Reference("g"), Regex(r"\8"), Regex("(?=a)"), Regex("(a")):
        with pytest.raises(UnreadError):
            term_of(pattern, terms)


@given(st.integers(-200, 200) | st.sampled_from([10**39, 10**40]))
def test_integers(number: int):
    terms = Terms()
    assert member(terms, integers(terms), str(number)) == (len(str(abs(number))) <= 40)
    assert not member(terms, integers(terms), f"0{number}")
    assert member(terms, integers(terms), "")


@given(st.lists(st.tuples(globs() | st.just(Present()), st.booleans()), min_size=1, max_size=3), texts())
def test_no_text_meets_what_is_hopeless(literals: list[tuple[Pattern, bool]], text: str):
    terms = Terms()
    made = [(term_of(pattern, terms) or terms.none, sign) for pattern, sign in literals]
    if terms.hopeless(terms.both(term if sign else terms.negate(term) for term, sign in made)):
        assert not all(holds(pattern, text) == sign for pattern, sign in literals)


def test_bounds():
    terms = Terms(most=8)
    with pytest.raises(TooLargeError):
        term_of(Regex("abcdefgh"), terms)
    terms = Terms()
    found = [term_of(Regex(source), terms) or terms.none for source in ("a.{12}[bc]", "a.{12}b", "a.{12}c")]
    with pytest.raises(TooLargeError):
        terms.hopeless(terms.both([found[0], *map(terms.negate, found[1:])]), most=100)

"""The solver against brute force, and on cases that are known."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import ADDRESSES, EXPRESSIONS, FORMS, NETWORKS, NUMBERS, ORDERS

from vedette.predicate import (
    FALSE,
    TRUE,
    And,
    Cidr,
    Compare,
    Glob,
    Keyword,
    Match,
    Not,
    Or,
    Pattern,
    Predicate,
    Present,
    Reference,
    Regex,
    TimePart,
    Wild,
    atoms,
    conjunction,
    contains,
    disjunction,
    endswith,
    equals,
    evaluate,
    glob,
    startswith,
)
from vedette.predicate.regex import RegexRefusedError, check_regex
from vedette.predicate.solve import Limit, Sat, Undecided, Unsat, check, solve

FIELDS = ("a", "b")
WORDS = [
    "",
    *("".join(word) for size in (1, 2) for word in itertools.product("aAbBk\u212a.1\n -", repeat=size)),
    *(*ADDRESSES, *NUMBERS, "aab", "ab.", "a\nb", "aaa", "b1a", "11", "12", "-1", "+1", "aba", "AAB", "abab", "bab"),
]


def small_globs() -> st.SearchStrategy[Glob]:
    tokens = st.lists(st.sampled_from(list(Wild)) | st.text("aAbk.1", max_size=2), max_size=4)
    return st.builds(lambda parts, cased: glob(parts, cased=cased), tokens, st.booleans())


def small_patterns() -> st.SearchStrategy[Pattern]:
    return st.one_of(
        small_globs(),
        small_globs(),
        st.builds(
            Regex,
            st.lists(st.sampled_from(EXPRESSIONS), min_size=1, max_size=2).map("".join),
            st.sampled_from(["", "i", "m", "s", "im"]),
        ).filter(_legal),
        st.builds(Cidr, st.sampled_from(NETWORKS)),
        st.builds(Compare, st.sampled_from(ORDERS), st.integers(-9, 12) | st.sampled_from([0.5, 7.0])),
        st.just(Present()),
    )


def _legal(pattern: Regex) -> bool:
    try:
        check_regex(pattern)
    except RegexRefusedError:
        return False
    return True


def small_predicates() -> st.SearchStrategy[Predicate]:
    references = st.builds(Reference, st.sampled_from(FIELDS), st.sampled_from(FORMS), st.booleans())
    keywords = small_globs().filter(lambda pattern: pattern.tokens not in ((), (Wild.ANY,)))
    leaves = st.one_of(
        st.builds(Match, st.sampled_from(FIELDS), small_patterns() | references), st.builds(Keyword, keywords)
    )
    return st.recursive(
        leaves,
        lambda children: st.one_of(
            st.builds(Not, children),
            st.builds(And, st.lists(children, min_size=1, max_size=4).map(tuple)),
            st.builds(Or, st.lists(children, min_size=1, max_size=3).map(tuple)),
        ),
        max_leaves=10,
    )


def holds_somewhere(predicate: Predicate, words: list[str]) -> bool:
    names = sorted({atom.field for atom in atoms(predicate) if isinstance(atom, Match)})
    return any(
        evaluate(predicate, {n: w for n, w in zip(names, chosen, strict=True) if w}, chosen[0] if chosen else "")
        for chosen in itertools.product(words, repeat=len(names))
    )


@given(small_predicates(), st.lists(st.sampled_from(WORDS), min_size=12, max_size=12))
def test_against_brute_force(predicate: Predicate, words: list[str]):
    outcome = solve(predicate)
    if isinstance(outcome, Sat):
        assert evaluate(predicate, outcome.row, outcome.raw)
        assert "" not in outcome.row.values()
    elif isinstance(outcome, Unsat):
        assert check(predicate, outcome.proof)
        assert not holds_somewhere(predicate, ["", *words])
    else:
        assert "defect" not in outcome.reason


@given(st.lists(st.tuples(small_patterns(), st.booleans()), min_size=2, max_size=5))
def test_one_field_against_all_short_texts(literals: list[tuple[Pattern, bool]]):
    predicate = conjunction(Match("a", p) if sign else Not(Match("a", p)) for p, sign in literals)
    outcome = solve(predicate)
    if isinstance(outcome, Unsat):
        assert check(predicate, outcome.proof)
        assert not holds_somewhere(predicate, WORDS)
    elif isinstance(outcome, Sat):
        assert evaluate(predicate, outcome.row)


@given(
    st.lists(st.tuples(small_globs(), st.booleans(), st.sampled_from(FIELDS)), max_size=3),
    st.lists(
        st.tuples(
            st.builds(Reference, st.sampled_from(FIELDS), st.sampled_from(FORMS), st.booleans()),
            st.booleans(),
            st.sampled_from(FIELDS),
        ),
        min_size=1,
        max_size=2,
    ),
)
def test_references_against_all_short_texts(
    literals: list[tuple[Pattern, bool, str]], references: list[tuple[Pattern, bool, str]]
):
    predicate = conjunction(
        Match(field, pattern) if sign else Not(Match(field, pattern)) for pattern, sign, field in literals + references
    )
    outcome = solve(predicate)
    words = [
        "",
        *("".join(w) for n in (1, 2) for w in itertools.product("aAb1", repeat=n)),
        "aab",
        "aba",
        "abab",
        "kab",
    ]
    if isinstance(outcome, Unsat):
        assert check(predicate, outcome.proof)
        assert not holds_somewhere(predicate, words)
    elif isinstance(outcome, Sat):
        assert evaluate(predicate, outcome.row)


def f(pattern: Pattern) -> Match:
    return Match("f", pattern)


def g(pattern: Pattern) -> Match:
    return Match("g", pattern)


NEVER: list[tuple[Predicate, dict[str, str]]] = [
    (FALSE, {}),
    (And((f(contains("ab")), Not(f(contains("b"))))), {}),
    (And((f(endswith("/iptables")), Not(f(contains("tables"))))), {}),
    (And((f(equals("k")), Not(f(equals("\u212a"))))), {}),
    (And((f(equals("stra\u1e9ee")), Not(f(contains("\u00df"))))), {}),
    (And((f(equals("A", cased=True)), f(equals("a", cased=True)))), {}),
    (And((f(equals("ab")), f(startswith("ac")))), {}),
    (And((f(Regex(r"^/usr/.*tables$")), Not(f(glob(["/", Wild.ANY, "tables"]))))), {}),
    (And((f(Regex(r"\bfoo\b", "i")), Not(f(contains("foo"))))), {}),
    (And((f(Regex("^$")), f(Present()))), {}),
    (And((f(equals("/-/")), f(Regex("(?:a{1,40}){1,9}")))), {}),
    (And((f(equals("ab", cased=True)), f(Regex(r"\p{Lu}")))), {}),
    (And((f(Regex("^a+$")), f(Regex("^(aa)*$")), f(Regex("^(aaa)*a$")), Not(f(Regex("^(a{6})*a{4}$"))))), {}),
    (And((f(Compare("gt", 5)), f(Compare("lt", 6)))), {}),
    (And((f(Compare("gt", 5)), f(Compare("lte", 6)), Not(f(equals("6"))))), {"f": "number"}),
    (And((f(Compare("gt", 5)), f(contains("x")))), {}),
    (f(startswith("0x")), {"f": "integer"}),
    (f(equals("abc")), {"f": "number"}),
    (And((f(Cidr("10.0.0.0/8")), Not(f(startswith("10."))))), {}),
    (And((f(Cidr("10.0.0.0/8")), f(Cidr("192.168.0.0/16")))), {}),
    (And((f(Cidr("fe80::/10")), Not(f(Cidr("fe80::/11"))), Not(f(Cidr("fea0::/11"))))), {}),
    (And((f(Cidr("10.0.0.0/8")), f(Cidr("::/0")))), {}),
    (And((f(Cidr("fe80::/10")), Not(f(contains(":"))))), {}),
    (And((f(startswith("10.")), Not(f(Cidr("10.0.0.0/8"))))), {"f": "ip"}),
    (And((f(Cidr("10.0.0.0/8")), f(equals("11.0.0.1")))), {"f": "address"}),
    (f(equals("gateway")), {"f": "address"}),
    (And((f(TimePart("week", "eq", 53)), f(TimePart("month", "eq", 2)))), {}),
    (
        And((f(TimePart("hour", "eq", 8)), f(Compare("lt", 1795509330)), f(Compare("gt", 1795509330 - 60)))),
        {"f": "text"},
    ),
    (And((Keyword(glob(["foo"])), Not(Keyword(Regex("(?i)fo"))))), {}),
    (And((f(Reference("g")), f(startswith("a")), g(startswith("b")))), {}),
    (And((f(Reference("g", "startswith")), f(equals("/bin/sh")), Not(g(contains("/"))))), {}),
    (And((f(Reference("g", "contains")), g(endswith("x")), Not(f(contains("x"))))), {}),
    (And((f(Reference("g", "endswith")), g(glob(["a", Wild.ONE])), Not(f(glob([Wild.ANY, "a", Wild.ONE]))))), {}),
    (And((f(Reference("g")), Not(g(Present())))), {}),
    (And((f(equals("a")), g(equals("A")), Not(f(Reference("g"))))), {}),
    (And((f(Reference("f")), Not(f(Present())))), {}),
    (And((f(Reference("g")), g(Reference("h")), f(startswith("a")), Not(Match("h", startswith("a"))))), {}),
    (
        And((f(contains("a")), disjunction([And((g(equals("1")), Not(g(Present())))), Not(f(Present()))]))),
        {},
    ),
]


@pytest.mark.parametrize(("predicate", "kinds"), NEVER)
def test_known_never(predicate: Predicate, kinds: dict[str, str]):
    outcome = solve(predicate, kinds=kinds)
    assert isinstance(outcome, Unsat), outcome
    assert check(predicate, outcome.proof, kinds=kinds)
    assert outcome == solve(predicate, kinds=kinds)


@pytest.mark.parametrize(
    ("predicate", "kinds", "row"),
    [
        (TRUE, {}, {}),
        (Not(f(Present())), {}, {}),
        (f(Present()), {}, {"f": "a"}),
        (f(endswith("/iptables")), {}, {"f": "/iptables"}),
        (And((f(startswith("/usr/sbin/ufw")), f(endswith("/UFW")))), {}, {"f": "/usr/sbin/ufw"}),
        (And((f(contains("iptables")), f(contains(" -F")))), {}, {"f": "iptables -F"}),
        (And((f(startswith("IEX")), f(contains("Down")))), {}, {"f": "IEX Down"}),
        (And((f(equals("k")), Not(f(equals("k", cased=True))), Not(f(equals("K", cased=True))))), {}, {"f": "\u212a"}),
        (And((f(contains("foo")), Not(f(Regex("^foo"))), Not(f(Regex("foo$"))))), {}, None),
        (f(Regex("^[a-f]{2}-[0-9]$")), {}, {"f": "aa-0"}),
        (And((f(Regex(r"^\p{Greek}$", "i")), Not(f(Regex("[\u00b5\u0370-\u03ff]"))))), {}, None),
        (f(Compare("gte", 1024)), {"f": "number"}, {"f": 1024}),
        (And((f(Compare("gte", 1024)), Not(f(equals("1024"))))), {"f": "integer"}, {"f": 1025}),
        (Not(f(Compare("lt", 5))), {"f": "number"}, {}),
        (And((f(equals("010")), f(Compare("eq", 10)))), {}, {"f": "010"}),
        (And((f(Present()), Not(f(Cidr("10.0.0.0/8"))))), {"f": "ip"}, {"f": "192.0.2.1"}),
        (f(Cidr("fe80::/10")), {}, {"f": "fe80::"}),
        (And((f(Cidr("fe80::/10")), f(endswith("a")))), {}, {"f": "fe80::a"}),
        (And((f(Cidr("fe80::/10")), Not(f(startswith("fe80:"))))), {}, {"f": "fea0::"}),
        (And((f(startswith("10.")), Not(f(Cidr("10.0.0.0/8"))))), {}, {"f": "10."}),
        (And((f(TimePart("year", "eq", 2026)), f(TimePart("hour", "lt", 6)))), {}, {"f": 1767225600}),
        (Not(f(TimePart("hour", "lt", 6))), {}, {}),
        (f(Reference("g", "startswith")), {}, {"f": "a", "g": "a"}),
        (And((f(Reference("g", "startswith")), f(equals("/bin/sh")), Not(g(equals("/bin/sh"))))), {}, None),
        (And((f(Present()), g(Present()), Not(f(Reference("g"))))), {}, None),
        (And((f(Reference("g", "contains")), g(startswith("xy")), f(startswith("ab")))), {}, None),
    ],
)
def test_known_witness(predicate: Predicate, kinds: dict[str, str], row: dict[str, object] | None):
    outcome = solve(predicate, kinds=kinds)
    assert isinstance(outcome, Sat), outcome
    assert evaluate(predicate, outcome.row, outcome.raw)
    if row is not None:
        assert outcome.row == row
    assert outcome == solve(predicate, kinds=kinds)


def test_keywords_have_a_witness_in_the_raw_text():
    outcome = solve(And((Keyword(glob(["ufw", Wild.ANY, "reset"])), Match("raw", equals("x")), Not(f(Present())))))
    assert outcome == Sat({"raw": "x"}, "ufw reset")


def test_the_vocabulary_closes_a_field():
    listed = {"f": frozenset({"drop", "gain"})}
    assert solve(f(startswith("d")), vocabulary=listed) == Sat({"f": "drop"})
    for predicate in (Not(f(Present())), f(equals("none")), And((f(startswith("d")), Not(f(equals("drop")))))):
        outcome = solve(predicate, vocabulary=listed)
        assert isinstance(outcome, Unsat)
        assert check(predicate, outcome.proof, vocabulary=listed)
        assert not check(predicate, outcome.proof)
    assert solve(f(Present()), vocabulary={"f": frozenset({""})}) != Sat({"f": "a"})
    assert solve(f(equals("7")), kinds={"f": "number"}, vocabulary={"f": frozenset({"7", "8"})}) == Sat({"f": 7})
    both = And((f(Reference("g")), g(startswith("d"))))
    assert solve(both, vocabulary=listed) == Sat({"f": "drop", "g": "drop"})


@pytest.mark.parametrize(
    ("predicate", "reason"),
    [
        (And((f(TimePart("hour", "eq", 1)), f(contains("a")))), "a Glob pattern on a time"),
        (And((f(TimePart("hour", "eq", 1)), f(Reference("g")))), "fieldref of a time"),
        (And((f(Regex("a.{30}b")), Not(f(Regex("a.{30}[bc]"))))), "states"),
        (And((f(Regex("^a{999}b{999}c{999}d{999}e{999}$")), Not(f(Regex("^a"))))), "positions"),
        (And((f(Regex("(?=a)")), f(contains("a")))), "invalid perl operator"),
        (Or((f(Regex("(?=a)")), g(equals("a")))), "invalid perl operator"),
    ],
)
def test_undecided_names_the_reason(predicate: Predicate, reason: str):
    outcome = solve(predicate, limit=Limit(states=500))
    assert isinstance(outcome, Undecided)
    assert reason in outcome.reason


def test_limits():
    many = conjunction(Match(name, contains("a")) for name in "abc")
    assert isinstance(solve(many, limit=Limit(rounds=0)), Undecided)
    clash = disjunction(And((Match(name, equals("a")), Match(name, equals("b")))) for name in "abcdef")
    assert solve(clash, limit=Limit(rounds=2)) == Undecided("more than 2 assignments tried")
    assert isinstance(solve(clash), Unsat)


def test_an_undecided_part_does_not_hide_another_way():
    hard = And((f(TimePart("hour", "eq", 1)), f(contains("a"))))
    assert solve(Or((hard, g(equals("x"))))) == Sat({"g": "x"})

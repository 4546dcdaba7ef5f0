"""Rules and values made to hurt: each gives the law's answer, in time."""

from __future__ import annotations

import time

import pytest
from tests.engine.parity import BACKENDS, add, check, compile_plan, engine, new_shapes, queries

from vedette.engine import Matcher
from vedette.predicate import (
    And,
    Compare,
    Glob,
    Match,
    Not,
    Or,
    Predicate,
    Regex,
    Value,
    Wild,
    contains,
    endswith,
    equals,
    glob,
    startswith,
)

MEGABYTE = 1_000_000


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


def test_a_rule_of_ten_thousand_values(cache):
    values = Or(tuple(Match("CommandLine", contains(f"tool-{number:05}!")) for number in range(10_000)))
    exact = Or(tuple(Match("User", equals(f"user{number}")) for number in range(10_000)))
    events = [
        {"CommandLine": f"run TOOL-{number:05}! now", "User": f"USER{number - 1}"} for number in (9999, 10_000, 10_001)
    ]
    answers = check(queries(values, exact, And((values, Not(exact)))), events, cache)
    assert [sorted(answer) for answer in answers] == [["0", "1"], ["1"], []]


@pytest.mark.parametrize(
    "source",
    [
        r"(a|aa)+$",
        r".*.*.*=.*",
        r"(a*)*b",
        r"(x+x+)+y",
        r"^(([a-z])+.)+[A-Z]([a-z])+$",
        r"(?:a?){64}a{64}",
        r"(.{0,100}k){9}",
        r".{1000}x",
        "(?i)(é|\u017f)+$",
    ],
)
def test_an_expression_that_explodes(cache, source):
    asked = queries(Match("CommandLine", Regex(source)), Not(Match("CommandLine", Regex(source, "i"))))
    events = [{"CommandLine": text} for text in ("a" * 5000, "a" * 5000 + "=", "x" * 3000 + "y", "k" * 500, "\u017fé")]
    started = time.process_time()
    check(asked, events, cache)
    assert time.process_time() - started < 20


def test_a_wildcard_that_explodes(cache):
    bad = glob([Wild.ANY, *(token for _ in range(40) for token in ("a", Wild.ONE, Wild.ANY)), "b"])
    wild = glob(["a", Wild.ANY, "a", Wild.ANY, "a", Wild.ANY, "=", Wild.ANY], cased=True)
    asked = queries(Match("CommandLine", bad), Match("CommandLine", wild))
    events = [{"CommandLine": text} for text in ("a" * 1000, "a" * 1000 + "b", "aa=", "aaa=", "aAa=")]
    answers = check(asked, events, cache)
    assert [sorted(answer) for answer in answers] == [[], ["0"], [], ["1"], []]


def test_a_value_of_a_megabyte(cache, backend):
    asked = queries(
        Match("CommandLine", endswith("needle")),
        Match("CommandLine", contains("x" * 500)),
        Match("CommandLine", glob([Wild.ANY, "x?needle", Wild.ANY])),
        Match("CommandLine", Regex(r"x\sneedle$")),
        Match("CommandLine", equals("y" * MEGABYTE)),
        Match("CommandLine", glob([Wild.ANY, *(token for _ in range(20) for token in ("xx", Wild.ANY)), "nope"])),
        Match("CommandLine", startswith("y" * 300)),
    )
    events = [
        {"CommandLine": "x" * MEGABYTE + " needle"},
        {"CommandLine": "y" * MEGABYTE},
        {"CommandLine": "é" * MEGABYTE},
    ]
    started = time.process_time()
    answers = engine(asked, events, "both", backend, cache)
    assert [sorted(answer) for answer in answers] == [["0", "1", "3"], ["4", "6"], []]
    assert time.process_time() - started < 10


def test_nul_and_line_ends(cache):
    asked = queries(
        Match("CommandLine", contains("\0")),
        Match("CommandLine", endswith("a")),
        Match("CommandLine", equals("a\n")),
        Match("CommandLine", contains("a\0b")),
        Match("CommandLine", Regex(r"\x00b$")),
        Match("CommandLine", Regex("a.b")),
    )
    events = [{"CommandLine": text} for text in ("\0", "a\0b", "a\n", "a\nb", "\na", "a\r\n", "\0\0a")]
    check(asked, events, cache)


SURROGATES = ("\ud800", "a\udfffb", "\udc80\ud800", "evil \udcff", "\U00010000")


def test_lone_surrogates_in_values_hurt_nobody(cache, backend):
    """Readers decode what is no UTF-8 to U+FFFD; should one not, its values are text like any other."""
    predicates: tuple[Predicate, ...] = (
        Match("CommandLine", contains("evil")),
        Match("CommandLine", contains("\ufffd")),
        Match("CommandLine", glob(["a", Wild.ONE, "b"])),
        Match("CommandLine", Glob((Wild.ONE,))),
        Not(Match("CommandLine", contains("b"))),
    )
    answers = engine(queries(*predicates), [{"CommandLine": text} for text in SURROGATES], "both", backend, cache)
    assert [sorted(answer) for answer in answers] == [["3", "4"], ["2"], ["4"], ["0", "4"], ["3", "4"]]


def test_expressions_read_lone_surrogates_as_replacement_characters(cache, backend):
    asked = queries(Match("CommandLine", Regex("a.b")), Match("CommandLine", Regex("(?i)EVIL .$")))
    answers = engine(asked, [{"CommandLine": text} for text in SURROGATES], "both", backend, cache)
    assert [sorted(answer) for answer in answers] == [[], ["0"], [], ["1"], []]


def test_lone_surrogates_in_patterns_match_nothing(cache, backend):
    asked = queries(
        Match("CommandLine", contains("\ud800")),
        Match("CommandLine", Regex("\ud800")),
        Not(Match("CommandLine", contains("\udfff"))),
    )
    answers = engine(asked, [{"CommandLine": text} for text in SURROGATES], "both", backend, cache)
    assert [sorted(answer) for answer in answers] == [["2"]] * 5


def test_huge_numbers(cache):
    asked = queries(
        Match("UserId", Compare("gt", 10**30)),
        Match("CommandLine", Compare("eq", 10**39)),
        Match("CommandLine", Compare("lt", float("inf"))),
        Match("CommandLine", Compare("eq", float("nan"))),
        Match("UserId", equals(str(10**39))),
    )
    events: list[dict[str, Value]] = [
        {"UserId": 10**39, "CommandLine": str(10**39)},
        {"CommandLine": "9" * 5000},
        {"CommandLine": "+7"},
    ]
    check(asked, events, cache)


def test_every_value_its_own_set_of_hits(cache, backend):
    """An attacker may write command lines that each hit another set of patterns."""
    words = [f"word{number}-" for number in range(12)]
    asked = queries(*(Match("CommandLine", contains(word)) for word in words))
    shapes = new_shapes()
    for number in range(1 << len(words)):
        chosen = [word for place, word in enumerate(words) if number >> place & 1]
        add(shapes, {"CommandLine": " ".join(chosen) or "none"})
    matcher = Matcher(compile_plan(asked), shapes, backend=backend, cache_dir=cache)
    matcher.update()
    assert [len(hits) for hits in matcher.hits] == [number.bit_count() for number in range(1 << len(words))]

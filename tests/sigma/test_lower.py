"""From one document to one rule: its header, its names, its logic, its bounds."""

from __future__ import annotations

import itertools
import time
import unicodedata

import msgspec
import pytest
from tests.sigma.samples import SIMPLE, rule_text

from vedette.event import LogSource
from vedette.predicate import (
    Compare,
    Glob,
    Keyword,
    Match,
    Not,
    Or,
    Predicate,
    Present,
    Regex,
    TimePart,
    Wild,
    atoms,
    conjunction,
    contains,
    disjunction,
    endswith,
    equals,
    glob,
    startswith,
)
from vedette.sigma.documents import read_documents
from vedette.sigma.lower import digest_of, lower_detection, lower_rule
from vedette.sigma.notice import Notice
from vedette.sigma.refusal import RefusedError
from vedette.sigma.rule import Rule
from vedette.sigma.values import MAX_ATOMS


def lowered(text: str) -> tuple[Rule, tuple[Notice, ...]]:
    documents, problems = read_documents(text, "rule.yml")
    assert not problems
    return lower_rule(documents[0], "folder/rule.yml", text)


def item(key: str, value: object) -> Predicate:
    return lower_detection({"a": {key: value}, "condition": "a"})[0]


def refusal(text: str) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        lowered(text)
    return refused.value


def m(pattern: object, field: str = "F") -> Match:
    return Match(field, pattern)  # type: ignore[arg-type]  # brevity of the table below


A = Wild.ANY


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("F", "a", m(equals("a"))),
        ("F", "a*", m(startswith("a"))),
        ("F", "*a", m(endswith("a"))),
        ("F", "*a*", m(contains("a"))),
        ("F", "a?*", m(glob(["a", Wild.ONE, A]))),
        ("F|contains", "*a", m(contains("a"))),
        ("F|contains", "", m(Present())),
        ("F|startswith", "a*", m(startswith("a"))),
        ("F|startswith", "*a", m(contains("a"))),
        ("F", "***", m(Present())),
        ("F", None, Not(m(Present()))),
        ("F", "", Not(m(Present()))),
        ("F|cased", "", Not(m(Present()))),
        ("F", 5, m(equals("5"))),
        ("F", -5, m(equals("-5"))),
        ("F", True, m(equals("true"))),
        ("F|contains", 5, m(contains("5"))),
        ("F|re", 5, m(Regex("5"))),
        ("F|re|s|m|i", "a", m(Regex("a", "ims"))),
        ("F|re|contains", "^a|b$", m(Regex("^a|b$"))),
        ("F|all|re", ["a", "b"], conjunction([m(Regex("a")), m(Regex("b"))])),
        ("F|re", r"a\*b%c\\d?", m(Regex(r"a\*b%c\\d?"))),
        ("F|lt", "5", m(Compare("lt", 5))),
        ("F|gte", "-1.5", m(Compare("gte", -1.5))),
        ("F|hour|lte", 5, m(TimePart("hour", "lte", 5))),
        ("F|week", 5, m(TimePart("week", "eq", 5))),
        ("F|expand", "50%", m(equals("50%"))),
        ("F|expand", "%a\\%", m(equals("%a\\%"))),
        ("F", ["a", "A", "a"], disjunction([m(equals("a")), m(equals("A"))])),
        ("|contains", "a", Keyword(equals("a"))),
        ("|cased", "*a?", Keyword(Glob(("a", Wild.ONE), cased=True))),
        ("|base64|contains", "ab", Keyword(equals("YWI="))),
    ],
)
def test_items(key: str, value: object, expected: Predicate) -> None:
    assert item(key, value) == expected


@pytest.mark.parametrize(
    ("value", "tokens"),
    [
        (r"\*", ("*",)),
        (r"\?", ("?",)),
        (r"\\", ("\\",)),
        (r"\\*", ("\\", A)),
        (r"\\\*", (r"\*",)),
        (r"\\\\*", ("\\\\", A)),
        (r"a\b", (r"a\b",)),
        (r"a\\b", (r"a\b",)),
        ("a\\", ("a\\",)),
        (r"\%", (r"\%",)),
        (r"\\server\share", (r"\server\share",)),
        (r"\\\\server\share", (r"\\server\share",)),
    ],
)
def test_escapes(value: str, tokens: tuple[object, ...]) -> None:
    assert item("F", value) == Match("F", Glob(tokens))  # type: ignore[arg-type]  # brevity of the table


def test_base64_of_each_offset_is_found_at_any_place() -> None:
    import base64

    fragments = {atom.pattern.literal for atom in atoms(item("F|base64offset|contains", "flush ruleset"))}  # type: ignore[union-attr]
    assert len(fragments) == 3
    for before, after in itertools.product(range(7), range(3)):
        encoded = base64.b64encode(b"x" * before + b"flush ruleset" + b"y" * after).decode()
        assert any(fragment in encoded for fragment in fragments)


@pytest.mark.parametrize("mark", ["-", "/", "\u2013", "\u2014", "\u2015"])
def test_windash_knows_five_dashes(mark: str) -> None:
    assert unicodedata.category(mark) in ("Pd", "Po")
    found = [atom.pattern.literal for atom in atoms(item("F|windash|contains", " -a"))]  # type: ignore[union-attr]
    assert len(found) == 5
    assert f" {mark}a" in found


def test_header_is_kept() -> None:
    text = rule_text(
        SIMPLE,
        title="'  A  title '",
        head="""id: 1F1D6F0C-6A39-4D43-8B0E-6A6F1B1B7A10
status: Test
level: HIGH
author: Eve, Bob
license: MIT
description: |
    Two
    lines.
references: [https://example.org, 7]
tags: [attack.T1562.004, attack.defense-evasion]
falsepositives: None known
""",
    )
    rule, warnings = lowered(text)
    assert not warnings
    assert rule.id == "1f1d6f0c-6a39-4d43-8b0e-6a6f1b1b7a10"
    assert (rule.title, rule.level, rule.status, rule.author, rule.license) == (
        *("A title", "high", "test", "Eve, Bob", "MIT"),
    )
    assert rule.description == "Two\nlines."
    assert rule.references == ("https://example.org", "7")
    assert rule.tags == ("attack.t1562.004", "attack.defense-evasion")
    assert rule.falsepositives == ("None known",)
    assert rule.logsource == LogSource("", "process_creation", "")
    assert rule.location.line == 1
    assert rule.digest == digest_of(rule.predicate)


def test_a_rule_without_an_id_has_a_stable_one() -> None:
    rule, _ = lowered(rule_text(SIMPLE))
    again, _ = lowered(rule_text(SIMPLE, title="another"))
    other, _ = lowered(rule_text(SIMPLE.replace("eve", "bob")))
    assert rule.id == again.id == f"rule-{rule.digest[:8]}"
    assert other.id != rule.id
    assert rule.level == "informational"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("status: finished", "no status"),
        ("tags: [nonamespace]", "namespace"),
        ("tags: {a: b}", "tags"),
        ("author: {a: b}", "author"),
        ("references: [[a]]", "references"),
        ("taxonomy: ours", "ours"),
        ("description: [a]", "description"),
        ("license: 5", "license"),
    ],
)
def test_a_fault_of_the_header_that_changes_no_match_is_a_warning(line: str, words: str) -> None:
    rule, warnings = lowered(rule_text(SIMPLE, head=f"date: whenever\n{line}\n"))
    assert rule.predicate == Match("User", equals("eve"))
    (warning,) = warnings
    assert words in warning.cause
    assert (warning.code, warning.location.line) == ("header", 3)


def test_disputed_letters_are_warned_about_where_case_matters() -> None:
    detection = """
a:
    User: "\u017fam"
    Image|cased: "\u0131"
    CommandLine|re|i: "\u212a"
    CurrentDirectory|re: "\u2126"
condition: a
"""
    _, warnings = lowered(rule_text(detection))
    assert [warning.code for warning in warnings] == ["disputed-case", "disputed-case"]
    assert "U+017F" in warnings[0].cause
    assert "U+212A" in warnings[1].cause


def test_names_are_kept_with_their_own_predicates() -> None:
    rule, _ = lowered(
        rule_text("""
selection:
    User: a
filter:
    - User: b
    - word
timeframe: 5m
condition: selection and not filter
""")
    )
    assert rule.names == {
        "selection": Match("User", equals("a")),
        "filter": Or((Match("User", equals("b")), Keyword(equals("word")))),
    }


def test_a_rule_survives_being_written_down() -> None:
    rule, _ = lowered(rule_text(SIMPLE))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(rule), type=Rule) == rule


def test_ten_thousand_values_load() -> None:
    values = "".join(f"\n        - value-{number}" for number in range(10_000))
    begun = time.process_time()
    rule, _ = lowered(rule_text(f"a:\n    CommandLine|contains:{values}\ncondition: a"))
    assert sum(1 for _ in atoms(rule.predicate)) == 10_000
    assert time.process_time() - begun < 20


def test_values_that_modifiers_would_multiply_beyond_measure() -> None:
    values = "".join(f"\n        - ' -a{number} -b -c'" for number in range(3_000))
    begun = time.process_time()
    refused = refusal(rule_text(f"a:\n    CommandLine|windash|contains:{values}\ncondition: a"))
    assert (refused.code, refused.path) == ("too-large", ("detection", "a", "CommandLine|windash|contains"))
    assert "375,000" in refused.cause
    assert time.process_time() - begun < 20


def test_long_values_that_modifiers_would_multiply() -> None:
    refused = refusal(rule_text(f"a:\n    CommandLine|windash: '-a -b -c {'x' * 300_000}'\ncondition: a"))
    assert refused.code == "too-large"


def test_a_condition_that_repeats_a_large_detection() -> None:
    values = "".join(f"\n        - value-{number}" for number in range(2_000))
    repeated = " or ".join(f"(a and b{number})" for number in range(150))
    others = "".join(f"b{number}:\n    User: u{number}\n" for number in range(150))
    refused = refusal(rule_text(f"a:\n    CommandLine|contains:{values}\n{others}condition: {repeated}"))
    assert refused.code == "too-large"
    assert f"{MAX_ATOMS:,}" in refused.cause


def test_an_endless_chain_in_a_condition_is_read_or_refused_soon() -> None:
    begun = time.process_time()
    lowered(rule_text("a:\n    User: x\ncondition: " + " and ".join(["a"] * 900)))
    assert refusal(rule_text("a:\n    User: x\ncondition: " + " and ".join(["a"] * 9_000))).code == "too-large"
    assert time.process_time() - begun < 20


def test_a_selector_with_many_wildcards_is_no_trap() -> None:
    begun = time.process_time()
    name = "a" * 60
    text = rule_text(f"{name}:\n    User: x\ncondition: 1 of {'*a' * 30}*b")
    assert refusal(text).code == "condition-name"
    assert time.process_time() - begun < 5


def test_the_value_at_fault_is_found_among_many() -> None:
    values = "".join(f"\n        - 10.0.{number}.0/24" for number in range(50)) + "\n        - 10.0.0.1/8"
    refused = refusal(rule_text(f"a:\n    DestinationIp|cidr:{values}\ncondition: a"))
    assert refused.path == ("detection", "a", "DestinationIp|cidr", 50)

"""Prefilters follow from the conditions: by logic over random predicates, and by running them."""

from __future__ import annotations

import html
import json
import random
import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.kql.differences import rows_for
from tests.kql.oracle import Rows, engine
from tests.kql.probe import item, probe
from tests.kql.rows import types_of

from vedette.kql import Options, convert, read_target
from vedette.kql.prefilter import MAX_TERMS, call, prefilters, terms_of
from vedette.predicate import (
    FALSE,
    TRUE,
    And,
    Const,
    Glob,
    Match,
    Not,
    Or,
    Present,
    Wild,
    contains,
    disjunction,
    endswith,
    equals,
    evaluate,
    glob,
    startswith,
)
from vedette.predicate.fold import DISPUTED
from vedette.sigma.ruleset import load

PIECES = ("iptables", "UFW", "9z9", "é", "_", "/", " ", '"', "\n", "=")
FORMS = {"targetprocess_has_any": "A", "commandline_has_any": "B"}
TEXTS = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
TOKENS = st.lists(st.sampled_from([*PIECES, *Wild]), min_size=1, max_size=6)
GLOBS = st.builds(lambda tokens, cased: glob(tokens, cased=cased), TOKENS, st.booleans())
LEAVES = st.one_of(
    st.builds(Match, st.sampled_from("AB"), GLOBS | st.just(Present())),
    st.builds(Const, st.booleans()),
)
PREDICATES = st.recursive(
    LEAVES,
    lambda children: st.one_of(
        st.builds(Not, children),
        st.builds(And, st.lists(children, min_size=1, max_size=3).map(tuple)),
        st.builds(Or, st.lists(children, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


def readings(value: str) -> list[str]:
    """A value as sources keep it: as it is, in JSON of two writers, in XML."""
    careful = "".join(f"\\u{ord(sign):04x}" if sign in "\"&'+<>=`" else json.dumps(sign)[1:-1] for sign in value)
    return [value, json.dumps({"v": value}), f'{{"v":"{careful}"}}', f"<v>{html.escape(value)}</v>"]


def has_any(text: str, terms: tuple[str, ...]) -> bool:
    """Kusto's `has_any`, by each of two readings of what a term is: of ASCII letters and digits, and of words."""
    runs = [re.findall(r"[a-z0-9]+", text.lower()), re.findall(r"\w+", text.lower())]
    return all(any(term in run for term in terms) for run in runs)


@st.composite
def fitting(draw):
    """A predicate, and a row that is built to fulfil it."""
    predicate = draw(PREDICATES)
    row: dict[str, str] = {}
    for field, text in wishes(draw, predicate, positive=True):
        row[field] = draw(st.sampled_from([row.get(field, "") + text, text + row.get(field, ""), text]))
    return predicate, {field: value for field, value in row.items() if value}


def wishes(draw, predicate, *, positive):
    """Fields, and texts that they should hold."""
    match predicate:
        case Not(child=child):
            yield from wishes(draw, child, positive=not positive)
        case And(children=children) | Or(children=children):
            some = children if isinstance(predicate, And) is positive else [draw(st.sampled_from(children))]
            for child in some:
                yield from wishes(draw, child, positive=positive)
        case Match(field=field, pattern=Glob(tokens=tokens)) if positive:
            anything = {Wild.ANY: TEXTS, Wild.ONE: st.sampled_from(["é", "z", "_"])}
            yield field, "".join(draw(anything[token]) if isinstance(token, Wild) else token for token in tokens)
        case Match(field=field, pattern=Present()) if positive:
            yield field, draw(TEXTS)


@settings(max_examples=400)
@given(fitting())
@example((Match("A", endswith("/iptables")), {"A": "/usr/sbin/iptables"}))
def test_what_holds_has_a_term_of_each_list(pair):
    predicate, row = pair
    assume(not DISPUTED & set("".join(row.values())))
    if evaluate(predicate, row):
        for parameter, terms in prefilters(predicate, FORMS).items():
            for text in readings(row.get(FORMS[parameter], "")):
                assert has_any(text, terms), (predicate, row, terms, text)


@settings(max_examples=400)
@given(GLOBS, TEXTS)
def test_every_term_of_a_pattern_is_in_what_it_matches(pattern, text):
    built = "".join(text if token is Wild.ANY else "é" if token is Wild.ONE else str(token) for token in pattern.tokens)
    for term in terms_of(pattern):
        for reading in readings(built):
            assert has_any(reading, (term,))


@pytest.mark.parametrize(
    ("pattern", "terms"),
    [
        (endswith("/iptables"), "iptables"),
        (contains("ufw-logging-deny"), "logging"),
        (contains("-F"), ""),
        (contains(" -F "), ""),
        (contains("iptables"), ""),
        (startswith("iptables "), "iptables"),
        (startswith("iptables"), ""),
        (endswith("iptables"), ""),
        (equals("iptables"), "iptables"),
        (equals("/usr/sbin/nft"), "nft sbin usr"),
        (equals("nft"), "nft"),
        (equals("sh"), ""),
        (contains("/é-nft/é"), "nft"),
        (contains("/énft/"), ""),
        (contains("_nft "), ""),
        (contains('"nft"'), ""),
        (contains("\nnft\n"), ""),
        (contains("a=nft "), ""),
        (glob(["/nft", Wild.ANY, "/ufw"]), "ufw"),
        (glob(["nft ", Wild.ANY, " ufw"]), "nft ufw"),
        (glob(["/nft/", Wild.ONE, "x"]), "nft"),
        (equals(""), ""),
        (equals("/NFT", cased=True), "nft"),
    ],
    ids=str,
)
def test_terms(pattern, terms):
    assert terms_of(pattern) == set(terms.split())


A, B = Match("A", endswith("/nft")), Match("A", endswith("/iptables"))
OTHER, OPEN = Match("B", endswith("/ufw")), Match("A", contains("x"))


@pytest.mark.parametrize(
    ("predicate", "terms"),
    [
        (Or((A, B)), ("iptables", "nft")),
        (And((A, B)), ("iptables",)),
        (And((A, OPEN)), ("nft",)),
        (Or((A, OPEN)), None),
        (Or((A, OTHER)), None),
        (And((OTHER, Or((A, B)))), ("iptables", "nft")),
        (Not(A), None),
        (Not(Not(A)), ("nft",)),
        (Not(Or((Not(A), OPEN))), ("nft",)),
        (Not(And((A, Not(B)))), None),
        (Not(And((Not(A), Not(B)))), ("iptables", "nft")),
        (And((A, Not(OPEN))), ("nft",)),
        (TRUE, None),
        (FALSE, None),
        (Or((A, FALSE)), ("nft",)),
        (And((A, TRUE)), ("nft",)),
        (Match("A", contains("/usr/bin/")), None),
        (And((Match("A", contains("/usr/bin/")), A)), ("nft",)),
        (And((Or((A, Match("A", contains("/usr/")))), B)), ("iptables",)),
    ],
    ids=str,
)
def test_lists(predicate, terms):
    assert prefilters(predicate, {"p": "A"}) == ({} if terms is None else {"p": terms})


def test_a_list_has_a_bound():
    many = [Match("A", endswith(f"/name{number}")) for number in range(MAX_TERMS)]
    assert len(prefilters(disjunction(many), {"p": "A"})["p"]) == MAX_TERMS
    assert prefilters(disjunction([*many, A]), {"p": "A"}) == {}


def test_a_call_without_lists_is_the_name():
    assert call("imProcessCreate", {}) == "imProcessCreate"
    assert call("f", {"a": ("x", "y"), "b": ("z",)}) == 'f(a=dynamic(["x", "y"]), b=dynamic(["z"]))'


def test_lists_are_added_and_nothing_else_is_changed(tmp_path):
    detection = item("Image|endswith: /ufw\nParentImage: /bin/bash\nCommandLine|startswith: 'ufw reset'")
    plain, more = probe(tmp_path, detection), probe(tmp_path, detection, prefilter="on")
    head = (
        'imProcessCreate(targetprocess_has_any=dynamic(["ufw"]), actingprocess_has_any=dynamic(["bash"]), '
        'commandline_has_any=dynamic(["ufw"]))'
    )
    assert more.text == plain.text.replace("imProcessCreate", head, 1)
    assert probe(tmp_path, detection, prefilter="off").text == plain.text


@pytest.mark.parametrize("target", ["asim", "xdr"])
@pytest.mark.parametrize("category", ["network_connection", "file_event"])
def test_other_entry_points_have_none(tmp_path, target, category):
    assert (
        probe(tmp_path, item("Image: /bin/bash"), target, category=category, prefilter="on").text
        == probe(tmp_path, item("Image: /bin/bash"), target, category=category).text
    )


def run_positionally(query: str, parameters: dict[str, str]) -> str:
    """The query as the oracle can run it: the lists as conditions on the columns that the sources hold against them."""
    head, rest = query.split("\n", 1)
    found = re.fullmatch(r"(\w+)\((.*)\)", head)
    assert found
    lists = re.findall(r'(\w+)=dynamic\(\[((?:"[a-z0-9]+"(?:, )?)+)\]\)', found[2])
    assert ", ".join(f"{name}=dynamic([{terms}])" for name, terms in lists) == found[2]
    return "\n".join([found[1], *(f"| where {parameters[name]} has_any ({terms})" for name, terms in lists), rest])


def check_rows(rules, every, count):
    """Prefiltered queries select the rows of the queries without them; how many had lists at all."""
    engine()
    target = read_target("asim")
    table = target.tables[0]
    chance = random.Random(7)
    chosen = [rule for rule in rules if rule.logsource.category == "process_creation"][::every]
    with_lists = selected = 0
    for start in range(0, len(chosen), 25):
        members = chosen[start : start + 25]
        rows = [row for rule in members for row in rows_for(rule, table, chance, count)]
        held = Rows(table.name, types_of(table, "linux"), [filled for _, filled in rows])
        for rule in members:
            query = convert(rule, target, Options(prefilter="on"))
            if "(" not in query.text.partition("\n")[0]:
                continue
            with_lists += 1
            expected = [place for place, (row, _) in enumerate(rows) if evaluate(rule.predicate, row)]
            assert held.ids(run_positionally(query.text, table.prefilters)) == expected, (rule.location, query.text)
            selected += len(expected)
    assert selected > with_lists > len(chosen) / 3


def test_prefiltered_queries_select_the_same_rows(sigmahq):
    check_rows(load(sorted(sigmahq.glob("rules*"))).rules, every=24, count=2)


@pytest.mark.long
def test_every_prefiltered_query_selects_the_same_rows(sigmahq):
    check_rows(load(sorted(sigmahq.glob("rules*"))).rules, every=1, count=2)

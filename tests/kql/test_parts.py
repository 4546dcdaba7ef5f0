"""Rules too long for one query: parts of which each is short enough, and which select the rule's rows together."""

from __future__ import annotations

import json
import random

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.kql.differences import rows_for
from tests.kql.oracle import Rows, engine
from tests.kql.probe import item
from tests.kql.rows import types_of
from tests.strategies import predicates, rows

from vedette.cli.main import main
from vedette.kql import Options, convert, convert_parts, read_target
from vedette.kql.convert import MAX_QUERY
from vedette.kql.parts import MAX_PARTS, parts
from vedette.predicate import FALSE, And, Match, Not, Or, atoms, contains, equals, evaluate
from vedette.sigma.ruleset import load

FIELDS = ("Image", "CommandLine")
MANY = ", ".join(f"value-number-{number}" for number in range(900))


def size(predicate):
    return sum(1 for _ in atoms(predicate))


@given(predicates(FIELDS, max_leaves=12), st.lists(rows(FIELDS), max_size=6), st.integers(0, 5))
def test_parts_hold_together_for_what_the_whole_holds_for(predicate, events, most):
    found = parts(predicate, lambda one: size(one) <= most)
    assert all(size(one) <= most for one in found)
    if found:
        for row in events:
            assert evaluate(predicate, row, "raw") == any(evaluate(one, row, "raw") for one in found)


def match(name):
    return Match("CommandLine", contains(name))


A, B, C, D = map(match, "abcd")


@pytest.mark.parametrize(
    ("predicate", "most", "found"),
    [
        (A, 1, (A,)),
        (Or((A, B, C, D)), 2, (Or((A, B)), Or((C, D)))),
        (Or((A, B, C)), 1, (A, B, C)),
        (And((A, Or((B, C)))), 2, (And((A, B)), And((A, C)))),
        (And((Or((A, B)), C, D)), 3, (And((A, C, D)), And((B, C, D)))),
        (Not(And((A, B))), 1, (Not(A), Not(B))),
        (And((A, B)), 1, ()),
        (Not(Or((A, B))), 1, ()),
        (And((A, B, Or((C, D)))), 2, ()),
    ],
    ids=str,
)
def test_parts(predicate, most, found):
    assert parts(predicate, lambda one: size(one) <= most) == found


def test_there_are_not_more_parts_than_one_can_keep_apart():
    many = Or(tuple(Match("CommandLine", equals(str(number))) for number in range(MAX_PARTS + 1)))
    assert len(parts(Or(many.children[:MAX_PARTS]), lambda one: size(one) <= 1)) == MAX_PARTS
    assert parts(many, lambda one: size(one) <= 1) == ()
    assert parts(many, lambda _: False) == ()
    assert parts(FALSE, lambda _: True) == (FALSE,)


def rule(tmp_path, detection, name="long.yml"):
    path = tmp_path / name
    head = f"title: {name}\nlogsource:\n    product: linux\n    category: process_creation\ndetection:\n"
    path.write_text(head + "".join(f"    {line}\n" for line in detection.splitlines()))
    return load([path], cache=False).rules[0]


def test_a_long_query_is_written_whole_with_a_note_unless_asked_otherwise(tmp_path):
    long = rule(tmp_path, item(f"CommandLine|contains: [{MANY}]"))
    (query,) = convert_parts(long, read_target("asim"))
    assert query == convert(long, read_target("asim"))
    assert len(query.text) > MAX_QUERY
    assert any("more than the 10,000" in note for note in query.notes)


def test_a_long_query_is_refused_where_that_is_asked_for(tmp_path):
    long = rule(tmp_path, item(f"CommandLine|contains: [{MANY}]"))
    query = convert(long, read_target("asim"), Options(long="refuse"))
    assert query.text == ""
    assert [error.code for error in query.errors] == ["too-long"]
    assert "more than the 10,000" in query.errors[0].cause


@pytest.mark.parametrize(
    ("target", "prefilter", "detection"),
    [
        ("asim", "off", item(f"CommandLine|contains: [{MANY}]")),
        ("xdr", "off", item(f"CommandLine|contains: [{MANY}]\nImage|endswith: /nft")),
        ("xdr", "off", item(f"CommandLine: [{MANY}]")),
        ("asim", "on", item(f"CommandLine: [{MANY}]\nImage|endswith: /nft")),
    ],
    ids=["an or", "an and of one", "a list", "with prefilters"],
)
def test_parts_select_the_rows_of_the_rule(tmp_path, target, prefilter, detection):
    engine()
    long = rule(tmp_path, detection)
    found = convert_parts(long, read_target(target), Options(long="split", prefilter=prefilter))
    assert len(found) > 1
    assert [query.part for query in found] == [(number, len(found)) for number in range(1, len(found) + 1)]
    assert all(len(query.text) <= MAX_QUERY for query in found)
    assert [query.text.partition("\n")[0] for query in found] == [
        f"// part {number} of {len(found)}: the rule selects the rows of all parts"
        for number in range(1, len(found) + 1)
    ]
    if prefilter == "on":
        assert all(query.text.splitlines()[1].startswith("imProcessCreate(") for query in found)
        return  # the oracle takes no named arguments
    table = read_target(target).tables[0]
    events = rows_for(long, table, random.Random(1), 20)
    held = Rows(table.name, types_of(table, "linux"), [filled for _, filled in events])
    expected = [place for place, (row, _) in enumerate(events) if evaluate(long.predicate, row)]
    assert sorted({place for query in found for place in held.ids(query.text)}) == expected != []


def test_what_has_no_or_is_refused(tmp_path):
    long = rule(tmp_path, item(f"CommandLine|contains|all: [{MANY}]"))
    (query,) = convert_parts(long, read_target("asim"), Options(long="split"))
    assert [error.code for error in query.errors] == ["too-long"]
    assert "fewer values" in query.errors[0].remedy


def test_a_short_query_is_no_part(tmp_path):
    short = rule(tmp_path, item("Image: /bin/sh"))
    (query,) = convert_parts(short, read_target("asim"), Options(long="split"))
    assert query == convert(short, read_target("asim"))


def test_parts_are_files_and_one_rule(tmp_path):
    rule(tmp_path, item(f"CommandLine|contains: [{MANY}]"))
    asked = ["convert", str(tmp_path / "long.yml"), "-t", "asim", "-O", "long=split"]
    result = CliRunner().invoke(main, [*asked, "-o", f"{tmp_path}/out/"])
    assert result.exit_code == 0
    assert "1 of 1 rule converted, 0 refused" in result.stderr
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    count = len(names)
    assert names == [f"long.part{number}of{count}.kql" for number in range(1, count + 1)]
    told = json.loads(CliRunner().invoke(main, [*asked, "-f", "json"]).stdout)
    assert [(query["part"], query["parts"]) for query in told["queries"]] == [(n, count) for n in range(1, count + 1)]


@pytest.mark.long
@pytest.mark.parametrize("target", ["asim", "xdr"])
def test_parts_of_long_public_rules_select_the_rows_of_the_rules(target, sigmahq):
    engine()
    data = read_target(target)
    rules = load(sorted(sigmahq.glob("rules*"))).rules
    long = [one for one in rules if len(convert(one, data).text) > MAX_QUERY]
    assert len(long) > 5
    for one in long:
        found = convert_parts(one, data, Options(long="split"))
        assert all(0 < len(query.text) <= MAX_QUERY for query in found), one.location
        table = next(table for table in data.tables if table.name == found[0].table)
        events = rows_for(one, table, random.Random(2), 10)
        held = Rows(table.name, types_of(table, one.logsource.product), [filled for _, filled in events])
        expected = [place for place, (row, _) in enumerate(events) if evaluate(one.predicate, row)]
        assert sorted({place for query in found for place in held.ids(query.text)}) == expected != [], one.location

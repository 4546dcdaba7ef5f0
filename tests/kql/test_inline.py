"""Exclusions inside queries, executed: the rows left are those of the law, absent fields, hosts and times too."""

from __future__ import annotations

import itertools
import textwrap
from pathlib import Path

import pytest
from tests.kql.oracle import Rows

from vedette.hunt.exclusion import Exclusion, judge
from vedette.kql import convert, convert_parts, read_target
from vedette.kql.convert import Options
from vedette.predicate import Value, evaluate
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load

RULE = """
title: Flush
id: 11111111-1111-4111-8111-111111111111
logsource: {product: linux, category: process_creation}
detection:
  selection: {Image|endswith: /iptables, CommandLine|contains: ' -F'}
  condition: selection
---
"""
FIELDS = {
    "asim": {
        "Image": "TargetProcessName", "CommandLine": "TargetProcessCommandLine", "User": "TargetUsername",
        "ParentImage": "ActingProcessName", "ParentCommandLine": "ActingProcessCommandLine", "Computer": "Dvc",
        "EventTime": "TimeGenerated",
    },
    "xdr": {
        "Image": "FolderPath", "CommandLine": "ProcessCommandLine", "User": "AccountName",
        "ParentImage": "InitiatingProcessFolderPath", "ParentCommandLine": "InitiatingProcessCommandLine",
        "Computer": "DeviceName", "EventTime": "Timestamp",
    },
}  # fmt: skip
NOON = 1_795_521_600
VALUES: list[list[Value]] = [
    ["/usr/sbin/iptables", "/usr/bin/x"],
    ["iptables -F", "iptables -L"],
    ["", "backup", "ROOT"],
    ["", "/opt/deployd", "/bin/sh"],
    ["", "deployd --manual", "deployd"],
    ["", "gw-1", "db"],
    [NOON - 1, NOON, NOON + 60],
]
ROWS = [dict(zip(FIELDS["asim"], values, strict=True)) for values in itertools.product(*VALUES)]


def made(folder: Path, selection: str, condition: str, block: str, place: str) -> tuple[Rule, tuple[Exclusion, ...]]:
    text = RULE + textwrap.dedent(f"""
        title: Deployments
        id: 22222222-2222-4222-8222-222222222222
        description: the agent does it
        logsource: {{product: linux, category: process_creation}}
        filter:
          rules: any
          selection: {selection}
          manual: {{ParentCommandLine|contains: '--manual'}}
          nobody: {{User: null}}
          condition: {condition}
        vedette: {block}
        """)
    path = folder / "set.yml"
    path.write_text(text, encoding="utf-8")
    loaded = load([path], cache=False)
    assert not loaded.problems
    judged = judge(loaded.filters, loaded.rules, now=0.0, place=place)
    return loaded.rules[0], judged.bound.get(loaded.rules[0].id, ())


CASES = [
    ("{ParentImage|endswith: /deployd}", "not selection", "{}"),
    ("{ParentImage|endswith: /deployd, User: backup}", "not selection", "{scope: {hosts: 'GW-*'}}"),
    ("{ParentImage|endswith: /deployd}", "not (selection and not manual)", "{}"),
    (
        "{User: root}",
        "not selection and not manual",
        "{scope: {from: '2026-11-24T12:00Z', until: '2026-11-24T12:01Z'}}",
    ),
    ("{User: root}", "not selection", "{expires: '2026-11-24T12:00:30.5Z', scope: {until: 2026-11-25}}"),
    ("{User: backup}", "selection", "{narrowing: true}"),
    ("{User|re: '^b'}", "not (selection or nobody)", "{scope: {hosts: ['*']}}"),
]


@pytest.mark.parametrize("target", ["asim", "xdr"])
@pytest.mark.parametrize(("selection", "condition", "block"), CASES)
def test_the_rows_are_those_that_the_law_leaves(tmp_path, target, selection, condition, block):
    rule, exclusions = made(tmp_path, selection, condition, block, target)
    assert len(exclusions) == 1
    query = convert(rule, read_target(target), exclusions=exclusions)
    assert not query.unenforced
    assert [one.id for one in query.excluded] == [exclusions[0].id]
    columns = FIELDS[target]
    types = {column: "datetime" if field == "EventTime" else "string" for field, column in columns.items()}
    rows = Rows(query.table, types, [{columns[name]: value for name, value in row.items()} for row in ROWS])
    wanted = [
        number
        for number, row in enumerate(ROWS)
        if evaluate(rule.predicate, row)
        and not any(
            evaluate(one.silenced, row)
            and one.scope.covers(str(row["Computer"]), float(row["EventTime"]))
            and (one.expires is None or float(row["EventTime"]) < one.expires)
            for one in exclusions
        )
    ]
    everything = convert(rule, read_target(target))
    assert rows.ids(query.text) == wanted
    assert 0 < len(wanted) < len(rows.ids(everything.text))


def test_a_field_without_a_column_is_an_error_and_the_query_shows_what_it_would_cover(tmp_path):
    rule, exclusions = made(tmp_path, "{ParentScript: /opt/job.sh}", "not selection", "{}", "asim")
    query = convert(rule, read_target("asim"), exclusions=exclusions)
    assert query.text == convert(rule, read_target("asim")).text
    (error,) = query.unenforced
    assert "ParentScript has no column in asim" in str(error)
    assert error.code == "unenforced"
    assert error.location.path.endswith("set.yml")


def test_an_exclusion_meant_for_elsewhere_is_left_out(tmp_path):
    assert made(tmp_path, "{User: root}", "not selection", "{enforce: [hunt]}", "asim")[1] == ()


def test_the_ends_of_the_calendar_are_moments_of_kusto(tmp_path):
    block = "{scope: {from: 0001-01-01, until: 9999-12-31}}"
    rule, exclusions = made(tmp_path, "{User: root}", "not selection", block, "asim")
    last = convert(rule, read_target("asim"), exclusions=exclusions).text.splitlines()[-1]
    assert "(TimeGenerated >= datetime(0001-01-01T00:00:00Z))" in last
    assert "(TimeGenerated < datetime(9999-12-31T23:59:59Z))" in last


def test_what_a_reason_says_stays_in_its_comment(tmp_path):
    block = '{reason: "x\\n| where false //", owner: y}'
    rule, exclusions = made(tmp_path, "{User: root}", "not selection", block, "asim")
    lines = convert(rule, read_target("asim"), exclusions=exclusions).text.splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("// excluded: Deployments")


def test_every_part_of_a_long_rule_takes_it_out(tmp_path):
    rule, exclusions = made(tmp_path, "{User: root}", "not selection", "{}", "asim")
    many = ", ".join(f"'{number:0300}'" for number in range(60))
    path = tmp_path / "long.yml"
    path.write_text(RULE.replace("CommandLine|contains: ' -F'", f"CommandLine|contains: [{many}]"), encoding="utf-8")
    (long,) = load([path], cache=False).rules
    assert rule.id == long.id
    found = convert_parts(long, read_target("asim"), Options(long="split"), exclusions)
    assert len(found) > 1
    for query in found:
        assert len(query.text) <= 10_000
        assert query.excluded == exclusions
        assert query.text.count("| where not(") == 1

"""Exclusions as watchlists: the rows that are left are those that the exclusions in the text would leave."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import re
from pathlib import Path

import pytest
import yaml
from tests.kql.oracle import Rows

from vedette.hunt.exclusion import Exclusion, judge
from vedette.kql import convert, read_target
from vedette.sentinel.watchlist import MAX_ROWS, Watchlist, listed
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load

RULE = {
    "title": "Flush",
    "id": "11111111-1111-4111-8111-111111111111",
    "logsource": {"product": "linux", "category": "process_creation"},
    "detection": {"selection": {"Image|endswith": "/iptables"}, "condition": "selection"},
}
ASIM = read_target("asim")
FIELDS = {
    "Image": "TargetProcessName",
    "CommandLine": "TargetProcessCommandLine",
    "User": "TargetUsername",
    "ParentImage": "ActingProcessName",
}
ROWS = [
    dict(zip(FIELDS.values(), values, strict=True))
    for values in itertools.product(
        ["/sbin/iptables", "/bin/x"],
        ["iptables -F", "iptables -L", ""],
        ["", "root", "ROOT", "backup", "root,x"],
        ["", "/opt/nightly", "/OPT/Nightly", "/opt/weekly", "/bin/sh"],
    )
]


def exclusion(
    detection: object, number: int = 1, condition: str = "not selection", **block: object
) -> dict[str, object]:
    return {
        "title": f"Job {number}",
        "id": f"22222222-2222-4222-8222-22222222222{number}",
        "logsource": RULE["logsource"],
        "filter": {"rules": "any", "selection": detection, "condition": condition},
        "vedette": {"owner": "ops", "reason": "nightly", **block},
    }


def made(folder: Path, *filters: dict[str, object], now: float = 0.0) -> tuple[Rule, tuple[Exclusion, ...]]:
    path = folder / "set.yml"
    path.write_text(yaml.safe_dump_all([RULE, *filters]), encoding="utf-8")
    loaded = load([path], cache=False)
    assert not loaded.problems
    (rule,) = loaded.rules
    return rule, judge(loaded.filters, loaded.rules, now=now, place="asim").bound[rule.id]


EQUAL: list[object] = [
    {"ParentImage": "/opt/nightly"},
    {"ParentImage": ["/opt/nightly", "/opt/weekly"]},
    {"ParentImage": ["/opt/nightly", "/opt/weekly"], "User": ["root", "backup"]},
    {"User": "root,x", "CommandLine": "iptables -F"},
    [{"User": "root", "ParentImage": "/opt/nightly"}, {"User": "backup", "ParentImage": "/bin/sh"}],
]
MORE: list[object] = [
    {"ParentImage|endswith": "/nightly"},
    {"ParentImage": "/opt/*"},
    {"ParentImage|cased": "/opt/nightly"},
    {"User": "r\u00f6t"},
    {"User|re": "^root$"},
    [{"User": "root"}, {"ParentImage": "/opt/nightly"}],
    {"User|all": ["root", "backup"]},
]


def executed(rows: Rows, one: Watchlist, query: str) -> list[int]:
    """The rows of a query, where the oracle has the watchlist as a table and knows its columns."""
    heads, *values = csv.reader(io.StringIO(one.csv()))
    table = f"List{one.alias.removeprefix('vedette-')}"
    names = ", ".join(f'"{name}" VARCHAR' for name in heads)
    rows.connection.execute(f'create or replace table "{table}" ({names})')
    if values:
        marks = ", ".join("(" + ", ".join("?" * len(heads)) + ")" for _ in values)
        rows.connection.execute(f'insert into "{table}" values {marks}', [cell for row in values for cell in row])
    query = query.replace(f'_GetWatchlist("{one.alias}")', table)
    return rows.ids(re.sub(r'column_ifexists\("(\w+)", ""\)', r"\1", query))


@pytest.mark.parametrize("detection", EQUAL)
def test_the_rows_left_are_those_of_the_text(tmp_path, detection):
    rule, exclusions = made(tmp_path, exclusion(detection))
    (one,), others = listed(exclusions, rule, ASIM)
    assert others == ()
    rows = Rows("imProcessCreate", dict.fromkeys(FIELDS.values(), "string"), ROWS)
    inline = rows.ids(convert(rule, ASIM, exclusions=exclusions).text)
    everything = convert(rule, ASIM).text
    assert executed(rows, one, "\n".join([everything, *one.lines])) == inline
    assert 0 < len(inline) < len(rows.ids(everything))


def test_a_row_that_has_expired_or_lacks_a_value_takes_nothing_out(tmp_path):
    rule, exclusions = made(tmp_path, exclusion({"ParentImage": "/opt/nightly", "User": "root"}))
    (one,), _ = listed(exclusions, rule, ASIM)
    rows = Rows("imProcessCreate", dict.fromkeys(FIELDS.values(), "string"), ROWS)
    everything = convert(rule, ASIM).text
    query = "\n".join([everything, *one.lines])
    heads = ("id", "title", "reason", "owner")

    def left(*values: str, until: str = "") -> int:
        changed = Watchlist(one.alias, one.rule, one.columns, ((*values, *heads, until),), one.exclusions)
        return len(executed(rows, changed, query))

    whole = len(rows.ids(everything))
    assert left("/opt/nightly", "root") < whole
    assert left("/opt/nightly", "root", until="2099-01-01T00:00:00+00:00") < whole
    assert left("/opt/nightly", "root", until="2020-01-01T00:00:00+00:00") == whole
    assert left("/opt/nightly", "") == whole
    assert left("", "") == whole


@pytest.mark.parametrize("detection", MORE)
def test_what_is_more_than_equality_stays_in_the_text(tmp_path, detection):
    rule, exclusions = made(tmp_path, exclusion(detection))
    assert listed(exclusions, rule, ASIM) == ((), exclusions)


@pytest.mark.parametrize("scope", [{"hosts": ["gw-1"]}, {"until": "2027-01-01"}])
def test_what_holds_somewhere_or_for_a_time_stays_in_the_text(tmp_path, scope):
    rule, exclusions = made(tmp_path, exclusion({"User": "root"}, scope=scope))
    assert listed(exclusions, rule, ASIM) == ((), exclusions)


def test_exclusions_of_the_same_columns_share_a_list(tmp_path):
    rule, exclusions = made(
        tmp_path,
        exclusion({"User": "root"}, 1, expires="2027-06-30"),
        exclusion({"User": "backup"}, 2),
        exclusion({"ParentImage": "/opt/nightly"}, 3),
    )
    found, others = listed(exclusions, rule, ASIM)
    assert others == ()
    assert [one.columns for one in found] == [("TargetUsername",), ("ActingProcessName",)]
    assert len({one.alias for one in found}) == 2
    users = list(csv.DictReader(io.StringIO(found[0].csv())))
    assert [(row["TargetUsername"], row["Title"], row["Owner"]) for row in users] == [
        ("root", "Job 1", "ops"),
        ("backup", "Job 2", "ops"),
    ]
    assert dt.datetime.fromisoformat(users[0]["Expires"]) == dt.datetime(2027, 7, 1, tzinfo=dt.UTC)
    assert users[1]["Expires"] == ""


def test_a_list_has_the_same_name_in_every_run_and_another_for_another_rule(tmp_path):
    rule, exclusions = made(tmp_path, exclusion({"User": "root"}))
    (one,), _ = listed(exclusions, rule, ASIM)
    assert one.alias == listed(exclusions, rule, ASIM)[0][0].alias == "vedette-" + one.alias[-16:]
    other = Rule(**{name: getattr(rule, name) for name in rule.__struct_fields__ if name != "id"}, id="other")
    assert listed(exclusions, other, ASIM)[0][0].alias != one.alias


def test_an_exclusion_of_too_many_rows_stays_in_the_text(tmp_path):
    many = [f"u{number}" for number in range(30)]
    rule, exclusions = made(tmp_path, exclusion({"User": many, "ParentImage": many}))
    assert len(many) ** 2 > MAX_ROWS
    assert listed(exclusions, rule, ASIM) == ((), exclusions)


def test_the_resource_holds_the_rows(tmp_path):
    rule, exclusions = made(tmp_path, exclusion({"User": "[concat('a')]"}))
    (one,), _ = listed(exclusions, rule, ASIM)
    content = one.resource()["properties"]
    assert content["rawContent"] == one.csv()
    assert content["itemsSearchKey"] == "TargetUsername"


def test_microsofts_parser_takes_the_lines(tmp_path, checker):
    rule, exclusions = made(
        tmp_path, exclusion({"User": 'ro"ot', "ParentImage": "/opt/a'b"}), exclusion({"User": "x"}, 2)
    )
    found, _ = listed(exclusions, rule, ASIM)
    text = "\n".join([convert(rule, ASIM).text, *(line for one in found for line in one.lines)])
    assert [said for said in checker.check(text) if said.severity == "error"] == []
    assert checker.columns(text) == checker.columns("imProcessCreate")

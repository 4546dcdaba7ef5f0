"""Both readings of image paths in one query: it selects the union of the views, and exclusions keep to the law."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kql.oracle import engine
from tests.kql.probe import item, probe
from tests.strategies import predicates, texts

from vedette.event import Choice, single_valued
from vedette.event.view import RESOLVED, VIEWS, views
from vedette.hunt.exclusion import judge
from vedette.kql import Options, convert, read_target
from vedette.kql.reach import verdicts
from vedette.kql.readings import covered, seen
from vedette.predicate import Predicate, Value, evaluate
from vedette.sentinel.watchlist import listed
from vedette.sigma.ruleset import load

COLUMNS = ("Image.resolved", "Image.invoked", "ParentImage.resolved", "ParentImage.invoked", "CommandLine")
TABLE = next(table for table in read_target("asim").tables if table.category == "process_creation")
ROWS = st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, texts(3).filter(bool)))
CHOICES: list[Choice] = ["both", "resolved", "invoked"]
DETECTION = """
    selection:
        Image|endswith: [/iptables, /multi]
        CommandLine|contains: ' -F'
    parent:
        ParentImage|endswith: /deployd
    same:
        Image: /usr/sbin/multi
        ParentImage: /usr/sbin/multi
    condition: selection and not parent or same
"""
RULE = """
title: Flush
id: 11111111-1111-4111-8111-111111111111
logsource: {product: linux, category: process_creation}
detection:
  selection: {Image|endswith: [/iptables, /multi], CommandLine|contains: ' -F'}
  condition: selection
---
title: Deployments
id: 22222222-2222-4222-8222-222222222222
description: the agent does it
logsource: {product: linux, category: process_creation}
filter:
  rules: any
  selection: {%s}
  condition: not selection
vedette:
  owner: ops
  reason: known
"""
PATHS: list[Value] = ["", "/usr/sbin/iptables", "/usr/sbin/multi", "/opt/deployd"]
EVENTS: list[dict[str, Value]] = [
    dict(zip(COLUMNS, values, strict=True)) for values in itertools.product(PATHS, PATHS, PATHS, PATHS, ["iptables -F"])
]


def trees() -> st.SearchStrategy[Predicate]:
    return predicates(["Image", "ParentImage", "CommandLine"])


@given(trees(), ROWS, st.sampled_from(CHOICES))
def test_what_is_asked_is_the_union_of_the_views(predicate, row, choice):
    found = evaluate(seen(predicate, TABLE, choice), row, "aK")
    assert found == any(evaluate(predicate, single_valued(row, view), "aK") for view in views(choice))


@given(trees(), trees(), ROWS, st.sampled_from(CHOICES))
def test_an_exclusion_covers_what_it_covers_in_every_view_of_the_rule_and_in_the_resolved_one(
    exclusion, rule, row, choice
):
    matched = [view for view in views(choice) if evaluate(rule, single_valued(row, view), "aK")]
    if not matched:
        return
    told = all(evaluate(exclusion, single_valued(row, view), "aK") for view in {*matched, RESOLVED})
    assert evaluate(covered(exclusion, rule, TABLE, choice), row, "aK") == told


def test_without_readings_nothing_changes():
    predicate = load_one(item("Image: /bin/sh"))
    assert seen(predicate, TABLE, "column") is predicate
    other = next(table for table in read_target("xdr").tables if table.category == "process_creation")
    assert seen(predicate, other, "both") is predicate
    assert covered(predicate, predicate, other, "both") is predicate


def load_one(detection: str) -> Predicate:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        bound = probe(Path(folder), detection).rule
    assert hasattr(bound, "predicate")
    predicate: Predicate = bound.predicate
    return predicate


class Shipped:
    """Rows as they are shipped, and rows of other sources, in the table that the oracle reads."""

    def __init__(self, events: list[dict[str, Value]], *, shipped: bool) -> None:
        self.module = engine()
        self.connection = self.module.connect()
        self.connection.execute(
            "create table imProcessCreate (RowId INTEGER, TargetProcessName VARCHAR, ActingProcessName VARCHAR, "
            "TargetProcessCommandLine VARCHAR, AdditionalFields JSON)"
        )
        rows: list[list[Any]] = []
        for place, event in enumerate(events):
            beside = {
                "ResolvedImage": event.get("Image.resolved", ""),
                "ResolvedParentImage": event.get("ParentImage.resolved", ""),
            }
            names = [event.get(f"{field}.invoked", "") for field in ("Image", "ParentImage")]
            additional = json.dumps(beside) if shipped else [None, json.dumps({"other": 1})][place % 2]
            rows.append([place, *names, event.get("CommandLine", ""), additional])
        marks = ", ".join("(?, ?, ?, ?, ?)" for _ in rows)
        self.connection.execute(f"insert into imProcessCreate values {marks}", [value for row in rows for value in row])

    def ids(self, query: str) -> list[int]:
        cursor = self.module.kql(self.connection, query)
        place = [column[0] for column in cursor.description].index("RowId")
        return sorted(row[place] for row in cursor.fetchall())


@pytest.mark.parametrize("choice", CHOICES)
def test_shipped_rows_are_selected_in_every_view(tmp_path, choice):
    query = probe(tmp_path, DETECTION, image=choice)
    rule = load_one(DETECTION)
    wanted = [
        place
        for place, event in enumerate(EVENTS)
        if any(evaluate(rule, single_valued(event, view)) for view in views(choice))
    ]
    assert Shipped(EVENTS, shipped=True).ids(query.text) == wanted
    assert 0 < len(wanted) < len(EVENTS)


def test_rows_of_other_sources_are_selected_as_by_the_column(tmp_path):
    others = Shipped(EVENTS, shipped=False)
    told = others.ids(probe(tmp_path, DETECTION).text)
    assert told
    for choice in CHOICES:
        assert others.ids(probe(tmp_path, DETECTION, image=choice).text) == told


@pytest.mark.parametrize(
    "selection",
    ["ParentImage: /opt/deployd", "Image: /usr/sbin/iptables, ParentImage: /opt/deployd", "Image|endswith: s"],
)
@pytest.mark.parametrize("choice", CHOICES)
def test_exclusions_in_queries_keep_to_the_law(tmp_path, choice, selection):
    path = tmp_path / "rule.yml"
    path.write_text(RULE % selection, encoding="utf-8")
    loaded = load([path], cache=False)
    rule = loaded.rules[0]
    exclusions = judge(loaded.filters, loaded.rules, now=0.0).bound[rule.id]
    (exclusion,) = exclusions
    query = convert(rule, read_target("asim"), Options(image=choice), exclusions)
    assert query.excluded == exclusions
    wanted, covered_somewhere = [], 0
    for place, event in enumerate(EVENTS):
        matched = [view for view in views(choice) if evaluate(rule.predicate, single_valued(event, view))]
        is_covered = all(evaluate(exclusion.silenced, single_valued(event, view)) for view in {*matched, RESOLVED})
        covered_somewhere += bool(matched) and is_covered
        if matched and not is_covered:
            wanted.append(place)
    assert Shipped(EVENTS, shipped=True).ids(query.text) == wanted
    assert covered_somewhere
    assert listed(exclusions, rule, read_target("asim"))[0] != () or "endswith" in selection
    assert listed(exclusions, rule, read_target("asim"), choice) == ((), exclusions)


def test_the_parser_of_microsoft_accepts_the_readings(tmp_path, checker):
    for choice in CHOICES:
        query = probe(tmp_path, DETECTION, image=choice)
        assert [each for each in checker.check(query.text) if each.severity != "note"] == []


def test_sources_that_fill_one_column_are_judged_by_it(tmp_path):
    selection = item("Image|endswith: /usr/sbin/iptables\nParentImage|endswith: /sh")
    single, both = probe(tmp_path, selection), probe(tmp_path, selection, image="both")
    assert verdicts(both) == verdicts(single) != ()


def test_parts_that_read_no_image_stand_once(tmp_path):
    query = probe(
        tmp_path, item("Image|endswith: /a\nParentImage|endswith: /b\nCommandLine|contains: once"), image="both"
    )
    assert query.text.count("once") == 1
    assert query.text.count(" or ") == len(VIEWS) // 2

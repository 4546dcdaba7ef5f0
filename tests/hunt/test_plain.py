"""Plain events hunted: as the law says, with the same findings, exclusions and correlations as audit logs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.correlate.hunting import correlating
from vedette.errors import UsageError
from vedette.event import RESOLVED, LogSource
from vedette.hunt import plain as module
from vedette.hunt.cover import Cover
from vedette.hunt.finding import Finding
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options
from vedette.hunt.plain import OTHERS, Chunk, PlainHunt
from vedette.hunt.telemetry import survey
from vedette.predicate import evaluate
from vedette.sigma.ruleset import load
from vedette.telemetry.events.kind import Kind

MAP = """
title = "the test's export"
host = "host"
time = { column = "time", format = "s" }

[[events]]
product = "linux"
category = "process_creation"
when = { sort = "start" }
[events.fields]
Image = "exe"
CommandLine = "args"
User = "user"
ProcessId = "pid"
ParentImage = "parent.exe"

[[events]]
product = "linux"
service = "app"
[events.fields]
"user.name" = "user"
Port = "port"
DestinationPort = "port"
"""
SOURCES = {"start": ("process_creation", ""), "app": ("", "app")}


def rule(number: int, selection: Any, sort: str = "start", condition: str = "selection", **more: Any) -> dict[str, Any]:
    category, service = SOURCES[sort]
    logsource = {"product": "linux"} | ({"category": category} if category else {"service": service})
    detection = selection if isinstance(selection, dict) and "selection" in selection else {"selection": selection}
    return {
        "title": f"Rule {number}", "id": f"00000000-0000-4000-8000-{number:012}", "status": "test", "level": "high",
        "author": "Vedette", "logsource": logsource, "detection": {**detection, "condition": condition},
        "name": f"rule_{number}", **more,
    }  # fmt: skip


RULES = [
    rule(1, {"Image|endswith": "/ufw", "CommandLine|contains": "disable"}),
    rule(
        2, {"selection": {"CommandLine|contains": "x"}, "other": {"User": "root"}}, condition="selection and not other"
    ),
    rule(3, {"ProcessId": 7}),
    rule(4, {"keywords": ["hidden*word"], "selection": {"User": "root"}}, condition="keywords and selection"),
    rule(5, {"user.name": "root", "DestinationPort|gt": 1000}, "app"),
    rule(6, {"OriginalFileName": "x"}),
    rule(7, {"selection": {"User": "nobody"}}, condition="not selection"),
    rule(8, {"EventTime|hour": 8}),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "map.toml").write_text(MAP, "utf-8")
    write_rules(tmp_path, RULES)
    return tmp_path


def write_rules(folder: Path, rules: list[dict[str, Any]]) -> None:
    (folder / "rules").mkdir(exist_ok=True)
    for number, one in enumerate(rules):
        (folder / "rules" / f"r{number}.yml").write_text(yaml.safe_dump(one), "utf-8")


def hunted(folder: Path, rows: list[dict[str, Any]], joining: Any = None, **options: Any) -> tuple[list[Finding], Hunt]:
    log = folder / "log.ndjson"
    log.write_bytes(b"\n".join(json.dumps({"time": 1795509330, "host": "gw", **row}).encode() for row in rows))
    asked = Options(
        logs=(str(log),), rules=(str(folder / "rules"),), map=str(folder / "map.toml"), **{"raw": True, **options}
    )
    hunt = Hunt(asked, joining=joining)
    return list(hunt.findings()), hunt


def fired(findings: list[Finding]) -> list[tuple[int, int]]:
    """Line and rule of each finding."""
    return [(one.origin.serial, int(one.rule.id[-12:])) for one in findings]


START = {"sort": "start", "exe": "/usr/sbin/ufw", "args": ["ufw", "disable"], "user": "nobody", "pid": "9"}


def test_a_finding_has_the_form_of_those_from_audit_logs(folder):
    findings, hunt = hunted(folder, [START | {"parent": {"exe": "/bin/sh"}}])
    found = next(one for one in findings if one.rule.title == "Rule 1")
    assert found.process is not None
    assert found.process.parent is not None
    assert (found.process.image, found.process.command_line, found.process.pid) == ("/usr/sbin/ufw", "ufw disable", 9)
    assert found.process.parent.image == "/bin/sh"
    assert (found.time, found.host, found.user) == ("2026-11-24T08:35:30.000Z", "gw", "nobody")
    assert (found.category, found.views) == ("process_creation", ("resolved",))
    assert {(one.field, one.value, one.reading) for one in found.matched} == {
        ("Image", "/usr/sbin/ufw", None),
        ("CommandLine", "ufw disable", None),
    }
    assert found.raw is not None
    assert json.loads(found.raw[0])["exe"] == "/usr/sbin/ufw"
    assert hunt.summary.hosts["gw"].events == {"process_creation": 1}


def test_the_rule_that_can_never_fire_says_why(folder):
    _, hunt = hunted(folder, [START])
    dead = {one.title: one.why for one in hunt.summary.dead}
    assert dead["Rule 6"].startswith("needs OriginalFileName")
    assert dead["Rule 5"] == "no event of log source linux/*/app in this log"
    assert "Rule 1" not in dead


def test_keywords_search_values_unescaped(folder):
    row = {"sort": "start", "user": "root", "note": 'hidden "\\" word'}
    findings, _ = hunted(folder, [row, row | {"note": "x"}])
    assert (1, 4) in fired(findings)
    assert (2, 4) not in fired(findings)


def test_a_keyword_is_found_though_its_row_was_seen_before_without_it(tmp_path):
    (tmp_path / "map.toml").write_text(MAP, "utf-8")
    write_rules(
        tmp_path, [RULES[0], rule(4, {"keywords": ["hidden"], "selection": {"User": "x"}}, condition="keywords")]
    )
    findings, _ = hunted(tmp_path, [START, START | {"note": "hidden"}, START])
    assert sorted(fired(findings)) == [(1, 1), (2, 1), (2, 4), (3, 1)]


def test_the_account_of_hosts_is_bounded(folder, monkeypatch):
    monkeypatch.setattr("vedette.hunt.plain.MOST_HOSTS", 2)
    findings, hunt = hunted(folder, [START | {"host": name} for name in "abcda"])
    assert {name: seen.events.total() for name, seen in hunt.summary.hosts.items()} == {"a": 2, "b": 1, OTHERS: 2}
    assert {one.host for one in findings} == set("abcd")


def test_nested_names_are_fields(folder):
    findings, _ = hunted(folder, [{"user": "root", "port": 1001}, {"user": "root", "port": "80"}])
    assert fired(findings) == [(1, 5)]


words = st.sampled_from(["", "root", "x", "nobody", "ufw disable", "/usr/sbin/ufw", "7", "hidden word", "1001", "Ufw"])
rows = st.fixed_dictionaries(
    {"sort": st.sampled_from(["start", "app", "start"]), "time": st.sampled_from([1795509330, 1795520000])},
    optional=dict.fromkeys(("exe", "args", "user", "pid", "port", "note"), words),
)


@pytest.mark.parametrize("backend", ["hyperscan", "polars"])
@settings(max_examples=15)
@given(data=st.lists(rows, min_size=1, max_size=12))
def test_findings_are_what_the_law_says(tmp_path_factory, backend, data):
    if backend == "hyperscan":
        pytest.importorskip("hyperscan")
    folder = tmp_path_factory.mktemp("law")
    (folder / "map.toml").write_text(MAP, "utf-8")
    write_rules(folder, RULES)
    findings, hunt = hunted(folder, data, backend=backend)
    _, again = hunted(folder, data, backend=backend)
    wanted = [
        (event.origin.serial, int(one.id[-12:]))
        for event in again.events()
        for one in again.kept
        if one.logsource.covers(event.source) and evaluate(one.predicate, event.row(RESOLVED), event.raw)
    ]
    assert Counter(fired(findings)) == Counter(wanted)
    assert hunt.summary.alerts["high"] == len(wanted)


def test_starting_over_when_too_much_is_kept_changes_nothing(folder, monkeypatch):
    data = [START | {"args": f"ufw disable {number % 7} x", "user": "root"} for number in range(60)]
    whole, _ = hunted(folder, data)
    monkeypatch.setattr(module, "_MOST_ROWS", 3)
    rules = load([folder / "rules"])
    hunt = PlainHunt(rules.rules, rules.key, Cover({}), Options(logs=(), map=str(folder / "map.toml")))
    log = (folder / "log.ndjson").read_bytes().split(b"\n")
    found: list[tuple[int, str]] = []
    epochs = set()
    for start in range(0, 60, 9):
        for chunk in hunt.read("ndjson", [b"\n".join(log[start : start + 9])], "log"):
            found += [
                (start + plain.number, match.rule.id)
                for plain, sighting in hunt.sightings(Chunk("log", chunk.events))
                for match in sighting.matches
            ]
            epochs |= {lane.shapes.epoch for lane in hunt.lanes.values()}
    assert len(epochs) > 3
    assert found == [(one.origin.serial, one.rule.id) for one in whole]


def test_exclusions_cover_and_count(folder):
    silence = {
        "title": "Quiet", "id": "00000000-0000-4000-8000-0000000000ff", "logsource": {"product": "linux"},
        "filter": {"rules": ["rule_1"], "selection": {"User": "nobody"}, "condition": "not selection"},
        "vedette": {"reason": "known"},
    }  # fmt: skip
    (folder / "rules" / "quiet.yml").write_text(yaml.safe_dump(silence), "utf-8")
    findings, hunt = hunted(folder, [START, START | {"user": "root"}], show_excluded=True)
    decided = {one.origin.serial: one.verdict.decision for one in findings if one.rule.title == "Rule 1"}
    assert decided == {1: "excluded", 2: "alert"}
    assert sum(hunt.summary.excluded.values()) == 1


def test_correlations_join_plain_events(folder):
    joined = {
        "title": "Often", "id": "00000000-0000-4000-8000-0000000000fe", "level": "critical", "status": "test",
        "correlation": {
            "type": "event_count", "rules": ["rule_1"], "group-by": ["User"], "timespan": "1m", "condition": {"gte": 3},
        },
    }  # fmt: skip
    (folder / "rules" / "often.yml").write_text(yaml.safe_dump(joined), "utf-8")
    data = [START | {"time": 1795509330 + number} for number in range(3)] + [START | {"user": "eve"}]
    findings, _ = hunted(folder, data, joining=correlating)
    (one,) = (one for one in findings if one.kind == "correlation")
    assert one.correlation is not None
    assert (one.correlation.count, one.correlation.group) == (3, {"User": "nobody"})


def test_lines_of_two_files_are_two_events_and_those_of_a_copy_one(folder):
    joined = {
        "title": "Often", "id": "00000000-0000-4000-8000-0000000000fe", "level": "critical", "status": "test",
        "correlation": {
            "type": "event_count", "rules": ["rule_1"], "group-by": ["User"], "timespan": "1m", "condition": {"gte": 2},
        },
    }  # fmt: skip
    (folder / "rules" / "often.yml").write_text(yaml.safe_dump(joined), "utf-8")
    for other, counts in ((1795509331, [2]), (1795509330, [])):
        logs = []
        for name, time in (("a", 1795509330), ("b", other)):
            path = folder / f"{name}.ndjson"
            path.write_bytes(json.dumps(START | {"time": time, "host": "gw"}).encode() + b"\n")
            logs.append(str(path))
        hunt = Hunt(
            Options(logs=tuple(logs), rules=(str(folder / "rules"),), map=str(folder / "map.toml")), joining=correlating
        )
        found = [one.correlation for one in hunt.findings() if one.correlation is not None]
        assert [one.count for one in found] == counts


def test_since_and_until_bound_findings(folder):
    data = [START | {"time": 1795509330 + number} for number in range(5)]
    findings, hunt = hunted(folder, data, since=1795509331.0, until=1795509333.0)
    assert sorted({one.origin.serial for one in findings}) == [2, 3]
    assert hunt.summary.hosts["gw"].events["process_creation"] == 5


def test_without_routing_every_rule_sees_process_starts(folder):
    findings, _ = hunted(folder, [{"sort": "start", "user": "root", "pid": 1}], routing=False)
    assert (1, 5) not in fired(findings)  # the map gives a start no port
    _, hunt = hunted(folder, [{"sort": "start", "user": "root", "pid": 1}], routing=False)
    assert {one.title: one.why for one in hunt.summary.dead}["Rule 5"].startswith("needs ")


def test_no_map_is_said_with_the_columns_and_the_remedy(folder):
    log = folder / "log.ndjson"
    log.write_text('{"when": 1, "what": 2}\n')
    hunt = Hunt(Options(logs=(str(log),), rules=(str(folder / "rules"),)))
    assert list(hunt.findings()) == []
    (problem,) = hunt.summary.log_problems
    assert "it has when, what" in str(problem)
    assert "--map" in problem.remedy


@pytest.mark.parametrize(
    ("change", "line", "cause"),
    [
        (("host =", "hosts ="), 3, "hosts"),
        (('format = "s"', 'format = "days"'), 4, "days"),
        (("[[events]]", "[[events"), 6, "Expected"),
        (('product = "linux"\ncategory = "process_creation"\n', ""), 6, "no log source"),
    ],
)
def test_a_wrong_map_is_told_with_its_line(folder: Path, change: tuple[str, str], line: int, cause: str):
    path = folder / "map.toml"
    path.write_text(MAP.replace(change[0], change[1], 1), "utf-8")
    with pytest.raises(UsageError, match=rf"map\.toml:{line}: .*{cause}"):
        hunted(folder, [START])


def test_a_survey_says_what_a_map_leaves_out(folder):
    hunted(folder, [START | {"more": 1}])
    told = survey(
        Options(logs=(str(folder / "log.ndjson"),), rules=(str(folder / "rules"),), map=str(folder / "map.toml"))
    )
    (host,) = told.hosts
    assert {one.title for one in host.can_fire} == {"Rule 1", "Rule 2", "Rule 3", "Rule 4", "Rule 7", "Rule 8"}
    assert "columns that the map leaves out: more" in told.problems
    assert any("no row has: parent.exe, port" in one for one in told.problems)


def test_a_kind_of_two_products_is_seen_by_rules_of_both():
    kind = Kind(LogSource("linux", "file_event"), (LogSource("macos", "file_event"),))
    assert kind.seen_by(LogSource("macos", "file_event"))
    assert kind.seen_by(LogSource("macos"))
    assert not kind.seen_by(LogSource("windows", "file_event"))

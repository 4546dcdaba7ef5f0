"""A plan and its apply against the workspace on the loopback, through Microsoft's client."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sentinel.workspace import Fault, Workspace

from vedette.hunt.exclusion import judge
from vedette.kql import Options, read_target
from vedette.sentinel.content import Schedule
from vedette.sentinel.deployment.apply import Fate, apply
from vedette.sentinel.deployment.plan import Intent, Plan, plan, removal
from vedette.sentinel.deployment.resource import Resource
from vedette.sentinel.deployment.service import RefusedError, Service
from vedette.sentinel.deployment.state import read_state
from vedette.sentinel.deployment.wanted import wanted
from vedette.sentinel.render import Wanted, render
from vedette.sigma.ruleset import load

RULE = """
title: {title}
id: 11111111-1111-4111-8111-11111111111{number}
description: Somebody.
author: A. Nother
level: high
tags: [attack.defense-evasion, attack.t1562.004]
logsource: {{product: linux, category: process_creation}}
detection:
    selection: {{User: {user}}}
    condition: selection
"""
FILTER = """
title: Nightly job
id: 22222222-2222-4222-8222-222222222221
logsource: {product: linux, category: process_creation}
filter:
    rules: [11111111-1111-4111-8111-111111111111]
    selection: {ParentImage: [/opt/nightly, /opt/weekly]}
    condition: not selection
vedette: {owner: ops, reason: nightly, floor: F}
"""
INTENT = Intent("pack", ("asim",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "eve.yml").write_text(RULE.format(title="Eve", number=1, user="eve"))
    (folder / "bob.yml").write_text(RULE.format(title="Bob", number=2, user="bob"))
    (folder / "job.yml").write_text(FILTER)
    return folder


@pytest.fixture
def service(workspace: Workspace) -> Iterator[Service]:
    with Service(workspace.connection(), workspace.resource, retry_total=3, retry_backoff_factor=0.01) as made:
        yield made
    assert workspace.violations == []


def wish(folder: Path, pack: str = "pack") -> tuple[Resource, ...]:
    loaded = load([folder], cache=False)
    target = read_target("asim")
    judged = judge(loaded.filters, loaded.rules, now=0.0, place="asim")
    made = Wanted(("analytics", "hunting"), Schedule(60, 75), Options(long="split"))
    return wanted(render(loaded, target, made, judged), pack)


def compared(service: Service, folder: Path, intent: Intent = INTENT, **more: Any) -> Plan:
    wanted_now = wish(folder, intent.pack)
    return plan(read_state(service, wanted_now), wanted_now, intent, **more)


def done(service: Service, folder: Path, intent: Intent = INTENT, **more: Any) -> list[Fate]:
    return list(apply(service, compared(service, folder, intent, **more), wait=lambda _: None))


def actions(found: Plan) -> list[str]:
    return [f"{step.action} {step.subject.kind}" for step in found.steps if step.action != "same"]


def test_a_second_apply_does_nothing(workspace, service, folder):
    first = compared(service, folder)
    assert actions(first) == ["create watchlist", *["create rule"] * 2, *["create search"] * 2]
    fates = done(service, folder)
    assert [fate.outcome for fate in fates] == ["done"] * 5
    assert (len(workspace.rules), len(workspace.searches), len(workspace.watchlists)) == (2, 2, 1)
    assert not any(rule["properties"]["enabled"] for rule in workspace.rules.values())
    workspace.requests.clear()
    second = compared(service, folder)
    assert (second.changes, second.open, actions(second)) == (0, 0, [])
    assert done(service, folder) == []
    assert {one.method for one in workspace.requests} == {"GET"}


@pytest.mark.long
def test_what_the_service_adds_and_reorders_is_no_change(workspace, service, folder):
    done(service, folder)
    for rule in workspace.rules.values():
        told = rule["properties"]
        told["queryFrequency"], told["queryPeriod"] = "PT1H", "PT1H15M"
        told["tactics"] = told["tactics"][::-1]
        told["entityMappings"] = told["entityMappings"][::-1]
        told["query"] = told["query"].replace("\n", "\r\n")
        told["templateVersion"] = None
        told["somethingNew"] = {"a": 1}
    for search in workspace.searches.values():
        search["properties"]["tags"].insert(0, {"name": "createdBy", "value": "ops"})
    assert actions(compared(service, folder)) == []


@pytest.mark.long
def test_lists_of_many_pages_are_read(workspace, service, folder):
    workspace.page = 1
    done(service, folder)
    assert actions(compared(service, folder)) == []


@pytest.mark.long
def test_a_change_says_what_and_is_done(workspace, service, folder):
    done(service, folder)
    (folder / "bob.yml").write_text(RULE.format(title="Bob", number=2, user="bobby"))
    found = compared(service, folder)
    assert actions(found) == ["change rule", "change search"]
    (one,) = found.steps[1 if found.steps[1].action == "change" else 2].differences
    assert one.field == "query"
    assert '-| where TargetUsername =~ "bob"' in one.lines
    assert '+| where TargetUsername =~ "bobby"' in one.lines
    assert {fate.outcome for fate in done(service, folder)} == {"done"}
    assert actions(compared(service, folder)) == []


def rule_of(workspace: Workspace, title: str) -> dict[str, Any]:
    return next(one for one in workspace.rules.values() if one["properties"]["displayName"] == title)


@pytest.mark.long
def test_what_people_set_is_kept(workspace, service, folder):
    done(service, folder)
    told = rule_of(workspace, "Bob")["properties"]
    told |= {"enabled": True, "suppressionEnabled": True, "suppressionDuration": "PT5H"}
    told["incidentConfiguration"] = {"createIncident": False}
    assert actions(compared(service, folder)) == []
    (folder / "bob.yml").write_text(RULE.format(title="Bob", number=2, user="bobby"))
    assert {fate.outcome for fate in done(service, folder)} == {"done"}
    told = rule_of(workspace, "Bob")["properties"]
    assert (told["enabled"], told["suppressionEnabled"], told["suppressionDuration"]) == (True, True, "PT5H")
    assert told["incidentConfiguration"]["createIncident"] is False
    assert '"bobby"' in told["query"]


@pytest.mark.long
def test_rules_are_enabled_where_that_is_asked(workspace, service, folder):
    done(service, folder)
    enable = dataclasses.replace(INTENT, enable=True)
    assert actions(compared(service, folder, enable)) == ["change rule"] * 2
    assert {fate.outcome for fate in done(service, folder, enable)} == {"done"}
    assert all(rule["properties"]["enabled"] for rule in workspace.rules.values())
    assert actions(compared(service, folder, enable)) == []


@pytest.mark.long
def test_what_was_changed_by_hand_is_shown_and_left(workspace, service, folder):
    done(service, folder)
    rule_of(workspace, "Bob")["properties"]["severity"] = "Low"
    found = compared(service, folder)
    assert actions(found) == ["drift rule"]
    assert found.open == 1
    (step,) = [one for one in found.steps if one.action == "drift"]
    assert [(one.field, one.lines) for one in step.differences] == [("severity", ("- Low", "+ High"))]
    assert done(service, folder) == []
    assert rule_of(workspace, "Bob")["properties"]["severity"] == "Low"
    assert {fate.outcome for fate in done(service, folder, dataclasses.replace(INTENT, take_over=True))} == {"done"}
    assert rule_of(workspace, "Bob")["properties"]["severity"] == "High"
    assert actions(compared(service, folder)) == []


@pytest.mark.long
def test_an_object_of_our_id_without_the_mark_is_not_ours(workspace, service, folder):
    done(service, folder)
    told = rule_of(workspace, "Bob")["properties"]
    told["description"] = "mine now"
    assert actions(compared(service, folder)) == ["foreign rule"]
    assert done(service, folder) == []
    assert told["description"] == "mine now"


@pytest.mark.long
def test_another_packs_objects_are_not_touched(workspace, service, folder):
    done(service, folder)
    other = Intent("other", ("asim",), delete=True)
    found = compared(service, folder, other)
    assert {step.action for step in found.steps} == {"foreign"}
    assert "deployed by the pack pack" in found.steps[0].why
    assert list(apply(service, removal(read_state(service), other))) == []


def test_nothing_is_deleted_unless_that_is_asked(workspace, service, folder):
    done(service, folder)
    (folder / "eve.yml").unlink()
    (folder / "job.yml").unlink()
    assert actions(compared(service, folder)) == ["left search", "left rule", "left watchlist"]
    deletes = dataclasses.replace(INTENT, delete=True)
    assert actions(compared(service, folder, deletes)) == ["delete search", "delete rule", "delete watchlist"]
    assert {fate.outcome for fate in done(service, folder, deletes)} == {"done"}
    assert (len(workspace.rules), len(workspace.searches), len(workspace.watchlists)) == (1, 1, 0)


@pytest.mark.long
def test_a_rule_that_is_in_the_set_is_never_deleted_even_if_it_was_not_rendered(service, folder):
    done(service, folder)
    (folder / "eve.yml").write_text(RULE.format(title="Eve", number=1, user="eve").replace("User:", "Tty:"))
    deletes = dataclasses.replace(INTENT, delete=True)
    found = compared(service, folder, deletes, known={"11111111-1111-4111-8111-111111111111"})
    # Nor is the list that its query reads.
    assert actions(found) == ["left search", "left rule", "left watchlist"]


@pytest.mark.long
def test_rows_of_a_list_follow_and_what_was_added_by_hand_is_drift(workspace, service, folder):
    done(service, folder)
    (alias,) = workspace.watchlists
    (folder / "job.yml").write_text(FILTER.replace("/opt/weekly", "/opt/daily"))
    found = compared(service, folder)
    assert actions(found) == ["change watchlist"]
    assert {fate.outcome for fate in done(service, folder)} == {"done"}
    assert {row["ActingProcessName"] for row in workspace.items[alias].values()} == {"/opt/nightly", "/opt/daily"}
    assert actions(compared(service, folder)) == []
    workspace.items[alias]["by-hand"] = {"ActingProcessName": "/tmp/x"}
    assert actions(compared(service, folder)) == ["drift watchlist"]
    done(service, folder, dataclasses.replace(INTENT, take_over=True))
    assert "by-hand" not in workspace.items[alias]


@pytest.mark.long
def test_an_apply_that_breaks_off_amid_the_rows_is_completed_by_the_next(workspace, service, folder):
    done(service, folder)
    (folder / "job.yml").write_text(FILTER.replace("/opt/weekly", "/opt/daily"))
    workspace.misbehave(Fault(match="PUT .*watchlistItems", kind="status", status=400, times=1))
    assert [fate.outcome for fate in done(service, folder)] == ["failed"]
    assert actions(compared(service, folder)) == ["change watchlist"]
    assert [fate.outcome for fate in done(service, folder)] == ["done"]
    assert actions(compared(service, folder)) == []


def test_a_concurrent_edit_is_a_conflict_and_is_not_overwritten(workspace, service, folder):
    done(service, folder)
    (folder / "bob.yml").write_text(RULE.format(title="Bob", number=2, user="bobby"))
    found = compared(service, folder)
    edited = rule_of(workspace, "Bob")
    edited["etag"] = '"another"'
    edited["properties"]["severity"] = "Low"
    fates = list(apply(service, found))
    assert [(fate.step.subject.kind, fate.outcome) for fate in fates] == [("rule", "conflict"), ("search", "done")]
    assert rule_of(workspace, "Bob")["properties"]["severity"] == "Low"
    assert "plan again" in fates[0].why


@pytest.mark.long
def test_one_failure_stops_no_other_and_a_second_run_completes(workspace, service, folder):
    workspace.misbehave(Fault(match="PUT .*alertRules", kind="status", status=400, times=1))
    fates = done(service, folder)
    assert sorted(fate.outcome for fate in fates) == ["done"] * 4 + ["failed"]
    assert actions(compared(service, folder)) == ["create rule"]
    assert [fate.outcome for fate in done(service, folder)] == ["done"]
    assert actions(compared(service, folder)) == []


@pytest.mark.long
def test_a_rule_waits_for_its_list(workspace, service, folder):
    workspace.misbehave(Fault(match="PUT .*watchlists", kind="status", status=400, times=1))
    fates = done(service, folder)
    assert [(fate.step.subject.title, fate.outcome) for fate in fates if fate.outcome == "skipped"] == [
        ("Eve", "skipped")
    ] * 2
    assert len(workspace.rules) == 1
    assert {fate.outcome for fate in done(service, folder)} == {"done"}


@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 429, "retry_after": 0.01}, {"kind": "status", "status": 500}]
)
@pytest.mark.long
def test_throttling_and_faults_of_the_service_are_waited_out(workspace, service, folder, fault):
    workspace.misbehave(Fault(match="PUT", times=3, **fault))
    workspace.misbehave(Fault(match="GET", times=2, **fault))
    assert {fate.outcome for fate in done(service, folder)} == {"done"}
    assert actions(compared(service, folder)) == []


@pytest.mark.long
def test_an_answer_that_is_lost_on_the_way_is_no_conflict(workspace, service, folder):
    done(service, folder)
    (folder / "bob.yml").write_text(RULE.format(title="Bob", number=2, user="bobby"))
    workspace.misbehave(Fault(match="PUT .*alertRules", kind="cut", times=1))
    assert {fate.outcome for fate in done(service, folder)} == {"done"}
    assert actions(compared(service, folder)) == []


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "Azure does not know who asks"),
        (403, "it takes the role Microsoft Sentinel Reader"),
        (404, "Microsoft Sentinel is not switched on there"),
    ],
)
def test_a_refusal_says_what_it_takes(workspace, service, status, message):
    workspace.misbehave(Fault(match="GET", kind="status", status=status, times=9))
    with pytest.raises(RefusedError, match=message) as caught:
        read_state(service)
    assert workspace.resource in str(caught.value)
    assert "Bearer" not in str(caught.value)


@pytest.mark.long
def test_destroy_deletes_what_is_ours_and_nothing_else(workspace, service, folder):
    done(service, folder)
    foreign = {"etag": "1", "name": "mine", "properties": {"displayName": "Mine", "query": "x"}}
    workspace.rules["mine"] = dict(foreign)
    rule_of(workspace, "Bob")["properties"]["severity"] = "Low"
    found = removal(read_state(service), INTENT)
    assert [fate.outcome for fate in apply(service, found)] == ["done"] * 4
    assert sorted(one["properties"]["displayName"] for one in workspace.rules.values()) == ["Bob", "Mine"]
    found = removal(read_state(service), dataclasses.replace(INTENT, take_over=True))
    assert [fate.outcome for fate in apply(service, found)] == ["done"]
    assert list(workspace.rules) == ["mine"]


@pytest.mark.long
def test_a_plan_is_another_where_anything_has_moved(workspace, service, folder):
    first = compared(service, folder).fingerprint
    assert compared(service, folder).fingerprint == first
    (folder / "bob.yml").write_text(RULE.format(title="Bob", number=2, user="bobby"))
    moved = compared(service, folder).fingerprint
    assert moved != first
    done(service, folder)
    assert compared(service, folder).fingerprint not in (first, moved)

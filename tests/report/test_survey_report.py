from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from vedette.hunt.survey import Blind, Firing, Gap, HostSurvey, Survey
from vedette.report import survey as report
from vedette.report.terminal import visible

RULE = "-a always,exit -F arch=b64 -S connect -k net_connect"


def host(**more: Any) -> HostSurvey:
    values: dict[str, Any] = {
        "host": "gw",
        "first": 1795509330.0,
        "last": 1795529330.0,
        "covered_hours": 4,
        "gaps": (Gap(1795512930.0, 1795520130.0),),
        "events": {"process_creation": 6421, "netfilter_config": 12},
        "record_types": {"SYSCALL": 9000, "EXECVE": 6421},
        "parents_known": 0.98,
        "can_fire": (Firing("1", "Flush"), Firing("2", "Disable")),
        "cannot": (
            Blind("3", "Beacon", "no network_connection event in this log", (RULE,)),
            Blind("4", "Tunnel", "no network_connection event in this log", (RULE,)),
            Blind("5", "Hash", "needs Hashes"),
        ),
    }
    return HostSurvey(**(values | more))


def shown(survey, width=120):
    out = io.StringIO()
    report.write(survey, Console(file=out, width=width, highlight=False))
    return out.getvalue()


def flat(survey):
    return " ".join(shown(survey, 200).split())


def test_a_host_is_told_with_what_it_can_and_cannot_show():
    text = flat(Survey((host(),), 5))
    assert "gw · 2026-11-24 08:35:30 to 14:08:50 UTC" in text
    assert "4 hours with records; no record from 2026-11-24 09:35:30 to 11:35:30 UTC" in text
    assert "6,421 process_creation, 12 netfilter_config" in text
    assert "9,000 SYSCALL, 6,421 EXECVE" in text
    assert "known for 98.0 % of process starts" in text
    assert "can fire 2 rules: Flush, Disable" in text
    assert "never can 3 rules" in text
    assert "2 no network_connection event in this log: Beacon, Tunnel to enable, add to audit.rules: " + RULE in text
    assert text.index("Beacon") < text.index("1 needs Hashes: Hash")


def test_nothing_read_is_said():
    assert "no record of any host was read, so no rule can fire" in flat(Survey((), 0, ("x.log: no such file",)))
    assert "problem x.log: no such file" in flat(Survey((), 0, ("x.log: no such file",)))
    bare = flat(Survey((host(can_fire=(), cannot=(), events={}, record_types={}, gaps=()),)))
    assert "can fire no rule" in bare
    assert "never can" not in bare


def test_many_gaps_are_bounded():
    assert "and 15 more gaps" in flat(Survey((host(gaps=(Gap(0.0, 4000.0),) * 20),)))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_hostile_names_have_no_power_and_lines_fit(width):
    evil = "[red]\x1b[2J\u202e" + "y" * 100
    survey = Survey(
        (host(host=evil[:15], can_fire=(Firing(evil, evil),), cannot=(Blind(evil, evil, evil),), events={evil: 1}),),
        1,
        (evil,),
    )
    lines = shown(survey, width).splitlines()
    assert all(visible(character) for line in lines for character in line)
    assert all(cell_len(line) <= width for line in lines)


def test_json_is_one_object():
    out = io.BytesIO()
    survey = Survey((host(),), 5, ("problem",))
    report.write_json(survey, out)
    document = json.loads(out.getvalue())
    assert document["rules_loaded"] == 5
    assert document["hosts"][0]["cannot"][0]["enable"] == [RULE]
    assert document["hosts"][0]["gaps"] == [{"start": 1795512930.0, "end": 1795520130.0}]

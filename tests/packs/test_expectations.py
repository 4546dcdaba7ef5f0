"""The pack over the labelled recordings: every step fires what it must, and nothing else."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from vedette.hunt.finding import Finding
from vedette.hunt.hunt import Hunt, built_in_pack
from vedette.hunt.options import Options

PACK = Path(built_in_pack("linux-firewall"))
HOSTS = ("gw-nft-01", "gw-legacy-01")
#: Matches of the page's rule on each host by the label of their steps, as the recordings' README has them.
LITERAL = {"gw-nft-01": {"benign": 240, "attack": 52}, "gw-legacy-01": {"benign": 240, "attack": 54}}
#: The stolen account and the web server's, by name and, in the RAW log, by number.
STOLEN, WEB = {"deploy", "1001"}, {"www-data", "33"}
Steps = dict[str, tuple[str, float, float]]
Matches = dict[tuple[str, str], list[Finding]]


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t")


@pytest.fixture(scope="module", params=HOSTS)
def host(request) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def steps(host) -> Steps:
    path = PACK / "evidence" / f"{host}.steps.tsv"
    return {row["step"]: (row["label"], float(row["start_epoch"]), float(row["end_epoch"])) for row in rows(path)}


@pytest.fixture(scope="module")
def matches(host, steps) -> Matches:
    hunt = Hunt(Options(logs=(str(PACK / "evidence" / f"{host}.audit.log.gz"),)))
    stems = {rule.id: Path(rule.location.path).stem for rule in hunt.rules.rules}
    found: Matches = defaultdict(list)
    for finding in hunt.findings():
        time = dt.datetime.fromisoformat(finding.time).timestamp()
        # Times have 1 ms in the log and in the finding.
        step = next((name for name, (_, begin, end) in steps.items() if begin - 0.002 <= time <= end + 0.002), "")
        found[step, stems[finding.rule.id]].append(finding)
    assert not hunt.summary.dead
    assert not hunt.summary.log_problems
    return found


def test_every_step_fires_what_is_expected(host, steps, matches):
    expected = {
        (row["step"], row["rule"]): (int(row["min"]), math.inf if row["max"] == "-" else int(row["max"]))
        for row in rows(PACK / "expectations.tsv")
        if row["host"] == host
    }
    assert {step for step, _ in expected} <= set(steps)
    wrong = {
        key: len(matches.get(key, ()))
        for key in expected.keys() | matches.keys()
        if not expected.get(key, (0, 0))[0] <= len(matches.get(key, ())) <= expected.get(key, (0, 0))[1]
    }
    assert wrong == {}


def is_the_attackers(step: str, finding: Finding) -> bool:
    """Whether an event belongs to the attack itself: the stolen account's session, or what the web server or cron ran.

    Administrators log in as ops, and the neighbour's processes that stand in each log are its sshd, cron and hostcheck.
    """
    if finding.login_user in STOLEN:
        return True
    above = finding.process.ancestors if finding.process else ()
    if finding.login_user is None:
        return any(ancestor.user in WEB for ancestor in above)
    # The stolen account's job, which cron runs in a session of root's.
    return step == "attack_cron" and any("iptables -F" in (ancestor.command_line or "") for ancestor in above)


def test_every_attack_is_detected_by_an_alert_of_its_own(steps, matches):
    attacks = [step for step, (label, _, _) in steps.items() if label == "attack"]
    assert len(attacks) == 17
    for step in attacks:
        alerts = [
            finding
            for (where, _), findings in matches.items()
            if where == step
            for finding in findings
            if is_the_attackers(step, finding) and finding.verdict.decision == "alert"
        ]
        assert alerts, step


def test_ordinary_administration_is_quiet(steps, matches):
    assert {step for step, _ in matches if step.startswith("admin_noise")} == set()
    assert not any(step == "" for step, _ in matches)


def test_the_page_s_rule_matches_as_often_as_recorded(host, steps, matches):
    counts = {"benign": 0, "attack": 0}
    for (step, rule), findings in matches.items():
        if rule == "proc_creation_lnx_iptables_flush_ufw":
            counts[steps[step][0]] += len(findings)
    assert counts == LITERAL[host]


def test_sessions_that_lost_rules_for_good_are_the_ones_that_fire(steps, matches):
    fired = {step for step, rule in matches if rule == "netfilter_lnx_change_drop_job"}
    assert {step for step in fired if steps[step][0] == "benign"} == {"networkmanager", "ufw_reset"}

"""The pack over the labelled recordings: every step fires what it must, and nothing else."""

from __future__ import annotations

from collections import Counter

import pytest

from vedette.audit.suite import Suite, read_suite
from vedette.audit.trial import Attempt, Case, attempt
from vedette.hunt.hunt import built_in_pack

HOSTS = ("gw-nft-01", "gw-legacy-01")
#: Matches of the page's rule on each host by the label of their steps, as the recordings' README has them.
LITERAL = {"gw-nft-01": {"benign": 240, "attack": 52}, "gw-legacy-01": {"benign": 240, "attack": 54}}
#: The stolen account's, by name and, in the RAW log, by number; the web server's.
STOLEN, WEB = {"deploy", "1001"}, {"www-data", "33"}


@pytest.fixture(scope="module")
def suite() -> Suite:
    return read_suite(built_in_pack("linux-firewall"))


@pytest.fixture(scope="module", params=HOSTS)
def host(request) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def tried(suite, host) -> Attempt:
    (recording,) = [one for one in suite.recordings if one.name == host]
    return attempt(suite, recording)


@pytest.fixture(scope="module")
def labels(suite, host) -> dict[str, str]:
    return {step.name: step.label for one in suite.recordings if one.name == host for step in one.steps}


def of(tried: Attempt, expect: str, rule: str = "*") -> dict[str, Case]:
    """The cases of a kind by their step, exclusions' own apart."""
    found = [case for case in tried.cases if (case.expect, case.rule, case.exclusion) == (expect, rule, "")]
    assert len({case.step for case in found}) == len(found)
    return {case.step: case for case in found}


def test_all_of_it_is_read(suite, tried):
    assert [recording.name for recording in suite.recordings] == [*HOSTS]
    assert (suite.problems, suite.rule_problems) == ((), ())
    assert (tried.problems, tried.notes) == ((), ()), "every rule can match, every log is whole"


def test_every_step_fires_what_is_expected(tried):
    assert [(case.step, case.asks, case.found) for case in tried.failed] == []


def test_every_step_and_what_lies_outside_is_closed(tried, labels):
    assert set(of(tried, "must not")) == {*labels, ""}


def test_every_attack_is_detected_by_an_alert_of_its_own(suite, tried, labels):
    attacks = {step for step, label in labels.items() if label == "attack"}
    assert len(attacks) == 17
    detected = of(tried, "detect")
    assert set(detected) == attacks
    assert all(case.passed and case.found >= 1 for case in detected.values())


def test_the_attackers_are_the_stolen_account_the_web_server_and_the_planted_job(suite):
    attackers = suite.description.attackers
    assert (attackers.logins, attackers.users) == (STOLEN, WEB)
    assert attackers.commands == {"attack_cron": ("iptables -F",)}


def test_no_attack_is_silenced(tried, labels):
    spared = of(tried, "not silence")
    assert set(spared) == {step for step, label in labels.items() if label == "attack"}
    assert {case.found for case in spared.values()} == {0}


def test_ordinary_administration_is_quiet(suite, host, labels, tried):
    written = {one.step for one in suite.expectations[host] if one.location and not one.exclusion}
    quiet = {step for step in labels if step.startswith("admin_noise")}
    assert len(quiet) == 7
    assert not quiet & written
    closed = of(tried, "must not")
    assert {closed[step].found for step in {*quiet, ""}} == {0}


def test_the_page_s_rule_matches_as_often_as_recorded(host, labels, tried):
    counts: Counter[str] = Counter()
    for step, case in of(tried, "must", "proc_creation_lnx_iptables_flush_ufw").items():
        counts[labels[step]] += case.found
    # Where it is not listed, the cases of what is not listed have seen that it does not fire.
    assert counts == LITERAL[host]


def test_sessions_that_lost_rules_for_good_are_the_ones_that_fire(labels, tried):
    fired = {step for step, case in of(tried, "must", "netfilter_lnx_change_drop_job").items() if case.found}
    assert {step for step in fired if labels[step] == "benign"} == {"networkmanager", "ufw_reset"}

"""Exclusions: what a filter's own block says, which of them apply, and why the others don't."""

from __future__ import annotations

import datetime as dt
import textwrap

import pytest

from vedette.errors import RuleError
from vedette.hunt.exclusion import Exclusions, Scope, judge, read_exclusion
from vedette.predicate import contains, evaluate, startswith
from vedette.sigma.ruleset import load

RULE = """
title: Flush
id: 11111111-1111-4111-8111-111111111111
name: flush
logsource: {product: linux, category: process_creation}
detection:
  selection: {CommandLine|contains: ' -F'}
  condition: selection
"""
NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC).timestamp()


def filter_text(
    *, rules: str = "any", condition: str = "not selection", selection: str = "{User: backup}", block: str = ""
) -> str:
    return textwrap.dedent(f"""
        title: Backups
        id: 22222222-2222-4222-8222-222222222222
        description: nightly
        logsource: {{product: linux, category: process_creation}}
        filter:
          rules: {rules}
          selection: {selection}
          condition: {condition}
        """) + (f"vedette: {block}\n" if block else "")


@pytest.fixture
def judged(tmp_path):
    def judged(text: str, *, rule: str = RULE, place: str = "hunt") -> Exclusions:
        path = tmp_path / "set.yml"
        path.write_text(rule + "---\n" + text, encoding="utf-8")
        loaded = load([path], cache=False)
        assert not loaded.problems
        return judge(loaded.filters, loaded.rules, now=NOW, place=place)

    return judged


@pytest.mark.parametrize("rules", ["any", "[]", "flush", "[FLUSH, 11111111-1111-4111-8111-111111111111]"])
def test_it_is_bound_by_id_name_and_any(judged, rules):
    found = judged(filter_text(rules=rules))
    assert not found.aside
    (exclusion,) = found.bound["11111111-1111-4111-8111-111111111111"]
    assert (exclusion.scenario, exclusion.reason) == ("Backups", "nightly")
    assert evaluate(exclusion.silenced, {"User": "backup"})
    assert not evaluate(exclusion.silenced, {})


@pytest.mark.parametrize(
    ("text", "fault", "why"),
    [
        (filter_text(condition="selection"), "INVERTED", "asks selection to hold"),
        (filter_text(rules="[no-such-rule]"), "UNBOUND", "no-such-rule"),
        (filter_text(block="{expires: 2026-11-23}"), "EXPIRED", "2026-11-24T00:00Z"),
        (filter_text(block="{expires: '2026-11-23T23:00+00:00'}"), "EXPIRED", "2026-11-23T23:00Z"),
        (filter_text(block="{enforce: [asim]}"), "ELSEWHERE", "asim"),
        (filter_text(selection="{User: null}"), "INERT", "absent"),
        (filter_text(block="{proved: {11111111-1111-4111-8111-111111111111: 00}}"), "STALE", "Flush"),
        (filter_text(block="{expires: 0001-01-01}"), "EXPIRED", "since 0001-01-02T00:00Z"),
        (filter_text(block="{expires: 2026-W48-1}"), "EXPIRED", "since 2026-11-24T00:00Z"),
    ],
)
def test_why_one_does_not_apply(judged, text, fault, why):
    found = judged(text)
    assert not found.bound
    (aside,) = found.aside
    assert aside.fault == fault
    assert why in str(aside)
    assert "set.yml:11: exclusion 'Backups' is not applied" in str(aside)


def test_a_log_source_that_does_not_cover_the_rule_is_named(judged):
    found = judged(filter_text(rules="flush"), rule=RULE.replace("process_creation", "file_event"))
    assert [aside.fault for aside in found.aside] == ["UNBOUND"]
    assert "linux/file_event" in found.aside[0].why


def test_narrowing_and_an_expiry_to_come_apply(judged):
    found = judged(filter_text(condition="selection", block="{narrowing: true, expires: 2026-11-24}"))
    (exclusion,) = found.bound["11111111-1111-4111-8111-111111111111"]
    assert evaluate(exclusion.silenced, {"User": "root"})
    assert not evaluate(exclusion.silenced, {"User": "backup"})
    assert not evaluate(exclusion.silenced, {})


def test_a_negation_within_the_detection_is_not_inverted(judged):
    found = judged(filter_text(condition="selection", selection="{User|neq: backup}"))
    assert not found.aside
    (exclusion,) = found.bound["11111111-1111-4111-8111-111111111111"]
    assert evaluate(exclusion.silenced, {"User": "backup"})


def test_a_missing_rule_beside_one_that_is_there_is_noted(judged):
    found = judged(filter_text(rules="[flush, other]"))
    assert found.bound
    assert "no rule here is other" in found.notes[0]


@pytest.mark.parametrize(
    ("block", "cause"),
    [
        ("{expires: '0001-01-01T00:00+05:00'}", "expires is no date or time"),
        ("{scope: {until: '9999-12-31T23:00-05:00'}}", "scope.until is no date or time"),
        ("{expires: soon}", "expires is no date or time: 'soon'"),
        ("{ownr: me}", "ownr"),
        ("{floor: Z}", "floor"),
        ("{scope: {from: 2026-11-24, until: 2026-11-22}}", "no event can lie between"),
        ("{enforce: [splunk]}", "enforce"),
    ],
)
def test_a_block_that_cannot_be_read_is_a_problem_and_not_applied(judged, block, cause):
    found = judged(filter_text(block=block))
    assert not found.bound
    assert not found.aside
    assert cause in str(found.problems[0])


def test_a_pin_holds_however_its_id_is_spelled(judged):
    rule = RULE.replace("11111111-1111-4111-8111-111111111111", "abcdefab-1111-4111-8111-111111111111")
    found = judged(filter_text(block="{proved: {ABCDEFAB-1111-4111-8111-111111111111: 00}}"), rule=rule)
    assert [aside.fault for aside in found.aside] == ["STALE"]


def test_a_pin_that_holds_no_rule_is_noted(judged):
    found = judged(filter_text(block="{proved: {11111111-1111-4111-8111-11111111111f: 00}}"))
    assert found.bound
    assert "`proved` names 11111111-1111-4111-8111-11111111111f" in found.notes[0]


def test_the_last_day_of_the_calendar_ends_with_it(judged):
    block = "{expires: 9999-12-31, scope: {from: 0001-01-01, until: 9999-12-31}}"
    (exclusion,) = judged(filter_text(block=block)).bound["11111111-1111-4111-8111-111111111111"]
    assert exclusion.expires == exclusion.scope.end == 253_402_300_799
    assert exclusion.scope.covers("", NOW)


def test_scope(judged):
    block = "{scope: {hosts: ['gw-*', fw], from: '2026-11-24T02:00Z', until: '2026-11-24T04:00Z'}}"
    (exclusion,) = judged(filter_text(block=block)).bound["11111111-1111-4111-8111-111111111111"]
    at = NOW + 3 * 3600
    assert exclusion.scope.covers("GW-nft-01", at)
    assert exclusion.scope.covers("fw", at)
    assert not exclusion.scope.covers("fw2", at)
    assert not exclusion.scope.covers("", at)
    assert not exclusion.scope.covers("fw", NOW)
    assert not exclusion.scope.covers("fw", NOW + 4 * 3600)
    assert Scope((startswith("a"), contains("b"))).covers("xb", 0)


def test_other_readers_of_sigma_read_it(tmp_path):
    from sigma.collection import SigmaCollection
    from sigma.filters import SigmaFilter
    from sigma.rule import SigmaRule

    text = filter_text(block="{scenario: backups, owner: ops, expires: 2027-01-01, cases: [], floor: B}")
    SigmaFilter.from_yaml(text)
    rule = SigmaCollection.from_yaml(RULE.replace("title", "status: test\ntitle") + "---\n" + text).rules[0]
    assert isinstance(rule, SigmaRule)
    assert "not " in str(rule.detection.condition[0])


def test_a_filter_without_rules_is_refused_where_it_stands(tmp_path):
    path = tmp_path / "f.yml"
    path.write_text(filter_text().replace("  rules: any\n", ""), encoding="utf-8")
    loaded = load([path], cache=False)
    (problem,) = loaded.problems
    assert problem.code == "filter-rules"
    assert problem.location.line == 6
    assert isinstance(problem, RuleError)
    path.write_text(filter_text(block="{floor: 3}"), encoding="utf-8")
    (kept,) = load([path], cache=False).filters
    with pytest.raises(RuleError, match="floor"):
        read_exclusion(kept)

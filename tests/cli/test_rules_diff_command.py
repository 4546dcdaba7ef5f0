from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.sigma.samples import write_rule

from vedette.cli.main import main

ID = "11111111-1111-4111-8111-111111111111"
HEAD = f"id: {ID}\nlevel: high\n"
EXCLUSION = f"""
title: Jobs
id: 22222222-2222-4222-8222-222222222222
logsource: {{category: process_creation}}
filter:
    rules: [{ID}]
    selection: {{User: job}}
    condition: not selection
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    write_rule(tmp_path / "old", "rule.yml", "a: {User: eve}\ncondition: a", head=HEAD)
    return tmp_path / "old"


@pytest.fixture
def wider(tmp_path: Path) -> Path:
    write_rule(tmp_path / "new", "rule.yml", "a: {User: [eve, bob]}\ncondition: a", head=HEAD.replace("high", "low"))
    return tmp_path / "new"


def run(*args: object) -> Result:
    return CliRunner().invoke(main, ["rules", "diff", *map(str, args)])


def test_what_is_gained_and_turned_is_told(old, wider):
    result = run(old, wider)
    assert result.exit_code == 0, result.output
    assert "widened · sample · " in result.stdout
    assert 'newly matches: User="bob"' in result.stdout
    assert "level: high is now low" in result.stdout
    assert "misses nothing; proof: " in result.stdout
    assert "1 rules: 1 widened\n" in result.stdout


def test_the_other_way_round_something_is_missed(old, wider):
    result = run(wider, old, "--fail-on", "missed")
    assert result.exit_code == 1
    assert 'misses: User="bob"' in result.stdout
    assert run(old, wider, "--fail-on", "missed").exit_code == 0
    assert run(wider, old).exit_code == 0


def test_a_file_can_be_held_against_a_file(old):
    result = run(old / "rule.yml", old / "rule.yml")
    assert result.stdout.startswith("1 rules: 1 unchanged\n")


def test_json_has_both_editions_and_the_exclusions(old, wider, tmp_path):
    digest = json.loads(CliRunner().invoke(main, ["rules", str(old), "-f", "json"]).stdout)["rules"][0]["digest"]
    beside = tmp_path / "exclusion.yml"
    beside.write_text(f"{EXCLUSION}vedette: {{proved: {{{ID}: {digest}}}}}\n", encoding="utf-8")
    told = json.loads(run(old, wider, "-f", "json", "--exclusions", beside).stdout)
    assert told["schema"] == "vedette.rules-diff/1"
    assert told["counts"]["widened"] == 1
    (change,) = told["rules"]
    assert (change["old"]["level"], change["new"]["level"], change["misses"]) == ("high", "low", False)
    assert change["gained"]["values"] == {"User": "bob"}
    (stale,) = told["exclusions"]
    assert (stale["fault"], stale["rule"], stale["title"]) == ("STALE", ID, "Jobs")


def test_the_exclusions_of_the_old_edition_count_where_the_new_one_has_none(old, wider):
    (old / "exclusion.yml").write_text(EXCLUSION, encoding="utf-8")
    told = json.loads(run(old, wider, "-f", "json").stdout)
    assert [one["fault"] for one in told["exclusions"]] == ["UNPINNED"]
    assert "UNPINNED · exclusion Jobs" in run(old, wider).stdout


def test_a_removed_rule_fails_the_gate(old, tmp_path):
    write_rule(tmp_path / "other", "other.yml", "a: {User: bob}\ncondition: a", title="other")
    result = run(old, tmp_path / "other", "--fail-on", "missed")
    assert result.exit_code == 1
    assert "removed · sample" in result.stdout
    assert "added · other" in result.stdout


def test_wrong_commands(old, tmp_path):
    assert run(old).exit_code == 3
    assert run(old, tmp_path / "absent").exit_code == 3
    (tmp_path / "empty").mkdir()
    assert run(old, tmp_path / "empty").exit_code == 2


def test_the_verb_above_takes_paths_as_before(old):
    result = CliRunner().invoke(main, ["rules", str(old), "--strict"])
    assert result.exit_code == 0
    assert result.stdout.startswith("1 rule loaded from 1 file")

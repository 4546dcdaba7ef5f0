from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.sigma.samples import SIMPLE, write_rule

from vedette.audit.logic.fault import KINDS
from vedette.cli.check import FAULTS, LEVELS
from vedette.cli.main import main
from vedette.hunt.hunt import built_in_pack

INERT = "selection: {Image|endswith: .evtx}\nfilter: {Image: /bin/sh}\ncondition: selection and not filter"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rule(tmp_path / "rules", "inert.yml", INERT, title="Inert")
    write_rule(tmp_path / "rules", "wide.yml", SIMPLE, title="Wide")
    write_rule(tmp_path / "rules", "narrow.yml", "a: {User: eve, Image: x}\ncondition: a", title="Narrow")
    return tmp_path / "rules"


def run(*args: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, args)])


def test_the_table_names_each_fault_and_the_counts(folder):
    result = run(folder)
    assert result.exit_code == 0, result.output
    assert "inert-filter · 1 ·" in result.stdout
    assert "inert.yml:6:5 · Inert · no event that the rule would match without filter meets it" in result.stdout
    assert "of them on values (Image); replayed" in result.stdout
    assert 'smallest event that only the other one matches: User="eve"' in result.stdout
    assert "3 rules, 1 filters within 1 of them: 1 inert-filter, 1 implied-rule\n" in result.stdout
    assert "questions to the solver: rules 3 in " in result.stdout


def test_json_counts_everything(folder):
    told = json.loads(run(folder, "-f", "json").stdout)
    assert told["schema"] == "vedette.check/1"
    assert (told["rules"], told["filters"]) == (3, {"all": 1, "rules": 1, "named": 1})
    assert list(told["counts"]) == list(KINDS)
    assert set(told["phases"]) == set(told["seconds"]) == {"rules", "filters", "detections", "values", "pairs"}
    assert told["phases"]["rules"]["questions"] == 3
    assert told["undecided"] == told["problems"] == []
    inert = next(fault for fault in told["faults"] if fault["kind"] == "inert-filter")
    assert (inert["line"], inert["column"], inert["detection"]) == (6, 5, "filter")
    assert inert["proof"]["lemmas"] == 1
    implied = next(fault for fault in told["faults"] if fault["kind"] == "implied-rule")
    assert implied["other"]["title"] == "Wide"
    assert implied["witness"]["values"] == {"User": "eve"}


def test_sarif_stands_on_the_line_of_the_detection(folder, tmp_path):
    result = run(folder, "-f", "sarif", "-o", tmp_path / "out.sarif")
    assert result.stdout == ""
    (log,) = json.loads((tmp_path / "out.sarif").read_text("utf-8"))["runs"]
    inert = next(one for one in log["results"] if one["ruleId"] == "inert-filter")
    assert inert["level"] == "warning"
    assert inert["locations"][0]["physicalLocation"]["region"]["startLine"] == 6
    assert {rule["id"] for rule in log["tool"]["driver"]["rules"]} == {*KINDS, "content"}


def test_pairs_can_be_left_out(folder):
    told = json.loads(run(folder, "-f", "json", "--no-duplicates").stdout)
    assert told["counts"]["implied-rule"] == 0
    assert "pairs" not in told["phases"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (["error"], 0),
        (["warning"], 1),
        (["note"], 1),
        (["inert-filter"], 1),
        (["dead-rule"], 0),
        (["dead-rule", "implied-rule"], 1),
    ],
)
def test_a_gate_fails_on_what_it_is_set_to(folder, asked, code):
    assert run(folder, *(part for one in asked for part in ("--fail-on", one))).exit_code == code


def test_a_gate_takes_every_kind_of_fault_and_level():
    assert tuple(KINDS) == FAULTS
    assert {level for level, _ in KINDS.values()} == set(LEVELS)


def test_a_rule_that_can_t_be_read_is_told_and_no_success_alone(folder, tmp_path):
    write_rule(folder, "bad.yml", SIMPLE.replace("User", "User|re|startswith"))
    result = run(folder)
    assert result.exit_code == 0
    assert "bad.yml:6:9" in result.stderr
    assert run(folder / "bad.yml").exit_code == 2
    assert run(tmp_path / "absent").exit_code == 3


def test_text_of_a_rule_can_not_steer_the_terminal(tmp_path):
    write_rule(tmp_path / "rules", "evil.yml", INERT, title='"a\\e[2Jb"')
    assert "\x1b" not in run(tmp_path / "rules").stdout


def test_the_built_in_pack_has_no_fault_beyond_notes():
    told = json.loads(run(built_in_pack("linux-firewall"), "-f", "json").stdout)
    assert told["rules"] > 5
    assert [fault for fault in told["faults"] if fault["level"] != "note"] == []

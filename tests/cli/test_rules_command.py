from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.sigma.samples import SIMPLE, write_rule

from vedette.cli.main import main


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rule(tmp_path / "rules", "good.yml", SIMPLE)
    write_rule(tmp_path / "rules", "bad.yml", SIMPLE.replace("User", "User|re|startswith"))
    return tmp_path / "rules"


def run(*args: object) -> Result:
    return CliRunner().invoke(main, ["rules", *map(str, args)])


def test_what_loads_goes_to_stdout(folder):
    result = run(folder)
    assert result.exit_code == 0
    assert result.stdout.startswith("1 rule loaded from 2 files: 1 informational; 1 problem\n")
    assert "rules/bad.yml:6:9" in result.stdout.replace("\n    ", "")
    assert result.stderr == ""


def test_strict_turns_a_problem_into_the_exit_code(folder):
    assert run(folder, "--strict").exit_code == 2
    assert run(folder / "good.yml", "--strict").exit_code == 0


def test_a_set_of_which_nothing_loads_is_no_success(folder, tmp_path):
    assert run(folder / "bad.yml").exit_code == 2
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty").exit_code == 2


def test_a_path_that_is_not_there_is_a_wrong_command(tmp_path):
    result = run(tmp_path / "absent")
    assert result.exit_code == 3
    assert "no such file or folder" in result.stderr
    assert result.stdout == ""


def test_the_built_in_pack_loads_whole():
    result = run("--strict", "-f", "json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["problems"] == told["warnings"] == []
    assert {rule["logsource"].split("/")[0] for rule in told["rules"]} == {"linux"}
    assert all(rule["author"] and rule["license"] for rule in told["rules"])

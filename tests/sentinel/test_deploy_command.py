from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.sentinel.samples import ANALYTICS, changed, text
from tests.sigma.samples import SIMPLE, write_rule

from vedette.cli.main import main
from vedette.errors import ParserMissingError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def unparsed(monkeypatch):
    """As if Microsoft's parser were not installed."""

    def missing() -> Path:
        raise ParserMissingError("there is none")

    monkeypatch.setattr("vedette.kql.check.checker.parser.find", missing)


def run(*args: object) -> Result:
    return CliRunner().invoke(main, ["deploy", *map(str, args)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rule(tmp_path / "rules", "good.yml", SIMPLE, head="author: A. Nother\n", title="good one")
    write_rule(tmp_path / "rules", "tty.yml", SIMPLE.replace("User", "Tty"))
    return tmp_path / "rules"


def test_rules_become_files_and_what_is_refused_is_named(folder, tmp_path, unparsed):
    result = run("render", folder, "-o", tmp_path / "out", "-t", "asim", "-t", "xdr")
    assert result.exit_code == 0, result.output
    files = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.yaml"))
    assert files == [f"{target}/{form}/good.yaml" for target in ("asim", "xdr") for form in ("analytics", "hunting")]
    assert "tty.yml:6:9: sample" in result.stderr
    assert "asim: 1 of 2 rules rendered, 3 files; without Microsoft's parser, unproved; not verified" in result.stderr
    assert run("check", tmp_path / "out").exit_code == 0


def test_where_the_parser_is_the_queries_are_accepted_by_it(folder, tmp_path, parser_folder):
    result = run("render", folder / "good.yml", "-o", tmp_path / "out", "--kind", "hunting", "--strict")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 of 1 rules rendered, 2 files; accepted by Microsoft's parser" in result.stderr


def test_strict_turns_a_refusal_into_the_exit_code(folder, tmp_path, unparsed):
    assert run("render", folder, "-o", tmp_path / "out", "--strict").exit_code == 2
    assert run("render", folder / "tty.yml", "-o", tmp_path / "none").exit_code == 2
    assert not (tmp_path / "none").exists()


UNHELD = """
title: Hook
logsource: {category: process_creation}
filter:
    rules: any
    selection: {ParentScript: /opt/hook}
    condition: not selection
"""


def test_an_exclusion_that_can_not_be_held_is_named_and_strict_minds(folder, tmp_path, unparsed):
    (tmp_path / "hook.yml").write_text(UNHELD)
    arguments = ["render", folder / "good.yml", "--filters", tmp_path / "hook.yml", "-o", tmp_path / "out"]
    result = run(*arguments)
    assert result.exit_code == 0
    assert "ParentScript has no column in asim" in result.stderr
    assert run(*arguments, "--strict").exit_code == 2
    assert run(*arguments, "--strict", "--no-exclusions").exit_code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--frequency", "1m"], "the frequency is 1m; allowed are 5m to 14d"),
        (["--frequency", "2h", "--period", "1h"], "the period, 1h, is less than the frequency, 2h"),
        (["-O", "long"], "-O takes key=value"),
        (["-O", "entry=x"], "entry=x is unknown to asim"),
    ],
)
def test_wrong_options_are_told_before_anything_is_written(folder, tmp_path, options, message):
    result = run("render", folder, "-o", tmp_path / "out", *options)
    assert result.exit_code == 3
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_options_reach_queries_and_schedules(folder, tmp_path, unparsed):
    options = ["--frequency", "30m", "--period", "1h", "-O", "entry=builtin", "--kind", "analytics"]
    assert run("render", folder, "-o", tmp_path / "out", *options).exit_code == 0
    written = (tmp_path / "out/asim/analytics/good.yaml").read_text()
    assert "queryFrequency: 30m\nqueryPeriod: 1h\n" in written
    assert "  _Im_ProcessCreate\n" in written


def test_check_says_what_is_wrong_and_fails_the_gate(tmp_path, unparsed):
    path = tmp_path / "a.yaml"
    path.write_text(text(changed(("severity",), "Critical")))
    result = run("check", path)
    assert result.exit_code == 1
    assert result.stdout == (
        f"{path}:8:1: error: `severity` is 'Critical'; allowed are Informational, Low, Medium, High [severity-value]\n"
    )
    assert "1 file checked: 1 error, 0 notes; without Microsoft's parser no column was proved" in result.stderr
    assert "not verified against Azure itself" in result.stderr
    path.write_text(text(ANALYTICS))
    assert run("check", path).exit_code == 0


def test_a_note_fails_no_gate(tmp_path, unparsed):
    (tmp_path / "a.yaml").write_text(text({**ANALYTICS, "entityMappings": ANALYTICS["entityMappings"] * 6}))
    result = run("check", tmp_path)
    assert (result.exit_code, "[entities-old-count]" in result.stdout) == (0, True)


def test_faults_are_data(tmp_path, unparsed):
    path = tmp_path / "a.yaml"
    path.write_text(text(changed(("version",), "1")))
    content = json.loads(run("check", path, "-f", "json").stdout)
    assert content["verified_against_azure"] is False
    (file,) = content["files"]
    assert (file["file"], file["proven"]) == (str(path), False)
    assert [(fault["limit"], fault["field"]) for fault in file["faults"]] == [
        ("version-length", ["version"]),
        ("version-format", ["version"]),
    ]


def test_faults_are_sarif(tmp_path, unparsed):
    path = tmp_path / "a.yaml"
    path.write_text(text(changed(("kind",), "Fusion")))
    log = json.loads(run("check", path, "-f", "sarif").stdout)
    (result,) = log["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("kind-value", "error")
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 2, "startColumn": 1}
    assert log["runs"][0]["tool"]["driver"]["rules"][0]["id"] == "kind-value"

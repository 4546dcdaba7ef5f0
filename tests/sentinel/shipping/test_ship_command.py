"""`vedette ship`: what is asked, what is told, and the codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.sentinel.shipping.logs import NETWORK, PROCESS, commands, connection, written
from tests.sentinel.workspace import Fault, Workspace

from vedette.cli.main import main
from vedette.sentinel.shipping import sender

INGEST = "POST /dataCollectionRules/"


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(sender, "FIRST_WAIT", 0.01)
    monkeypatch.delenv("VEDETTE_AZURE_TOKEN", raising=False)


@pytest.fixture
def log(tmp_path):
    return written(tmp_path / "audit.log", commands(5) + connection(500))


def run(*args: Any, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, ["ship", *map(str, args)], env=env)


def ship(workspace: Workspace, *args: Any) -> Result:
    where = ["--dce", workspace.url, "--dcr", workspace.dcr, *workspace.arguments()]
    return run(*args, *where, env=workspace.environment())


def test_a_dry_run_prints_rows_without_an_account(log):
    result = run(log, "--dry-run")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0, result.output
    assert [row["EventType"] for row in rows] == ["ProcessCreated"] * 6 + ["EndpointNetworkSession"]
    assert "7 rows read" in result.stderr


def test_one_kind_can_be_asked_for(workspace, log):
    assert ship(workspace, log, "--kind", "network").exit_code == 0
    assert workspace.tables.keys() == {NETWORK}


def test_the_account_tells_what_was_done(workspace, log):
    result = ship(workspace, log, "-f", "json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["sent"] == {"process_creation": 6, "network_connection": 1}
    assert (told["read"], told["dead"], told["held"], told["calls"]) == (7, 0, 0, 2)
    assert "7 acknowledged (1 network_connection, 6 process_creation) in 2 calls" in result.stderr
    assert "the latest acknowledged event is of 2026-11-24T08:35:35.000Z" in result.stderr
    assert workspace.environment()["VEDETTE_AZURE_TOKEN"] not in result.output


def test_the_checkpoint_lies_in_the_state_folder_unless_named(workspace, log, tmp_path):
    ship(workspace, log)
    assert (tmp_path / "state" / "vedette" / "ship" / f"{workspace.dcr}.json").is_file()
    ship(workspace, log, "--checkpoint", tmp_path / "own.json")
    assert (tmp_path / "own.json").is_file()
    assert len(workspace.tables[PROCESS]) == 12


def test_another_stream_can_be_named(workspace, log):
    workspace.declare("Custom-Mine", PROCESS)
    assert ship(workspace, log, "--stream", "process=Custom-Mine").exit_code == 0
    assert {request.path.rpartition("/")[2] for request in workspace.requests} == {
        "Custom-Mine",
        workspace.network_stream,
    }


def test_dead_letters_are_told_and_give_their_code(workspace, log, tmp_path):
    log.write_text(log.read_text() + commands(1, first=9, text="x" * 9_000))
    written(log, log.read_text())
    result = ship(workspace, log, "--call-size", 5_000, "--dead-letters", tmp_path / "dead")
    assert result.exit_code == 1, result.output
    assert f"1 rows are refused for good and lie in {tmp_path / 'dead'}" in result.stderr
    assert len((tmp_path / "dead").read_text().splitlines()) == 1


def test_a_refused_caller_ends_with_the_code_of_usage(workspace, log):
    workspace.misbehave(Fault(INGEST, status=403, times=9))
    result = ship(workspace, log)
    assert result.exit_code == 3
    assert "Monitoring Metrics Publisher" in result.stderr
    workspace.behave()
    assert ship(workspace, log).exit_code == 0
    assert len(workspace.tables[PROCESS]) == 6


def test_logs_that_can_t_be_read_give_their_code(workspace, tmp_path):
    result = ship(workspace, tmp_path / "missing.log")
    assert result.exit_code == 4
    assert "does not exist" in result.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "--dcr"),
        (["--dcr", "dcr-1"], "--dce"),
        (["--dcr", "dcr-1", "--dce", "http://x"], "no https address"),
        (["--dcr", "dcr-1", "--dce", "https://x", "--patience", "soon"], "--patience soon"),
        (["--dcr", "dcr-1", "--dce", "https://x", "--stream", "file=x"], "process=NAME or network=NAME"),
        (["--dcr", "dcr-1", "--dce", "https://x", "--auth", "token"], "VEDETTE_AZURE_TOKEN"),
        (["--dcr", "dcr-1", "--dce", "https://x", "--checkpoint", "/nowhere/a"], "can't write beside the checkpoint"),
    ],
)
def test_what_can_t_be_obeyed_is_told(log, args, said, monkeypatch):
    if "--auth" not in args:
        monkeypatch.setenv("VEDETTE_AZURE_TOKEN", "x")
        args = [*args, "--auth", "token"]
    result = run(log, *args)
    assert result.exit_code == 3
    assert said in result.stderr


def test_the_template_is_written(tmp_path):
    result = run("template", "-o", tmp_path, "--table", "process=Auditd_CL")
    assert result.exit_code == 0, result.output
    assert "Auditd_CL" in Path(tmp_path / "shipping.json").read_text()
    assert "not verified against Azure" in result.stderr
    assert run("template", "-o", tmp_path, "--table", "Auditd_CL").exit_code == 3

"""`vedette deploy plan`, `apply` and `destroy` as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.auditlog import execution
from tests.sentinel.deployment.test_apply import FILTER, RULE
from tests.sentinel.workspace import Workspace
from tests.sentinel.workspace.parsers import PROCESS

from vedette.cli.main import main
from vedette.errors import ParserMissingError


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))

    def missing() -> Path:
        raise ParserMissingError("there is none")

    monkeypatch.setattr("vedette.kql.check.checker.parser.find", missing)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "night"
    folder.mkdir()
    (folder / "eve.yml").write_text(RULE.format(title="Eve", number=1, user="eve"))
    return folder


def run(workspace: Workspace, verb: str, *arguments: object) -> Result:
    told = [*map(str, arguments), "--workspace-resource", workspace.resource, *workspace.arguments()]
    return CliRunner(env=workspace.environment()).invoke(main, ["deploy", verb, *told])


def test_plan_apply_and_destroy(workspace, rules, tmp_path):
    saved = tmp_path / "plan.json"
    assert run(workspace, "plan", rules, "--kind", "analytics", "-f", "json", "-o", saved).exit_code == 0
    content = json.loads(saved.read_text())
    assert [(step["action"], step["kind"], step["title"]) for step in content["steps"]] == [("create", "rule", "Eve")]
    shown = run(workspace, "plan", rules, "--kind", "analytics", "--detailed-exitcode")
    assert shown.exit_code == 1
    assert "+ create analytics rule 'Eve'" in shown.stdout
    assert run(workspace, "apply", rules, "--kind", "analytics").exit_code == 3
    assert workspace.rules == {}
    applied = run(workspace, "apply", rules, "--kind", "analytics", "--plan", saved, "--yes")
    assert (applied.exit_code, "done: create analytics rule 'Eve'" in applied.stdout) == (0, True), applied.output
    stale = run(workspace, "apply", rules, "--kind", "analytics", "--plan", saved, "--yes")
    assert (stale.exit_code, "plan again" in stale.stderr) == (1, True)
    again = run(workspace, "apply", rules, "--kind", "analytics")
    assert (again.exit_code, again.stdout) == (0, "")
    assert run(workspace, "plan", rules, "--kind", "analytics", "--detailed-exitcode").exit_code == 0
    gone = run(workspace, "destroy", rules, "--yes")
    assert (gone.exit_code, "done: delete analytics rule 'Eve'" in gone.stdout) == (0, True), gone.output
    assert workspace.rules == {}
    assert workspace.violations == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workspace-name", "ws"], "names the workspace already"),
        (["--frequency", "1m"], "the frequency is 1m; allowed are 5m to 14d"),
        (["--as", " "], "is no name for a deployment"),
    ],
)
def test_wrong_options_are_told(workspace, rules, arguments, message):
    result = run(workspace, "plan", rules, *arguments)
    assert (result.exit_code, message in result.stderr) == (3, True), result.output


def test_a_workspace_must_be_named_whole(workspace, rules):
    told = ["deploy", "plan", str(rules), "--subscription", "x", *workspace.arguments()]
    result = CliRunner(env=workspace.environment()).invoke(main, told)
    assert (result.exit_code, "name the workspace" in result.stderr) == (3, True)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("ParentImage: [/opt/nightly, /opt/weekly]", "ParentScript: /opt/x"), "--without-missing ships the rule"),
        (("floor: F", "floor: A"), "below its floor A"),
        (("ParentImage: [/opt/nightly, /opt/weekly]", "User: eve"), "is BLINDING"),
    ],
)
def test_an_exclusion_that_is_not_let_in_keeps_its_rule_out(workspace, rules, changed, message):
    (rules / "job.yml").write_text(FILTER.replace(*changed))
    result = run(workspace, "apply", rules, "--kind", "analytics", "--yes")
    assert result.exit_code == 1, result.output
    assert "x refused analytics rule 'Eve'" in result.stdout
    assert message in result.stdout
    assert workspace.rules == {}


def test_a_rule_is_shipped_without_an_exclusion_that_the_target_can_not_hold_where_that_is_asked(workspace, rules):
    (rules / "job.yml").write_text(FILTER.replace("ParentImage: [/opt/nightly, /opt/weekly]", "ParentScript: /opt/x"))
    result = run(workspace, "apply", rules, "--kind", "analytics", "--yes", "--without-missing")
    assert result.exit_code == 0, result.output
    assert "ParentScript has no column in asim" in result.stderr
    assert len(workspace.rules) == 1


def test_history_of_the_workspace_keeps_a_noisy_rule_out(workspace, rules):
    moment = workspace.now().isoformat()
    row = {
        "TimeGenerated": moment,
        "EventType": "ProcessCreated",
        "TargetUsername": "eve",
        "Dvc": "gw",
        "TargetProcessName": "/x",
    }
    workspace.seed(PROCESS, [{**row, "TargetProcessId": str(number)} for number in range(3)])
    asked = ("plan", rules, "--kind", "analytics", "--history-days", "7")
    refused = run(workspace, *asked, "--max-alerts-per-day", "2")
    assert (refused.exit_code, "3 on the busiest of 7 days" in refused.stdout) == (0, True), refused.output
    assert "x refused" in refused.stdout
    assert "+ create" in run(workspace, *asked, "--max-alerts-per-day", "2", "--allow-noisy").stdout
    assert "+ create" in run(workspace, *asked).stdout


def test_history_of_logs_keeps_a_noisy_rule_out_and_counts_no_exclusion(workspace, rules, tmp_path):
    (rules / "eve.yml").write_text(
        RULE.format(title="Eve", number=1, user="eve").replace("User: eve", "CommandLine|contains: needle")
    )
    log = tmp_path / "audit.log"
    events = [execution(serial, ["/bin/x", "needle"], pid=serial, ppid=1) for serial in range(1, 4)]
    log.write_text("".join(line for one in events for line in one))
    asked = ("plan", rules, "--kind", "analytics", "--history", log)
    refused = run(workspace, *asked, "--max-alerts-per-day", "2")
    assert "3 on the busiest of 1 day of logs; more than 2" in refused.stdout, refused.output
    assert "+ create" in run(workspace, *asked).stdout
    both = run(workspace, *asked, "--history-days", "7")
    assert (both.exit_code, "give one of them" in both.stderr) == (3, True)

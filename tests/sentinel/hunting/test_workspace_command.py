"""`vedette hunt --workspace` as a user runs it, over the workspace of the tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.auditlog import execution
from tests.sentinel.hunting.samples import FLUSH, NOON, shipped, told, write
from tests.sentinel.shipping.logs import NETWORK, PROCESS, connection, decoded, recording, rows_of, written
from tests.sentinel.workspace import Fault, Workspace, parsers

from vedette.cli.main import main
from vedette.errors import ParserMissingError

BATCH = r"POST /v1/\$batch"
SINCE = ["--since", "2026-11-24"]
RESOLVED = """
    selection:
        Image|endswith: /xtables-nft-multi
        CommandLine|contains: ' -F'
    condition: selection
"""


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch, workspace):
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))
    for name, value in workspace.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("vedette.sentinel.hunting.pace.FIRST", 0.01)
    yield
    assert workspace.violations == []


@pytest.fixture
def unparsed(monkeypatch):
    """As if Microsoft's parser were not installed: it takes long to start, and few tests are about it."""

    def missing() -> Path:
        raise ParserMissingError("there is none")

    monkeypatch.setattr("vedette.kql.check.checker.parser.find", missing)


@pytest.fixture
def rules(tmp_path):
    write(tmp_path / "rules", "flush")
    return tmp_path / "rules"


def run(workspace: Workspace, *args: object) -> Result:
    return CliRunner().invoke(main, ["hunt", "--workspace", workspace.id, *workspace.arguments(), *map(str, args)])


def found(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def keys(findings: list[dict[str, Any]]) -> Counter[tuple[object, ...]]:
    return Counter(
        (one["rule"]["id"], one["host"], one["time"], one["process"]["pid"], one["process"]["command_line"])
        for one in findings
        if one["kind"] == "finding"
    )


def test_rows_are_findings_of_the_rule(workspace, rules, unparsed):
    workspace.seed(PROCESS, [shipped(1, "iptables -F"), shipped(2, "iptables -L")])
    result = run(workspace, "-r", rules, *SINCE)
    assert result.exit_code == 0, result.output
    (one,) = found(result)
    assert (one["time"], one["host"], one["user"], one["login_user"]) == (
        *("2026-11-24T08:30:00.000Z", "gw", "root"),
        "ops",
    )
    assert one["session"] == {"node": "gw", "boot": 0, "ses": 7}
    assert one["views"] == ["invoked", "invoked/resolved"]
    assert one["matched"][0] == {"field": "Image", "value": "/usr/sbin/iptables", "reading": "invoked"}
    assert one["process"]["image"] == "/usr/sbin/xtables-nft-multi"
    assert one["process"]["parent"]["command_line"] == "bash"
    assert one["origin"] == {
        "file": f"workspace:{workspace.id}/ASimProcessEventLogs/uid-1-{round(NOON * 1000)}",
        "offset": 0,
        "serial": 101,
    }
    assert "1 query: 1 answered whole" in result.stderr
    assert "unproved, without Microsoft's parser" in result.stderr
    assert "found     1 finding: 1 medium" in result.stderr


def test_either_reading_is_asked_for(workspace, rules, unparsed):
    write(rules, "resolved", RESOLVED)
    workspace.seed(PROCESS, [shipped(1, "iptables -F")])
    ids = [one["rule"]["title"] for one in found(run(workspace, "-r", rules, *SINCE))]
    assert sorted(ids) == ["flush", "resolved"]
    invoked = found(run(workspace, "-r", rules, *SINCE, "--image", "invoked"))
    assert [one["rule"]["title"] for one in invoked] == ["flush"]
    assert [one["rule"]["title"] for one in found(run(workspace, "-r", rules, *SINCE, "-O", "image=column"))] == [
        "flush"
    ]


@pytest.mark.long
@pytest.mark.parametrize("name", ["gw-nft-01", "gw-legacy-01"])
def test_shipped_rows_give_the_findings_of_the_log(workspace, tmp_path, name):
    """All of the built-in pack, with its exclusions, correlations and Microsoft's parser, over a recording."""
    log = recording(tmp_path / "audit.log", 99_000_000, name)
    rows = rows_of([log])
    workspace.seed(PROCESS, decoded(row for row in rows if row.kind == "process_creation"))
    workspace.seed(NETWORK, decoded(row for row in rows if row.kind != "process_creation"))
    result = run(workspace, *SINCE, "--show-excluded", "--show-joined")
    assert result.exit_code == 0, result.output
    local = CliRunner().invoke(main, ["hunt", str(log), "-f", "ndjson", "--show-excluded", "--show-joined"])
    assert local.exit_code == 0, local.output
    there, here = found(result), found(local)
    refused = {line.split(":")[0][10:] for line in result.stderr.splitlines() if line.startswith("refused")}
    assert len(refused) == 5
    kept = [one for one in here if one["rule"]["title"] not in refused and one["kind"] == "finding"]
    assert len(kept) > 300
    assert keys(there) == keys(kept)
    verdicts = [{(*key, one["verdict"]["by"]) for one in side for key in keys([one])} for side in (there, kept)]
    assert verdicts[0] == verdicts[1]
    seen = [
        {(one["first"], one["hosts"][0], one["user"]) for one in found(side) if one["kind"] == "incident"}
        for side in (
            run(workspace, *SINCE, "--incidents"),
            CliRunner().invoke(main, ["hunt", str(log), "-f", "ndjson", "--incidents"]),
        )
    ]
    assert seen[0] == seen[1]
    assert len(seen[0]) >= 5
    correlations = [one for one in there if one["kind"] == "correlation"]
    known = [one for one in here if one["kind"] == "correlation"]
    for one in correlations:
        match = next(each for each in known if (each["rule"], each["time"]) == (one["rule"], one["time"]))
        assert match["correlation"]["count"] == one["correlation"]["count"]


def test_a_report_is_made_of_it(workspace, rules, tmp_path, unparsed):
    workspace.seed(PROCESS, [shipped(1, "iptables -F"), shipped(2, "iptables -F x")])
    assert run(workspace, "-r", rules, *SINCE, "-o", tmp_path / "found.ndjson", "-f", "ndjson").exit_code == 0
    for form in ("html", "md", "navigator", "csv", "ocsf", "timesketch"):
        out = tmp_path / f"report.{form}"
        result = CliRunner().invoke(main, ["report", str(tmp_path / "found.ndjson"), "-f", form, "-o", str(out)])
        assert result.exit_code == 0, result.output
        assert "unread" not in result.stderr
        assert out.stat().st_size > 100
    assert "iptables -F x" in (tmp_path / "report.html").read_text()


def test_an_exclusion_covers_and_is_counted(workspace, rules, unparsed):
    (rules / "filter.yml").write_text(
        "title: upkeep\nid: 00000000-0000-4000-8000-00000000f117\nlogsource: {category: process_creation}\n"
        "filter:\n  rules: any\n  selection:\n    ParentScript: /usr/sbin/ufw\n  condition: not selection\n"
    )
    by_ufw = {"ParentScript": "/usr/sbin/ufw"}
    workspace.seed(PROCESS, [shipped(1, "iptables -F", Additional=by_ufw), shipped(2, "iptables -F")])
    result = run(workspace, "-r", rules, *SINCE)
    assert [one["process"]["pid"] for one in found(result)] == [2]
    assert "excluded  1 finding: 1 by 00000000-0000-4000-8000-00000000f117" in result.stderr
    shown = found(run(workspace, "-r", rules, *SINCE, "--show-excluded"))
    assert [one["verdict"]["decision"] for one in shown] == ["excluded", "alert"]
    assert len(found(run(workspace, "-r", rules, *SINCE, "--no-exclusions"))) == 2


def test_incidents_are_tied_by_sessions_without_the_kernel_s_records(workspace, rules, tmp_path, unparsed):
    detection = "\n    selection:\n        DestinationPort: 443\n    condition: selection\n"
    write(rules, "net", detection, logsource="category: network_connection")
    lines = execution(10, ["/bin/bash"], pid=900, ppid=1, time=NOON)
    lines += execution(11, ["iptables", "-F"], pid=1001, ppid=900, name="/usr/sbin/iptables", time=NOON + 1)
    log = written(tmp_path / "audit.log", "".join(lines) + connection(12, pid=1002, time=NOON + 2))
    rows = rows_of([log])
    workspace.seed(PROCESS, decoded(row for row in rows if row.kind == "process_creation"))
    workspace.seed(NETWORK, decoded(row for row in rows if row.kind != "process_creation"))
    result = run(workspace, "-r", rules, *SINCE, "--incidents", "--fail-on", "high")
    assert result.exit_code == 0, result.output
    (one,) = [each for each in found(result) if each["kind"] == "incident"]
    assert (one["hosts"], one["session"]["ses"], one["state"]) == (["gw"], 7, "open")
    assert (one["kernel"]["verdict"], one["kernel"]["tables"]) == ("undeterminable", [])
    assert "not at hand" in one["kernel"]["text"]
    assert {fact["kind"] for fact in one["facts"]} >= {"flush", "connection"}
    assert all("workspace:" not in step["command"] for step in one["next_steps"])
    assert "1 incident (" in result.stderr
    assert run(workspace, "-r", rules, *SINCE, "--incidents", "--fail-on", one["level"]).exit_code == 1


def test_times_are_those_of_events_however_late_they_were_received(workspace, rules, unparsed):
    workspace.seed(
        PROCESS,
        [
            shipped(1, "iptables -F", at=NOON - 3600),
            shipped(2, "iptables -F", received=NOON + 7_200),
            shipped(3, "iptables -F", at=NOON + 3600),
        ],
    )
    result = run(workspace, "-r", rules, "--since", told(NOON), "--until", told(NOON + 60))
    assert [one["process"]["pid"] for one in found(result)] == [2]
    assert "1 of events outside the asked time" in result.stderr


def test_a_row_that_came_twice_is_one_finding(workspace, rules, unparsed):
    workspace.seed(PROCESS, [shipped(1, "iptables -F")] * 3)
    result = run(workspace, "-r", rules, *SINCE)
    assert len(found(result)) == 1
    assert "1 read, 2 came twice" in result.stderr


def test_a_storm_of_429_ends(workspace, rules, unparsed):
    for number in range(6):
        write(rules, f"more {number}")
    workspace.seed(PROCESS, [shipped(1, "iptables -F")])
    workspace.misbehave(Fault(match="BATCH", status=429, times=17))
    workspace.misbehave(Fault(match="POST", status=429, retry_after=0.01, times=3))
    result = run(workspace, "-r", rules, *SINCE, "--strict")
    assert result.exit_code == 0, result.output
    assert len(found(result)) == 7
    assert "asked to wait" in result.stderr


def test_an_answer_that_is_not_whole_is_completed_by_halves(workspace, rules, unparsed):
    workspace.seed(PROCESS, [shipped(number, "iptables -F", at=NOON + 100 * number) for number in range(40)])
    workspace.limits.rows = 7
    result = run(workspace, "-r", rules, *SINCE, "--strict")
    assert result.exit_code == 0, result.output
    assert len(found(result)) == 40
    assert "windows halved" in result.stderr


def test_what_is_never_whole_is_kept_and_told(workspace, rules, unparsed):
    now = time.time()
    workspace.seed(PROCESS, [shipped(number, "iptables -F", at=now - 5) for number in range(20)])
    workspace.limits.rows = 7
    result = run(workspace, "-r", rules, "--since", "1m", "--strict")
    assert result.exit_code == 2
    assert len(found(result)) == 7
    assert "partial   flush: 20" in result.stderr
    assert "not whole, and too short to halve: PartialError: QueryExecutionError The results" in result.stderr


def test_a_table_that_is_not_there_is_told_once_and_nothing_was_found(workspace, rules, unparsed, monkeypatch):
    """As where ASIM's functions were not deployed into the workspace."""
    kept = {name: view for name, view in parsers.VIEWS.items() if name != "imProcessCreate"}
    monkeypatch.setattr(parsers, "VIEWS", kept)
    for number in range(6):
        write(rules, f"more {number}")
    workspace.seed(PROCESS, [shipped(1, "iptables -F")])
    result = run(workspace, "-r", rules, *SINCE, "--batch", "2")
    assert (result.exit_code, len(workspace.requests)) == (4, 1)
    assert "missing   the workspace has no imProcessCreate: 7 queries" in result.stderr
    assert "nothing could have been found" in result.stderr
    assert len(found(run(workspace, "-r", rules, *SINCE, "-O", "entry=builtin"))) == 7


@pytest.mark.parametrize(("status", "message"), [(401, "does not accept who asks"), (403, "Log Analytics Reader")])
def test_who_may_not_ask_ends_in_3(workspace, rules, tmp_path, unparsed, status, message):
    workspace.misbehave(Fault(match="POST", status=status, times=9))
    (tmp_path / "out").write_text("older")
    result = run(workspace, "-r", rules, *SINCE, "-o", tmp_path / "out")
    assert result.exit_code == 3
    assert message in result.stderr
    assert "nothing could have been found: no rule was answered" in result.stderr
    assert (tmp_path / "out").read_text() == "older"


def test_a_service_that_can_not_be_reached_ends_in_4(workspace, rules, unparsed, monkeypatch):
    monkeypatch.setattr("vedette.sentinel.hunting.pace.LONGEST", 0.01)
    workspace.misbehave(Fault(match="POST", kind="cut", times=99))
    result = run(workspace, "-r", rules, *SINCE)
    assert result.exit_code == 4
    assert "the service can't be reached any more" in result.stderr
    assert "failed    flush:" in result.stderr


def test_a_rule_that_the_target_can_not_hold_is_told_and_strict_minds_it(workspace, rules, unparsed):
    write(rules, "tty", FLUSH.replace("CommandLine", "Tty"))
    workspace.seed(PROCESS, [shipped(1, "iptables -F")])
    result = run(workspace, "-r", rules, *SINCE)
    assert (result.exit_code, len(found(result))) == (0, 1)
    assert "refused   tty: Tty has no column in asim (imProcessCreate)" in result.stderr
    assert run(workspace, "-r", rules, *SINCE, "--strict").exit_code == 2


def test_levels_and_gates_are_those_of_a_hunt(workspace, rules, unparsed):
    workspace.seed(PROCESS, [shipped(1, "iptables -F")])
    assert run(workspace, "-r", rules, *SINCE, "--fail-on", "medium").exit_code == 1
    assert run(workspace, "-r", rules, *SINCE, "--fail-on", "high").exit_code == 0
    above = run(workspace, "-r", rules, *SINCE, "--level", "high")
    assert (found(above), len(workspace.requests)) == ([], 2)
    assert "1 below the asked level did not run" in above.stderr


def test_a_dry_run_sends_nothing_and_needs_nothing(workspace, rules, unparsed, monkeypatch):
    for name in [*sys.modules]:
        if name.startswith("azure"):
            monkeypatch.setitem(sys.modules, name, None)
    for number in range(5):
        write(rules, f"more {number}")
    result = CliRunner().invoke(main, ["hunt", "--workspace", "x", "-r", str(rules), *SINCE, "--dry-run"])
    assert result.exit_code == 0, result.output
    assert "// flush (00000000-" in result.stdout
    assert "// author: A. Nother; license: not stated" in result.stdout
    assert "request 2 of 2" in result.stdout
    assert "imProcessCreate\n| extend ResolvedImage" in result.stdout
    assert "6 queries in 2 requests, 0 rules refused; unproved" in result.stderr
    assert "nothing was sent" in result.stderr
    assert workspace.requests == []


def test_without_the_packages_it_is_said_which_to_install(workspace, rules, unparsed, monkeypatch):
    for name in [*sys.modules]:
        if name.startswith("azure"):
            monkeypatch.setitem(sys.modules, name, None)
    result = run(workspace, "-r", rules, *SINCE)
    assert result.exit_code == 3
    assert "pip install 'vedette[sentinel]'" in result.stderr


def test_a_hunt_goes_on_where_it_stopped(workspace, rules, tmp_path, unparsed, monkeypatch):
    monkeypatch.setattr("vedette.sentinel.hunting.pace.LONGEST", 0.01)
    for number in range(4):
        write(rules, f"more {number}")
    workspace.seed(PROCESS, [shipped(number, "iptables -F") for number in range(3)])
    resume = ["--resume", tmp_path / "journal", "--batch", "1", *SINCE]
    first = run(workspace, "-r", rules, *resume)
    assert first.exit_code == 0
    whole = found(first)
    # As if it had been ended after two pieces.
    lines = (tmp_path / "journal").read_bytes().splitlines(keepends=True)
    (tmp_path / "journal").write_bytes(b"".join(lines[:3]) + lines[3][:40])
    before = len(workspace.requests)
    again = run(workspace, "-r", rules, *resume)
    assert again.exit_code == 0, again.output
    assert len(workspace.requests) - before == 3
    assert found(again) == whole
    assert "was not written to its end" in again.stderr
    assert "2 pieces taken from the journal" in again.stderr
    done = run(workspace, "-r", rules, *resume)
    assert (found(done), len(workspace.requests) - before) == (whole, 3)


def test_a_journal_of_other_rules_is_refused(workspace, rules, tmp_path, unparsed):
    resume = ["--resume", tmp_path / "journal", *SINCE]
    assert run(workspace, "-r", rules, *resume).exit_code == 0
    write(rules, "another")
    result = run(workspace, "-r", rules, *resume)
    assert result.exit_code == 3
    assert "of another workspace or of other queries" in result.stderr


def test_a_comparison_tells_the_gap_and_why(workspace, rules, tmp_path, unparsed):
    write(rules, "tty", "\n    selection:\n        Tty: pts0\n    condition: selection\n")
    lines = execution(10, ["/bin/bash"], pid=900, ppid=1)
    for number, option in enumerate(("-F", "-F a", "-F b", "-F c"), 1):
        args = ["/usr/sbin/iptables", *option.split()]
        exe = "/usr/sbin/xtables-nft-multi"
        lines += execution(number * 10 + 1, args, pid=number, ppid=900, exe=exe, name=args[0], time=NOON + number)
    log = written(tmp_path / "audit.log", "".join(lines))
    rows = decoded(rows_of([log]))
    of_pid = {row["TargetProcessId"]: row for row in rows if row["TargetProcessId"] != "900"}
    workspace.seed(PROCESS, [of_pid["1"], of_pid["4"]])
    # One that another source tells, by the resolved path alone; and one that the log has not.
    other = {**of_pid["2"], "EventVendor": "Microsoft", "EventProduct": "M365 Defender for Endpoint"}
    other |= {"TargetProcessName": "/usr/sbin/xtables-nft-multi", "AdditionalFields": {}}
    extra = {**of_pid["4"], "TargetProcessId": "77", "EventOriginalUid": "x"}
    workspace.seed(PROCESS, [other, extra, shipped(5, "iptables -F", DvcHostname="elsewhere", at=NOON + 2)])
    result = run(workspace, "-r", rules, "--compare", log, "-f", "ndjson")
    assert result.exit_code == 0, result.output
    told = [(one["side"], one["rule"]["title"], one["pid"], one["why"]) for one in found(result)]
    flush = [(side, pid, why) for side, title, pid, why in told if title == "flush"]
    assert flush[0] == ("both", 1, "")
    assert flush[1][:2] == ("local", 2)
    assert "tells one path alone, /usr/sbin/xtables-nft-multi; the rule matched in the view invoked" in flush[1][2]
    assert flush[2][:2] == ("local", 3)
    sources = "from Linux auditd (3), Microsoft M365 Defender for Endpoint (1)"
    assert flush[2][2] == f"the table has rows of this host, {sources}, and not this event"
    assert sorted(flush[3:]) == [
        ("both", 4, ""),
        ("workspace", 77, "the log has no such event, or the rule does not match it there"),
    ]
    refused = {why for side, title, _, why in told if title == "tty"}
    assert len(refused) == 1
    assert "the rule is refused: Tty has no column in asim" in refused.pop()
    assert "1 matches on hosts or at times that the log does not cover: elsewhere (1)" in result.stderr
    table = run(workspace, "-r", rules, "--compare", log, "-f", "table", "--fail-on-difference")
    assert table.exit_code == 1
    assert "medium  flush: 1 in only the workspace" in table.stdout
    assert "flush (A. Nother)" in table.stdout


def test_a_comparison_without_a_difference_passes_its_gate(workspace, rules, tmp_path, unparsed):
    log = written(tmp_path / "audit.log", "".join(execution(11, ["/usr/sbin/iptables", "-F"], pid=5, ppid=1)))
    workspace.seed(PROCESS, decoded(rows_of([log])))
    result = run(workspace, "-r", rules, "--compare", log, "--fail-on-difference", "-f", "ndjson")
    assert (result.exit_code, [one["side"] for one in found(result)]) == (0, ["both"])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--workspace", "x", "LOG"], "--compare LOG shows where they differ"),
        (["--workspace", "x", "--raw"], "--raw speaks of logs"),
        (["--workspace", "x", "--incidents", "--compare", "LOG"], "--incidents has no place in a comparison"),
        (["--workspace", "x", "--fail-on-difference"], "speaks of --compare"),
        (["LOG", "--dry-run"], "--dry-run speaks of a workspace"),
        (["LOG", "--auth", "cli"], "--auth speaks of a workspace"),
        ([], "nothing to hunt in"),
        (["--workspace", "x", "-O", "image=all"], "image=all is unknown"),
        (["--workspace", "x", "--compare", "LOG", "-f", "csv"], "-f csv has no place for differences"),
        (["--workspace", "x", "--since", "1d", "--until", "2d"], "--since is not before --until"),
    ],
)
def test_options_that_do_not_go_together(args, message, unparsed):
    result = CliRunner().invoke(main, ["hunt", *args])
    assert result.exit_code == 3
    assert message in result.stderr


@pytest.mark.long
def test_a_signal_keeps_what_was_found_and_the_hunt_goes_on_later(workspace, rules, tmp_path):
    for number in range(3):
        write(rules, f"more {number}")
    workspace.seed(PROCESS, [shipped(1, "iptables -F")])
    out, journal = tmp_path / "out", tmp_path / "journal"
    args = ["-r", rules, *SINCE, "--batch", "1", "-o", out, "-f", "ndjson", "--resume", journal]
    program = "import sys; from vedette.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, "hunt", "--workspace", workspace.id, *workspace.arguments()]
    workspace.misbehave(Fault(match="POST", kind="slow", seconds=0.0))
    workspace.misbehave(Fault(match="POST", kind="slow", seconds=30.0))
    running = subprocess.Popen(
        [*command, *map(str, args)],
        env={**os.environ, **workspace.environment()},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not (journal.exists() and len(journal.read_bytes().splitlines()) >= 2) and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 130, err
    assert "interrupted: nothing is said about what was not asked" in err
    assert "out.partial" in err
    assert not out.exists()
    assert len((tmp_path / "out.partial").read_text().splitlines()) == 1
    workspace.behave()
    result = run(workspace, *args)
    assert result.exit_code == 0, result.output
    assert len(out.read_text().splitlines()) == 4
    assert "1 piece taken from the journal" in result.stderr

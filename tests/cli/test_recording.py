"""The verbs over the recording that the project ships, with the real hunt behind them."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import jsonschema
import msgspec
import pytest
from click.testing import CliRunner

import vedette
from vedette.cli.main import main
from vedette.hunt.finding import Finding
from vedette.report.csv import COLUMNS
from vedette.report.schema import schema

PACK = Path(vedette.__file__).parent / "packs" / "linux-firewall"
LOG = PACK / "evidence" / "gw-nft-01.audit.log.gz"
FLUSH = "3be619f4-d9ec-4ea8-a173-18fdd01996ab"


def run(*args, env=None):
    return CliRunner().invoke(main, [*map(str, args)], env=env)


@pytest.fixture(scope="module")
def lines():
    result = run("hunt", LOG)
    assert result.exit_code == 0, result.stderr
    assert len(result.stdout.splitlines()) > 100
    return result.stdout.splitlines()


def test_every_finding_is_valid_and_reads_back(lines):
    validator = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())
    for line in lines:
        validator.validate(json.loads(line))
        assert msgspec.json.encode(msgspec.json.decode(line, type=Finding)).decode() == line


def test_all_formats_tell_the_same_findings(lines):
    array = json.loads(run("hunt", LOG, "-f", "json").stdout)
    assert array == [json.loads(line) for line in lines]
    rows = list(csv.DictReader(io.StringIO(run("hunt", LOG, "-f", "csv").stdout)))
    assert [(row["serial"], row["rule_id"]) for row in rows] == [
        (str(finding["origin"]["serial"]), finding["rule"]["id"]) for finding in array
    ]
    assert list(rows[0]) == list(COLUMNS)


def test_the_table_is_much_shorter_and_counts_everything(lines):
    table = run("hunt", LOG, "-f", "table", env={"COLUMNS": "120"}).stdout
    (total,) = re.findall(rf"^{len(lines):,} findings in (\d+) rows: ", table, re.MULTILINE)
    assert int(total) < len(lines) / 2
    counts = [int(count) for count in re.findall(r"^\d\d:\d\d:\d\d .* (\d+)$", table, re.MULTILINE)]
    assert sum(counts) == len(lines)
    assert len(counts) == int(total)


def test_one_ufw_reset_prints_no_dozens_of_rows():
    steps = [line.split("\t") for line in (PACK / "evidence" / "gw-nft-01.steps.tsv").read_text().splitlines()]
    (step,) = [dict(zip(steps[0], step, strict=True)) for step in steps if step[0] == "ufw_reset"]
    window = ("--since", f"@{step['start_epoch']}", "--until", f"@{step['end_epoch']}")
    found = [json.loads(line) for line in run("hunt", LOG, *window).stdout.splitlines()]
    table = run("hunt", LOG, *window, "-f", "table", env={"COLUMNS": "120"}).stdout
    rows = re.findall(r"^\d\d:\d\d:\d\d ", table, re.MULTILINE)
    rules = {finding["rule"]["id"] for finding in found}
    assert len(found) >= 32
    assert len(rows) <= 6 * len(rules)
    assert "via ufw" in table


def test_raw_adds_the_records_of_the_finding():
    since = ("--since", "2026-11-24T08:35:40Z", "--until", "2026-11-24T08:35:43Z")
    findings = [json.loads(line) for line in run("hunt", LOG, "--raw", *since).stdout.splitlines()]
    assert findings
    for finding in findings:
        assert any(f":{finding['origin']['serial']})" in record for record in finding["raw"])


def test_the_gate_and_the_level():
    assert run("hunt", LOG, "--fail-on", "critical").exit_code == 0
    assert run("hunt", LOG, "--fail-on", "medium").exit_code == 1
    high = [json.loads(line)["rule"]["level"] for line in run("hunt", LOG, "--level", "high").stdout.splitlines()]
    assert set(high) <= {"high", "critical"}


def test_a_missing_log_is_unreadable_telemetry(tmp_path):
    result = run("hunt", tmp_path / "absent.log")
    assert result.exit_code == 4
    assert "absent.log" in result.stderr
    beside = run("hunt", tmp_path / "absent.log", LOG, "-o", os.devnull)
    assert beside.exit_code == 0
    assert "absent.log" in beside.stderr


def test_an_empty_log_says_that_nothing_was_covered(tmp_path):
    (tmp_path / "empty.log").touch()
    result = run("hunt", tmp_path / "empty.log")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "covered   nothing" in result.stderr
    assert "nothing could have been found" in result.stderr


def test_a_signal_while_a_log_is_awaited_keeps_what_was_found(tmp_path):
    os.mkfifo(tmp_path / "log")
    program = [sys.executable, "-c", "from vedette.cli.main import main; main()", "hunt", tmp_path / "log"]
    done = threading.Event()

    def feed():
        with (tmp_path / "log").open("wb") as log, contextlib.suppress(BrokenPipeError):
            log.write(gzip.decompress(LOG.read_bytes()))
            log.flush()
            done.wait(60)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stderr
            first = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            rest, err = process.stdout.read(), process.stderr.read()
    finally:
        done.set()
        feeder.join()
    assert process.returncode == 130, err
    assert all(json.loads(line)["kind"] == "finding" for line in (first + rest).splitlines())
    assert b"interrupted" in err
    assert b"Traceback" not in err


def test_a_rule_is_explained_by_its_nearest_misses():
    result = run("explain", FLUSH[:8], LOG, env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.stderr
    assert "Flush Iptables Ufw Chain · medium · by Joseliyo Sanchez" in result.stdout
    assert re.search(r"^matches 292 of [\d,]+ events that it reads$", result.stdout, re.MULTILINE)
    assert result.stdout.count("1 part short of a match") == 3


def test_a_finding_is_explained_in_every_view(lines):
    finding = next(found for found in map(json.loads, lines) if found["rule"]["id"] == FLUSH)
    origin = finding["origin"]
    for chosen in (origin["serial"], origin["offset"]):
        result = run("explain", FLUSH, LOG, "--event", chosen, env={"COLUMNS": "120"})
        assert result.exit_code == 0, result.stderr
        assert "matches 1 of 1 event" in result.stdout
        assert "matches · views invoked" in result.stdout
        assert "1 part short of a match · views resolved" in result.stdout
        assert f"serial {origin['serial']}" in result.stdout
    at = run("explain", FLUSH, LOG, "--at", finding["time"], "--pid", finding["process"]["pid"])
    assert "matches 1 of 1 event" in at.stdout


def test_a_rule_s_file_is_explained(tmp_path):
    file = PACK / "rules" / "proc_creation_lnx_iptables_flush_ufw.yml"
    assert "matches 292" in run("explain", file, LOG).stdout
    broken = tmp_path / "broken.yml"
    broken.write_text("title: x\n")
    result = run("explain", broken, LOG)
    assert result.exit_code == 2
    assert "broken.yml" in result.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((FLUSH, LOG, "--event", "1"), "no event that this rule reads"),
        (("ffffffff", LOG), "no rule 'ffffffff' among"),
        (("", LOG), "stands for"),
    ],
)
def test_what_cannot_be_explained_is_said(args, said):
    result = run("explain", *args)
    assert result.exit_code == 3
    assert said in result.stderr


def test_explaining_over_no_log_is_unreadable_telemetry(tmp_path):
    assert run("explain", FLUSH, tmp_path / "absent.log").exit_code == 4

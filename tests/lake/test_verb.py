from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from vedette.cli.main import main


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_ingest_tells_what_it_added_and_then_that_it_was_known(recording, tmp_path):
    log, lake = tmp_path / "audit.log", tmp_path / "lake"
    log.write_bytes(b"".join(recording.read_bytes().splitlines(keepends=True)[:500]))
    first = run("ingest", log, "-o", lake, "--no-records")
    assert first.exit_code == 0
    assert "1 log added" in first.stderr
    assert "process_creation" in first.stderr
    second = run("ingest", log, "-o", lake, "--no-records")
    assert "0 logs added" in second.stderr
    assert "1 log known already" in second.stderr


def test_a_hunt_through_a_dataset_writes_what_one_through_the_log_does(recording, dataset, tmp_path):
    found = []
    for place in (recording, dataset):
        out = tmp_path / "found.ndjson"
        assert run("hunt", place, "-f", "ndjson", "-o", out).exit_code == 0
        found.append(sorted(out.read_text().splitlines()))
    assert found[0] == found[1]
    assert json.loads(found[0][0])["schema"]


def test_spark_is_not_asked_of_logs(recording):
    result = run("hunt", recording, "--engine", "spark")
    assert result.exit_code == 3
    assert "datasets" in result.stderr
    assert "add --engine spark" in run("hunt", recording, "--master", "local[2]").stderr


def test_no_log_at_all_is_telemetry_that_can_not_be_read(tmp_path):
    lake = tmp_path / "lake"
    assert run("ingest", tmp_path / "none", "-o", lake).exit_code == 4
    assert not list(Path(lake).rglob("*.parquet"))

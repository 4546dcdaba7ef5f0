"""Decisions survive: kept by id in a file of lines, taken up by later hunts, and no stranger's file is believed."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from click.testing import CliRunner

from vedette.cli.main import main
from vedette.correlate.decisions import decide, read_decisions
from vedette.correlate.incident import Decision
from vedette.errors import UsageError
from vedette.hunt.hunt import built_in_pack

LOG = f"{built_in_pack('linux-firewall')}/evidence/gw-nft-01.audit.log.gz"


def hunted(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    run = CliRunner().invoke(main, ["hunt", LOG, "-f", "ndjson", "--level", "high", "--incidents", *arguments])
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    return run.exit_code, [line for line in lines if line["kind"] == "incident"]


def test_a_decision_is_taken_up_by_a_later_hunt(tmp_path):
    code, before = hunted("--fail-on", "critical")
    assert code == 1
    assert len(before) == 7
    assert all(one["decision"] is None for one in before)
    path = tmp_path / "decisions.json"
    for one in before:
        run = CliRunner().invoke(
            main, ["decide", one["id"], "benign", "--note", "an exercise", "--by", "me", "--decisions", str(path)]
        )
        assert run.exit_code == 0
    code, after = hunted("--fail-on", "critical", "--decisions", str(path))
    assert code == 0
    assert {one["decision"]["note"] for one in after} == {"an exercise"}
    assert [one["id"] for one in after] == [one["id"] for one in before]
    assert len(path.read_text().splitlines()) == len(before) + 2
    CliRunner().invoke(main, ["decide", before[0]["id"], "undo", "--decisions", str(path)])
    assert before[0]["id"] not in path.read_text()


def test_a_file_is_written_as_it_is_read(tmp_path):
    path = tmp_path / "d.json"
    decide(path, "00000000000b", Decision("malicious", 'a "quoted" note\n'))
    decide(path, "00000000000a", Decision("benign"))
    assert list(read_decisions(path)) == ["00000000000a", "00000000000b"]
    assert read_decisions(path)["00000000000b"].note == 'a "quoted" note\n'
    assert read_decisions(tmp_path / "none.json") == {}
    assert read_decisions(None) == {}


@pytest.mark.parametrize("text", ["[]", "{", '{"x": {"verdict": "benign"}}', '{"00000000000a": {"verdict": "maybe"}}'])
def test_what_is_no_file_of_decisions_is_told(tmp_path, text):
    path = tmp_path / "d.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"d\.json"):
        read_decisions(path)


def test_an_id_that_is_none_is_told(tmp_path):
    with pytest.raises(UsageError, match="no id of an incident"):
        decide(tmp_path / "d.json", "../x", Decision("benign"))


def test_decisions_are_read_before_the_hunt_and_go_with_incidents(tmp_path):
    path = tmp_path / "d.json"
    path.write_text("[]", encoding="utf-8")
    run = CliRunner().invoke(main, ["hunt", LOG, "-f", "ndjson", "--incidents", "--decisions", str(path)])
    assert (run.exit_code, run.stdout) == (3, "")
    run = CliRunner().invoke(main, ["hunt", LOG, "--decisions", str(path)])
    assert (run.exit_code, run.stdout) == (3, "")
    assert "add --incidents" in run.stderr
    run = CliRunner().invoke(
        main, ["hunt", LOG, "-f", "ndjson", "--incidents", "--decisions", str(tmp_path / "gone.json")]
    )
    assert run.exit_code == 0
    assert "there is no" in run.stderr


def test_a_pipe_is_not_waited_for_and_nothing_is_left_beside(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="no regular file"):
        read_decisions(pipe)
    with pytest.raises(UsageError, match="can't write"):
        decide(tmp_path / "gone" / "d.json", "00000000000a", Decision("benign"))
    with pytest.raises(UsageError, match="holds no decision on 00000000000a"):
        decide(tmp_path / "d.json", "00000000000a", None)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]

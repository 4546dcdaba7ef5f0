from __future__ import annotations

import csv
import io
import json
import os
import stat
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli import stub

from vedette.cli.main import main


@pytest.fixture(autouse=True)
def stubbed(monkeypatch):
    monkeypatch.setitem(sys.modules, stub.MODULE, stub.module())
    monkeypatch.setattr(stub.Hunt, "asked", [])


def hunt(*args):
    return CliRunner().invoke(main, ["hunt", *map(str, args)])


def test_a_pipe_gets_ndjson_and_the_account_goes_to_stderr():
    result = hunt("3")
    assert result.exit_code == 0
    assert [json.loads(line)["kind"] for line in result.stdout.splitlines()] == ["finding"] * 3
    assert "3 findings: 3 medium" in result.stderr
    assert "gw" in result.stderr


def test_every_format_shows_the_author():
    for form in ("table", "ndjson", "json", "csv"):
        result = hunt("3", "-f", form)
        assert result.exit_code == 0
        assert "Joseliyo Sanchez, @Joseliyo_Jstnk" in result.stdout
    assert len(json.loads(hunt("3", "-f", "json").stdout)) == 3
    assert len(list(csv.DictReader(io.StringIO(hunt("3", "-f", "csv").stdout)))) == 3
    assert "3 findings in 1 row" in hunt("3", "-f", "table").stdout


@pytest.mark.parametrize(("form", "text"), [("table", ""), ("ndjson", ""), ("json", "[]\n")])
def test_nothing_found_is_nothing_on_stdout_and_much_on_stderr(form, text):
    result = hunt("0", "-f", form)
    assert result.exit_code == 0
    assert result.stdout == text
    assert "nothing in what was covered" in result.stderr


def test_options_reach_the_hunt():
    result = hunt(
        *(
            "0",
            "1",
            "-r",
            "a",
            "-r",
            "b",
            "--since",
            "2026-11-24",
            "--until",
            "2026-11-25T00:00:00Z",
            "--level",
            "high",
        ),
        *("--filters", "f", "--filters", "g", "--no-exclusions"),
        *(
            "--image",
            "invoked",
            "--show-excluded",
            "--show-joined",
            "--raw",
            "--no-routing",
            "--passwd",
            "p",
            "--backend",
            "polars",
        ),
    )
    assert result.exit_code == 0, result.stderr
    (options,) = stub.Hunt.asked
    assert vars(options) == {
        "logs": ("0", "1"),
        "rules": ("a", "b"),
        "since": 1795478400.0,
        "until": 1795564800.0,
        "level": "high",
        "image": "invoked",
        "routing": False,
        "show_excluded": True,
        "show_joined": True,
        "raw": True,
        "filters": ("f", "g"),
        "exclude": False,
        "now": None,
        "passwd": "p",
        "backend": "polars",
        "input_format": None,
        "map": None,
    }


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["5"], 0),
        (["5", "--fail-on", "high"], 0),
        (["5", "--fail-on", "medium"], 1),
        (["5", "--fail-on", "low"], 1),
        (["high 1", "--fail-on", "high"], 1),
        (["excluded", "--fail-on", "low"], 0),
        (["broken-rule 1"], 0),
        (["broken-rule", "--strict"], 2),
        (["broken-rule 1", "--strict", "--fail-on", "low"], 1),
        (["rejects 1"], 0),
        (["missing"], 4),
        (["rejects empty"], 4),
        (["empty"], 0),
        (["missing 1 broken-rule", "--strict", "--fail-on", "low"], 4),
        (["unreadable"], 4),
        (["5", "--since", "2026-11-25", "--until", "2026-11-24"], 3),
        (["5", "--since", "yesterday"], 3),
        (["no-rules"], 3),
        (["no-rules missing"], 3),
        (["crash"], 70),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_exit_codes(args, code):
    result = hunt(*args)
    assert result.exit_code == code, result.stderr


def test_what_was_found_before_an_error_is_still_written():
    result = hunt("2 unreadable")
    assert len(result.stdout.splitlines()) == 2
    assert "x.bin: not a log (name an audit log)" in result.stderr


def test_errors_are_safe_on_a_terminal():
    assert "missing\\x1b: no such file" in hunt("missing").stderr


def test_a_file_is_put_in_its_place_whole(tmp_path):
    path = tmp_path / "findings.ndjson"
    path.write_text("older")
    result = hunt("3", "-o", path)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert len(path.read_text().splitlines()) == 3
    assert [other.name for other in tmp_path.iterdir()] == ["findings.ndjson"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_file_holds_any_format(tmp_path, form):
    path = tmp_path / "out"
    assert hunt("3", "-o", path, "-f", form).exit_code == 0
    assert "Joseliyo" in path.read_text()
    assert "\x1b" not in path.read_text()


def test_a_failed_hunt_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "findings"
    path.write_text("older")
    assert hunt("3 unreadable", "-o", path).exit_code == 4
    assert hunt("3 crash", "-o", path).exit_code == 70
    assert path.read_text() == "older"
    assert [other.name for other in tmp_path.iterdir()] == ["findings"]


def test_a_link_keeps_pointing_where_it_did(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert hunt("1", "-o", tmp_path / "link").exit_code == 0
    assert (tmp_path / "link").is_symlink()
    assert len((tmp_path / "file").read_text().splitlines()) == 1


def test_devices_and_dash_are_written_as_they_are(tmp_path):
    assert hunt("1", "-o", os.devnull).exit_code == 0
    assert len(hunt("1", "-o", "-").stdout.splitlines()) == 1


@pytest.mark.parametrize("where", ["absent/findings", ""])
def test_a_file_that_cannot_be_written_is_said_before_the_hunt(tmp_path, where):
    result = hunt("1", "-o", tmp_path / where)
    assert result.exit_code == 3
    assert "can't write" in result.stderr
    assert "-o" in result.stderr
    assert stub.Hunt.asked == []


def test_no_space_left_is_no_defect():
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    result = hunt("500", "-o", "/dev/full")
    assert result.exit_code == 3
    assert "No space left" in result.stderr

"""`vedette test`: reports, where they go, and what each outcome means to a shell."""

from __future__ import annotations

import json
import os
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from tests.audit.packs import MET, log, pack, steps

from vedette.cli.main import main

FAILING = ("gw\tbackup\tflush\tmust\t3\t-\tit flushes\t", *MET[1:])


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))


def run(*args: object) -> Result:
    return CliRunner().invoke(main, ["test", *map(str, args)])


def test_a_pack_that_passes(tmp_path):
    result = run(pack(tmp_path))
    assert result.exit_code == 0
    assert result.stdout == "sample: 11 cases on 1 recording: all passed\n"
    assert result.stderr == ""


def test_a_case_that_fails_is_a_failed_gate(tmp_path):
    result = run(pack(tmp_path, *FAILING))
    assert result.exit_code == 1
    assert result.stdout.startswith("FAILED · gw · backup · must flush, 3 or more")


def test_several_packs_and_the_strongest_code(tmp_path):
    result = run(pack(tmp_path / "a"), pack(tmp_path / "b", *FAILING))
    assert result.exit_code == 1
    assert [line for line in result.stdout.splitlines() if line.startswith("sample")] == [
        "sample: 11 cases on 1 recording: all passed",
        "sample: 11 cases on 1 recording: 1 failed",
    ]


def test_the_forms(tmp_path):
    folder = pack(tmp_path, *FAILING)
    assert json.loads(run(folder, "-f", "json").stdout)["packs"][0]["failed"] == 1
    assert ET.fromstring(run(folder, "-f", "junit").stdout).get("failures") == "1"


def test_what_still_alerts_is_listed_if_asked_for(tmp_path):
    folder = pack(tmp_path, MET[0], *MET[2:])
    (folder / "exclusions/accepted/backup.yml").unlink()
    assert run(folder, "--alerts").stdout.splitlines()[0] == "gw · backup"
    assert len(run(folder).stdout.splitlines()) == 1


def test_a_report_appears_whole_in_its_file(tmp_path):
    out = tmp_path / "report.xml"
    result = run(pack(tmp_path / "pack"), "-f", "junit", "-o", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert ET.fromstring(out.read_bytes()).get("tests") == "11"
    assert not list(tmp_path.glob(".report*"))


def test_further_evidence(tmp_path):
    more = tmp_path / "more"
    more.mkdir()
    (more / "other.log").write_text(log())
    (more / "other.steps.tsv").write_text(steps())
    result = run(pack(tmp_path / "pack"), "--evidence", more)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "sample: 13 cases on 2 recordings: all passed"


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("expectation", 4),
        ("recording", 4),
        ("log", 4),
        ("rule", 2),
        ("no rule", 3),
        ("description", 2),
        ("no pack", 3),
        ("not there", 3),
    ],
)
def test_what_can_t_be_read(tmp_path, what, code):
    folder = pack(tmp_path / "pack", *(["nonsense"] if what == "expectation" else []))
    match what:
        case "recording":
            (folder / "evidence/gw.audit.log").unlink()
        case "log":
            (folder / "evidence/gw.audit.log").write_bytes(b"\x1f\x8b no gzip")
        case "rule":
            (folder / "rules/bad.yml").write_text("title: bad\n")
        case "no rule":
            for path in (folder / "rules").iterdir():
                path.unlink()
        case "description":
            (folder / "pack.yml").write_text("a: [\n")
        case "no pack":
            (folder / "pack.yml").unlink()
        case "not there":
            folder = tmp_path / "gone"
    result = run(folder)
    assert result.exit_code == code, result.stdout + result.stderr
    assert result.stdout + result.stderr


def test_a_built_in_pack_is_named_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("linux-firewall", "-f", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["packs"][0]["pack"] == "linux-firewall"


@pytest.mark.parametrize("name", ["..", ".", "../packs/linux-firewall", os.devnull])
def test_other_names_lead_to_no_built_in_pack(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert run(name).exit_code == 3

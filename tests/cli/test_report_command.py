"""`vedette report`: files in, a page, a ticket, a layer or a sheet out."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace
from tests.report.html.samples import make_incident, make_summary
from tests.report.samples import FLUSH, make_finding

from vedette.cli.exit import TELEMETRY, USAGE
from vedette.cli.main import main
from vedette.hunt.hunt import built_in_pack
from vedette.report.ndjson import encode


@pytest.fixture
def findings(tmp_path: Path) -> Path:
    path = tmp_path / "findings.ndjson"
    path.write_bytes(b"\n".join(map(encode, (make_finding(), make_finding("=cmd"), make_incident(), make_summary()))))
    return path


def report(*arguments: str | Path, given: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, arguments)], input=given)


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("r.html", "<!doctype html>"),
        ("r.md", "# Hunt report"),
        ("r.json", '{\n  "name": "Hunt report"'),
        ("r.csv", "time,"),
    ],
)
def test_the_ending_of_the_file_tells_the_format(tmp_path, findings, name, begins):
    result = report(findings, "-o", tmp_path / name)
    assert result.exit_code == 0, result.output
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)


def test_a_format_that_is_stated_wins_and_stdout_takes_it(findings):
    assert json.loads(report(findings, "-f", "navigator").stdout)["versions"]["layer"] == "4.5"


def test_a_sheet_is_safe_to_open(findings):
    rows = list(csv.DictReader(io.StringIO(report(findings, "-f", "csv").stdout)))
    assert [row["command_line"] for row in rows] == ["iptables -F ufw-logging-deny", "'=cmd"]


def test_standard_input_and_several_files_make_one_report(findings):
    result = report(findings, "-", "-f", "csv", given=encode(make_finding("third")))
    assert "third" in result.stdout
    assert result.stdout.count("\n") == 4


def test_the_title_is_the_report_s(findings):
    assert '<h1 id="title">A &lt;b&gt; title</h1>' in report(findings, "--title", "A <b> title").stdout


def test_masks_reach_every_format(findings):
    for form in ("html", "md", "csv", "navigator"):
        result = report(findings, "--redact", "-f", form)
        assert result.exit_code == 0
        assert "gw-nft-01" not in result.stdout, form
        assert "10.77.0.12" not in result.stdout, form


def test_a_rule_s_text_is_found_although_its_folder_is_masked(tmp_path):
    folder = tmp_path / "home" / "mallory"
    folder.mkdir(parents=True)
    rule = Path(built_in_pack("linux-firewall")) / "rules" / "proc_creation_lnx_iptables_flush_ufw.yml"
    copied = folder / "rule.yml"
    copied.write_bytes(rule.read_bytes())
    (tmp_path / "f").write_bytes(encode(make_finding(user="mallory", rule=replace(FLUSH, source=str(copied)))))
    result = report(tmp_path / "f", "--redact", "-f", "html")
    assert "mallory" not in result.stdout
    assert "Detect use of iptables to flush all firewall rules" in result.stdout


def test_lines_that_can_t_be_read_are_named_and_harm_nothing(tmp_path, findings):
    with findings.open("ab") as file:
        file.write(b"\nnot json\n")
    result = report(findings, "-o", tmp_path / "r.html")
    assert result.exit_code == 0
    assert "1 line, no JSON object" in result.stderr
    assert "findings.ndjson:5" in result.stderr


def test_nothing_that_could_be_read_is_an_error(tmp_path):
    (tmp_path / "x").write_text("nope\n")
    result = report(tmp_path / "x", "-o", tmp_path / "r.html")
    assert result.exit_code == TELEMETRY
    assert "no JSON object" in result.stderr


def test_an_empty_file_is_a_report_of_nothing(tmp_path):
    (tmp_path / "x").write_text("")
    assert report(tmp_path / "x", "-o", tmp_path / "r.html").exit_code == 0


def test_a_file_that_is_not_there_is_named_and_the_old_report_stays(tmp_path):
    (tmp_path / "r.html").write_text("old")
    result = report(tmp_path / "gone", "-o", tmp_path / "r.html")
    assert result.exit_code == USAGE
    assert "gone" in result.stderr
    assert (tmp_path / "r.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]

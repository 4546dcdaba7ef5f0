from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from vedette.cli.main import main

RULES = {
    "argument.yml": ("service: auditd", "type: EXECVE\n    a0: ufw"),
    "process.yml": ("category: process_creation", "Image: /usr/sbin/ufw"),
}
BLIND = "text that auditd writes in hexadecimal"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A rule of single records and one of processes."""
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))
    for name, (source, detection) in RULES.items():
        (tmp_path / name).write_text(
            f"title: {name}\nlogsource:\n    product: linux\n    {source}\n"
            f"detection:\n  s:\n    {detection}\n  condition: s\n"
        )
    return tmp_path


def run(*args: object):
    """`vedette convert ... -t syslog`."""
    return CliRunner().invoke(main, ["convert", *map(str, args), "-t", "syslog"])


def test_one_query_says_itself_what_it_cannot_see(folder):
    result = run(folder / "argument.yml")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert sum(BLIND in line for line in lines) == 1
    assert next(line for line in lines if not line.startswith("//")) == "Syslog"
    assert BLIND not in result.stderr


def test_a_header_does_not_say_it_again(folder):
    text = run(folder).stdout
    assert text.count(BLIND) == 1
    assert text.count("// target: syslog (Syslog); unchecked") == 2


def test_json_has_it_among_the_notes(folder):
    queries = json.loads(run(folder, "-f", "json").stdout)["queries"]
    told = {query["title"]: query["notes"] for query in queries}
    assert sum(note.startswith(BLIND) for note in told["argument.yml"]) == 1
    assert any("event 1 of Sysmon for Linux" in note for note in told["process.yml"])


def test_the_option_reaches_the_query(folder):
    assert "url_decode(" in run(folder / "argument.yml", "-O", "hex=decode").stdout
    assert run(folder / "argument.yml", "-O", "hex=no").exit_code == 3


def test_every_line_of_a_file_a_rule_is_a_query(folder):
    assert run(folder, "-o", f"{folder}/out/").exit_code == 0
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["argument.kql", "process.kql"]
    assert (folder / "out" / "process.kql").read_text().count("\nSyslog\n") == 1


def test_a_rule_for_another_product_has_no_table(folder):
    (folder / "windows.yml").write_text((folder / "process.yml").read_text().replace("linux", "windows"))
    result = run(folder / "windows.yml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no table of syslog holds events of the log source windows/process_creation/*" in result.stderr

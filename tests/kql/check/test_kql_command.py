from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.sigma.samples import SIMPLE, write_rule

from vedette.cli.main import main
from vedette.kql.check import Diagnostic, parser

WRONG = 'Syslog\n| where Computr == "x"\n    and Computer == 4\n'


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def shared_parser(checker, monkeypatch):
    """The command gets the one process of all tests, since starting another takes longer than all the rest."""
    monkeypatch.setattr("vedette.kql.check.Checker", lambda *_: contextlib.nullcontext(checker))


@pytest.fixture
def absent(tmp_path, monkeypatch):
    """A machine without the parser."""
    monkeypatch.setattr(parser, "places", lambda: (tmp_path / "none",) * 3)


def run(*args: object, given: str | None = None) -> Result:
    return CliRunner().invoke(main, list(map(str, args)), input=given)


def test_a_clean_query_is_no_news(parser_folder):
    result = run("kql", "check", "-", given="Syslog | take 1")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 query checked: 0 errors, 0 warnings, 0 notes" in result.stderr


def test_errors_fail_the_gate_and_say_where(shared_parser, tmp_path):
    (tmp_path / "a.kql").write_text(WRONG)
    result = run("kql", "check", tmp_path / "a.kql")
    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    assert first.startswith(f"{tmp_path / 'a.kql'}:2:9: error: The name 'Computr' does not refer to")
    assert first.endswith("[KS142]: Computr")
    assert second.startswith(f"{tmp_path / 'a.kql'}:3:21: error: ")
    assert second.endswith("[VKQL-type]: 4")


def test_nothing_in_a_query_reaches_the_terminal_raw(shared_parser, tmp_path):
    (tmp_path / "a.kql").write_text("Syslog | where \x1b[2J\u202e")
    result = run("kql", "check", tmp_path / "a.kql")
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout + result.stderr
    assert "\u202e" not in result.stdout + result.stderr


def test_warnings_do_not_fail_the_gate(shared_parser):
    result = run("kql", "check", "-", given="Syslog" + "| where Computer == 'a' " * 450)
    assert result.exit_code == 0
    assert "warning" in result.stdout


def test_json_has_everything(shared_parser, tmp_path):
    (tmp_path / "a.yaml").write_text("name: x\nquery: |\n  " + WRONG.replace("\n", "\n  "))
    result = run("kql", "check", "-f", "json", tmp_path / "a.yaml")
    assert result.exit_code == 1
    (query,) = json.loads(result.stdout)["queries"]
    assert (query["file"], query["line"]) == (str(tmp_path / "a.yaml"), 3)
    places = [(said["code"], said["line"], said["column"], said["text"]) for said in query["diagnostics"]]
    assert places == [("KS142", 4, 11, "Computr"), ("VKQL-type", 5, 23, "4")]


def test_sarif_has_place_level_and_kind(shared_parser, tmp_path):
    (tmp_path / "a.kql").write_text(WRONG)
    result = run("kql", "check", "-f", "sarif", tmp_path / "a.kql")
    (log,) = json.loads(result.stdout)["runs"]
    found = [(each["ruleId"], each["level"]) for each in log["results"]]
    assert found == [("KS142", "error"), ("VKQL-type", "error")]
    assert log["results"][0]["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 2,
        "startColumn": 9,
        "endLine": 2,
        "endColumn": 16,
    }
    assert [kind["id"] for kind in log["tool"]["driver"]["rules"]] == ["KS142", "VKQL-type"]


def test_a_users_schema_is_asked(parser_folder, tmp_path):
    (tmp_path / "own.toml").write_text('[Own_CL]\nMessage = "string"\n')
    given = "Own_CL | where Message == 'a'"
    assert run("kql", "check", "-", "--schema", tmp_path / "own.toml", given=given).exit_code == 0


@pytest.mark.usefixtures("absent")
def test_without_the_parser_each_check_says_how_to_get_it(tmp_path):
    write_rule(tmp_path / "rules", "good.yml", SIMPLE)
    for args in (
        ("kql", "check", "-"),
        ("kql", "parser", "status"),
        ("convert", tmp_path / "rules", "-t", "asim", "--check"),
        ("convert", tmp_path / "rules", "-t", "asim", "--check", "-o", f"{tmp_path}/out/"),
    ):
        result = run(*args, given="Syslog")
        assert result.exit_code == 3
        assert "vedette kql parser install" in result.stderr
        assert result.stdout == ""
    assert not (tmp_path / "out").exists()
    assert run("convert", tmp_path / "rules", "-t", "asim").exit_code == 0


def test_status_names_package_version_and_place(parser_folder):
    result = run("kql", "parser", "status")
    assert (result.exit_code, result.stdout) == (0, f"@kusto/language-service-next 12.4.1 in {parser_folder}\n")


def test_a_tarball_that_is_another_is_refused(tmp_path):
    (tmp_path / "x.tgz").write_bytes(b"something else")
    result = run("kql", "parser", "install", "--from", tmp_path / "x.tgz")
    assert result.exit_code == 3
    assert "this is not @kusto/language-service-next 12.4.1" in result.stderr


def test_converted_queries_are_marked_as_checked(shared_parser, tmp_path):
    write_rule(tmp_path / "rules", "good.yml", SIMPLE)
    result = run("convert", tmp_path / "rules", "-t", "asim", "--check", "-f", "json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert (document["checked"], document["queries"][0]["checked"]) == (True, True)
    assert result.stderr.rstrip().endswith("; checked")


def test_a_converted_query_with_an_error_is_not_written(tmp_path, monkeypatch):
    write_rule(tmp_path / "rules", "good.yml", SIMPLE)
    write_rule(tmp_path / "rules", "other.yml", SIMPLE.replace("eve", "mallory"))

    class Strict:
        def check(self, text: str) -> tuple[Diagnostic, ...]:
            said = Diagnostic("KS142", "error", "no such column", 2, 9, 24, 3, "eve")
            return (said,) if '"eve"' in text else ()

    monkeypatch.setattr("vedette.kql.check.Checker", lambda: contextlib.nullcontext(Strict()))
    result = run("convert", tmp_path / "rules", "-t", "asim", "--check", "-o", f"{tmp_path}/out/", "--strict")
    assert result.exit_code == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["other.kql"]
    assert "good.yml:1: sample" in result.stderr
    assert "the query is wrong at 2:9, 'eve': no such column" in result.stderr
    assert "1 of 2 rules converted, 1 refused" in result.stderr


def test_every_rule_of_our_own_pack_is_clean(shared_parser):
    pack = Path(__file__).parents[3] / "src" / "vedette" / "packs" / "linux-firewall"
    for target in ("asim", "xdr"):
        result = run("convert", pack, "-t", target, "--check", "-f", "json")
        document = json.loads(result.stdout)
        assert document["queries"] != []
        assert all(query["checked"] for query in document["queries"])
        assert all(error["code"][:2] != "KS" for query in document["refused"] for error in query["errors"])

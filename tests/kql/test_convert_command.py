from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.sigma.samples import SIMPLE, write_rule

from vedette.cli.main import main

TTY = SIMPLE.replace("User", "Tty")
EVE = 'imProcessCreate\n| where TargetUsername =~ "eve"\n'


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two rules that convert, one that has no column, one that does not load."""
    write_rule(tmp_path / "rules", "good.yml", SIMPLE, head="author: A. Nother\nlicense: MIT\n", title="good one")
    write_rule(tmp_path / "rules", "mallory.yml", SIMPLE.replace("eve", "mallory"))
    write_rule(tmp_path / "rules", "tty.yml", TTY)
    write_rule(tmp_path / "rules", "bad.yml", SIMPLE.replace("User", "User|re|startswith"))
    return tmp_path / "rules"


def run(*args: object) -> Result:
    return CliRunner().invoke(main, ["convert", *map(str, args)])


def test_one_rule_gives_the_query_alone(folder):
    result = run(folder / "good.yml", "-t", "asim")
    assert (result.exit_code, result.stdout) == (0, EVE)
    assert "1 of 1 rule converted, 0 refused" in result.stderr
    assert "unchecked" in result.stderr


def test_several_rules_have_headers_and_each_refusal_its_line(folder):
    result = run(folder, "-t", "asim")
    assert result.exit_code == 0
    assert "// good one (good-" in result.stdout
    head = "// author: A. Nother; license: MIT\n// target: asim (imProcessCreate); unchecked\n// note: "
    assert head in result.stdout
    assert result.stdout.index(head) < result.stdout.index(EVE)
    assert "tty.yml:6:9: sample" in result.stderr
    assert "Tty has no column in asim (imProcessCreate)" in result.stderr
    assert "bad.yml:6:9" in result.stderr
    assert "2 of 3 rules converted, 1 refused" in result.stderr


def test_strict_turns_a_refusal_into_the_exit_code(folder):
    assert run(folder, "-t", "asim", "--strict").exit_code == 2
    assert run(folder / "good.yml", "-t", "asim", "--strict").exit_code == 0


@pytest.mark.parametrize("name", ["tty.yml", "bad.yml"])
def test_the_one_rule_that_was_asked_for_is_refused(folder, name):
    result = run(folder / name, "-t", "xdr")
    assert (result.exit_code, result.stdout) == (2, "")


def test_json_tells_all(folder):
    result = run(folder, "-t", "xdr", "-f", "json")
    told = json.loads(result.stdout)
    assert (told["target"], told["checked"]) == ("xdr", False)
    assert {query["title"] for query in told["queries"]} == {"good one", "sample"}
    good = next(query for query in told["queries"] if query["title"] == "good one")
    assert (good["author"], good["license"], good["table"]) == ("A. Nother", "MIT", "DeviceProcessEvents")
    assert good["length"] == len(good["query"])
    (refused,) = told["refused"]
    (error,) = refused["errors"]
    assert (error["code"], error["line"], error["column"]) == ("no-column", 6, 9)
    assert [problem["line"] for problem in told["problems"]] == [6]


def test_a_folder_gets_one_file_a_rule(folder, tmp_path):
    result = run(folder, "-t", "asim", "-o", f"{tmp_path}/out/")
    assert (result.exit_code, result.stdout) == (0, "")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["good.kql", "mallory.kql"]
    assert (tmp_path / "out" / "good.kql").read_text().endswith("\n" + EVE)


def test_a_folder_that_is_there_needs_no_slash(folder, tmp_path):
    (tmp_path / "out").mkdir()
    assert run(folder / "good.yml", "-t", "asim", "-o", tmp_path / "out").exit_code == 0
    assert (tmp_path / "out" / "good.kql").read_text() == EVE


def test_rules_of_one_file_get_their_ids(tmp_path):
    path = write_rule(tmp_path, "two.yml", SIMPLE)
    path.write_text(path.read_text() + "---\n" + path.read_text().replace("eve", "mallory"))
    run(path, "-t", "asim", "-o", f"{tmp_path}/out/")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(names) == 2
    assert all(name.startswith("two.two-") for name in names)


def test_a_file_is_written_whole(folder, tmp_path):
    result = run(folder / "good.yml", "-t", "asim", "-o", tmp_path / "good.kql")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "good.kql").read_text() == EVE


def test_options_reach_the_query(folder):
    result = run(folder / "good.yml", "-t", "asim", "-O", "entry=_Im_ProcessCreate", "-O", "image=resolved")
    assert result.stdout == EVE.replace("imProcessCreate", "_Im_ProcessCreate")


@pytest.mark.parametrize("setting", ["entry", "entry=x", "colour=red", "image=all", "missing="])
def test_a_wrong_option_is_a_wrong_command(folder, setting):
    assert run(folder, "-t", "asim", "-O", setting).exit_code == 3


def test_an_option_given_twice_is_a_wrong_command(folder):
    assert run(folder, "-t", "asim", "-O", "image=both", "-O", "image=resolved").exit_code == 3


def test_json_into_a_folder_is_a_wrong_command(folder, tmp_path):
    assert run(folder, "-t", "asim", "-f", "json", "-o", f"{tmp_path}/out/").exit_code == 3


def test_a_target_must_be_named(folder):
    assert run(folder).exit_code == 3


def test_an_author_can_t_end_the_comment(tmp_path):
    write_rule(tmp_path / "r", "a.yml", SIMPLE, head='author: "x\\nevil | take 1\\u2028union *"\n')
    write_rule(tmp_path / "r", "b.yml", SIMPLE.replace("eve", "bob"))
    lines = run(tmp_path / "r", "-t", "asim").stdout.splitlines()
    assert [line for line in lines if "evil" in line] == ["// author: x evil | take 1 union *; license: not stated"]


def test_a_filter_and_a_correlation_are_not_passed_over_in_silence(tmp_path):
    write_rule(tmp_path / "r", "a.yml", SIMPLE)
    (tmp_path / "r" / "f.yml").write_text(
        "title: f\nlogsource:\n  category: process_creation\n"
        "filter:\n  rules: any\n  s:\n    User: x\n  condition: not s\n"
    )
    (tmp_path / "r" / "c.yml").write_text(
        "title: c\ncorrelation: {type: temporal, rules: none, group-by: [], timespan: 1h}\n"
    )
    result = run(tmp_path / "r", "-t", "asim")
    assert result.stdout.endswith('| where not(TargetUsername =~ "x")\n')
    assert "c.yml:2:31: no rule 'none'" in result.stderr

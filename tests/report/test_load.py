"""The load report: counts, places and remedies, for people and for programs, whatever strangers call their rules."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from tests.sigma.samples import SIMPLE, write_rule

from vedette.report.line import Glyphs
from vedette.report.load import MAX_ROWS, content, lines, write_json
from vedette.sigma.ruleset import RuleSet, load


def loaded(folder: Path) -> RuleSet:
    return load([folder], cache=False)


def printed(rules: RuleSet, width: int = 160) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines(rules, width, Glyphs("utf-8"))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rule(tmp_path, "a.yml", SIMPLE, head="level: high\nname: one\nauthor: Eve\n", title="one")
    write_rule(tmp_path, "b.yml", SIMPLE.replace("eve", "bob"), head="level: low\nstatus: done\n")
    write_rule(tmp_path, "c.yml", SIMPLE.replace("User", "User|cotnains"))
    (tmp_path / "d.yml").write_text("title: t\ncorrelation: {type: temporal, rules: one, group-by: [], timespan: 1h}\n")
    (tmp_path / "e.yml").write_text(
        "title: t\nlogsource: {category: process_creation}\nfilter: {rules: any, a: {User: x}, condition: not a}\n"
    )
    return tmp_path


def test_counts_problems_and_warnings(folder: Path) -> None:
    text = printed(loaded(folder))
    assert text[0] == (
        "2 rules loaded from 5 files: 1 high, 1 low; 1 correlation over them; 1 filter to exclude; 1 problem; 1 warning"
    )
    whole = "\n".join(text)
    assert "*/process_creation/*" in whole
    assert f"{folder}/c.yml:6:9 · modifier-unknown" in whole
    assert "unknown modifier 'cotnains'" in whole
    assert "remedy: did you mean 'contains'?" in whole
    assert "warnings: 1 header" in whole


def test_rows_add_up_and_the_rest_share_one(tmp_path: Path) -> None:
    for number in range(MAX_ROWS + 5):
        path = write_rule(tmp_path, f"{number}.yml", SIMPLE.replace("eve", str(number)), head="level: medium\n")
        path.write_text(path.read_text().replace("process_creation", f"kind{number}"))
    text = printed(loaded(tmp_path))
    assert text[2].split() == ["log", "source", "medium", "all"]
    assert len(text) == 3 + MAX_ROWS + 1
    assert text[-1].startswith("5 more, see -f json")
    assert text[-1].split()[-2:] == ["5", "5"]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_console(folder: Path, width: int) -> None:
    for line in printed(loaded(folder), width):
        assert len(line) <= width, line


def test_nothing_loaded_is_said(tmp_path: Path) -> None:
    text = printed(loaded(tmp_path))
    assert text[0] == "0 rules loaded from 0 files; 1 problem"
    assert "no rule files here" in "\n".join(text)


def test_names_of_strangers_can_t_reach_the_terminal(tmp_path: Path) -> None:
    write_rule(tmp_path, "a\x1b[2J\n.yml", SIMPLE.replace("User", '"User|\\e[31m"'))
    path = write_rule(tmp_path, "b.yml", SIMPLE, title='"\\e[2J\\u202e"')
    path.write_text(path.read_text().replace("process_creation", '"\\e[2J"'))
    rules = loaded(tmp_path)
    assert len(rules.rules) == 1
    assert all(character.isprintable() for line in printed(rules) for character in line)
    out = io.BytesIO()
    write_json(rules, out)
    assert b"\x1b" not in out.getvalue()
    assert "\u202e" not in out.getvalue().decode()
    assert json.loads(out.getvalue())["rules"][0]["title"] == "\x1b[2J\u202e"


def test_json_holds_everything(folder: Path) -> None:
    rules = loaded(folder)
    out = io.BytesIO()
    write_json(rules, out)
    assert out.getvalue().count(b"\n") == 1
    told = json.loads(out.getvalue())
    assert told == json.loads(json.dumps(content(rules)))
    assert (told["schema"], told["kind"], told["key"], told["files"]) == (1, "load", rules.key, 5)
    assert told["levels"] == {"low": 1, "high": 1}
    assert told["logsources"] == [{"logsource": "*/process_creation/*", "levels": {"high": 1, "low": 1}}]
    assert [rule["title"] for rule in told["rules"]] == ["one", "sample"]
    assert told["rules"][0]["author"] == "Eve"
    (problem,) = told["problems"]
    assert (problem["code"], problem["line"], problem["column"]) == ("modifier-unknown", 6, 9)
    assert [warning["code"] for warning in told["warnings"]] == ["header"]
    page = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    for name in {*told, *told["rules"][0], *problem}:
        assert f"`{name}`" in page, name

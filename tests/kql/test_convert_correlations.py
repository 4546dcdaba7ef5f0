from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.sigma.joined import FLUSH, MANY, PIVOT, REACH, SUDO, write_set

from vedette.cli.main import main


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A correlation beside its rules, and one in their file."""
    rules = tmp_path / "rules"
    write_set(rules, FLUSH, name="flush.yml")
    write_set(rules, REACH, name="reach.yml")
    write_set(rules, PIVOT, name="pivot.yml")
    write_set(rules, MANY, SUDO, name="many.yml")
    return rules


def run(*args: object) -> Result:
    return CliRunner().invoke(main, ["convert", *map(str, args)])


def test_each_correlation_is_one_file_and_its_rules_none(folder, tmp_path):
    result = run(folder, "-t", "asim", "-o", f"{tmp_path}/out/")
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["many.kql", "pivot.kql"]
    text = (tmp_path / "out" / "pivot.kql").read_text()
    assert "// author: A. Nother; license: not stated\n" in text
    assert "// target: asim (imProcessCreate, imNetworkSession); unchecked\n" in text
    assert "3 rules are only part of correlations (generate: false)" in result.stderr
    assert "2 of 2 rules converted" in result.stderr
    assert "not evaluated by a hunt" not in result.stderr


def test_a_rule_that_is_named_alone_has_its_query(folder):
    result = run(folder / "flush.yml", "-t", "asim")
    assert (result.exit_code, "only part" in result.stderr) == (0, False)
    assert result.stdout.startswith("imProcessCreate\n")


def test_a_correlation_without_its_rules_is_a_problem_at_the_line(folder):
    result = run(folder / "pivot.yml", "-t", "asim")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "pivot.yml:9:11: no rule 'flush' is among those that loaded" in result.stderr


def test_json_tells_what_is_what(folder):
    told = json.loads(run(folder, "-t", "xdr", "-f", "json").stdout)
    assert [(query["title"][:5], query["kind"]) for query in told["queries"]] == [
        ("Much ", "correlation"),
        ("Flush", "correlation"),
    ]
    assert told["queries"][1]["table"] == "DeviceProcessEvents, DeviceNetworkEvents"
    assert len(told["joined"]) == 3
    assert "11111111-2222-4333-8444-555555555555" in told["joined"]


def test_bins_are_asked_for_by_an_option(folder):
    sliding, bins = (run(folder, "-t", "asim", "-O", f"window={name}") for name in ("sliding", "bin"))
    assert "union (Step1" in sliding.stdout
    assert "union (Step1" not in bins.stdout
    assert "// note: fixed bins of 15m" in bins.stdout
    assert run(folder, "-t", "asim", "-O", "window=hop").exit_code == 3


def test_a_refusal_names_correlation_and_rule(folder):
    write_set(folder, FLUSH.replace("Image|endswith: /nft", "Tty: tty1"), name="flush.yml")
    result = run(folder, "-t", "asim", "--strict")
    assert result.exit_code == 2
    assert "pivot.yml:8:5: Flush, then a connection by the same user" in result.stderr
    assert "flush.yml:8:9: Firewall flushed" in result.stderr
    assert "1 of 2 rules converted, 1 refused" in result.stderr


def test_exclusions_are_not_taken_out_of_what_is_joined_and_that_is_told(folder):
    (folder / "exclusion.yml").write_text(
        "title: the deployer\nlogsource:\n    product: linux\n    category: process_creation\n"
        "filter:\n    rules: [flush]\n    s:\n        User: deploy\n    condition: not s\n"
    )
    alone = run(folder / "flush.yml", folder / "exclusion.yml", "-t", "asim")
    assert "deploy" in alone.stdout
    joined = run(folder, "-t", "asim")
    assert "deploy" not in joined.stdout
    assert joined.stdout.count("// note: 1 exclusion of its rules is not taken out") == 1

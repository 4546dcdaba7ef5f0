"""docs/exclusions.md names every key, verdict and grade, and its example is an exclusion."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec

from vedette.audit.forging import built_in
from vedette.audit.judgement import Decision, Verdict
from vedette.hunt import exclusion
from vedette.hunt.exclusion import Fault, read_exclusion
from vedette.sigma.ruleset import load

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "exclusions.md").read_text(encoding="utf-8")


def test_every_key_of_the_block_is_told() -> None:
    told = {key for row in re.findall(r"^\| (`[^|]*`) \|", PAGE, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)}
    keys = {field.encode_name for field in msgspec.structs.fields(exclusion._Block)}
    assert keys <= told
    scope = {field.encode_name for field in msgspec.structs.fields(exclusion._Window)}
    assert all(f"`{key}`" in PAGE for key in scope)


def test_every_verdict_decision_and_grade_is_told() -> None:
    for name in (*get_args(Fault), *get_args(Verdict)):
        assert f"`{name}`" in PAGE, name
    assert all(name in PAGE for name in get_args(Decision))
    grades = {form.grade for form in built_in().forms.values()}
    assert grades <= set(re.findall(r"^\| ([A-F]) \|", PAGE, re.MULTILINE))


def test_the_example_is_an_exclusion(tmp_path) -> None:
    example = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]
    path = tmp_path / "example.yml"
    path.write_text(example, encoding="utf-8")
    loaded = load([path], cache=False)
    assert not loaded.problems
    made = read_exclusion(loaded.filters[0])
    assert made.expires == 1814400000.0
    assert (made.floor, made.owner, len(made.cases)) == ("B", "network operations", 2)

"""The hooks for pre-commit: the fields that it documents, and commands that do what they say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from tests.audit.packs import MET, pack

from vedette.cli.main import VERBS, main

ROOT = Path(__file__).resolve().parents[2]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
#: Field to the type of its value, as pre-commit documents them.
REQUIRED = {"id": str, "name": str, "entry": str, "language": str}
OPTIONAL = {
    "additional_dependencies": list,
    "always_run": bool,
    "args": list,
    "description": str,
    "exclude": str,
    "exclude_types": list,
    "fail_fast": bool,
    "files": str,
    "language_version": str,
    "minimum_pre_commit_version": str,
    "pass_filenames": bool,
    "require_serial": bool,
    "stages": list,
    "types": list,
    "types_or": list,
    "verbose": bool,
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))


def run(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    (hook,) = [hook for hook in HOOKS if hook["id"] == name]
    monkeypatch.chdir(folder)
    program, *args = shlex.split(hook["entry"])
    assert program == "vedette"
    return CliRunner().invoke(main, args + hook["args"])


def test_the_hooks():
    assert [hook["id"] for hook in HOOKS] == [
        "vedette-rules",
        "vedette-convert-check",
        "vedette-test",
        "vedette-audit",
        "vedette-check",
    ]


@pytest.mark.parametrize("hook", HOOKS, ids=[hook["id"] for hook in HOOKS])
def test_a_hook_has_the_fields_that_pre_commit_documents(hook):
    assert set(REQUIRED) <= set(hook) <= {*REQUIRED, *OPTIONAL}
    for field, value in hook.items():
        assert type(value) is {**REQUIRED, **OPTIONAL}[field], field
    assert hook["language"] == "python"
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", hook["id"])
    assert shlex.split(hook["entry"])[1] in VERBS
    assert all(isinstance(part, str) for part in hook["args"])
    # Rules, filters and correlations refer to each other, so that a few files of a pack can't be judged alone.
    assert hook["pass_filenames"] is False


@pytest.mark.parametrize(
    ("name", "path", "runs"),
    [
        ("vedette-rules", "rules/a.yml", True),
        ("vedette-rules", "README.md", False),
        ("vedette-test", "expectations.tsv", True),
        ("vedette-test", "packs/x/evidence/gw.audit.log.gz", True),
        ("vedette-test", "exclusions/accepted/a.yml", True),
        ("vedette-test", "src/pack.yml.py", False),
        ("vedette-audit", "pack.yml", True),
        ("vedette-audit", "docs/rules.md", False),
    ],
)
def test_a_hook_runs_when_what_it_reads_has_changed(name, path, runs):
    (hook,) = [hook for hook in HOOKS if hook["id"] == name]
    assert bool(re.search(hook["files"], path)) is runs


@pytest.mark.parametrize("name", ["vedette-rules", "vedette-test"])
def test_a_hook_passes_a_sound_pack(tmp_path, monkeypatch, name):
    result = run(name, pack(tmp_path / "pack"), monkeypatch)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("name", ["vedette-rules", "vedette-convert-check", "vedette-test"])
def test_a_hook_fails_where_something_is_wrong(tmp_path, monkeypatch, name):
    folder = pack(tmp_path / "pack", *MET[1:])
    (folder / "rules" / "bad.yml").write_text("title: bad\n")
    assert run(name, folder, monkeypatch).exit_code in (1, 2)


def test_the_conversion_passes_rules_that_convert(tmp_path, monkeypatch):
    result = run("vedette-convert-check", pack(tmp_path / "pack"), monkeypatch)
    assert (result.exit_code, result.stdout) == (0, ""), result.output


def test_the_check_refuses_a_rule_that_can_never_match(tmp_path, monkeypatch):
    folder = pack(tmp_path / "pack")
    assert run("vedette-check", folder, monkeypatch).exit_code == 0
    (folder / "rules" / "dead.yml").write_text(
        "title: dead\nlogsource: {product: linux, category: process_creation}\ndetection:\n"
        "  selection: {Image|endswith: /a}\n  other: {Image|endswith: /b}\n  condition: selection and other\n"
    )
    assert run("vedette-check", folder, monkeypatch).exit_code == 1


def test_the_audit_judges_the_pack(tmp_path, monkeypatch):
    result = run("vedette-audit", pack(tmp_path / "pack"), monkeypatch)
    # An exclusion by a word of the command line is forged by whoever types it.
    assert result.exit_code == 1, result.output
    assert "Backups" in result.stdout

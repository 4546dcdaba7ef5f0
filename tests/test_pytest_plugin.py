"""The pytest plugin, run by pytest within pytest: asked for, it collects packs; unasked, it does nothing at all."""

from __future__ import annotations

import importlib
import sys
import tomllib
from pathlib import Path

import pytest
from tests.audit.packs import EXCLUSION, MET, pack

# A run within this one forgets what it imported; numpy can't be imported twice, so it is here before.
from vedette.audit import trial

ROOT = Path(__file__).resolve().parent.parent
pytest_plugins = "pytester"
#: The plugin by its module, whether the project is installed with its entry point or not.
PLUGIN = ("-p", "no:vedette", "-p", "vedette.pytest_plugin", "-p", "no:cacheprovider")
FAILING = ("gw\tbackup\tflush\tmust\t3\t-\tit flushes\t", *MET[1:])


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def run(pytester: pytest.Pytester):
    def run(*args: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess(*PLUGIN, *args)

    return run


def test_each_expectation_is_a_test(pytester, run):
    pack(pytester.path / "packs" / "sample")
    result = run("--vedette-packs", "-v")
    result.assert_outcomes(passed=11)
    result.stdout.fnmatch_lines(["*pack.yml::gw: backup: must flush, 2 PASSED*"])


def test_a_line_of_the_configuration_asks_for_it_too(pytester, run):
    pack(pytester.path)
    pytester.makeini("[pytest]\nvedette_packs = true\n")
    run().assert_outcomes(passed=11)


def test_unasked_it_collects_nothing(pytester, run):
    pack(pytester.path)
    pytester.makepyfile("def test_other(): pass")
    run().assert_outcomes(passed=1)


def test_a_failure_says_what_was_found_and_shows_no_traceback(pytester, run):
    pack(pytester.path, *FAILING)
    result = run("--vedette-packs")
    result.assert_outcomes(passed=10, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*gw: backup: must flush, 3 or more*",
            "must flush, 3 or more: found 2",
            "it flushes",
            "2026-11-24T08:33:21.000Z  flush  /sbin/iptables -F backup",
        ]
    )
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_one_expectation_can_be_chosen(pytester, run):
    pack(pytester.path, *FAILING)
    run("--vedette-packs", "-k", "detected").assert_outcomes(passed=1, deselected=10)


def test_a_recording_is_hunted_through_once(pytester, run, monkeypatch):
    hunts: list[str] = []
    attempt = trial.attempt

    def counted(suite, recording):
        hunts.append(recording.name)
        return attempt(suite, recording)

    monkeypatch.setattr(trial, "attempt", counted)
    pack(pytester.path)
    run("--vedette-packs", "--collect-only")
    assert hunts == []
    run("--vedette-packs")
    assert hunts == ["gw"]


@pytest.mark.parametrize("what", ["expectation", "exclusion", "description"])
def test_a_pack_that_can_t_be_read_is_an_error_of_collection(pytester, run, what):
    lines = ["nonsense"] if what == "expectation" else []
    text = EXCLUSION + ("vedette: {floor: Z}\n" if what == "exclusion" else "")
    folder = pack(pytester.path, *lines, exclusion=text)
    if what == "description":
        (folder / "pack.yml").write_text("a: [\n")
    result = run("--vedette-packs")
    result.assert_outcomes(errors=1)
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_log_that_can_t_be_read_fails_its_tests(pytester, run):
    folder = pack(pytester.path)
    (folder / "evidence/gw.audit.log").write_bytes(b"\x1f\x8b no gzip")
    result = run("--vedette-packs")
    result.assert_outcomes(failed=11)
    result.stdout.fnmatch_lines(["*gw.audit.log*"])


def test_unasked_it_imports_nothing_of_ours_and_nothing_heavy(pytester):
    script = pytester.makepyfile(
        loaded="import sys, pytest\n"
        f"before = pytest.main([*{PLUGIN!r}, '-q', '--collect-only', '.'])\n"
        "heavy = {'polars', 'numpy', 'hyperscan', 'sigma', 'rich', 're2', 'yaml'}\n"
        "ours = {name for name in sys.modules if name.startswith('vedette.')} - {'vedette.pytest_plugin'}\n"
        "print('loaded:', sorted(ours | (heavy & set(sys.modules))))\n"
    )
    pack(pytester.path)
    result = pytester.run(sys.executable, script)
    result.stdout.fnmatch_lines(["loaded: []"])


def test_the_project_names_it_to_pytest_and_does_not_ask_for_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = project["project"]["entry-points"]["pytest11"]
    assert {
        name: hasattr(importlib.import_module(module), "pytest_collect_file") for name, module in named.items()
    } == {"vedette": True}
    options = project["tool"]["pytest"]["ini_options"]
    assert "vedette_packs" not in options
    assert "vedette" not in options["addopts"]

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from vedette import __version__
from vedette.cli.exit import DEFECT, INTERRUPTED, PRECEDENCE, RULES, TELEMETRY, USAGE, strongest
from vedette.cli.main import VERBS, main, outcome
from vedette.errors import Location, PackError, RuleError, TelemetryError, UsageError


def run(*args):
    return CliRunner().invoke(main, args)


def failing(error):
    def verb():
        raise error

    return verb


def test_help_names_every_verb():
    result = run("--help")
    assert result.exit_code == 0
    for name, (_, text) in VERBS.items():
        assert name in result.stdout
        assert text in " ".join(result.stdout.split())


def test_help_imports_no_verb_and_nothing_heavy():
    script = (
        "import sys; from vedette.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'polars', 'numpy', 'hyperscan', 'sigma', 'rich', 're2', 'yaml'}\n"
        "verbs = {'vedette.cli.hunt', 'vedette.cli.explain', 'vedette.cli.telemetry'}\n"
        "print(sorted((heavy | verbs) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("name", ["hunt", "explain", "telemetry"])
def test_a_verb_s_help_is_light_and_begins_as_the_table_says(name):
    script = (
        f"import sys; from vedette.cli.main import main\n"
        f"try: main(['{name}', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'polars', 'numpy', 'hyperscan', 'sigma', 'rich', 're2', 'yaml'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert VERBS[name][1].rstrip(".") in " ".join(done.stdout.split())


def test_version():
    assert run("--version").stdout == f"vedette {__version__}\n"


@pytest.mark.parametrize("args", [[], ["--nope"], ["hunt"], ["hunt", "--nope", "x"], ["hunt", "-f", "xml", "x"]])
def test_wrong_usage_ends_in_3(args):
    result = run(*args)
    assert result.exit_code == USAGE
    assert result.stdout == ""
    assert "Usage: " in result.stderr


def test_an_unknown_verb_is_answered_with_the_nearest():
    result = run("hnut", "x")
    assert result.exit_code == USAGE
    assert "no such verb 'hnut'; did you mean 'hunt'?" in result.stderr
    assert "the verbs are hunt, ingest, explain" in run("zzz").stderr


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("do this instead"), USAGE, "vedette: do this instead\n"),
        (
            TelemetryError("no log", Location("a\x1b"), remedy="name one"),
            TELEMETRY,
            "vedette: a\\x1b: no log (name one)\n",
        ),
        (RuleError("bad", Location("r.yml", 3)), RULES, "vedette: r.yml:3: bad\n"),
        (PackError("bad", Location("p")), RULES, "vedette: p: bad\n"),
        (click.UsageError("wrong"), USAGE, "Error: wrong\n"),
        (click.Abort(), INTERRUPTED, "vedette: interrupted\n"),
        (KeyboardInterrupt(), INTERRUPTED, "vedette: interrupted\n"),
        (OSError(28, "No space left on device", "x\x1b"), USAGE, "vedette: x\\x1b: No space left on device\n"),
        (ZeroDivisionError(), DEFECT, "vedette: this is a defect of Vedette; please report it\n"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_every_error_ends_in_its_code(capsys, error, code, said):
    assert outcome(failing(error)) == code
    assert capsys.readouterr().err.endswith(said)


def test_codes_of_verbs_pass():
    assert outcome(lambda: 4) == 4
    assert outcome(lambda: None) == 0


def test_precedence_is_the_design_s():
    assert PRECEDENCE == (130, 3, 4, 1, 2, 0)
    for place, code in enumerate(PRECEDENCE):
        assert strongest(PRECEDENCE[place:]) == code
        assert strongest(reversed(PRECEDENCE[place:])) == code
    assert strongest([]) == 0


def test_without_standalone_mode_the_code_is_returned():
    assert main(["--version"], standalone_mode=False) == 0
    assert main(["hunt", "--nope"], standalone_mode=False) == USAGE

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner
from tests.report.test_survey_report import host

from vedette.cli.main import main
from vedette.hunt.survey import Survey


@pytest.fixture
def asked(monkeypatch):
    """Stand in for the survey's logic; what it was asked."""
    questions: list[Any] = []
    fake: Any = ModuleType("vedette.hunt.telemetry")

    def survey(options):
        questions.append(options)
        return Survey((), 0, ("x: no such file",)) if options.logs == ("absent",) else Survey((host(),), 5)

    fake.survey = survey
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    return questions


def test_a_survey_is_a_table_or_json(asked):
    table = CliRunner().invoke(main, ["telemetry", "a.log", "-r", "rules", "--passwd", "p"])
    assert table.exit_code == 0
    assert "can fire" in table.stdout
    document = CliRunner().invoke(main, ["telemetry", "a.log", "-f", "json"])
    assert document.exit_code == 0
    assert json.loads(document.stdout)["hosts"][0]["host"] == "gw"
    assert (asked[0].logs, asked[0].rules, asked[0].passwd) == (("a.log",), ("rules",), "p")


def test_nothing_read_is_unreadable_telemetry(asked):
    result = CliRunner().invoke(main, ["telemetry", "absent"])
    assert result.exit_code == 4
    assert "x: no such file" in result.stdout

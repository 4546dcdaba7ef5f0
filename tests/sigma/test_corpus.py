"""The own corpus: one rule a construct, with events that it must and must not match by the reference evaluator."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from vedette.event import VIEWS, Event, LogSource, Origin, matching_views
from vedette.predicate import evaluate, fields, steps
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
RULES = sorted(path.stem for path in CORPUS.glob("*.yml"))
REFUSED = sorted(path.stem for path in (CORPUS / "refused").glob("*.yml"))


def loaded(name: str) -> Rule:
    found = load([CORPUS / f"{name}.yml"], cache=False)
    assert not found.problems
    (rule,) = found.rules
    return rule


@pytest.mark.parametrize("name", RULES)
def test_construct(name: str) -> None:
    rule = loaded(name)
    events: list[dict[str, Any]] = json.loads((CORPUS / f"{name}.events.json").read_text())
    for event in events:
        if "columns" in event:
            whole = Event(LogSource(), 0.0, "", event["columns"], "", Origin("-", 0))
            assert [str(view) for view in matching_views(rule.predicate, whole, VIEWS)] == event["views"], event
        else:
            row, raw = event["row"], event.get("raw", "")
            said = "\n".join(f"{'  ' * step.depth}{step.held} {step.text}" for step in steps(rule.predicate, row, raw))
            assert evaluate(rule.predicate, row, raw) is bool(event["matches"]), f"{event}\n{said}"


def test_corpus_is_whole() -> None:
    """Every rule has events of both kinds, every list of events a rule."""
    assert len(RULES) >= 60
    assert {path.name.removesuffix(".events.json") for path in CORPUS.glob("*.events.json")} == set(RULES)
    for name in RULES:
        verdicts = {
            bool(event.get("matches") or event.get("views"))
            for event in json.loads((CORPUS / f"{name}.events.json").read_text())
        }
        assert verdicts == {True, False}, name


def test_corpus_loads_as_one_set() -> None:
    found = load(sorted(CORPUS.glob("*.yml")), cache=False)
    assert not found.problems
    assert len(found.rules) == len(RULES)
    assert all(rule.names and fields(rule.predicate) | {"keyword"} for rule in found.rules)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    path = CORPUS / "refused" / f"{name}.yml"
    expected = re.match(r"# refused: ([a-z0-9-]+) at line (\d+)\n", path.read_text())
    assert expected is not None
    found = load([path], cache=False)
    assert not found.rules
    (problem,) = found.problems
    assert (problem.code, problem.location.line) == (expected[1], int(expected[2])), problem
    assert problem.location.path == str(path)
    assert len(problem.cause) < 400
    assert "\n" not in str(problem)

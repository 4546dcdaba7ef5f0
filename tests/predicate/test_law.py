"""Every example of docs/law.md, run by the reference evaluator."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from vedette.event import VIEWS, Event, LogSource, Origin, matching_views
from vedette.hunt.cover import holding
from vedette.hunt.exclusion import fault_of, read_exclusion
from vedette.predicate import Predicate, evaluate
from vedette.predicate.fold import DISPUTED
from vedette.sigma.documents import Document, read_documents
from vedette.sigma.lower import lower_detection
from vedette.sigma.lower_filter import lower_filter
from vedette.sigma.refusal import RefusedError

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "law.md").read_text(encoding="utf-8")
LINES = re.findall(r"^(\d+)\. \*\*(.*?)(?=^\d+\. \*\*|^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
FILTER_KEYS = {"filter", "silenced", "kept", "fault", "matches"}
EXAMPLES = [
    pytest.param(textwrap.dedent(example), id=f"{number}-{place}")
    for number, body in LINES
    for place, example in enumerate(re.findall(r"```yaml\n(.*?)```", body, re.DOTALL))
]


def lowered(detection: dict[str, Any]) -> Predicate:
    section = detection if "condition" in detection else {"selection": detection, "condition": "selection"}
    return lower_detection(section)[0]


def examine_filter(content: dict[str, Any]) -> None:
    head = {"title": "example", "logsource": {"category": "process_creation"}}
    document = Document({**head, "filter": {"rules": "any", **content["filter"]}}, 1, 0)
    exclusion = read_exclusion(lower_filter(document, "docs/law.md", "")[0])
    fault = fault_of(exclusion, now=0.0, place="hunt")
    assert (None if fault is None else fault.fault) == content.get("fault")
    assert content.keys() & {"fault", "silenced", "matches"}
    assert ("silenced" in content) is ("kept" in content)
    for key in ("silenced", "kept"):
        for fields in content.get(key, []):
            assert evaluate(exclusion.silenced, fields) is (key == "silenced"), fields
    for case in content.get("matches", []):
        event = Event(LogSource(), 0.0, "", case["event"], "", Origin("-", 0))
        matched = matching_views(lowered(content["detection"]), event, VIEWS)
        assert matched
        assert bool(holding([exclusion], matched, event.row, "")) is case["covered"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example: str) -> None:
    documents, problems = read_documents(example, "docs/law.md")
    assert not problems
    content = documents[0].content
    assert content.keys() <= {"detection", "holds", "fails", "refused", "views"} | FILTER_KEYS
    if "filter" in content:
        examine_filter(content)
        return
    if "refused" in content:
        with pytest.raises(RefusedError) as refused:
            lowered(content["detection"])
        assert refused.value.code == content["refused"]
        return
    predicate = lowered(content["detection"])
    for case in content.get("views", []):
        event = Event(LogSource(), 0.0, "", case["event"], "", Origin("-", 0))
        assert [str(view) for view in matching_views(predicate, event, VIEWS)] == case["holds"]
    if "views" not in content:
        assert content["holds"]
        assert content["fails"]
    for expected in ("holds", "fails"):
        for fields in content.get(expected, []):
            row = {name: value for name, value in fields.items() if name != "raw"}
            assert evaluate(predicate, row, fields.get("raw", "")) is (expected == "holds"), fields


def test_lines_are_numbered_and_each_is_shown() -> None:
    assert [int(number) for number, _ in LINES] == list(range(1, len(LINES) + 1))
    for number, body in LINES:
        elsewhere = re.findall(r"Held by `(tests/[a-z]+)`", body)
        assert "```yaml" in body or elsewhere, number
        assert all((ROOT / folder).is_dir() for folder in elsewhere), number


def test_disputed_letters_are_listed() -> None:
    line = next(body for number, body in LINES if number == "3")
    assert re.findall(r"U\+([0-9A-F]{4})\b", line) == [f"{ord(letter):04X}" for letter in sorted(DISPUTED)]

"""docs/check.md against the program, and the page of public findings against its script."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from tests.audit.logic.rules import of, rule

from vedette.audit.logic.change import VERDICTS
from vedette.audit.logic.fault import KINDS
from vedette.audit.logic.judge import judge
from vedette.errors import Location
from vedette.predicate import Match, equals
from vedette.predicate.node import And

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("findings", DOCS / "generate_sigmahq_findings.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_kind_of_fault_is_explained_with_its_level():
    text = (DOCS / "check.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (error|warning|note) \| .+ \|$", text, re.MULTILINE)
    assert rows == [(kind, level) for kind, (level, _) in KINDS.items()]


def test_every_verdict_of_a_difference_is_explained():
    text = (DOCS / "rules.md").read_text(encoding="utf-8")
    assert [verdict for verdict in VERDICTS if f"\n| {verdict} | " not in text] == []


def test_the_page_of_findings_says_what_was_found_and_holds_no_text_of_a_rule(generator):
    inert = rule(
        "selection: {Image|endswith: .secret}\nfilter: {Image: /bin/hidden}\ncondition: selection and not filter",
        title="Secret title",
        file="/top/rules/inert.yml",
    )
    root, eve = Match("User", equals("root")), Match("User", equals("eve"))
    narrow = of("narrow", And((root, Match("Image", equals("x")))))
    located = [
        msgspec.structs.replace(each, location=Location(f"/top/{each.id}.yml", 1))
        for each in (of("wide", root), narrow, of("dead", And((root, eve))))
    ]
    page = generator.render(judge([inert, *located]), "rules", "/top")
    assert re.search(r"\| rules/inert\.yml \| filter \| \d+ \| `Image` \|", page)
    assert '| narrow | informational | wide | informational | `User="root"` |' in page
    assert "| `dead-rule` | 1 |" in page
    assert [text for text in ("Secret title", ".secret", "hidden") if text in page] == []


def test_the_page_of_findings_is_one_that_the_script_wrote(generator):
    page = generator.PAGE.read_text(encoding="utf-8")
    assert page.startswith("# What `vedette check` says of SigmaHQ's rules\n")
    assert re.findall(r"^\| `([a-z-]+)` \| [\d,]+ \| ", page, re.MULTILINE) == list(KINDS)
    assert re.search(r"at commit `[0-9a-f]{12}`", page)

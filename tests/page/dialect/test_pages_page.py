"""The page of the documentation names every relation and pattern that is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.page import Scenario
from vedette.page.dialect import read_text
from vedette.page.dialect.relation import _SIGNS, _WORDS

PAGE = (Path(__file__).parents[3] / "docs" / "pages.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("relation", sorted({*_SIGNS, *_WORDS}))
def test_every_relation_is_explained(relation):
    plain = {"contains_cs": "_cs", "startswith_cs": "_cs", "endswith_cs": "_cs", "begins with": "starts with"}
    assert f"`{plain.get(relation, relation)}`" in PAGE


@pytest.mark.parametrize(
    "pattern",
    [
        "check for the presence of V in FIELD",
        "check for V in FIELD",
        "exclude THINGS with V in FIELD",
        "exclude THINGS where FIELD is V",
        "commands executed by the V user",
        "activity from user V",
        "processes started by the process V",
        "children of V",
        "processes with V as parent",
        "processes named V",
        "commands containing V",
    ],
)
def test_every_pattern_of_the_page_is_read(pattern):
    assert f"`{pattern}`" in PAGE
    text = pattern.replace("FIELD", "the command line").replace("THINGS", "events").replace(" V", " 'ufw'")
    (reading,) = read_text(Scenario("S", "", text, 1, 2, complete=True))
    assert reading.detection is not None

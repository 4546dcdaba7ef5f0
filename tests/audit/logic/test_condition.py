from __future__ import annotations

import pytest
from tests.audit.logic.rules import rule

from vedette.audit.logic.condition import Frame
from vedette.predicate import FALSE, TRUE
from vedette.sigma.ruleset import load

DETECTIONS = """
selection: {User: a}
other: {User: b}
filter_one: {Image: c}
filter_two: {Image: d}
condition: %s
"""


@pytest.mark.parametrize(
    ("condition", "standings"),
    [
        ("selection and not filter_one", "asked unused denied unused"),
        ("selection and not 1 of filter_*", "asked unused denied denied"),
        ("selection and not (other and not filter_one)", "asked denied asked unused"),
        ("selection and filter_one or other and not filter_one", "asked asked mixed unused"),
        ("selection and not all of them", "mixed denied denied denied"),
        ("[selection, not other]", "asked denied unused unused"),
    ],
)
def test_a_name_stands_as_the_conditions_use_it(condition, standings):
    assert " ".join(Frame(rule(DETECTIONS % condition)).standings.values()) == standings


def test_the_frame_filled_with_the_rule_s_own_is_the_rule():
    made = rule(DETECTIONS % "selection and not (other or not filter_one)")
    assert Frame(made).filled({}) == made.predicate


def test_constants_fold_away():
    frame = Frame(rule(DETECTIONS % "selection and not 1 of filter_*"))
    assert frame.filled({"selection": FALSE}) == FALSE
    assert frame.filled({"filter_one": TRUE}) == FALSE
    assert frame.filled({"filter_one": FALSE, "filter_two": FALSE}) == frame.rule.names["selection"]


def test_every_public_rule_is_its_frame_filled(sigmahq):
    rules = load([sigmahq / "rules" / "linux", sigmahq / "rules" / "network"]).rules
    assert len(rules) > 100
    assert [made.id for made in rules if Frame(made).filled({}) != made.predicate] == []

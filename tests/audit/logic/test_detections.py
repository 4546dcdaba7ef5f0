from __future__ import annotations

from tests.audit.logic.rules import rule

from vedette.audit.logic.condition import Frame
from vedette.audit.logic.detections import judge_detections
from vedette.audit.logic.fault import Fault
from vedette.audit.logic.question import Asker


def judged(detection: str) -> list[Fault]:
    return list(judge_detections(Frame(rule(detection)), Asker()))


def test_an_alternative_that_another_one_covers_can_go():
    text = "selection_a: {Image|endswith: /sh}\nselection_b: {Image: /bin/sh}\ncondition: 1 of selection_*"
    (fault,) = judged(text)
    assert (fault.kind, fault.name, fault.level) == ("redundant-detection", "selection_b", "note")
    assert "another detection" in fault.why
    assert fault.proof


def test_a_demand_that_the_others_imply_can_go():
    text = "selection_a: {Image|endswith: /sh}\nselection_b: {Image: /bin/sh}\ncondition: all of selection_*"
    (fault,) = judged(text)
    assert fault.name == "selection_a"
    assert "other detections" in fault.why


def test_of_equal_alternatives_one_stays():
    text = "a: {User: x}\nb: {User: X}\nc: {User: x}\ncondition: 1 of them"
    assert [fault.name for fault in judged(text)] == ["c", "b"]


def test_detections_that_decide_are_no_fault():
    assert judged("a: {Image|endswith: /sh}\nb: {User: root}\ncondition: a and b") == []
    assert judged("a: {Image|endswith: /sh}\nb: {User: root}\ncondition: a or b") == []
    assert judged("a: {Image|endswith: /sh}\ncondition: a") == []


def test_a_selection_that_is_named_a_filter_is_told():
    faults = judged("selection: {User: x}\nFilter_a: {Image: b}\ncondition: selection and Filter_a")
    assert [(fault.kind, fault.name) for fault in faults] == [("filter-as-selection", "Filter_a")]

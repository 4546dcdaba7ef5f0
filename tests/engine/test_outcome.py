from __future__ import annotations

import numpy as np
import pytest
from tests.engine.parity import compile_plan, queries

from vedette.engine.outcome import Hit, Outcomes
from vedette.event import INVOKED, RESOLVED
from vedette.predicate import And, Compare, Match, endswith

PLAN = compile_plan(
    queries(
        Match("Image", endswith("/sh")),
        And((Match("Image", endswith("/sh")), Match("ProcessId", Compare("lt", 9)))),
    )
)


@pytest.mark.parametrize("few", [0, 100])
def test_hits_add_up_in_order(monkeypatch, few):
    monkeypatch.setattr("vedette.engine.outcome._FEW", few)
    outcomes = Outcomes(PLAN)
    state = np.zeros(4, np.int32)
    state[:3] = outcomes.add(state[:3], 0, np.array([0b01, 0b11, 0b01], np.uint8))
    state[2:] = outcomes.add(state[2:], 1, np.array([0b10, 0b10], np.uint8))
    first, both = Hit(0, (RESOLVED,), confirm=False), Hit(0, (RESOLVED, INVOKED), confirm=False)
    second = Hit(1, (INVOKED,), confirm=True)
    assert [outcomes.hits[number] for number in state.tolist()] == [(first,), (both,), (first, second), (second,)]


def test_equal_hits_are_shared():
    outcomes = Outcomes(PLAN)
    state = outcomes.add(np.zeros(50, np.int32), 0, np.full(50, 0b1111, np.uint8))
    assert len(set(state.tolist())) == 1
    assert outcomes.hits[0] == ()
    assert len(outcomes.hits) == 2

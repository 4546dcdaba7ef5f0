"""Wilson's interval: known values, and what few runs say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.audit.interval import CERTIFIES, says, wilson


@pytest.mark.parametrize(
    ("hits", "runs", "low", "high"),
    [(0, 32, 0.0, 0.1072), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0, 1)],
)
def test_known_values(hits, runs, low, high):
    assert wilson(hits, runs) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda runs: st.tuples(st.integers(0, runs), st.just(runs))))
def test_it_holds_the_share_and_mirrors(case):
    hits, runs = case
    low, high = wilson(hits, runs)
    assert 0 <= low <= hits / runs <= high <= 1
    assert wilson(runs - hits, runs) == pytest.approx((1 - high, 1 - low))


def test_how_many_runs_certify():
    """The rule of three: without a failure in n runs the share of failures is below 3/n, at 95 %."""
    assert 0.95**CERTIFIES <= 0.05 < 0.95 ** (CERTIFIES - 1)
    assert says(CERTIFIES) != says(CERTIFIES - 1) == "refutes, does not certify"

"""Shares cover the logs once, and take about equally long."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.hunt.share import shares


@given(st.integers(1, 16), st.floats(0.05, 0.9))
def test_they_meet_and_take_equally_long(number, reading):
    made = shares(number, reading)
    assert len(made) == number
    assert made[0].begin < 0
    assert made[-1].end == math.inf
    assert [share.is_last for share in made] == [False] * (number - 1) + [True]
    assert all(before.end == after.begin for before, after in itertools.pairwise(made))
    begins = [max(share.begin, 0.0) for share in made]
    ends = [min(share.end, 1.0) for share in made]
    times = [reading * begin + end - begin for begin, end in zip(begins, ends, strict=True)]
    assert times == pytest.approx([times[0]] * number)
    assert all(begin <= end for begin, end in zip(begins, ends, strict=True))

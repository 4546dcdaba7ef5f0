from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.sentinel.hunting.piece import Piece, left
from vedette.sentinel.hunting.window import FLOOR, Window

MOMENTS = st.integers(0, 10**12).map(lambda milliseconds: milliseconds / 1000)
WINDOWS = st.tuples(MOMENTS, st.integers(1, 10**9)).map(lambda pair: Window.of(pair[0], pair[0] + pair[1] / 1000))


@given(WINDOWS)
def test_halves_are_the_window(window):
    halves = window.halves()
    if halves is None:
        assert window.end - window.start <= FLOOR
    else:
        first, second = halves
        assert (first.start, first.end, second.end) == (window.start, second.start, window.end)
        assert first.start < first.end < second.end


@given(WINDOWS)
def test_halving_comes_to_an_end(window):
    steps = 0
    while (halves := window.halves()) is not None:
        window, steps = halves[1], steps + 1
    assert steps < 60


def test_a_window_is_told_as_the_service_takes_it():
    window = Window.of(1_795_509_330, 1_795_509_330.5)
    assert str(window) == "2026-11-24T08:35:30Z/2026-11-24T08:35:30.500Z"
    assert [moment.timestamp() for moment in window.moments] == [window.start, window.end]


def test_an_empty_window_is_none():
    with pytest.raises(ValueError, match="ends after"):
        Window.of(5, 5)


@given(st.integers(0, 2**14 - 1))
def test_what_is_left_and_what_is_done_are_the_whole(bits):
    """Of a window halved to sixteenths any parts may be done; the rest is left, once."""
    parts = [Window(0, 1600)]
    for _ in range(4):
        parts = [half for part in parts for half in (part.halves() or (part,))]
    done = [part for number, part in enumerate(parts) if bits >> number & 1]
    rest = list(left(Window(0, 1600), done))
    together = sorted([*done, *rest])
    assert together[0].start == 0
    assert together[-1].end == 1600
    assert all(one.end == other.start for one, other in itertools.pairwise(together))


def test_a_piece_keeps_its_tries_until_it_is_halved():
    piece = Piece(3, Window(0, 10)).again().again()
    assert piece.tries == 2
    assert [(half.ask, half.tries) for half in piece.halves()] == [(3, 0), (3, 0)]
    assert Piece(3, Window(0, 0.5)).halves() == ()

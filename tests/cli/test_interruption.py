from __future__ import annotations

import os
import signal

import pytest

from vedette.cli.interruption import Interruption


def test_without_a_signal_everything_passes():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interruption() as interruption:
        assert list(interruption.until(iter(range(5)))) == list(range(5))
        assert interruption.by is None
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_reading_ends_the_items(number):
    closed = []

    def items():
        try:
            yield 1
            os.kill(os.getpid(), number)
            yield 2
        finally:
            closed.append(True)

    with Interruption() as interruption:
        assert list(interruption.until(items())) == [1]
        assert interruption.by == number.name
    assert closed == [True]


def test_a_signal_while_writing_lets_the_write_end():
    closed = []

    def items():
        try:
            yield from range(5)
        finally:
            closed.append(True)

    written = []
    with Interruption() as interruption:
        for item in interruption.until(items()):
            if item == 2:
                os.kill(os.getpid(), signal.SIGTERM)
            written.append(item)
        assert interruption.by == "SIGTERM"
    assert written == [0, 1, 2]
    assert closed == [True]


def test_a_second_signal_stops_at_once():
    with Interruption(), pytest.raises(KeyboardInterrupt):  # noqa: PT012 (two signals are the case)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)


def test_a_signal_while_preparing_is_raised():
    with Interruption() as interruption, pytest.raises(KeyboardInterrupt):
        interruption.during(lambda: os.kill(os.getpid(), signal.SIGINT))

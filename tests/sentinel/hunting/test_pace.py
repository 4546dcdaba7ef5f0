from __future__ import annotations

import pytest

from vedette.sentinel.hunting.limits import PER_SECONDS, REQUESTS
from vedette.sentinel.hunting.pace import LONGEST, PATIENCE, Pace


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_no_window_of_time_has_more_queries_than_the_service_takes():
    clock = Clock()
    pace = Pace(clock, clock.sleep, lambda: 0.5)
    sent = []
    for _ in range(200):
        pace.turn(5)
        sent += [clock.now] * 5
        clock.now += 0.01
    for start in sent:
        assert sum(start <= moment < start + PER_SECONDS for moment in sent) <= REQUESTS
    assert pace.waited == pytest.approx(sum(clock.slept))


@pytest.mark.parametrize("dice", [0.0, 0.999])
def test_what_the_server_asks_for_is_waited_and_never_less(dice):
    clock = Clock()
    pace = Pace(clock, clock.sleep, lambda: dice)
    pace.again(1, 7.0)
    pace.again(9, 1e9)
    pace.again(1, 0.0)
    assert 7 <= clock.slept[0] <= 7.7
    assert PATIENCE <= clock.slept[1] <= PATIENCE * 1.1
    assert len(clock.slept) == 2


def test_else_each_wait_is_twice_the_one_before_up_to_a_bound():
    clock = Clock()
    pace = Pace(clock, clock.sleep, lambda: 0.0)
    for tries in range(1, 40):
        pace.again(tries, None)
    assert clock.slept[:3] == [0.25, 0.5, 1.0]
    assert max(clock.slept) == LONGEST / 2

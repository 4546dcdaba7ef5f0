from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.sentinel.content import Schedule
from vedette.sentinel.duration import iso, minutes, written


@given(st.integers(1, 100_000))
def test_a_duration_reads_back(span):
    assert minutes(written(span)) == span


@pytest.mark.parametrize(
    ("text", "span"),
    [("5m", 5), ("2h", 120), ("14d", 20_160), ("00:30:00", 30), ("1.02:00:00", 1560), ("1:5", None), ("24:00", None)]
    + [(text, None) for text in ("", "h", "5", "5 m", "-5m", "5M", "PT5M", "1.5h", "5s", "\u0665m")],
)
def test_durations_are_those_of_content(text, span):
    assert minutes(text) == span


def test_the_service_takes_iso():
    assert iso(75) == "PT75M"


@pytest.mark.parametrize(
    ("frequency", "period", "schedule"),
    [("1h", None, (60, 75)), ("5m", None, (5, 20)), ("14d", None, (20_160, 20_160)), ("1h", "1h", (60, 60))],
)
def test_a_run_looks_back_further_than_to_the_last(frequency, period, schedule):
    assert Schedule.of(frequency, period) == Schedule(*schedule)


@pytest.mark.parametrize(
    ("frequency", "period", "message"),
    [
        ("soon", None, "the frequency is no duration: 'soon'; write a number and m, h or d, as 5m, 1h or 14d"),
        ("1h", "x", "the period is no duration: 'x'; write a number and m, h or d, as 5m, 1h or 14d"),
        ("4m", None, "the frequency is 4m; allowed are 5m to 14d"),
        ("1h", "15d", "the period is 15d; allowed are 5m to 14d"),
        ("2h", "1h", "the period, 1h, is less than the frequency, 2h"),
    ],
)
def test_a_schedule_out_of_bounds_is_told(frequency, period, message):
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(") + "$"):
        Schedule.of(frequency, period)


@pytest.mark.parametrize(
    ("schedule", "timespan", "expected"),
    [
        (Schedule(60, 75), 600, (60, 85)),  # the window, the time between runs, and what comes late
        (Schedule(60, 1440), 600, (60, 1440)),  # looks back far enough already
        (Schedule(5, 20), 3 * 86_400, (60, 4395)),  # far back, so no more than hourly
    ],
)
def test_a_correlation_sees_its_windows_whole(schedule, timespan, expected):
    assert schedule.over(timespan) == Schedule(*expected)

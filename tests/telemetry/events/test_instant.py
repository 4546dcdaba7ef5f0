"""Times as formats write them."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.telemetry.events.instant import instant

AT = 1795509330.164


@pytest.mark.parametrize(
    "told",
    [
        "2026-11-24T08:35:30.164Z", "2026-11-24 08:35:30.164", "2026-11-24T10:35:30.164+02:00",
        "2026-11-24T08:35:30.1640000Z UTC", "2026-11-24T03:05:30,164-0530", "11/24/2026, 8:35:30.164 AM",
        "Nov 24, 2026 8:35:30.164 AM", 1795509330.164, "1795509330.164", 1795509330164, "1795509330164",
        1795509330164000, 1795509330164000000, 134399829301640000, "134399829301640000",
    ],
)  # fmt: skip
def test_every_form_tells_the_same_time(told):
    assert instant(told) == pytest.approx(AT, abs=1e-3)


@pytest.mark.parametrize(
    "told",
    ["", None, True, [], {}, "x", "2026-13-01T00:00:00Z", "2026-11-24", "13/45/2026 1:00:00 AM", "0/1/2026 1:00:00 PM",
     "1/1/2026 13:00:00 PM", math.nan, math.inf, -1, 10**400, "9" * 30, "1900-01-01T00:00:00Z"],
)  # fmt: skip
def test_what_is_no_time_is_none(told):
    assert instant(told) is None


def test_a_stated_form_is_held_to():
    assert instant(1795509330, "ms") == 1795509.33
    assert instant("1795509330", "rfc3339") is None
    assert instant("2026-11-24T08:35:30Z", "s") is None
    assert instant("11/24/2026 8:35:30 AM", "rfc3339") is None
    assert instant(0, "s") == 0


@given(st.datetimes(min_value=dt.datetime(1970, 1, 2), max_value=dt.datetime(9999, 12, 30)))  # noqa: DTZ001 (made UTC below)
def test_what_python_writes_is_read_back(moment):
    moment = moment.replace(tzinfo=dt.UTC)
    assert instant(moment.isoformat()) == pytest.approx(moment.timestamp(), abs=1e-3)


@pytest.mark.parametrize(("hour", "half", "wanted"), [(12, "AM", 0), (1, "AM", 1), (12, "PM", 12), (11, "PM", 23)])
def test_a_clock_of_twelve_hours_begins_with_twelve(hour, half, wanted):
    assert instant(f"1/1/1970, {hour}:00:00 {half}") == wanted * 3600

"""The checker's argument about times: all days of all years, and all minutes of a day, one by one."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from vedette.predicate.evaluate import ORDERS
from vedette.predicate.pattern import Compare, Pattern, Present, TimePart

_DAY: Final = 86_400
#: The last second of 9999; times beyond it, or before 1970, have no parts.
_LAST: Final = 253_402_300_799


@functools.lru_cache(maxsize=1)
def _days() -> dict[str, Any]:
    """Year, month, day and ISO week of each day from 1970 to 9999."""
    days = np.arange("1970-01-01", "10000-01-01", dtype="datetime64[D]")
    months, years = days.astype("datetime64[M]"), days.astype("datetime64[Y]")
    # The ISO year is that of the week's Thursday; the first of January 1970 was one.
    thursday = days - (np.arange(len(days)) + 3) % 7 + 3
    return {
        "year": years.astype(int) + 1970,
        "month": months.astype(int) % 12 + 1,
        "day": (days - months.astype("datetime64[D]")).astype(int) + 1,
        "week": (thursday - thursday.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) // 7 + 1,
    }


def no_time(literals: Sequence[tuple[Pattern, bool]]) -> bool:
    """Whether no time in epoch seconds, nor an absent one, meets (True) and misses (False) the patterns as said."""
    if not any(sign for _, sign in literals):
        return False
    low, high = -math.inf, math.inf
    low_open = high_open = False
    parts, barred = [], set()
    for pattern, sign in literals:
        match pattern:
            case TimePart():
                parts.append((pattern, sign))
            case Present() if not sign:
                return True
            case Present():
                continue
            case Compare(order="eq", number=number):
                if not sign:
                    barred.add(number)
                    continue
                low_open, high_open = low_open and low >= number, high_open and high <= number
                low, high = max(low, number), min(high, number)
            case Compare(order=order, number=number):
                # Missing one order is meeting the opposite one, as another pattern makes the value present.
                upper = (order in ("lt", "lte")) == sign
                strict = (order in ("lt", "gt")) == sign
                if upper and (number, not strict) < (high, not high_open):
                    high, high_open = number, strict
                if not upper and (-number, not strict) < (-low, not low_open):
                    low, low_open = number, strict
            case _:
                return False
    # One second that is barred matters only at an end: between two ends there are others.
    low_open, high_open = low_open or low in barred, high_open or high in barred
    if low > high or (low == high and (low_open or high_open)):
        return True
    if not any(sign for _, sign in parts) and (low < 0 or high > _LAST):
        return False
    return _no_moment(parts, max(low, 0), min(high, _LAST), high_open=high_open and high <= _LAST)


def _no_moment(parts: Sequence[tuple[TimePart, bool]], low: float, high: float, *, high_open: bool) -> bool:
    """Whether no moment of the interval has such parts."""
    days = _days()
    mask = np.ones(len(days["day"]), dtype=bool)
    minutes = np.ones(1440, dtype=bool)
    clock = {"hour": np.arange(1440) // 60, "minute": np.arange(1440) % 60}
    for part, sign in parts:
        if part.part in clock:
            minutes &= ORDERS[part.order](clock[part.part], part.number) == sign
        else:
            mask &= ORDERS[part.order](days[part.part], part.number) == sign
    starts = np.flatnonzero(mask) * _DAY
    starts = starts[(starts + _DAY > low) & (starts <= high)]
    slots = np.flatnonzero(minutes) * 60
    whole = (starts > low) & (starts + _DAY < high)
    if whole.any() and len(slots):
        return False
    for start in starts[~whole]:
        begin = start + slots
        reaches = (begin + 60 > low) & ((begin < high) | ((begin == high) & (not high_open)))
        if reaches.any():
            return False
    return True

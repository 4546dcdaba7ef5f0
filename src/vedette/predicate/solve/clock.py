"""The theory of a time: a second whose parts and order are as asked, or a few literals that none obeys."""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from vedette.predicate.evaluate import ORDERS, Value, holds
from vedette.predicate.pattern import Compare, Pattern, Present, TimePart
from vedette.predicate.solve.outcome import Budget, GaveUpError

_DAY: Final = 86_400
_EPOCH: Final = dt.date(1970, 1, 1)
#: The last year that a time can have.
_LAST_YEAR: Final = 9999


def find(literals: Sequence[tuple[Pattern, bool]], budget: Budget) -> Value | None:
    """A time in epoch seconds, or the empty text for an absent one, that obeys all; None if there is none.

    Times before 1970 and after 9999 have no parts; they are looked for at the ends of comparisons alone.

    Raises:
        GaveUpError: a text pattern, or more days than the budget allows.
    """
    for pattern, _ in literals:
        if not isinstance(pattern, Compare | Present | TimePart):
            raise GaveUpError(f"a {type(pattern).__name__} pattern on a time")

    def fits(value: Value) -> bool:
        return all(holds(pattern, value) == sign for pattern, sign in literals)

    ends = sorted({pattern.number for pattern, _ in literals if isinstance(pattern, Compare)})
    if any(abs(end) >= 2**53 or end != end for end in ends):  # noqa: PLR0124 (only a NaN differs from itself)
        raise GaveUpError("a comparison of a time with a number beyond times")
    near: list[Value] = ["", 0, -1, 253402300800]
    for end, following in itertools.zip_longest(ends, ends[1:]):
        near += [end, end - 1, end + 1]
        if following is not None:
            near.append((end + following) / 2)
    for value in near:
        if fits(value):
            return value
    parts = [(pattern, sign) for pattern, sign in literals if isinstance(pattern, TimePart)]
    edges = [(pattern, sign) for pattern, sign in literals if isinstance(pattern, Compare)]
    # Without a part only the ends matter; what is not present has none.
    if not parts or any(isinstance(pattern, Present) and not sign for pattern, sign in literals):
        return None
    minutes = _minutes(parts)
    for day in _days(parts, edges, budget):
        cut = any(day <= end <= day + _DAY for end in ends)
        for minute in minutes if cut else minutes[:1]:
            for value in _within(day + minute * 60, ends):
                if fits(value):
                    return value
    return None


def _within(start: int, ends: Sequence[float]) -> Iterator[Value]:
    """One value from each part of a minute that the ends cut it into."""
    places = [start, *(end for end in ends if start < end < start + 60), start + 60]
    for place, following in itertools.pairwise(places):
        yield place
        yield (place + following) / 2


def _minutes(parts: Sequence[tuple[TimePart, bool]]) -> list[int]:
    """Minutes of the day whose hour and minute are as asked."""
    return [minute for minute in range(1440) if _meets(parts, {"hour": minute // 60, "minute": minute % 60})]


def _meets(parts: Sequence[tuple[TimePart, bool]], known: dict[str, int]) -> bool:
    return all(ORDERS[part.order](known[part.part], part.number) == sign for part, sign in parts if part.part in known)


def _days(
    parts: Sequence[tuple[TimePart, bool]], edges: Sequence[tuple[Compare, bool]], budget: Budget
) -> Iterator[int]:
    """Midnights whose date is as asked; of years that no literal can tell apart one alone."""
    seen = set()
    cuts = sorted(edge.number for edge, _ in edges)
    for year in range(_EPOCH.year, _LAST_YEAR + 1):
        if not _meets(parts, {"year": year}):
            continue
        start, stop = (_midnight(dt.date(year, 1, 1)), _midnight(dt.date(year, 12, 31)) + _DAY)
        if not any(start <= cut <= stop for cut in cuts):
            place = sum(cut < start for cut in cuts)
            kind = (dt.date(year, 1, 1).weekday(), calendar.isleap(year), calendar.isleap(year - 1), place)
            if kind in seen:
                continue
            seen.add(kind)
        budget.spend(366)
        for midnight in range(start, stop, _DAY):
            date = _EPOCH + dt.timedelta(days=midnight // _DAY)
            if _meets(parts, {"month": date.month, "day": date.day, "week": date.isocalendar().week}):
                yield midnight


def _midnight(date: dt.date) -> int:
    return (date - _EPOCH).days * _DAY

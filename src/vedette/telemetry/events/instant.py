"""Times as formats write them, as UTC epoch seconds."""

from __future__ import annotations

import datetime as dt
import functools
import re
from typing import Any, Final, Literal, TypeAlias

#: How a column of times is written; `auto` reads text as RFC 3339 or as US dates, numbers by their size.
Form: TypeAlias = Literal["auto", "rfc3339", "s", "ms", "us", "ns", "filetime"]

#: Seconds from 1601, where Windows begins to count, to 1970.
_WINDOWS_EPOCH: Final = 11_644_473_600
#: The last second that a time can tell, that of year 9999.
_LAST: Final = 253_402_300_799
_ISO: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ]|, ?)(\d\d:\d\d:\d\d)(?:[.,](\d{1,12}))? ?(Z|UTC|[+-]\d\d:?\d\d)?( UTC)?", re.ASCII
)
_US: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}),? (\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9}))? ?([AP]M)?", re.ASCII)
_NAMED: Final = re.compile(
    r"([A-Z][a-z]{2}) (\d{1,2}), (\d{4}) (\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9}))? ?([AP]M)?", re.ASCII
)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBER: Final = re.compile(r"\d{1,20}(?:\.\d{1,12})?", re.ASCII)
_SCALES: Final[dict[Form, float]] = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}


def instant(value: Any, form: Form = "auto") -> float | None:
    """A time as UTC epoch seconds, or None where it is none.

    Text without an offset is UTC. Numbers without a stated form are seconds, milliseconds, microseconds, nanoseconds
    or Windows' 100 nanoseconds since 1601, told by their size, for times from 1973 on.

    >>> instant("2026-11-24T08:35:30.164Z")
    1795509330.164
    """
    if not isinstance(value, str | int | float) or value == "" or isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if form in ("auto", "rfc3339"):
            found = _iso(text)
            if found is None and form == "auto":
                found = _american(text)
            if found is not None or form == "rfc3339":
                return found
        if not _NUMBER.fullmatch(text):
            return None
        value = float(text) if "." in text else int(text)
    return None if form == "rfc3339" else _counted(value, form)


def _counted(number: float, form: Form) -> float | None:
    if not abs(number) < 1e20:  # nor is it one that is no number
        return None
    if form == "auto":
        form = _guess(number)
    # Whole numbers are divided as such: a float holds no nanoseconds of our days.
    seconds = (number - _WINDOWS_EPOCH * 10**7) / 1e7 if form == "filetime" else number / _SCALES[form]
    return seconds if 0 <= seconds <= _LAST else None


def _guess(number: float) -> Form:
    if number < 1e11:
        return "s"
    if number < 1e14:
        return "ms"
    if 1.1e17 <= number < 2e17:
        return "filetime"
    return "us" if number < 1e17 else "ns"


def _iso(text: str) -> float | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    day, second, fraction, offset, _ = match.groups()
    whole = _second(day, second)
    if whole is None:
        return None
    shift = 0
    if offset and offset[0] in "+-":
        digits = offset.replace(":", "")
        shift = int(digits[0] + "1") * (int(digits[1:3]) * 3600 + int(digits[3:5]) * 60)
    seconds = whole - shift + (float(f"0.{fraction}") if fraction else 0.0)
    return seconds if 0 <= seconds <= _LAST else None


@functools.lru_cache(maxsize=4096)
def _second(day: str, second: str) -> float | None:
    """Epoch seconds of a second; most events share theirs with another."""
    try:
        return dt.datetime.fromisoformat(f"{day}T{second}+00:00").timestamp()
    except ValueError:
        return None


def _american(text: str) -> float | None:
    """Dates as Microsoft's portals export them: month first, a clock of 12 hours."""
    match: re.Match[str] | None
    if match := _US.fullmatch(text):
        month, day = int(match[1]), int(match[2])
    elif (match := _NAMED.fullmatch(text)) and match[1] in _MONTHS:
        month, day = _MONTHS.index(match[1]) + 1, int(match[2])
    else:
        return None
    hour = int(match[4])
    if match[8]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (match[8] == "PM")
    try:
        moment = dt.datetime(int(match[3]), month, day, hour, int(match[5]), int(match[6]), tzinfo=dt.UTC)
    except ValueError:
        return None
    seconds = moment.timestamp() + (float(f"0.{match[7]}") if match[7] else 0.0)
    return seconds if seconds >= 0 else None

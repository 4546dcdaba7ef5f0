"""Points in time as users write them."""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import Any, Final

import click

_AGO: Final = re.compile(r"(\d{1,6})\s*([smhdw])(?:\s+ago)?", re.IGNORECASE | re.ASCII)
_EPOCH: Final = re.compile(r"@(\d{1,12}(?:\.\d{1,9})?)", re.ASCII)
_WRITTEN: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?\s*(?:Z|[+-]\d\d:\d\d)?)?", re.IGNORECASE | re.ASCII
)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
FORMS: Final = "2026-11-24, 2026-11-24 08:30[:15], 2026-11-24T08:30:15+01:00, @1795509330 or 12h (ago)"


def parse(text: str, now: float) -> float:
    """UTC epoch seconds of what a user wrote; without an offset it is UTC, a date alone is its first moment.

    Args:
        text: RFC 3339, `YYYY-MM-DD[ HH:MM[:SS]]`, `@EPOCH`, or a time ago such as `7d`, `12h ago`.
        now: UTC epoch seconds that "ago" counts from.

    Raises:
        ValueError: it is none of these; the text says what would be.
    """
    text = text.strip()
    if ago := _AGO.fullmatch(text):
        return now - int(ago[1]) * _SECONDS[ago[2].lower()]
    if epoch := _EPOCH.fullmatch(text):
        return float(epoch[1])
    if not _WRITTEN.fullmatch(text):
        raise ValueError(f"{text!r} is no time; write {FORMS}")
    try:
        moment = dt.datetime.fromisoformat(text.upper().replace(" ", "T", 1).replace(" ", ""))
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no time of the calendar: {error}") from None


class Moment(click.ParamType[float]):
    """An option's value that is a point in time; converts to UTC epoch seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the user's text."""
        if isinstance(value, float):
            return value
        try:
            return parse(str(value), time.time())
        except ValueError as error:
            self.fail(str(error), param, ctx)

"""Stretches of time over which queries are asked, and how one is halved."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

#: Seconds below which a window is not halved.
FLOOR: Final = 1.0


class Window(msgspec.Struct, frozen=True, order=True):
    """A stretch of the time at which a workspace got its rows.

    Attributes:
        start: UTC epoch seconds, a multiple of 1/1000.
        end: UTC epoch seconds, past `start`.
    """

    start: float
    end: float

    @classmethod
    def of(cls, start: float, end: float) -> Window:
        """A window in whole milliseconds.

        Raises:
            ValueError: it would be empty.
        """
        window = cls(round(start, 3), round(end, 3))
        if not window.start < window.end:
            raise ValueError("a window ends after it begins")
        return window

    def halves(self) -> tuple[Window, Window] | None:
        """Two windows that are this one; None where it is too short for that."""
        if self.end - self.start <= FLOOR:
            return None
        middle = round((self.start + self.end) / 2, 3)
        return Window(self.start, middle), Window(middle, self.end)

    @property
    def moments(self) -> tuple[dt.datetime, dt.datetime]:
        """Start and end, as Microsoft's client takes them."""
        return _moment(self.start), _moment(self.end)

    def __str__(self) -> str:
        """`2026-11-17T08:00:00Z/2026-11-24T08:00:00Z`."""
        return "/".join(_told(moment) for moment in self.moments)


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(round(seconds * 1000) // 1000, dt.UTC) + dt.timedelta(
        milliseconds=round(seconds * 1000) % 1000
    )


def _told(moment: dt.datetime) -> str:
    digits = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=digits).replace("+00:00", "Z")

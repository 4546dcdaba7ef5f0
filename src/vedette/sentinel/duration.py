"""Durations as Sentinel's content has them: `5m`, `1h`, `14d`."""

from __future__ import annotations

import re
from typing import Final

_WRITTEN: Final = re.compile(r"([0-9]{1,6})([mhd])")
_CLOCK: Final = re.compile(r"(?:([0-9]{1,4})\.)?([0-9]{1,2}):([0-9]{2})(?::[0-9]{2})?")
_MINUTES: Final = {"m": 1, "h": 60, "d": 1440}


def minutes(written: str) -> int | None:
    """Minutes of a duration, also of `d.hh:mm:ss`; None where it is none.

    >>> minutes("2h"), minutes("1.00:30:00"), minutes("PT2H")
    (120, 1470, None)
    """
    if found := _WRITTEN.fullmatch(written):
        return int(found[1]) * _MINUTES[found[2]]
    if (found := _CLOCK.fullmatch(written)) and int(found[2]) < 24 and int(found[3]) < 60:
        return int(found[1] or 0) * 1440 + int(found[2]) * 60 + int(found[3])
    return None


def written(span: int) -> str:
    """Minutes in the largest unit that divides them.

    >>> written(75), written(120), written(20160)
    ('75m', '2h', '14d')
    """
    for unit in ("d", "h"):
        if span and span % _MINUTES[unit] == 0:
            return f"{span // _MINUTES[unit]}{unit}"
    return f"{span}m"


def iso(span: int) -> str:
    """Minutes as ISO 8601 has them, which the service takes.

    >>> iso(75)
    'PT75M'
    """
    return f"PT{span}M"

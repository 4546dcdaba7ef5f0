"""Values of strangers within bounds: what JSON can carry, and no more of it than is kept."""

from __future__ import annotations

import math
import re
from typing import Final

from vedette.predicate import Value

#: Longest text that is kept of a column, in characters; the service keeps 64 KB.
MAX_TEXT: Final = 1 << 16
_HALF: Final = re.compile("[\ud800-\udfff]")
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_MOST: Final = 1 << 63


def clean(text: str, most: int = MAX_TEXT) -> str:
    """A text cut; halves of surrogate pairs, which no encoding can carry, become U+FFFD."""
    text = text[:most]
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def integer(text: str) -> int | None:
    """A decimal integer of at most 18 digits, or None."""
    return int(text) if _INTEGER.fullmatch(text) else None


def plain(found: object) -> Value:
    """A value as text or as a number that JSON can carry; the empty text for none."""
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, int):
        return found if -_MOST <= found < _MOST else clean(str(found)) if abs(found) < 10**400 else ""
    if isinstance(found, float):
        return found if math.isfinite(found) else str(found)
    return clean(found) if isinstance(found, str) else ""

"""How far few runs carry: Wilson's interval for a share."""

from __future__ import annotations

import math
from typing import Final

#: Of the normal distribution, for 95 %.
_Z: Final = 1.959963984540054
#: From so many runs without a failure, the share of failures is below 5 % at 95 %.
CERTIFIES: Final = 59


def wilson(hits: int, runs: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    Args:
        hits: runs that counted.
        runs: all runs, independent of each other.

    Returns:
        Lower and upper bound, both 0..1; (0, 1) where there was no run.

    >>> tuple(round(bound, 3) for bound in wilson(0, 32))
    (0.0, 0.107)
    """
    if runs <= 0:
        return 0.0, 1.0
    share = hits / runs
    square = _Z * _Z
    centre = share + square / (2 * runs)
    spread = _Z * math.sqrt(share * (1 - share) / runs + square / (4 * runs * runs))
    bottom = 1 + square / runs
    low, high = (centre - spread) / bottom, (centre + spread) / bottom
    return (0.0 if hits == 0 else low), (1.0 if hits == runs else high)


def says(runs: int) -> str:
    """What that many runs can say of attacks that an exclusion did not silence."""
    return "certifies below 5 %" if runs >= CERTIFIES else "refutes, does not certify"

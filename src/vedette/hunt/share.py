"""One hunt on several cores: each reads the logs up to the end of its share, and puts out what lies within it.

What a process is hangs on all that came before, so that no core can begin in the middle. Reading alone costs about half
of a hunt; whoever has a later share therefore gets a smaller one. Shares are bounded where chunks are, and those are
the same for all: together they put out what one core would, in the same order.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

#: What it costs to read a log, of what it costs to read it and put out its findings.
_READING: Final = 0.55


class Share(msgspec.Struct, frozen=True):
    """A part of the logs that are hunted through.

    Attributes:
        begin: bytes of all logs as they lie, of their sum, up to which others put out; negative for the first.
        end: likewise, up to which this one does; infinite for the last, to which the end of the hunt belongs too.
    """

    begin: float = -1.0
    end: float = math.inf

    @property
    def is_last(self) -> bool:
        """Whether it reads all logs to their end."""
        return self.end == math.inf


def shares(number: int, reading: float = _READING) -> tuple[Share, ...]:
    """Shares that take about equally long.

    Args:
        number: how many; at least 1.
        reading: what reading costs, of reading and putting out; more than 0, less than 1.
    """
    # With t the time of each: a share that begins at b ends at b + t - reading * b, and the last one ends at 1.
    time = reading / (1 - (1 - reading) ** number)
    bounds = [0.0]
    for _ in range(number - 1):
        bounds.append(bounds[-1] * (1 - reading) + time)
    return tuple(Share(begin, end) for begin, end in zip([-1.0, *bounds[1:]], [*bounds[1:], math.inf], strict=True))

"""How fast a workspace is asked, and how long is waited before it is asked again."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from vedette.sentinel.hunting.limits import PER_SECONDS, REQUESTS

#: Seconds of the first wait; each further one is twice as long, up to `LONGEST`.
FIRST: Final = 0.5
LONGEST: Final = 60.0
#: What a server asks for is obeyed up to so many seconds; past them the hunt looks again.
PATIENCE: Final = 300.0


class Pace:
    """Keeps to the service's rate, counted in queries.

    Args:
        clock: monotonic seconds.
        sleep: waits for seconds.
        dice: a number in [0, 1).

    Attributes:
        waited: seconds for which the service was waited for.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._clock, self._sleep, self._dice = clock, sleep, dice
        self._sent: deque[float] = deque()
        self.waited = 0.0

    def turn(self, queries: int) -> None:
        """Wait until so many more queries may be sent, and count them."""
        for _ in range(queries):
            if len(self._sent) >= REQUESTS:
                self._wait(PER_SECONDS - (self._clock() - self._sent.popleft()))
            self._sent.append(self._clock())

    def again(self, tries: int, asked: float | None) -> None:
        """Wait before what failed is asked again.

        Args:
            tries: how often it was asked.
            asked: seconds that the server asks for (Retry-After), or None. Never less is waited, up to `PATIENCE`, and
                up to a tenth more, so that several hunts don't come back at once.
        """
        if asked is not None:
            self._wait(min(max(asked, 0.0), PATIENCE) * (1 + self._dice() / 10))
            return
        self._wait(min(FIRST * 2 ** min(tries - 1, 16), LONGEST) * (0.5 + self._dice() / 2))

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._sleep(seconds)
            self.waited += seconds

"""How many queries one may ask for in half a minute."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from typing import Final

SECONDS: Final = 30.0


class Pace:
    """Counts queries of the last half a minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: deque[float] = deque()

    def over(self, limit: int) -> int:
        """Seconds to wait, if the limit is used up; 0 if not, and the query is counted. A limit of 0 is none."""
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0] <= now - SECONDS:
                self._times.popleft()
            if limit and len(self._times) >= limit:
                return max(1, math.ceil(self._times[0] + SECONDS - now))
            self._times.append(now)
            return 0

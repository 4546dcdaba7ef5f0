"""Events that come nearly in order, brought into order: held back for a while, then given on instant by instant."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from typing import Any, Final, Generic, TypeVar

Item = TypeVar("Item")

#: Seconds by which an event may be older than the newest one and still be put in its place.
SLACK: Final = 30.0
#: So many events are held back; beyond that the oldest are given on before their time.
MOST: Final = 200_000


class Order(Generic[Item]):
    """Holds events back until nothing within the slack can come before them.

    Args:
        slack: seconds; infinite to hold back all that `most` allows.
        most: so many events are held.

    Attributes:
        mark: all before it was given on; what comes with an older time is late.
        hurried: events given on before their time, since too many were held.
    """

    def __init__(self, slack: float = SLACK, most: int = MOST) -> None:
        self._slack = slack
        self._most = most
        self._heap: list[tuple[float, Any, int, Item]] = []
        self._newest = -math.inf
        self._count = 0
        self.mark = -math.inf
        self.hurried = 0

    def __len__(self) -> int:
        """So many events are held."""
        return len(self._heap)

    def push(self, time: float, key: Any, item: Item) -> Iterator[tuple[float, list[Item]]]:
        """Take an event that is not late, and give on what is now in order.

        Args:
            time: UTC epoch seconds, not before `mark`.
            key: orders events of the same time.
            item: the event.

        Yields:
            Each time with all its events, the earliest first.
        """
        self._count += 1
        heapq.heappush(self._heap, (time, key, self._count, item))
        self._newest = max(self._newest, time)
        yield from self._before(self._newest - self._slack)
        while len(self._heap) > self._most:
            instant, items = self._instant()
            self.hurried += len(items)
            self.mark = math.nextafter(instant, math.inf)
            yield instant, items

    def close(self) -> Iterator[tuple[float, list[Item]]]:
        """Give on all that is held."""
        return self._before(math.inf)

    def _before(self, mark: float) -> Iterator[tuple[float, list[Item]]]:
        self.mark = max(self.mark, mark)
        while self._heap and self._heap[0][0] < mark:
            yield self._instant()

    def _instant(self) -> tuple[float, list[Item]]:
        instant = self._heap[0][0]
        items = []
        while self._heap and self._heap[0][0] == instant:
            items.append(heapq.heappop(self._heap)[3])
        return instant, items

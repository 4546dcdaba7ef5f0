"""The first and the last of many: what a bounded memory keeps of a sequence that an attacker can make long."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Held(Generic[T]):
    """Keeps so many from the start and so many up to the end; those between are counted.

    Neither filling it up beforehand nor flooding it afterwards makes both ends go.

    Args:
        most: of each end.

    Attributes:
        left_out: how many are not kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._first: list[T] = []
        self._last: deque[T] = deque(maxlen=most)
        self.left_out = 0

    def add(self, one: T) -> None:
        """Take one in, as the last."""
        if len(self._first) < self._most:
            self._first.append(one)
            return
        self.left_out += len(self._last) == self._most
        self._last.append(one)

    def __iter__(self) -> Iterator[T]:
        """Those that are kept, in the order in which they came."""
        yield from self._first
        yield from self._last

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._first) + len(self._last)

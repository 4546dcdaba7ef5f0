"""The events of one group that lie within one timespan, and the figure that they make."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from vedette.correlate.entry import Entry
from vedette.correlate.measure import Measure


class Window:
    """A window that slides along a group's events.

    Args:
        measure: empty.

    Attributes:
        entries: the events, in order of time.
        last: time of the latest event.
        matched: end of the last window that matched.
    """

    __slots__ = ("_keys", "entries", "last", "matched", "measure")

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self.entries: deque[Entry] = deque()
        self._keys: set[Hashable] = set()
        self.last = float("-inf")
        self.matched = float("-inf")

    def __len__(self) -> int:
        """So many events are held."""
        return len(self.entries)

    def add(self, entry: Entry) -> bool:
        """Take an event, in its place; False if it is there already."""
        if (known := (entry.rule, entry.key)) in self._keys:
            return False
        self._keys.add(known)
        if entry.time >= self.last:
            self.last = entry.time
            self.entries.append(entry)
            self.measure.add(entry)
            return True
        place = len(self.entries)
        while place and self.entries[place - 1].time > entry.time:
            place -= 1
        self.entries.insert(place, entry)
        self.measure.rebuild(self.entries)
        return True

    def pop(self) -> None:
        """Let the earliest event go."""
        entry = self.entries.popleft()
        self._keys.discard((entry.rule, entry.key))
        self.measure.remove(entry)

    def drop(self, start: float) -> int:
        """Let go what is before a time; how many events that were."""
        before = len(self.entries)
        while self.entries and self.entries[0].time < start:
            self.pop()
        return before - len(self.entries)

    def untold(self) -> list[Entry]:
        """The events since the last match that was told, which are told now."""
        found = []
        for entry in reversed(self.entries):
            if entry.told:
                break
            entry.told = True
            found.append(entry)
        return found[::-1]

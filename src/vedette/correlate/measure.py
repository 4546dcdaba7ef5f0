"""What a correlation's condition is held against, kept up to date as events enter and leave a window."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable
from fractions import Fraction
from typing import Protocol

from vedette.correlate.entry import Entry
from vedette.correlate.reference import Kind


class Measure(Protocol):
    """A figure of one window."""

    def add(self, entry: Entry) -> None:
        """An event enters; none before it has a later time."""

    def remove(self, entry: Entry) -> None:
        """The earliest event leaves."""

    def rebuild(self, entries: Iterable[Entry]) -> None:
        """An event came in between: these are all events of the window now, in order of time."""

    def value(self, end: float, start: float) -> float:
        """The figure of the window between two times, both included."""


class Count:
    """How many events."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def add(self, _entry: Entry) -> None:
        """See `Measure`."""
        self.number += 1

    def remove(self, _entry: Entry) -> None:
        """See `Measure`."""
        self.number -= 1

    def rebuild(self, entries: Iterable[Entry]) -> None:
        """See `Measure`."""
        self.number = sum(1 for _ in entries)

    def value(self, _end: float, _start: float) -> float:
        """See `Measure`."""
        return self.number


class Distinct:
    """How many different values, or different rules."""

    __slots__ = ("_by_rule", "_held")

    def __init__(self, *, by_rule: bool) -> None:
        self._by_rule = by_rule
        self._held: Counter[Hashable] = Counter()

    def _of(self, entry: Entry) -> Hashable:
        return entry.rule if self._by_rule else entry.values

    def add(self, entry: Entry) -> None:
        """See `Measure`."""
        self._held[self._of(entry)] += 1

    def remove(self, entry: Entry) -> None:
        """See `Measure`."""
        value = self._of(entry)
        self._held[value] -= 1
        if not self._held[value]:
            del self._held[value]

    def rebuild(self, entries: Iterable[Entry]) -> None:
        """See `Measure`."""
        self._held = Counter(map(self._of, entries))

    def value(self, _end: float, _start: float) -> float:
        """See `Measure`."""
        return len(self._held)


class Total:
    """The sum or the average of a field; sums are exact, however long events come and go."""

    __slots__ = ("_average", "_number", "_sum")

    def __init__(self, *, average: bool) -> None:
        self._average = average
        self._number = 0
        self._sum: int | Fraction = 0

    def add(self, entry: Entry) -> None:
        """See `Measure`."""
        self._number += 1
        self._sum += _exact(entry)

    def remove(self, entry: Entry) -> None:
        """See `Measure`."""
        self._number -= 1
        self._sum -= _exact(entry)

    def rebuild(self, entries: Iterable[Entry]) -> None:
        """See `Measure`."""
        self._number, self._sum = 0, 0
        for entry in entries:
            self.add(entry)

    def value(self, _end: float, _start: float) -> float:
        """See `Measure`."""
        whole: int | float = self._sum if isinstance(self._sum, int) else float(self._sum)
        return whole / self._number if self._average else whole


def _exact(entry: Entry) -> int | Fraction:
    (value,) = entry.values
    if isinstance(value, int):
        return value
    assert isinstance(value, float)
    return Fraction(value)


class Steps:
    """How many rules matched one after the other, if the last of them ends the window; else one less at most.

    For each rule the latest time is kept at which a run of matches up to it can have begun; matches of the same time
    are in any order.
    """

    __slots__ = ("_at", "_before", "_began", "_places")

    def __init__(self, rules: int) -> None:
        self._began: list[float] = []
        self._before: list[float] = []
        self._places: set[int] = set()
        self._at = -math.inf
        self._start_over(rules)

    def _start_over(self, rules: int) -> None:
        self._began = [-math.inf] * rules
        self._before, self._places, self._at = list(self._began), set(), -math.inf

    def add(self, entry: Entry) -> None:
        """See `Measure`."""
        place = entry.rule
        if entry.time != self._at:
            self._at, self._places, self._before = entry.time, {place}, self._began
            self._began = self._before.copy()
            self._step(place)
        elif place not in self._places:
            self._places.add(place)
            self._began = self._before.copy()
            for each in sorted(self._places):
                self._step(each)

    def _step(self, place: int) -> None:
        self._began[place] = max(self._began[place], self._began[place - 1]) if place else self._at

    def remove(self, entry: Entry) -> None:
        """Nothing to do: a run that began before the window does not count."""

    def rebuild(self, entries: Iterable[Entry]) -> None:
        """See `Measure`."""
        self._start_over(len(self._began))
        for entry in entries:
            self.add(entry)

    def value(self, end: float, start: float) -> float:
        """The number of rules if the run is complete, else 0."""
        rules = len(self._began)
        return rules if self._at == end and rules - 1 in self._places and self._began[-1] >= start else 0


def measure_of(kind: Kind, rules: int) -> Measure:
    """A new measure for a kind of correlation that joins so many rules."""
    match kind:
        case "event_count":
            return Count()
        case "value_count" | "temporal":
            return Distinct(by_rule=kind == "temporal")
        case "value_sum" | "value_avg":
            return Total(average=kind == "value_avg")
        case "temporal_ordered":
            return Steps(rules)

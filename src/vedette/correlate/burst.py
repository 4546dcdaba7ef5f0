"""Matches of one group in a row as one: what a reader wants to be told once, however long it goes on.

While the ends of a group's matches follow each other within the timespan, they are one burst. It is complete when the
next end can only lie beyond that, or when the log ends.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

from vedette.correlate.entry import Entry
from vedette.correlate.reference import Group
from vedette.correlate.stream import Match

#: So many of a burst's events are kept to be shown.
MAX_SHOWN: Final = 100


class Tally(Protocol):
    """What is to be known of all events of a burst, however many."""

    def add(self, entry: Entry) -> None:
        """One of them."""


class Burst:
    """Matches of one group, each within the timespan of the one before.

    Args:
        match: the first; it is yet to be added.
        rules: how many rules the correlation joins.
        tally: told each event, or None.

    Attributes:
        group: values of the correlation's `group-by`.
        first: time of the first event.
        opened: end of the first window that matched.
        last: end of the last one.
        ends: how many windows matched.
        count: how many events these windows hold together.
        counts: the same by the rule's place.
        opener: the event that ends the first window.
        tally: the same.
    """

    def __init__(self, match: Match, rules: int, tally: Tally | None = None) -> None:
        self.group: Group = match.group
        self.opened = self.last = match.end
        self.first = match.fresh[0].time if match.fresh else match.end
        self.ends = 0
        self.count = 0
        self.counts: Counter[int] = Counter()
        self.opener: Entry | None = match.fresh[-1] if match.fresh else None
        self.tally = tally
        self._quota = max(1, MAX_SHOWN // rules)
        self._shown: list[Entry] = []
        self._spare: list[Entry] = []
        self._held: Counter[int] = Counter()

    def add(self, match: Match) -> None:
        """Take the next match."""
        self.last = max(self.last, match.end)
        self.ends += not match.again
        self.count += len(match.fresh)
        for entry in match.fresh:
            self.first = min(self.first, entry.time)
            self.counts[entry.rule] += 1
            if self.tally is not None:
                self.tally.add(entry)
            if self._held[entry.rule] < self._quota:
                self._held[entry.rule] += 1
                self._shown.append(entry)
            elif len(self._spare) < MAX_SHOWN - self._quota:
                self._spare.append(entry)

    @property
    def shown(self) -> list[Entry]:
        """Its first events in order of time, at most `MAX_SHOWN`; each rule has its share of them."""
        spare = self._spare[: max(0, MAX_SHOWN - len(self._shown))]
        return list(heapq.merge(self._sorted(self._shown), self._sorted(spare), key=lambda entry: entry.time))

    @staticmethod
    def _sorted(entries: list[Entry]) -> list[Entry]:
        return sorted(entries, key=lambda entry: entry.time)


class Bursts:
    """The open bursts of one correlation.

    Args:
        span: the correlation's timespan in seconds.
        rules: how many rules it joins.
        make_tally: makes what each burst tells its events.
        most: so many are open at once; of more, the one that was longest without a match is completed early.
    """

    def __init__(
        self, span: float, rules: int = 1, *, make_tally: Callable[[], Tally] | None = None, most: int = 2_000
    ) -> None:
        self._span = span
        self._rules = rules
        self._most = most
        self._make_tally = make_tally
        self._open: OrderedDict[Group, Burst] = OrderedDict()

    def __len__(self) -> int:
        """So many are open."""
        return len(self._open)

    def add(self, match: Match) -> tuple[Burst, list[Burst]]:
        """Take a match; the burst that it belongs to, and those that are complete because of it."""
        complete = []
        burst = self._open.get(match.group)
        if burst is not None and match.end - burst.last > self._span:
            complete.append(self._open.pop(match.group))
            burst = None
        if burst is None:
            burst = self._open[match.group] = Burst(match, self._rules, self._make_tally and self._make_tally())
        burst.add(match)
        self._open.move_to_end(match.group)
        if len(self._open) > self._most:
            complete.append(self._open.popitem(last=False)[1])
        return burst, complete

    def expire(self, mark: float) -> list[Burst]:
        """Those that are complete now that all before `mark` has come."""
        complete = []
        while self._open:
            group, burst = next(iter(self._open.items()))
            if burst.last + self._span >= mark:
                break
            del self._open[group]
            complete.append(burst)
        return complete

    def close(self) -> list[Burst]:
        """All that are still open, the earliest first."""
        complete = sorted(self._open.values(), key=lambda burst: burst.opened)
        self._open.clear()
        return complete

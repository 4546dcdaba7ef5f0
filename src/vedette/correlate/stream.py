"""A correlation over a stream of events, in bounded memory: the windows of the reference, found as time goes by.

A group keeps the events of its last timespan and no others. Groups whose window is over are let go; of too many groups
the one that was longest without an event goes first, and of too many events in one group the oldest: both are counted.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final

from vedette.correlate.entry import Entry
from vedette.correlate.measure import measure_of
from vedette.correlate.reference import Group, Kind
from vedette.correlate.window import Window
from vedette.sigma.correlation import Threshold

#: Kinds whose numbers count events, so that a window must be able to hold as many.
_COUNTS: Final = frozenset({"event_count", "value_count"})


@dataclasses.dataclass(frozen=True)
class Bounds:
    """What one correlation may keep.

    Attributes:
        groups: so many groups at once.
        window: so many events of one group; more if the condition asks for more.
        events: so many events of all groups.
    """

    groups: int = 50_000
    window: int = 10_000
    events: int = 200_000


@dataclasses.dataclass(frozen=True)
class Match:
    """A window in which the condition holds.

    Attributes:
        group: values of the correlation's `group-by`.
        end: time of the window's last event.
        fresh: the events of the window that no earlier match of the group was told with, in order of time.
        again: a late event joined a window that was told already.
    """

    group: Group
    end: float
    fresh: tuple[Entry, ...]
    again: bool = False


class Stream:
    """One correlation; events come to it in order of time, late ones apart.

    Args:
        kind: what is done with the events.
        span: the timespan in seconds.
        condition: all of which a window must meet; `temporal_ordered` always waits for all rules.
        rules: how many rules the correlation joins.
        bounds: what may be kept.

    Attributes:
        held: events that are kept.
        counts: events by what became of them that is worth telling: `duplicate` (left out), `late` (taken in late),
            `outlived` (too late: left out), `crowded` (let go before its time, since its group held too many),
            `evicted` (let go with its group before its time, since too much was held).
    """

    def __init__(
        self,
        kind: Kind,
        *,
        span: float,
        condition: Sequence[Threshold] = (),
        rules: int = 1,
        bounds: Bounds | None = None,
    ) -> None:
        self._kind: Kind = kind
        self._span = span
        self._condition = (Threshold("eq", rules),) if kind == "temporal_ordered" else tuple(condition)
        self._rules = rules
        self._bounds = bounds or Bounds()
        asked = max((int(part.number) + 2 for part in self._condition), default=0) if kind in _COUNTS else 0
        self._most = min(max(self._bounds.window, asked), self._bounds.events)
        self._groups: OrderedDict[Group, Window] = OrderedDict()
        self.held = 0
        self.counts: Counter[str] = Counter()

    @property
    def groups(self) -> int:
        """So many groups are kept."""
        return len(self._groups)

    def take(self, time: float, entries: Iterable[Entry]) -> list[Match]:
        """The events of one time, which is after all that came before; each group's window that matches then."""
        touched: dict[Group, Window] = {}
        for entry in entries:
            if not entry.complete:
                continue
            window = self._window(entry.group)
            touched[entry.group] = window
            if window.add(entry):
                self.held += 1
                if len(window) > self._most:
                    self._pop(window, time, "crowded")
            else:
                self.counts["duplicate"] += 1
        found = []
        for group, window in touched.items():
            match = self._judged(group, window, time)
            if match is not None:
                found.append(match)
        self._bound()
        return found

    def late(self, entry: Entry) -> Match | None:
        """An event whose time is over.

        It counts for the window that ends at its group's latest event, and for those after. What ended earlier was
        told, or not, without it.
        """
        if not entry.complete:
            return None
        window = self._window(entry.group)
        if entry.time < window.last - self._span:
            self.counts["outlived"] += 1
            return None
        if not window.add(entry):
            self.counts["duplicate"] += 1
            return None
        self.held += 1
        self.counts["late"] += 1
        if len(window) > self._most:
            self._pop(window, window.last, "crowded")
        match = self._judged(entry.group, window, window.last, late=entry)
        self._bound()
        return match

    def expire(self, mark: float) -> None:
        """Let go the groups whose window is over, now that all before `mark` has come."""
        while self._groups:
            group, window = next(iter(self._groups.items()))
            if window.last + self._span >= mark:
                break
            del self._groups[group]
            self.held -= len(window)

    def _window(self, group: Group) -> Window:
        window = self._groups.get(group)
        if window is None:
            window = self._groups[group] = Window(measure_of(self._kind, self._rules))
        else:
            self._groups.move_to_end(group)
        return window

    def _judged(self, group: Group, window: Window, end: float, late: Entry | None = None) -> Match | None:
        start = end - self._span
        self.held -= window.drop(start)
        if not window.entries:
            return None
        figure = window.measure.value(end, start)
        for part in self._condition:
            if not part.holds(figure):
                return None
        fresh = window.untold()
        if late is not None and not late.told:
            late.told = True
            fresh.insert(0, late)
        again = window.matched == end
        window.matched = end
        return Match(group, end, tuple(fresh), again)

    def _pop(self, window: Window, time: float, why: str) -> None:
        if window.entries[0].time >= time - self._span:
            self.counts[why] += 1
        window.pop()
        self.held -= 1

    def _bound(self) -> None:
        """Let go the groups that were longest without an event while too much is held."""
        while len(self._groups) > self._bounds.groups or (self.held > self._bounds.events and len(self._groups) > 1):
            _, window = self._groups.popitem(last=False)
            self.held -= len(window)
            self.counts["evicted"] += len(window)

"""How near an event came to a rule: what `vedette explain` ranks by and prints."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from vedette.event import Event, View
from vedette.predicate import (
    And,
    Const,
    Keyword,
    Match,
    Not,
    Or,
    Predicate,
    Row,
    Step,
    evaluate,
    fields,
    has_keyword,
    steps,
)
from vedette.sigma.rule import Rule

#: Distance of what no change of values can reach.
NEVER: Final = 1_000_000


class Judged(msgspec.Struct, frozen=True):
    """An event held against a rule.

    Attributes:
        event: the event.
        distances: by view, how many atoms would have to change for the rule to match; 0 where it matches.
    """

    event: Event
    distances: dict[View, int]

    @property
    def distance(self) -> int:
        """The smallest distance over all views: 0 if the rule matches the event."""
        return min(self.distances.values())


class Nearest(msgspec.Struct, frozen=True):
    """The events that came nearest to a rule.

    Attributes:
        events: how many were held against it.
        matches: how many of them it matches.
        kept: the nearest, one for each distinct set of values that the rule reads, nearest first and earliest first;
            with how many events had these values.
        matches_too: whether matches were asked for beside misses.
    """

    events: int
    matches: int
    kept: tuple[tuple[Judged, int], ...]
    matches_too: bool


def distance(predicate: Predicate, row: Row, raw: str = "", *, wanted: bool = True) -> int:
    """How many atoms would have to turn for the predicate to be `wanted` on this row.

    All of several parts need all that are missing, any of several the nearest; 0 if it is so already.
    """
    match predicate:
        case Match() | Keyword():
            return int(evaluate(predicate, row, raw) is not wanted)
        case Not(child=child):
            return distance(child, row, raw, wanted=not wanted)
        case Const(value=value):
            return 0 if value is wanted else NEVER
        case And(children=children) | Or(children=children):
            parts = [distance(child, row, raw, wanted=wanted) for child in children]
            every = isinstance(predicate, And) is wanted
            return min(NEVER, sum(parts)) if every else min(parts, default=NEVER)
    raise TypeError(predicate)


class Judge:
    """Holds events against one rule; equal values are looked at once."""

    def __init__(self, rule: Rule, views: tuple[View, ...]) -> None:
        self.rule = rule
        self.views = views
        self._columns = sorted({view.column(field) for view in views for field in fields(rule.predicate)})
        self._keyword = has_keyword(rule.predicate)
        self._known: dict[tuple[object, ...], dict[View, int]] = {}

    def key(self, event: Event) -> tuple[object, ...]:
        """What the rule reads of the event; events with equal keys are judged alike."""
        values = tuple(event.values.get(column, "") for column in self._columns)
        return (*values, event.raw) if self._keyword else values

    def judge(self, event: Event) -> Judged:
        """The event's distance in every view."""
        key = self.key(event)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= 100_000:
                self._known.clear()
            predicate = self.rule.predicate
            known = self._known[key] = {view: distance(predicate, event.row(view), event.raw) for view in self.views}
        return Judged(event, known)

    def reasons(self, event: Event) -> Iterator[tuple[tuple[View, ...], list[Step]]]:
        """Why the rule does or does not hold, part by part; views that read the same stand together."""
        told: dict[tuple[Step, ...], list[View]] = {}
        for view in self.views:
            told.setdefault(tuple(steps(self.rule.predicate, event.row(view), event.raw)), []).append(view)
        for parts, views in told.items():
            yield tuple(views), list(parts)


def nearest(judge: Judge, events: Iterable[Event], number: int, *, matches_too: bool) -> Nearest:
    """The events that came nearest to the rule, at most `number` distinct ones.

    Args:
        judge: of the rule.
        events: to look at; read once.
        number: at most so many.
        matches_too: keep matches as well, not misses alone.
    """
    total = matches = 0
    heap: list[tuple[int, int, tuple[object, ...], Judged]] = []
    counts: dict[tuple[object, ...], int] = {}
    for event in events:
        total += 1
        judged = judge.judge(event)
        matches += judged.distance == 0
        if judged.distance == 0 and not matches_too:
            continue
        key = judge.key(event)
        if key in counts:
            counts[key] += 1
            continue
        # The heap's top is the farthest, and among equals the latest: the first to go.
        entry = (-judged.distance, -total, key, judged)
        if len(heap) < number:
            heapq.heappush(heap, entry)
        elif entry[:2] > heap[0][:2]:
            del counts[heapq.heapreplace(heap, entry)[2]]
        else:
            continue
        counts[key] = 1
    kept = sorted(heap, key=lambda entry: (-entry[0], -entry[1]))
    return Nearest(total, matches, tuple((entry[3], counts[entry[2]]) for entry in kept), matches_too)

"""All correlations of a rule set over one stream of matches: chains, order, bursts.

A match of a correlation that another one joins is an event of that one, at the end of its window, with the fields that
it was grouped by.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, Final

from vedette.correlate.burst import Burst, Bursts, Tally
from vedette.correlate.entry import Entry
from vedette.correlate.order import SLACK, Order
from vedette.correlate.stream import Bounds, Match, Stream
from vedette.sigma.correlation import Correlation
from vedette.sigma.references import Directory, Part, resolve

#: Reads a field's value off a match; None or the empty text where it is absent.
Reader = Callable[[str], Hashable]
_MEASURED: Final = ("value_sum", "value_avg")


@dataclasses.dataclass(frozen=True)
class Complete:
    """A burst that is complete.

    Attributes:
        correlation: whose.
        parts: the rules that it joins.
        burst: the matches.
    """

    correlation: Correlation
    parts: tuple[Part, ...]
    burst: Burst


class _Node:
    """One correlation, and the correlations that join it."""

    def __init__(
        self,
        correlation: Correlation,
        parts: tuple[Part, ...],
        bounds: Bounds,
        make_tally: Callable[[], Tally] | None,
    ) -> None:
        self.correlation = correlation
        self.parts = parts
        self.stream = Stream(
            correlation.kind,
            span=correlation.timespan,
            condition=correlation.condition,
            rules=len(parts),
            bounds=bounds,
        )
        self.bursts = Bursts(correlation.timespan, len(parts), make_tally=make_tally)
        self.above: list[tuple[_Node, int]] = []

    def entry(self, place: int, time: float, read: Reader, key: Hashable, item: Any) -> Entry:
        """An event of one of its rules."""
        part = self.parts[place]
        values = tuple(map(read, part.fields))
        if self.correlation.kind in _MEASURED:
            values = tuple(map(number_of, values))
        return Entry(time, place, tuple(map(read, part.group)), values, key=key, item=item)


class Evaluation:
    """Correlations at work.

    Args:
        correlations: those to evaluate, with all that they join.
        directory: of the set that they were loaded with.
        slack: seconds by which a match may be older than the newest one; infinite to put all in order first.
        make_tally: makes what each burst tells its events.
        item_of: what is told of a correlation's match to a correlation that joins it.
        on_match: told every match, for tests.

    Attributes:
        rules: ids of the rules whose matches are wanted.
    """

    def __init__(
        self,
        correlations: Sequence[Correlation],
        directory: Directory,
        *,
        slack: float = SLACK,
        make_tally: Callable[[], Tally] | None = None,
        item_of: Callable[[Correlation, Burst, Match], Any] | None = None,
        on_match: Callable[[Correlation, Match], None] | None = None,
    ) -> None:
        bounds = Bounds(events=max(2_000, 400_000 // max(2, len(correlations))))
        nodes = {one.id: _Node(one, resolve(one, directory), bounds, make_tally) for one in correlations}
        self._nodes = _upwards(nodes)
        self._routes: dict[str, list[tuple[_Node, int]]] = {}
        for node in self._nodes:
            for place, part in enumerate(node.parts):
                if isinstance(part.source, Correlation):
                    nodes[part.source.id].above.append((node, place))
                else:
                    self._routes.setdefault(part.source.id, []).append((node, place))
        self._order: Order[list[tuple[_Node, Entry]]] = Order(slack)
        self._item_of = item_of or (lambda _correlation, _burst, _match: None)
        self._on_match = on_match or (lambda _correlation, _match: None)
        self.rules = frozenset(self._routes)

    @property
    def held(self) -> int:
        """So many events are kept, one kept for several correlations counted for each."""
        return len(self._order) + sum(node.stream.held for node in self._nodes)

    @property
    def open(self) -> int:
        """So many bursts are not complete."""
        return sum(len(node.bursts) for node in self._nodes)

    @property
    def counts(self) -> Counter[str]:
        """What became of events that is worth telling, as in `Stream`."""
        found: Counter[str] = Counter()
        for node in self._nodes:
            found.update(node.stream.counts)
        return found

    def push(self, rule: str, time: float, read: Reader, *, key: Any, item: Any) -> list[Complete]:
        """Take a match of a rule.

        Args:
            rule: its id, one of `rules`.
            time: UTC epoch seconds.
            read: reads a field of the event.
            key: what the match is known by; orders matches of the same time.
            item: what is to be told of it.

        Returns:
            What is complete now.
        """
        entries = [(node, node.entry(place, time, read, key, item)) for node, place in self._routes[rule]]
        if time < self._order.mark:
            return [done for node, entry in entries for done in self._late(node, entry)]
        complete: list[Complete] = []
        before = self._order.mark
        for instant, items in self._order.push(time, key, entries):
            complete += self._at(instant, [pair for pairs in items for pair in pairs])
        if self._order.mark > before:
            complete += self._expired(self._order.mark)
        return complete

    def close(self) -> list[Complete]:
        """The log is at its end: all that is left."""
        complete: list[Complete] = []
        for instant, items in self._order.close():
            complete += self._at(instant, [pair for pairs in items for pair in pairs])
            complete += self._expired(instant)
        for node in self._nodes:
            complete += self._told(node, node.bursts.close())
        return complete

    def _at(self, time: float, pairs: Iterable[tuple[_Node, Entry]]) -> Iterator[Complete]:
        """All events of one time; correlations below come before those that join them."""
        waiting: dict[_Node, list[Entry]] = {}
        for node, entry in pairs:
            waiting.setdefault(node, []).append(entry)
        for node in self._nodes:
            entries = waiting.pop(node, None)
            for match in node.stream.take(time, entries) if entries else ():
                burst, complete = self._matched(node, match)
                yield from complete
                for above, entry in self._raised(node, burst, match):
                    waiting.setdefault(above, []).append(entry)

    def _late(self, node: _Node, entry: Entry) -> Iterator[Complete]:
        match = node.stream.late(entry)
        if match is None:
            return
        burst, complete = self._matched(node, match)
        yield from complete
        if not match.again:
            for above, raised in self._raised(node, burst, match):
                yield from self._late(above, raised)

    def _matched(self, node: _Node, match: Match) -> tuple[Burst, list[Complete]]:
        self._on_match(node.correlation, match)
        burst, complete = node.bursts.add(match)
        return burst, self._told(node, complete)

    def _raised(self, node: _Node, burst: Burst, match: Match) -> Iterator[tuple[_Node, Entry]]:
        """A correlation's match as an event of those that join it."""
        if not node.above:
            return
        values = dict(zip(node.correlation.group_by, match.group, strict=True))
        item = self._item_of(node.correlation, burst, match)
        for above, place in node.above:
            key = (node.correlation.id, match.group, match.end)
            yield above, above.entry(place, match.end, values.__getitem__, key, item)

    def _expired(self, mark: float) -> Iterator[Complete]:
        for node in self._nodes:
            node.stream.expire(mark)
            yield from self._told(node, node.bursts.expire(mark))

    @staticmethod
    def _told(node: _Node, bursts: Iterable[Burst]) -> list[Complete]:
        return [Complete(node.correlation, node.parts, burst) for burst in bursts]


def number_of(value: Hashable) -> int | float | None:
    """A value as a number to sum: numbers, and texts that are whole numbers in decimal; else None.

    >>> number_of(22), number_of("-3"), number_of("ten"), number_of(None)
    (22, -3, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.lstrip("+-").isdigit():
        try:
            return int(value)
        except ValueError:
            return None
    return None


def _upwards(nodes: dict[str, _Node]) -> tuple[_Node, ...]:
    """Each correlation after all that it joins."""
    placed: dict[str, _Node] = {}

    def place(node: _Node) -> None:
        if node.correlation.id in placed:
            return
        for part in node.parts:
            if isinstance(part.source, Correlation):
                place(nodes[part.source.id])
        placed[node.correlation.id] = node

    for node in nodes.values():
        place(node)
    return tuple(placed.values())

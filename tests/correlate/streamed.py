"""A correlation over rows by the streaming engine, for comparison with the reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vedette.correlate.entry import Entry
from vedette.correlate.order import Order
from vedette.correlate.reference import Group, Kind, Row
from vedette.correlate.stream import Bounds, Match, Stream
from vedette.sigma.correlation import Threshold


def matches(
    kind: Kind,
    rows: Iterable[Row],
    *,
    span: float,
    rules: int = 1,
    condition: Sequence[tuple[str, float]],
    slack: float = 30,
    bounds: Bounds | None = None,
) -> tuple[list[Match], Stream]:
    """The matches of rows that come in this order, and the stream that found them."""
    thresholds = tuple(Threshold(order, number) for order, number in condition)  # type: ignore[arg-type]
    stream = Stream(kind, span=span, condition=thresholds, rules=rules, bounds=bounds)
    order: Order[Entry] = Order(slack)
    found: list[Match] = []
    for number, row in enumerate(rows):
        entry = Entry(*row, key=number)
        if row.time < order.mark:
            match = stream.late(entry)
            found += [] if match is None else [match]
            continue
        for time, entries in order.push(row.time, number, entry):
            found += stream.take(time, entries)
        stream.expire(order.mark)
    for time, entries in order.close():
        found += stream.take(time, entries)
    return found, stream


def streamed(kind: Kind, rows: Iterable[Row], **settings: object) -> frozenset[tuple[Group, float]]:
    """What `vedette.correlate.reference.correlated` answers."""
    found, _ = matches(kind, rows, **settings)  # type: ignore[arg-type]
    ends = [(match.group, match.end) for match in found]
    assert len(ends) == len(set(ends))
    return frozenset(ends)

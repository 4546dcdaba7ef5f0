"""What a correlation means, slowly and obviously: the oracle of every engine that correlates.

A window is what a group has in the `span` seconds up to and including one of its events: an event that is exactly
`span` older still belongs to it. Every event ends one window, events of the same time the same one. A correlation
matches at the end of each window in which its condition holds.

Instead of these sliding windows, time can be cut into bins of `span` seconds, counted from the epoch; then a bin is
one window, which ends at its last event. Bins miss what lies across their edges.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg"]
Windows: TypeAlias = Literal["sliding", "bin"]
Group: TypeAlias = tuple[Hashable, ...]

_ORDERS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}


class Row(NamedTuple):
    """One event that matched one of the rules; an event that matched several has a row for each.

    Attributes:
        time: in seconds.
        rule: the place of the rule among those that the correlation joins.
        group: values of its `group_by`; None and the empty text are absent.
        values: values of its counted fields, numbers where they are summed or averaged; likewise.
    """

    time: float
    rule: int
    group: Group = ()
    values: tuple[Hashable, ...] = ()


def correlated(
    kind: Kind,
    rows: Iterable[Row],
    *,
    span: float,
    rules: int = 1,
    condition: Sequence[tuple[str, float]],
    windows: Windows = "sliding",
) -> frozenset[tuple[Group, float]]:
    """Where a correlation matches.

    Args:
        kind: what is done with the rows.
        rows: in any order.
        span: in seconds.
        rules: how many rules the correlation joins.
        condition: orders and numbers, all of which the window must meet; `temporal_ordered` always waits for all
            rules.
        windows: which windows are looked at.

    Returns:
        Group and time of the window's end. Rows that lack a value of their group or a counted one take no part.
    """
    groups: dict[Group, list[Row]] = {}
    for row in rows:
        if not any(map(_absent, (*row.group, *row.values))):
            groups.setdefault(row.group, []).append(row)
    found: set[tuple[Group, float]] = set()
    for group, members in groups.items():
        for end, window in _windows(members, span, windows):
            if kind == "temporal_ordered":
                ends = _ends(window, rules) if windows == "bin" else _ends(window, rules) & {end}
                found.update({(group, max(ends))} if ends else ())
            elif all(_ORDERS[order](_measure(kind, window), number) for order, number in condition):
                found.add((group, end))
    return frozenset(found)


def _windows(rows: Sequence[Row], span: float, windows: Windows) -> list[tuple[float, list[Row]]]:
    """End and rows of each window."""
    if windows == "sliding":
        return [(end, [row for row in rows if end - span <= row.time <= end]) for end in {row.time for row in rows}]
    bins: dict[float, list[Row]] = {}
    for row in rows:
        bins.setdefault(row.time // span, []).append(row)
    return [(max(row.time for row in members), members) for members in bins.values()]


def _measure(kind: Kind, window: Sequence[Row]) -> float:
    """What the condition is held against."""
    match kind:
        case "event_count":
            return len(window)
        case "value_count":
            return len({row.values for row in window})
        case "temporal":
            return len({row.rule for row in window})
        case "value_sum":
            return sum(map(_number, window))
        case "value_avg":
            return sum(map(_number, window)) / len(window)
        case "temporal_ordered":
            raise ValueError(kind)


def _ends(window: Sequence[Row], rules: int) -> set[float]:
    """Times at which all rules have matched one after the other; matches of the same time are in any order."""
    reached = {row.time for row in window if row.rule == 0}
    for rule in range(1, rules):
        reached = {row.time for row in window if row.rule == rule and any(before <= row.time for before in reached)}
    return reached


def _number(row: Row) -> float:
    (value,) = row.values
    assert isinstance(value, int | float)
    return value


def _absent(value: object) -> bool:
    return value is None or value == ""

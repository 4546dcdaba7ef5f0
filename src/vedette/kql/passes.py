"""Windows over events in one pass over rows in order: what `-O style=scan` writes, where that gives the same matches.

A join of windows with their events has as many rows as there are pairs of events in a window, which a burst can make
too many. In the order of group and time, `scan` carries along what a window needs, and `prev` looks back to the event
that is so many before. Rows of one time end one window: the last of them has seen the others, so the most counts.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from vedette.kql.strings import quote
from vedette.sigma.correlation import Correlation


def is_one_pass(correlation: Correlation) -> bool:
    """Whether one pass gives a correlation's matches."""
    return correlation.kind in ("temporal", "temporal_ordered") or _least(correlation) > 1


def one_pass(correlation: Correlation, events: str, keys: Sequence[str], span: str, held: str) -> list[str]:
    """The operators, from the events to the columns of the group, `WindowStart`, `WindowEnd` and perhaps `Count`.

    Args:
        correlation: one of which `is_one_pass` holds.
        events: the table of its events.
        keys: columns of its group.
        span: its timespan.
        held: its condition over `Count`.
    """
    if correlation.kind == "event_count":
        return _counted(_least(correlation), events, keys, span)
    numbered = [
        events,
        f"| extend Step = {_step(correlation.rules)}",
        f"| sort by {_order(*keys, 'EventTime', 'Step')}",
    ]
    if correlation.kind == "temporal":
        return [*numbered, *_together(len(correlation.rules), keys, span, held)]
    return [*numbered, *_in_order(len(correlation.rules), keys, span)]


def _counted(least: int, events: str, keys: Sequence[str], span: str) -> list[str]:
    """The event that is `least` before, itself counted, is in the window too."""
    same = " and ".join(f"{key} == prev({key}, {least - 1})" for key in keys)
    start = f"prev(EventTime, {least - 1})"
    return [
        events,
        f"| sort by {_order(*keys, 'EventTime')}",
        f"| extend WindowStart = {f'iff({same}, {start}, datetime(null))' if same else start}",
        f"| where EventTime - WindowStart <= {span}",
        f"| summarize WindowStart = max(WindowStart) by {_by(keys, 'WindowEnd = EventTime')}",
        f"| project {_by(keys, 'WindowStart', 'WindowEnd')}",
    ]


def _together(rules: int, keys: Sequence[str], span: str, held: str) -> list[str]:
    """`Last1` is the time of the latest match of the first rule, and so on."""
    lasts = [f"Last{number}" for number in range(1, rules + 1)]
    same = _same(keys)
    given = [
        f"{last} = iff(Step == {number}, EventTime, "
        + (f"iff({same}, s.{last}, datetime(null)))" if same else f"s.{last})")
        for number, last in enumerate(lasts, 1)
    ]
    recent = [f"EventTime - {last} <= {span}" for last in lasts]
    count = " + ".join(f"iff({one}, 1, 0)" for one in recent)
    starts = ", ".join(f"iff({one}, {last}, EventTime)" for one, last in zip(recent, lasts, strict=True))
    return [
        *_scan(lasts, given),
        f"| extend Count = {count}, WindowStart = {f'min_of({starts})' if rules > 1 else starts}",
        f"| summarize Count = max(Count), WindowStart = max(WindowStart) by {_by(keys, 'WindowEnd = EventTime')}",
        f"| where {held}",
        f"| project {_by(keys, 'WindowStart', 'WindowEnd', 'Count')}",
    ]


def _in_order(rules: int, keys: Sequence[str], span: str) -> list[str]:
    """`Start1` is the time of the latest match of the first rule.

    `Start2` is the start of the latest match of the second that followed one of the first, and so on.
    """
    starts = [f"Start{number}" for number in range(1, rules + 1)]
    same = _same(keys)
    given = [f"Start1 = iff(Step == 1, EventTime, {f'iff({same}, s.Start1, datetime(null))' if same else 's.Start1'})"]
    for number, (before, start) in enumerate(itertools.pairwise(starts), 2):
        reached = f"iff(Step == {number}, s.{before}, s.{start})"
        given.append(f"{start} = iff({same}, {reached}, datetime(null))" if same else f"{start} = {reached}")
    return [
        *_scan(starts, given),
        f"| where Step == {rules} and EventTime - {starts[-1]} <= {span}",
        f"| summarize WindowStart = max({starts[-1]}) by {_by(keys, 'WindowEnd = EventTime')}",
        f"| project {_by(keys, 'WindowStart', 'WindowEnd')}",
    ]


def _scan(columns: Sequence[str], given: Sequence[str]) -> list[str]:
    """One step that every row meets; `s` is the row before, with what was assigned to it."""
    return [
        f"| scan declare ({', '.join(f'{column}: datetime' for column in columns)}) with (",
        f"    step s: true => {', '.join(given)};",
        ")",
    ]


def _least(correlation: Correlation) -> int:
    """How many events a count asks for at least, and nothing else; 0 if it asks otherwise."""
    if correlation.kind != "event_count" or len(correlation.condition) != 1:
        return 0
    (one,) = correlation.condition
    return int(one.number) + (one.order == "gt") if one.order in ("gt", "gte") else 0


def _step(rules: Sequence[str]) -> str:
    """The number of a row's rule."""
    cases = ", ".join(f"Rule == {quote(rule)}, {number}" for number, rule in enumerate(rules[:-1], 1))
    return f"case({cases}, {len(rules)})" if cases else "1"


def _same(keys: Sequence[str]) -> str:
    return " and ".join(f"{key} == s.{key}" for key in keys)


def _order(*columns: str) -> str:
    return ", ".join(f"{column} asc" for column in columns)


def _by(keys: Sequence[str], *columns: str) -> str:
    return ", ".join((*keys, *columns))

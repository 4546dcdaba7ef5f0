"""Windows over events, as KQL that needs neither `scan` nor `prev()`: joins and sums alone.

Events stand in a table with the columns `EventTime`, `Rule` where there are several rules, those of the group and
those that are counted. A window ends at an event and reaches back by the timespan, both ends included. So that an event
is not joined with all others of its group, time is cut into buckets of one timespan: a window lies in the bucket of its
end and the one before, and each event stands in its own bucket and in the next. Events of one time end one window.

Fixed bins are buckets alone: cheaper, and blind to what lies across their edges.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from vedette.kql.passes import is_one_pass, one_pass
from vedette.kql.strings import quote
from vedette.sigma.correlation import Correlation

Windows: TypeAlias = Literal["sliding", "bin"]
Style: TypeAlias = Literal["classic", "scan"]
_SIGNS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "==", "neq": "!="}
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
#: Columns of ours that no column of a group may be named like.
OURS: Final = frozenset(
    {
        "EventTime",
        "Rule",
        "Bucket",
        "StepTime",
        "NextTime",
        "WindowStart",
        "WindowEnd",
        "Count",
        "Sum",
        "Average",
        "Step",
    }
)
#: What columns of ours that are numbered begin with.
NUMBERED: Final = ("Start", "Last")


@dataclasses.dataclass(frozen=True)
class Events:
    """A table of events to correlate.

    Attributes:
        name: of its `let` statement.
        suffix: sets the names of further statements apart from those of other correlations in the query.
        keys: columns of the group.
        values: columns that are counted.
    """

    name: str
    suffix: str
    keys: tuple[str, ...]
    values: tuple[str, ...]

    def by(self, *columns: str) -> str:
        """The columns of the group, then these."""
        return ", ".join((*self.keys, *columns))


def duration(seconds: int) -> str:
    """A literal of time in the largest unit that divides it.

    >>> duration(5400)
    '90m'
    """
    size, unit = next((size, unit) for size, unit in _UNITS if not seconds % size)
    return f"{seconds // size}{unit}"


def scans(correlation: Correlation, windows: Windows, style: Style) -> bool:
    """Whether a correlation is written as one pass over rows in order."""
    return style == "scan" and windows == "sliding" and is_one_pass(correlation)


def matches(
    correlation: Correlation, events: Events, windows: Windows, style: Style = "classic"
) -> tuple[tuple[str, ...], str]:
    """Where a correlation matches.

    Args:
        correlation: its kind, rules, timespan and condition.
        events: where its events stand.
        windows: in which windows it looks.
        style: what is written where there is a choice.

    Returns:
        `let` statements, and the table of matches: columns of the group, `WindowStart`, `WindowEnd`, and what was
        counted, summed or averaged.
    """
    span = duration(correlation.timespan)
    if scans(correlation, windows, style):
        return (), _lines(*one_pass(correlation, events.name, events.keys, span, _held("Count", correlation)))
    if correlation.kind == "temporal_ordered":
        return _steps(correlation.rules, events, span, windows)
    head = [events.name]
    if windows == "sliding":
        head += [
            f"| summarize by {events.by(f'WindowEnd = EventTime, Bucket = bin(EventTime, {span})')}",
            _join(events.name, "EventTime", events, span, windows),
            f"| where EventTime between ((WindowEnd - {span}) .. WindowEnd)",
        ]
    name, sums = _sums(correlation, events, span, windows)
    held = f"| where {_held(name, correlation)}"
    return (), _lines(*head, *sums, held, f"| project {events.by('WindowStart', 'WindowEnd', name)}")


def _sums(correlation: Correlation, events: Events, span: str, windows: Windows) -> tuple[str, list[str]]:
    """The column that the condition is about, and the operators that fill it for each window."""

    def over(aggregate: str, *apart: str, again: bool = False) -> str:
        """Sum up the rows of a window, or what an earlier operator has summed up of it."""
        start, end = ("WindowStart", "WindowEnd") if again else ("EventTime", "EventTime")
        found = [aggregate] * bool(aggregate) + [f"WindowStart = min({start})"]
        window = "WindowEnd"
        if windows == "bin":
            found.append(f"WindowEnd = max({end})")
            window = "Bucket" if again else f"Bucket = bin(EventTime, {span})"
        return f"| summarize {', '.join(found)} by {events.by(*apart, window)}"

    match correlation.kind:
        case "event_count":
            return "Count", [over("Count = count()")]
        case "value_sum":
            return "Sum", [over(f"Sum = sum({events.values[0]})")]
        case "value_avg":
            return "Average", [over(f"Average = avg({events.values[0]})")]
    # `dcount` only estimates; two sums are exact.
    apart = events.values if correlation.kind == "value_count" else ("Rule",)
    return "Count", [over("", *apart), over("Count = count()", again=True)]


def _steps(rules: Sequence[str], events: Events, span: str, windows: Windows) -> tuple[tuple[str, ...], str]:
    """Rule after rule: each step holds when its rule has matched behind those before, and the latest possible start."""
    names = [f"Step{number}{events.suffix}" for number in range(1, len(rules) + 1)]
    lets = [
        _lines(
            f"let {names[0]} = {events.name}",
            f"| where Rule == {quote(rules[0])}",
            f"| summarize by {events.by('StepTime = EventTime')}",
            "| extend WindowStart = StepTime",
        )
    ]
    within = f" and WindowStart >= NextTime - {span}" if windows == "sliding" else ""
    lets += [
        _lines(
            f"let {name} = {events.name}",
            f"| where Rule == {quote(rule)}",
            f"| summarize by {events.by(f'NextTime = EventTime, Bucket = bin(EventTime, {span})')}",
            _join(before, "StepTime", events, span, windows),
            f"| where StepTime <= NextTime{within}",
            f"| summarize WindowStart = max(WindowStart) by {events.by('NextTime')}",
            f"| project {events.by('StepTime = NextTime', 'WindowStart')}",
        )
        for name, before, rule in zip(names[1:], names, rules[1:], strict=False)
    ]
    if windows == "sliding":
        return tuple(lets), _lines(names[-1], f"| project {events.by('WindowStart', 'WindowEnd = StepTime')}")
    ends = "| summarize WindowStart = max(WindowStart), WindowEnd = max(StepTime)"
    return tuple(lets), _lines(
        names[-1],
        f"{ends} by {events.by(f'Bucket = bin(StepTime, {span})')}",
        f"| project {events.by('WindowStart', 'WindowEnd')}",
    )


def _join(table: str, time: str, events: Events, span: str, windows: Windows) -> str:
    """Join with the rows of a table that may lie in the window: those of the same bucket, or of the one before too."""
    own = f"{table} | extend Bucket = bin({time}, {span})"
    if windows == "sliding":
        own = f"union ({own}), ({own} + {span})"
    return f"| join kind=inner ({own}) on {events.by('Bucket')}"


def _held(name: str, correlation: Correlation) -> str:
    """The condition over a column."""
    return " and ".join(f"{name} {_SIGNS[one.order]} {one.number}" for one in correlation.condition)


def _lines(*lines: str) -> str:
    return "\n".join(lines)

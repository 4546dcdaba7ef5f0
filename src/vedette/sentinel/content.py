"""A rule as an analytics rule and as a hunting query, as data."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from vedette.event import LogSource
from vedette.kql.convert import Query
from vedette.sentinel.description import describe
from vedette.sentinel.duplicates import KEY
from vedette.sentinel.duration import iso, minutes, written
from vedette.sentinel.limits import read_limits
from vedette.sentinel.made import read_made
from vedette.sentinel.mapping import Mapped
from vedette.sentinel.technique import Tags
from vedette.sentinel.writing import plain
from vedette.sigma.correlation import Correlation
from vedette.sigma.rule import Rule

Form: TypeAlias = Literal["analytics", "hunting"]
#: Names every id that is made here; never to be changed, or all content would be new to a workspace.
_NAMESPACE: Final = uuid.UUID("6f0b8a5e-0d5c-5f0e-9d0e-2b6f4f1f7f0a")
VERSION: Final = "1.0.0"
#: Minutes that events may come late, by which a run looks back further than to the last one.
LATE: Final = 15
#: Shortest and longest span within which Sentinel joins alerts of one key into an incident, in minutes.
_JOINED: Final = (300, 10_080)


class Schedule(msgspec.Struct, frozen=True):
    """How often analytics rules run, and how far they look back, in minutes.

    Attributes:
        frequency: minutes between two runs.
        period: minutes that a run looks back; more than `frequency`, so that events that arrive late are seen.
    """

    frequency: int
    period: int

    @classmethod
    def of(cls, frequency: str, period: str | None) -> Schedule:
        """A schedule as a user writes it; without a period it is the frequency and a quarter of an hour.

        Raises:
            ValueError: one is no duration, or they are out of bounds; the message says which.
        """
        limits = read_limits()
        spans: list[int] = []
        for name, text in (("frequency", frequency), ("period", period)):
            span = minutes(text) if text is not None else spans[0] + LATE
            if span is None:
                raise ValueError(f"the {name} is no duration: {text!r}; write a number and m, h or d, as 5m, 1h or 14d")
            limit = limits.limit(f"{name}-range")
            if text is None:
                span = min(span, limit.most)
            if not limit.least <= span <= limit.most:
                raise ValueError(f"the {name} is {text}; allowed are {written(limit.least)} to {written(limit.most)}")
            spans.append(span)
        if spans[1] < spans[0]:
            raise ValueError(f"the period, {period}, is less than the frequency, {frequency}")
        return cls(*spans)

    def over(self, timespan: int) -> Schedule:
        """The schedule for a correlation: a run sees each window whole that ends since the last one.

        Args:
            timespan: of the correlation, in seconds.
        """
        long = read_limits().limit("period-long")
        period = max(self.period, -(-timespan // 60) + self.frequency + LATE)
        if period >= long.most and self.frequency < long.least:
            return Schedule(long.least, period + long.least - self.frequency)
        return Schedule(self.frequency, period)


def identity(query: Query, form: Form) -> str:
    """The id of the content of a rule: the same in every run and on every machine."""
    told = f"{form}:{query.target}:{query.rule.id}:{query.part[0]}"
    return str(uuid.uuid5(_NAMESPACE, told))


def hunting(query: Query, mapped: Mapped, tags: Tags, joined: Sequence[Rule] = ()) -> dict[str, Any]:
    """A hunting query."""
    return _ordered(
        {
            "id": identity(query, "hunting"),
            "name": _name(query),
            "description": describe(query.rule, joined),
            "requiredDataConnectors": _connectors(query),
            "tactics": list(tags.tactics),
            "relevantTechniques": list(tags.techniques),
            "query": mapped.text,
            "entityMappings": mapped.entities,
            "version": VERSION,
        }
    )


def analytics(
    query: Query, mapped: Mapped, tags: Tags, schedule: Schedule, joined: Sequence[Rule] = ()
) -> dict[str, Any]:
    """An analytics rule that runs on a schedule, and makes an alert of each row."""
    rule = query.rule
    if isinstance(rule, Correlation):
        schedule = schedule.over(rule.timespan)
    grouping = {
        "createIncident": True,
        "groupingConfiguration": {
            "enabled": True,
            "reopenClosedIncident": False,
            "lookbackDuration": iso(min(max(2 * schedule.period, _JOINED[0]), _JOINED[1])),
            "matchingMethod": "Selected",
            "groupByEntities": [],
            "groupByAlertDetails": [],
            "groupByCustomDetails": [KEY],
        },
    }
    return _ordered(
        {
            "id": identity(query, "analytics"),
            "kind": "Scheduled",
            "name": _name(query),
            "description": describe(rule, joined),
            "severity": read_made().severities[rule.level],
            "requiredDataConnectors": _connectors(query),
            "queryFrequency": written(schedule.frequency),
            "queryPeriod": written(schedule.period),
            "triggerOperator": "gt",
            "triggerThreshold": 0,
            "tactics": list(tags.tactics),
            "relevantTechniques": list(tags.techniques),
            "query": mapped.text,
            "entityMappings": mapped.entities,
            "customDetails": mapped.details,
            "eventGroupingSettings": {"aggregationKind": "AlertPerResult"},
            "incidentConfiguration": grouping if KEY in mapped.details else {},
            "version": VERSION,
        }
    )


def _ordered(content: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty, except that connectors are named even where there are none."""
    return {key: value for key, value in content.items() if value not in ([], {}) or key == "requiredDataConnectors"}


def _name(query: Query) -> str:
    number, count = query.part
    end = f" (part {number} of {count})" if count > 1 else ""
    most = read_limits().limit("name-length").most - len(end)
    return " ".join(plain(query.rule.title).split())[:most].rstrip() + end


def _connectors(query: Query) -> list[dict[str, Any]]:
    rule = query.rule
    logsource = LogSource("", "", "") if isinstance(rule, Correlation) else rule.logsource
    return read_made().connectors_of(query.target, logsource)

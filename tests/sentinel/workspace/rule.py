"""What the service asks of an alert rule beyond its schema: a schedule that holds together, columns that exist."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_SHORTEST: Final = dt.timedelta(minutes=5)
_LONGEST: Final = dt.timedelta(days=14)


def duration(text: str) -> dt.timedelta:
    """A duration of ISO 8601 in days and less.

    Raises:
        ValueError: it is none.
    """
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ValueError(text)
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def named(properties: Mapping[str, Any]) -> dict[str, str]:
    """The columns that a rule names beside its query, each with what names it."""
    mapped = {
        field["columnName"]: f"the entity {entity['entityType']}"
        for entity in properties.get("entityMappings") or ()
        for field in entity["fieldMappings"]
    }
    return mapped | {
        column: f"the custom detail {key}" for key, column in (properties.get("customDetails") or {}).items()
    }


def faults(properties: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    """What is wrong with a rule.

    Args:
        properties: of the rule; they keep to the schema.
        columns: of the result of its query.
    """
    frequency, period = duration(properties["queryFrequency"]), duration(properties["queryPeriod"])
    found = [
        f"{name} must lie between 5 minutes and 14 days."
        for name, value in (("queryFrequency", frequency), ("queryPeriod", period))
        if not _SHORTEST <= value <= _LONGEST
    ]
    if period < frequency:
        found.append("queryPeriod must not be shorter than queryFrequency.")
    if period >= dt.timedelta(days=2) and frequency < dt.timedelta(hours=1):
        found.append("queryFrequency must be an hour or more where queryPeriod is two days or more.")
    mapped = named(properties)
    found += [
        f"{mapped[column]} names {column!r}, no column of the query." for column in mapped if column not in columns
    ]
    grouping = (properties.get("incidentConfiguration") or {}).get("groupingConfiguration") or {}
    chosen = ("groupByEntities", "groupByAlertDetails", "groupByCustomDetails")
    if grouping.get("matchingMethod") == "Selected" and not any(grouping.get(key) for key in chosen):
        found.append("matchingMethod Selected asks for entities, alert details or custom details to group by.")
    return found

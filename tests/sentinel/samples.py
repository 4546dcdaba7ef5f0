"""Content for tests."""

from __future__ import annotations

import copy
from typing import Any

from vedette.sentinel.writing import document

ANALYTICS: dict[str, Any] = {
    "id": "b61dc26c-79c8-5beb-9dc5-6a0c769fae85",
    "kind": "Scheduled",
    "name": "Firewall emptied",
    "description": "Somebody empties the firewall.\n\nAuthor: A. Nother",
    "severity": "Medium",
    "requiredDataConnectors": [{"connectorId": "SyslogAma", "dataTypes": ["Syslog"]}],
    "queryFrequency": "1h",
    "queryPeriod": "75m",
    "triggerOperator": "gt",
    "triggerThreshold": 0,
    "tactics": ["DefenseEvasion"],
    "relevantTechniques": ["T1562.004"],
    "query": 'imProcessCreate\n| where TargetUsername =~ "eve"',
    "entityMappings": [
        {
            "entityType": "Process",
            "fieldMappings": [{"identifier": "CommandLine", "columnName": "TargetProcessCommandLine"}],
        }
    ],
    "customDetails": {"Image": "TargetProcessName"},
    "alertDetailsOverride": {"alertDisplayNameFormat": "{{Dvc}}", "alertDescriptionFormat": "by {{TargetUsername}}"},
    "eventGroupingSettings": {"aggregationKind": "AlertPerResult"},
    "version": "1.0.0",
}
_NOT_HUNTING = (
    *("kind", "severity", "queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"),
    *("customDetails", "alertDetailsOverride", "eventGroupingSettings"),
)
HUNTING: dict[str, Any] = {key: value for key, value in ANALYTICS.items() if key not in _NOT_HUNTING}


def changed(way: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """The analytics rule with another value in a place; `None` takes the key away."""
    content = copy.deepcopy(ANALYTICS)
    inner: Any = content
    for step in way[:-1]:
        inner = inner[step]
    if value is None:
        del inner[way[-1]]
    else:
        inner[way[-1]] = value
    return content


def text(content: dict[str, Any]) -> str:
    """The content as a file's text."""
    return document(content)

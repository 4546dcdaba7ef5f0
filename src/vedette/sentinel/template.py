"""Content as templates that Azure Resource Manager deploys: rules, hunting queries and watchlists in one file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from vedette.sentinel.duration import iso, minutes

#: Most that one template holds, below the 800 resources and 4 MiB that the service takes.
MAX_RESOURCES: Final = 700
MAX_BYTES: Final = 3 << 20
#: Of the REST interfaces of alert rules and of saved searches.
RULES_API: Final = "2024-09-01"
SEARCHES_API: Final = "2020-08-01"
_SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
_WORKSPACES: Final = "Microsoft.OperationalInsights/workspaces"
_SAME: Final = ("entityMappings", "customDetails", "eventGroupingSettings", "incidentConfiguration")
_OPERATORS: Final = {"gt": "GreaterThan", "lt": "LessThan", "eq": "Equal", "ne": "NotEqual"}


def plain(value: Any) -> Any:
    """Data in which no text is taken for an expression of templates.

    >>> plain({"query": "[concat('a')]", "list": ["a", 1]})
    {'query': "[[concat('a')]", 'list': ['a', 1]}
    """
    if isinstance(value, str):
        return f"[{value}" if value.startswith("[") else value
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def unescaped(value: Any) -> Any:
    """Data as they were before `plain`.

    >>> unescaped({"query": "[[concat('a')]"})
    {'query': "[concat('a')]"}
    """
    if isinstance(value, str):
        return value[1:] if value.startswith("[[") else value
    if isinstance(value, Mapping):
        return {key: unescaped(inner) for key, inner in value.items()}
    return [unescaped(inner) for inner in value] if isinstance(value, list | tuple) else value


def rule(content: Mapping[str, Any], needs: Sequence[str] = ()) -> dict[str, Any]:
    """An analytics rule as a resource, switched on or off by a parameter.

    Args:
        content: as rendered.
        needs: aliases of the watchlists that its query reads.
    """
    # The interface takes techniques without their parts.
    techniques = sorted({number.partition(".")[0] for number in content.get("relevantTechniques", ())})
    told = {
        "displayName": content["name"],
        "description": content["description"],
        "severity": content["severity"],
        "query": content["query"],
        "queryFrequency": iso(minutes(content["queryFrequency"]) or 0),
        "queryPeriod": iso(minutes(content["queryPeriod"]) or 0),
        "triggerOperator": _OPERATORS[content["triggerOperator"]],
        "triggerThreshold": content["triggerThreshold"],
        "suppressionEnabled": False,
        "suppressionDuration": "PT1H",
        "tactics": content.get("tactics", []),
        "techniques": techniques,
        **{key: content[key] for key in _SAME if key in content},
    }
    return {
        "type": f"{_WORKSPACES}/providers/alertRules",
        "apiVersion": RULES_API,
        "name": _inside(content["id"]),
        "kind": content["kind"],
        "dependsOn": [_id("Watchlists", alias) for alias in needs],
        "properties": {**plain(told), "enabled": "[parameters('enabled')]"},
    }


def search(content: Mapping[str, Any], needs: Sequence[str] = ()) -> dict[str, Any]:
    """A hunting query as a resource: a saved search of the category that Sentinel shows."""
    tags = {
        "description": content["description"],
        "tactics": ",".join(content.get("tactics", ())),
        "techniques": ",".join(content.get("relevantTechniques", ())),
    }
    told = {
        "displayName": content["name"],
        "category": "Hunting Queries",
        "query": content["query"],
        "version": 2,
        "tags": [{"name": name, "value": value} for name, value in tags.items() if value],
    }
    return {
        "type": f"{_WORKSPACES}/savedSearches",
        "apiVersion": SEARCHES_API,
        "name": f"[concat(parameters('workspace'), '/{content['id']}')]",
        "dependsOn": [_id("Watchlists", alias) for alias in needs],
        "properties": plain(told),
    }


def watchlist(alias: str, properties: Mapping[str, Any], api: str) -> dict[str, Any]:
    """A watchlist as a resource, with its rows."""
    return {
        "type": f"{_WORKSPACES}/providers/Watchlists",
        "apiVersion": api,
        "name": _inside(alias),
        "properties": plain(properties),
    }


def templates(groups: Iterable[Sequence[Mapping[str, Any]]]) -> list[str]:
    """Resources as the text of as few templates as they fit into.

    Args:
        groups: resources that must stand in one template, as a rule and its watchlists.
    """
    parts: list[list[Mapping[str, Any]]] = []
    size = 0
    for group in groups:
        more = len(msgspec.json.encode(group))
        if not parts or len(parts[-1]) + len(group) > MAX_RESOURCES or size + more > MAX_BYTES:
            parts.append([])
            size = 0
        parts[-1] += group
        size += more
    return [_template(resources) for resources in parts]


def _template(resources: Sequence[Mapping[str, Any]]) -> str:
    content = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {
            "workspace": {"type": "string", "metadata": {"description": "Name of the Log Analytics workspace"}},
            "enabled": {
                "type": "bool",
                "defaultValue": False,
                "metadata": {"description": "Whether the analytics rules run"},
            },
        },
        "resources": resources,
    }
    return msgspec.json.format(msgspec.json.encode(content)).decode() + "\n"


def _inside(name: str) -> str:
    return f"[concat(parameters('workspace'), '/Microsoft.SecurityInsights/{name}')]"


def _id(kind: str, name: str) -> str:
    names = f"parameters('workspace'), 'Microsoft.SecurityInsights', '{name}'"
    return f"[resourceId('{_WORKSPACES}/providers/{kind}', {names})]"

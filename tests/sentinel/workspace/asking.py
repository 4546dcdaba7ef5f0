"""Short ways for tests to ask a workspace by Microsoft's clients, without retries."""

from __future__ import annotations

import datetime as dt
from typing import Any

from azure.core.rest import HttpRequest, HttpResponse
from azure.monitor.query import LogsQueryResult
from tests.sentinel.workspace import Workspace

RULES = "providers/Microsoft.SecurityInsights/alertRules"
WATCHLISTS = "providers/Microsoft.SecurityInsights/watchlists"


def process(**more: Any) -> dict[str, Any]:
    """A row of process events, of now."""
    return {
        "TimeGenerated": dt.datetime.now(dt.UTC).isoformat(),
        "EventType": "ProcessCreated",
        "DvcHostname": "gw-1",
        "TargetProcessName": "/usr/sbin/iptables",
        "TargetProcessCommandLine": "iptables -F ufw-logging-deny",
        **more,
    }


def upload(workspace: Workspace, *rows: dict[str, Any], **options: Any) -> None:
    """Ingest rows of process events."""
    with workspace.connection().ingestion(workspace.url, **{"retry_total": 0, **options}) as client:
        client.upload(workspace.dcr, workspace.stream, list(rows))


def ask(workspace: Workspace, query: str, **options: Any) -> list[list[Any]]:
    """The rows that a query finds."""
    with workspace.connection().logs(retry_total=0) as client:
        answer = client.query_workspace(workspace.id, query, **{"timespan": None, **options})
    assert isinstance(answer, LogsQueryResult)
    return [list(row) for row in answer.tables[0].rows]


def send(workspace: Workspace, method: str, path: str, body: Any = None, **options: Any) -> HttpResponse:
    """Ask Azure Resource Manager for what lies below the workspace, or at an address."""
    version = options.pop("version", "2025-07-01" if "savedSearches" in path else "2024-09-01")
    with workspace.connection().manager(retry_total=0) as client:
        url = path if path.startswith("https:") else client.format_url(f"{workspace.resource}/{path}")
        if "api-version" not in url and version:
            url += f"?api-version={version}"
        request = HttpRequest(method, url, json=body, **options)
        return client.send_request(request)


def scheduled(**more: Any) -> dict[str, Any]:
    """The body of a scheduled alert rule."""
    known = {
        "displayName": "a rule",
        "enabled": True,
        "severity": "Low",
        "query": "imProcessCreate",
        "queryFrequency": "PT1H",
        "queryPeriod": "PT75M",
        "triggerOperator": "GreaterThan",
        "triggerThreshold": 0,
        "suppressionEnabled": False,
        "suppressionDuration": "PT5H",
        "tactics": ["DefenseEvasion"],
        "techniques": ["T1562"],
    }
    return {"kind": "Scheduled", "properties": {**known, **more}}


def listed(**more: Any) -> dict[str, Any]:
    """The body of a watchlist with two rows."""
    known = {
        "displayName": "a list",
        "provider": "Vedette",
        "source": "Local file",
        "itemsSearchKey": "Path",
        "contentType": "text/csv",
        "rawContent": "Path,Expires\n/opt/a,\n/opt/b,2020-01-01T00:00:00Z\n",
    }
    return {"properties": {**known, **more}}

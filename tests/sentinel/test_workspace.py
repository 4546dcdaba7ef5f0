"""The workspace of the tests, asked by Microsoft's own clients."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.monitor.query import LogsBatchQuery, LogsQueryError, LogsQueryResult, LogsQueryStatus
from tests.sentinel.workspace import Workspace


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


def upload(workspace: Workspace, *rows: dict[str, Any]) -> None:
    with workspace.connection().ingestion(workspace.url, retry_total=0) as client:
        client.upload(workspace.dcr, workspace.stream, list(rows))


def ask(workspace: Workspace, query: str, **options: Any) -> list[list[Any]]:
    with workspace.connection().logs(retry_total=0) as client:
        answer = client.query_workspace(workspace.id, query, **{"timespan": None, **options})
    assert isinstance(answer, LogsQueryResult)
    return [list(row) for row in answer.tables[0].rows]


def test_rows_that_are_ingested_are_found(workspace):
    upload(workspace, process(), process(TargetProcessName="/bin/ls", TargetProcessCommandLine="ls"))
    assert ask(workspace, "imProcessCreate | where Process endswith '/iptables' | project Dvc, CommandLine") == [
        ["gw-1", "iptables -F ufw-logging-deny"]
    ]
    assert ask(workspace, '_Im_ProcessCreate(targetprocess_has_any=dynamic(["ls"])) | project CommandLine') == [["ls"]]
    assert workspace.violations == []
    assert [one.status for one in workspace.requests] == [204, 200, 200]


def test_a_batch_answers_each_query(workspace):
    queries = ["imProcessCreate | count", "imProcessCreate | where Nothing == 1", "imProcessCreate | wher"]
    with workspace.connection().logs(retry_total=0) as client:
        good, unknown, broken = client.query_batch(
            [LogsBatchQuery(workspace.id, query, timespan=dt.timedelta(days=1)) for query in queries]
        )
    assert good.status == LogsQueryStatus.SUCCESS
    assert isinstance(unknown, LogsQueryError)
    assert (unknown.code, "Nothing" in unknown.message) == ("BadArgumentError", True)
    assert isinstance(broken, LogsQueryError)
    assert workspace.violations == []


def test_a_wrong_row_is_refused(workspace):
    with pytest.raises(HttpResponseError) as refused:
        upload(workspace, process(TargetProcessId=12))
    assert refused.value.status_code == 400
    assert workspace.tables.get("ASimProcessEventLogs", []) == []
    assert "TargetProcessId" in workspace.violations[0]


def test_a_rule_is_kept_by_its_schema(workspace):
    path = f"{workspace.resource}/providers/Microsoft.SecurityInsights/alertRules/one?api-version=2024-09-01"
    rule = {
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
    }
    with workspace.connection().manager(retry_total=0) as client:

        def put(**more: object) -> int:
            body = {"kind": "Scheduled", "properties": {**rule, **more}}
            answer = client.send_request(HttpRequest("PUT", client.format_url(path), json=body))
            return int(answer.status_code)

        assert [put(), put(), put(severity="Mild")] == [201, 200, 400]
    assert workspace.rules["one"]["properties"]["displayName"] == "a rule"
    assert len(workspace.violations) == 1

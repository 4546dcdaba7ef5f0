"""Ingestion, as Microsoft's client sends it."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from tests.sentinel.workspace.asking import ask, process, send, upload
from tests.sentinel.workspace.parsers import PROCESS

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def at(**ago: float) -> str:
    return (NOW - dt.timedelta(**ago)).isoformat()


@pytest.mark.parametrize(("ago", "kept"), [(47, True), (49, False), (-23, True), (-25, False)])
def test_a_time_that_lies_too_far_off_becomes_that_of_the_arrival(workspace, ago, kept):
    workspace.clock = lambda: NOW
    upload(workspace, process(TimeGenerated=at(hours=ago), EventStartTime=at(hours=ago), EventEndTime=at(hours=ago)))
    (row,) = workspace.tables[PROCESS]
    when = dt.datetime.fromisoformat(row["TimeGenerated"])
    assert when == (NOW - dt.timedelta(hours=ago) if kept else NOW)
    assert dt.datetime.fromisoformat(row["EventStartTime"]) == NOW - dt.timedelta(hours=ago)
    assert row["_TimeReceived"] == "2026-11-24T12:00:00Z"
    found = ask(workspace, "imProcessCreate | project EventStartTime, ingestion_time(), TimeGenerated")
    assert found == [[NOW - dt.timedelta(hours=ago), NOW, when]]


def test_a_row_without_an_end_loses_its_start(workspace):
    """The parser of the native table has it so."""
    workspace.clock = lambda: NOW
    upload(workspace, process(TimeGenerated=at(days=7), EventStartTime=at(days=7)))
    assert ask(workspace, "imProcessCreate | project EventStartTime, EventEndTime") == [[NOW, NOW]]


def test_a_row_of_another_type_is_no_creation(workspace):
    upload(workspace, process(EventType="ProcessTerminated"), process())
    assert ask(workspace, "imProcessCreate | count") == [[1]]
    assert ask(workspace, "imProcessEvent | count") == [[2]]


def test_rows_get_an_id_each(workspace):
    upload(workspace, process(), process())
    assert len({row["_ItemId"] for row in workspace.tables[PROCESS]}) == 2
    assert ask(workspace, "imProcessCreate | summarize dcount(EventUid)") == [[2]]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"TargetProcessId": 12}, "TargetProcessId"),
        ({"EventCount": "1"}, "EventCount"),
        ({"EventCount": 2**31}, "EventCount"),
        ({"EventStartTime": "yesterday"}, "EventStartTime"),
        ({"Nothing": "x"}, "Nothing"),
        ({"Type": "x"}, "Type"),
        ({"_ResourceId": "x"}, "_ResourceId"),
        ({"TimeGenerated": None}, "TimeGenerated"),
    ],
)
def test_a_wrong_row_is_refused_with_its_call(workspace, row, said):
    with pytest.raises(HttpResponseError) as refused:
        upload(workspace, process(), process(**row))
    assert refused.value.status_code == 400
    assert workspace.tables.get(PROCESS, []) == []
    assert said in workspace.violations[0]


def test_a_row_without_a_time_is_refused(workspace):
    row = process()
    del row["TimeGenerated"]
    with pytest.raises(HttpResponseError):
        upload(workspace, row)
    assert "TimeGenerated" in workspace.violations[0]


def test_a_call_that_is_too_large_is_refused(workspace):
    rows = [process(TargetProcessCommandLine="x" * 60_000) for _ in range(18)]
    body = json.dumps(rows).encode()
    with workspace.connection().ingestion(workspace.url, retry_total=0) as client:
        with pytest.raises(HttpResponseError) as refused:
            client.upload(workspace.dcr, workspace.stream, io.BytesIO(body))
        assert refused.value.status_code == 413
        client.upload(workspace.dcr, workspace.stream, rows)
    assert len(workspace.tables[PROCESS]) == 18
    assert [one.status for one in workspace.requests] == [413, 204, 204]


def test_a_long_value_is_cut(workspace):
    upload(workspace, process(TargetProcessCommandLine="x" * 70_000))
    assert ask(workspace, "imProcessCreate | project strlen(CommandLine)") == [[65_536]]


@pytest.mark.parametrize(("rule", "stream", "status"), [("dcr-0", "", 404), ("", "Custom-Nothing", 400)])
def test_another_rule_or_stream_is_refused(workspace, rule, stream, status):
    with workspace.connection().ingestion(workspace.url) as client, pytest.raises(HttpResponseError) as refused:
        client.upload(rule or workspace.dcr, stream or workspace.stream, [process()])
    assert refused.value.status_code == status


def test_a_rule_that_is_put_in_place_brings_its_streams(workspace):
    insights = f"{workspace.url}{workspace.group}/providers/Microsoft.Insights"
    columns = [{"name": "TimeGenerated", "type": "datetime"}, {"name": "TargetProcessName", "type": "string"}]
    body: dict[str, Any] = {
        "location": "westeurope",
        "kind": "Direct",
        "properties": {
            "streamDeclarations": {"Custom-Mine": {"columns": columns}},
            "destinations": {"logAnalytics": [{"workspaceResourceId": workspace.resource, "name": "ws"}]},
            "dataFlows": [
                {
                    "streams": ["Custom-Mine"],
                    "destinations": ["ws"],
                    "transformKql": "source",
                    "outputStream": "Microsoft-ASimProcessEventLogs",
                }
            ],
        },
    }
    path = f"{insights}/dataCollectionRules/vedette"
    answer = send(workspace, "PUT", path, body, version="2023-03-11")
    assert (answer.status_code, answer.json()["properties"]["immutableId"]) == (200, workspace.dcr)
    with workspace.connection().ingestion(answer.json()["properties"]["endpoints"]["logsIngestion"]) as client:
        client.upload(workspace.dcr, "Custom-Mine", [{"TimeGenerated": at(), "TargetProcessName": "/bin/ls"}])
    assert workspace.tables[PROCESS][0]["TargetProcessName"] == "/bin/ls"
    assert workspace.violations == []
    columns.append({"name": "NotThere", "type": "string"})
    assert send(workspace, "PUT", path, body, version="2023-03-11").status_code == 400
    columns[-1] = {"name": "Type", "type": "string"}
    assert send(workspace, "PUT", path, body, version="2023-03-11").status_code == 400
    assert send(workspace, "GET", f"{insights}/dataCollectionEndpoints/x", version="2023-03-11").status_code == 200


def test_a_custom_table_is_made_and_filled(workspace):
    columns = [{"name": "TimeGenerated", "type": "datetime"}, {"name": "Ok", "type": "boolean"}]
    body = {"properties": {"schema": {"name": "Mine_CL", "columns": columns}}}
    assert send(workspace, "PUT", "tables/Mine_CL", body, version="2025-07-01").status_code == 200
    workspace.declare("Custom-Mine", "Mine_CL")
    with workspace.connection().ingestion(workspace.url) as client:
        client.upload(workspace.dcr, "Custom-Mine", [{"TimeGenerated": at(), "Ok": True}])
    assert ask(workspace, "Mine_CL | where Ok | count") == [[1]]
    assert send(workspace, "PUT", "tables/Mine", body, version="2025-07-01").status_code == 400

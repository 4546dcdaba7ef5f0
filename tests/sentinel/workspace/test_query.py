"""Queries, as Microsoft's client asks them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.monitor.query import LogsBatchQuery, LogsQueryError, LogsQueryPartialResult, LogsQueryStatus
from tests.sentinel.workspace import Fault
from tests.sentinel.workspace.asking import WATCHLISTS, ask, listed, process, send, upload
from tests.sentinel.workspace.query import span_of

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def test_rows_that_are_ingested_are_found(workspace):
    upload(workspace, process(), process(TargetProcessName="/bin/ls", TargetProcessCommandLine="ls"))
    assert ask(workspace, "imProcessCreate | where Process endswith '/iptables' | project Dvc, CommandLine") == [
        ["gw-1", "iptables -F ufw-logging-deny"]
    ]
    assert ask(workspace, '_Im_ProcessCreate(targetprocess_has_any=dynamic(["ls"])) | project CommandLine') == [["ls"]]
    assert workspace.violations == []
    assert [one.status for one in workspace.requests] == [204, 200, 200]


def test_each_type_comes_back_as_it_went(workspace):
    time = dt.datetime(2026, 11, 24, 1, 2, 3, 456789, tzinfo=dt.UTC)
    row = {
        "TimeGenerated": time,
        "Text": 'a "b"\n\u00e4',
        "Number": 2**40,
        "Real": 0.5,
        "Truth": True,
        "More": {"a": [1]},
    }
    workspace.seed("Things_CL", [row, {"TimeGenerated": time}])
    found = ask(workspace, "Things_CL | project TimeGenerated, Text, Number, Real, Truth, tostring(More.a), Type")
    assert found == [
        [time, 'a "b"\n\u00e4', 2**40, 0.5, True, "[1]", "Things_CL"],
        [time, "", None, None, None, "", "Things_CL"],
    ]


def test_a_timespan_bounds_the_time(workspace):
    ages = (0, 1, 30)
    workspace.seed("Syslog", [{"TimeGenerated": dt.datetime.now(dt.UTC) - dt.timedelta(hours=age)} for age in ages])
    assert ask(workspace, "Syslog | count", timespan=dt.timedelta(hours=2)) == [[2]]
    now = dt.datetime.now(dt.UTC)
    assert ask(workspace, "Syslog | count", timespan=(now - dt.timedelta(days=2), now - dt.timedelta(hours=2))) == [[1]]
    assert ask(workspace, "Syslog | count", timespan=(now - dt.timedelta(days=2), dt.timedelta(days=2))) == [[3]]
    assert ask(workspace, "Syslog | where TimeGenerated > ago(2h) | count") == [[2]]
    assert ask(workspace, "Syslog | count") == [[3]]


@pytest.mark.parametrize(
    ("text", "hours"),
    [("PT3H", (3, 0)), ("P1DT1H", (25, 0)), ("PT5400.0S", (1.5, 0)), ("PT1H/2026-11-24T10:00:00Z", (3, 2))],
)
def test_a_timespan_is_read(text, hours):
    assert span_of(text, NOW) == tuple(NOW - dt.timedelta(hours=hour) for hour in hours)


@pytest.mark.parametrize("text", ["1h", "P", "PT", "yesterday/PT1H", "PT1H/PT1H"])
def test_a_timespan_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        span_of(text, NOW)


def test_the_clock_is_the_workspaces_own(workspace):
    workspace.clock = lambda: NOW
    workspace.seed("Syslog", [{"TimeGenerated": NOW - dt.timedelta(minutes=30)}])
    assert ask(workspace, "Syslog | where TimeGenerated > ago(1h) | project now()") == [[NOW]]
    assert ask(workspace, "Syslog | count", timespan=dt.timedelta(minutes=20)) == [[0]]


def test_a_batch_answers_each_query_in_no_order(workspace):
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


@pytest.mark.parametrize(
    ("query", "inner"), [("Syslog | where Nothing == 1", "SemanticError"), ("Syslog | wher", "SyntaxError")]
)
def test_a_wrong_query_is_told_as_the_service_tells_it(workspace, query, inner):
    with pytest.raises(HttpResponseError) as refused:
        ask(workspace, query)
    assert refused.value.status_code == 400
    assert refused.value.error is not None
    assert refused.value.error.code == "BadArgumentError"
    assert refused.value.error.innererror["code"] == inner


def test_what_the_oracle_cannot_read_is_a_violation(workspace):
    with pytest.raises(HttpResponseError):
        ask(workspace, "Syslog | evaluate autocluster()")
    assert "autocluster" in workspace.violations[0]


def test_another_workspace_is_not_found(workspace):
    with workspace.connection().logs(retry_total=0) as client, pytest.raises(HttpResponseError) as refused:
        client.query_workspace("11111111-2222-3333-4444-555555555555", "Syslog", timespan=None)
    assert refused.value.status_code == 404


def test_limits_give_a_part_and_an_error(workspace):
    workspace.seed("Syslog", [{"SyslogMessage": "m" * 100} for _ in range(20)])
    workspace.limits.rows = 15
    with workspace.connection().logs() as client:
        answer = client.query_workspace(workspace.id, "Syslog | project SyslogMessage", timespan=None)
        assert isinstance(answer, LogsQueryPartialResult)
        assert answer.partial_error is not None
        assert (len(answer.partial_data[0].rows), "15 records" in str(answer.partial_error.details)) == (15, True)
        workspace.limits.bytes = 1000
        answer = client.query_workspace(workspace.id, "Syslog | project SyslogMessage", timespan=None)
        assert isinstance(answer, LogsQueryPartialResult)
        assert len(answer.partial_data[0].rows) == 9


def test_too_many_queries_are_throttled(workspace):
    workspace.limits.queries = 2
    with workspace.connection().logs(retry_total=0) as client:
        queries = [LogsBatchQuery(workspace.id, "Syslog | count", timespan=None)] * 3
        queries = [LogsBatchQuery(workspace.id, "Syslog | count", timespan=None) for _ in queries]
        answers = client.query_batch(queries)
        assert [isinstance(answer, LogsQueryError) for answer in answers] == [False, False, True]
        with pytest.raises(HttpResponseError) as refused:
            client.query_workspace(workspace.id, "Syslog | count", timespan=None)
    assert refused.value.status_code == 429
    response: Any = refused.value.response
    assert int(response.headers["Retry-After"]) > 20


def test_a_slow_query_ends_at_the_time_that_the_client_waits(workspace):
    workspace.misbehave(Fault("POST .*/query", kind="slow", seconds=2))
    with pytest.raises(HttpResponseError) as refused:
        ask(workspace, "Syslog | count", server_timeout=1)
    assert refused.value.status_code == 504
    workspace.misbehave(Fault("POST .*/query", kind="slow", seconds=0.1))
    assert ask(workspace, "Syslog | count", server_timeout=1) == [[0]]


def test_a_watchlist_takes_rows_out(workspace):
    query = """imProcessCreate
| extend Excluded1 = tolower(ActingProcessName)
| join kind=leftanti (_GetWatchlist("allowed")
    | project Until = tostring(column_ifexists("Expires", "")),
        Excluded1 = tolower(tostring(column_ifexists("Path", "")))
    | where (isempty(Until) or todatetime(Until) > now()) and isnotempty(Excluded1)) on Excluded1
| project-away Excluded1
| project ActingProcessName"""
    upload(workspace, process(ActingProcessName="/opt/A"), process(ActingProcessName="/opt/b"), process())
    assert len(ask(workspace, query)) == 3
    assert send(workspace, "PUT", f"{WATCHLISTS}/allowed", listed()).status_code == 201
    assert sorted(ask(workspace, query)) == [[""], ["/opt/b"]]
    assert workspace.violations == []


def test_statistics_are_given_when_asked_for(workspace):
    with workspace.connection().logs() as client:
        answer = client.query_workspace(workspace.id, "Syslog", timespan=None, include_statistics=True)
        assert answer.statistics["query"]["datasetStatistics"]
        assert client.query_workspace(workspace.id, "Syslog", timespan=None).statistics is None

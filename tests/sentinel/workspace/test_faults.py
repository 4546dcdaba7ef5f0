"""Misbehaviour, as Microsoft's clients suffer it."""

from __future__ import annotations

import socket
import ssl
import urllib.error
import urllib.request

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.monitor.query import LogsBatchQuery, LogsQueryError, LogsQueryPartialResult, LogsQueryStatus
from tests.sentinel.workspace import Fault, Workspace
from tests.sentinel.workspace.asking import RULES, ask, process, scheduled, send, upload
from tests.sentinel.workspace.parsers import PROCESS


@pytest.mark.parametrize("status", [401, 403, 404, 409, 412, 413, 429, 500, 503, 504])
def test_an_error_is_answered(workspace, status):
    workspace.misbehave(Fault("PUT .*alertRules", status=status, retry_after=7))
    answer = send(workspace, "PUT", f"{RULES}/one", scheduled())
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    assert answer.json()["error"]["code"]
    assert workspace.rules == {}
    assert send(workspace, "PUT", f"{RULES}/one", scheduled()).status_code == 201
    assert (workspace.behave(), workspace.violations) == (0, [])


def test_a_token_that_is_over_is_an_error_of_authentication(workspace):
    workspace.misbehave(Fault("/query", status=401))
    with pytest.raises(HttpResponseError) as refused:
        ask(workspace, "Syslog | count")
    assert refused.value.status_code == 401
    workspace.misbehave(Fault("/streams/", status=401))
    with pytest.raises(ClientAuthenticationError):
        upload(workspace, process())


def test_throttling_is_waited_for_by_the_client(workspace):
    workspace.misbehave(Fault("POST .*/streams/", status=429, retry_after=0.01, times=3))
    upload(workspace, process(), retry_total=5)
    assert [one.status for one in workspace.requests] == [429, 429, 429, 204]
    assert len(workspace.tables[PROCESS]) == 1


@pytest.mark.parametrize("after", [0, 10])
def test_a_connection_that_is_cut_may_have_stored_the_rows(workspace, after):
    workspace.misbehave(Fault("POST .*/streams/", kind="cut"))
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        upload(workspace, process())
    assert workspace.tables.get(PROCESS, []) == []
    workspace.misbehave(Fault("POST .*/streams/", kind="cut", handled=True, after=after))
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        upload(workspace, process())
    assert len(workspace.tables[PROCESS]) == 1
    assert [one.status for one in workspace.requests] == [0, 0]


def test_an_error_may_come_after_the_effect(workspace):
    workspace.misbehave(Fault("POST .*/streams/", status=500, handled=True))
    with pytest.raises(HttpResponseError):
        upload(workspace, process())
    assert len(workspace.tables[PROCESS]) == 1


def test_an_answer_is_cut_within(workspace):
    workspace.seed("Syslog", [{"SyslogMessage": "m" * 1000}])
    workspace.misbehave(Fault("/query", kind="cut", after=600))
    with pytest.raises(HttpResponseError, match="Connection broken"):
        ask(workspace, "Syslog | project SyslogMessage")


def test_garbage_is_no_json(workspace):
    workspace.misbehave(Fault("/query", kind="garbage"))
    with pytest.raises(HttpResponseError, match="JSON is invalid"):
        ask(workspace, "Syslog | count")


def test_a_part_of_the_rows_comes_with_an_error(workspace):
    workspace.seed("Syslog", [{"SyslogMessage": str(number)} for number in range(4)])
    workspace.misbehave(Fault("/query", kind="partial"))
    with workspace.connection().logs() as client:
        answer = client.query_workspace(workspace.id, "Syslog | project SyslogMessage", timespan=None)
    assert isinstance(answer, LogsQueryPartialResult)
    assert [list(row) for row in answer.partial_data[0].rows] == [["0"], ["1"]]
    assert answer.partial_error is not None
    assert answer.partial_error.code == "PartialError"


def test_a_query_of_a_batch_fails_alone(workspace):
    workspace.seed("Syslog", [{"SyslogMessage": str(number)} for number in range(4)])
    workspace.misbehave(Fault("BATCH", status=429, retry_after=2, query="throttle"))
    workspace.misbehave(Fault("BATCH", kind="partial", query="part"))
    workspace.misbehave(Fault("BATCH", kind="slow", seconds=2, query="slow"))
    texts = ["throttle", "part", "slow", "whole"]
    with workspace.connection().logs() as client:
        answers = client.query_batch(
            [LogsBatchQuery(workspace.id, f"Syslog // {text}", timespan=None, server_timeout=1) for text in texts]
        )
    status = [LogsQueryStatus.FAILURE, LogsQueryStatus.PARTIAL, LogsQueryStatus.FAILURE, LogsQueryStatus.SUCCESS]
    assert [answer.status for answer in answers] == status
    assert isinstance(answers[2], LogsQueryError)
    assert answers[2].code == "GatewayTimeout"


def test_a_whole_batch_is_throttled(workspace):
    workspace.misbehave(Fault(r"POST /v1/\$batch", status=429, retry_after=0.01))
    with workspace.connection().logs() as client:
        (answer,) = client.query_batch([LogsBatchQuery(workspace.id, "Syslog | count", timespan=None)])
    assert answer.status == LogsQueryStatus.SUCCESS
    assert [one.status for one in workspace.requests] == [429, 200]


def test_who_says_nothing_of_himself_is_refused(workspace):
    context = ssl.create_default_context(cafile=workspace.certificate)
    address = f"{workspace.url}{workspace.resource}/{RULES}?api-version=2024-09-01"
    with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(address, context=context):
        pass
    refused.value.close()
    assert (refused.value.code, len(workspace.violations)) == (401, 1)


def test_another_certificate_is_not_believed(workspace):
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(workspace.url, context=ssl.create_default_context())


def test_a_token_is_not_kept(workspace):
    ask(workspace, "Syslog | count")
    assert workspace.requests[0].headers["authorization"] == "Bearer ***"
    (token,) = workspace.environment().values()
    assert token not in repr(workspace.requests)


def test_a_path_that_is_none_is_a_violation(workspace):
    assert send(workspace, "GET", f"{workspace.url}/nothing").status_code == 404
    assert len(workspace.violations) == 1


def test_a_workspace_lets_go_of_its_port():
    with Workspace() as workspace:
        assert ask(workspace, "Syslog | count") == [[0]]
        port = int(workspace.url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)

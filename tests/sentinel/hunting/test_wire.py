"""Microsoft's client against the workspace of the tests."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from tests.sentinel.hunting.samples import NOON, shipped
from tests.sentinel.workspace import Fault

from vedette.errors import UsageError
from vedette.sentinel.hunting.window import Window
from vedette.sentinel.hunting.wire import Wire

WINDOW = Window(NOON - 60, NOON + 60)
QUERY = 'imProcessCreate\n| where TargetProcessCommandLine contains " -F"'
ONE, BATCH = r"POST /v1/workspaces/", r"POST /v1/\$batch"


@pytest.fixture
def wire(workspace):
    workspace.seed("ASimProcessEventLogs", [shipped(1, "iptables -F"), shipped(2, "iptables -L")])
    made = Wire(workspace.connection(), workspace.id, 60)
    yield made
    made.close()
    assert workspace.violations == []


def test_one_query_goes_alone_and_several_in_a_batch(workspace, wire):
    (alone,) = wire.ask([(QUERY, WINDOW)])
    assert (alone.kind, [row["TargetProcessId"] for row in alone.rows]) == ("whole", ["1"])
    first, second = wire.ask([(QUERY, WINDOW), ("imProcessCreate", WINDOW)])
    assert (len(first.rows), len(second.rows)) == (1, 2)
    assert [request.path.rpartition("/")[2] for request in workspace.requests] == ["query", "$batch"]
    assert workspace.requests[0].headers["prefer"] == "wait=60"
    assert workspace.requests[0].body["timespan"] == "2026-11-24T08:29:00.000Z/2026-11-24T08:31:00.000Z"


def test_a_window_is_one_of_the_time_of_receipt(workspace, wire):
    workspace.seed("ASimProcessEventLogs", [shipped(3, "iptables -F", received=NOON + 3600)])
    assert len(wire.ask([(QUERY, WINDOW)])[0].rows) == 1
    assert len(wire.ask([(QUERY, Window(NOON + 3000, NOON + 4000))])[0].rows) == 1


@pytest.mark.parametrize(
    ("status", "kind", "after"),
    [(429, "throttled", 2.0), (503, "throttled", None), (500, "cut", None), (502, "cut", None), (504, "slow", None)],
)
def test_a_request_that_fails_says_what_to_do(workspace, wire, status, kind, after):
    for match, asked in ((ONE, 1), (BATCH, 2)):
        workspace.misbehave(Fault(match=match, status=status, retry_after=after))
        answers = wire.ask([(QUERY, WINDOW)] * asked)
        assert [(answer.kind, answer.after) for answer in answers] == [(kind, after)] * asked
    assert len(workspace.requests) == 2, "the client itself does not retry"


def test_one_query_of_a_batch_that_fails_leaves_the_others(workspace, wire):
    workspace.misbehave(Fault(match="^BATCH", status=429, query=" -F"))
    first, second = wire.ask([(QUERY, WINDOW), ("imProcessCreate", WINDOW)])
    assert (first.kind, second.kind) == ("throttled", "whole")


@pytest.mark.parametrize("kind", ["cut", "garbage"])
@pytest.mark.parametrize("asked", [1, 2])
def test_what_is_no_answer_is_a_cut(workspace, wire, kind, asked):
    workspace.misbehave(Fault(match="POST", kind=kind, after=100 if kind == "cut" else 0))
    answers = wire.ask([(QUERY, WINDOW)] * asked)
    assert {answer.kind for answer in answers} == {"cut"}
    assert wire.ask([(QUERY, WINDOW)])[0].kind == "whole"


@pytest.mark.parametrize("asked", [1, 2])
def test_a_partial_answer_keeps_its_rows(workspace, wire, asked):
    workspace.limits.rows = 1
    answers = wire.ask([("imProcessCreate", WINDOW)] * asked)
    assert [(answer.kind, len(answer.rows)) for answer in answers] == [("partial", 1)] * asked
    assert "exceed 1 records" in answers[0].message


@pytest.mark.parametrize("asked", [1, 2])
def test_a_table_that_is_not_there_is_missing(workspace, wire, asked):
    del workspace
    for query, name in (("imNothing\n| where Dvc == 'x'", "imNothing"), ("imProcessCreate\n| where No == 'x'", "No")):
        answers = wire.ask([(query, WINDOW)] * asked)
        assert {(answer.kind, answer.name) for answer in answers} == {("missing", name)}


def test_a_query_that_can_not_be_read_fails(workspace, wire):
    assert wire.ask([("imProcessCreate\n| where where", WINDOW)])[0].kind == "failed"
    workspace.violations.clear()


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "does not accept who asks"),
        (403, "Log Analytics Reader on it, or another with Microsoft.OperationalInsights/workspaces/query/read"),
    ],
)
@pytest.mark.parametrize("asked", [1, 2])
def test_who_may_not_ask_is_told_what_is_needed(workspace, wire, status, message, asked):
    workspace.misbehave(Fault(match="POST", status=status, times=9))
    with pytest.raises(UsageError, match=message):
        wire.ask([(QUERY, WINDOW)] * asked)
    workspace.behave()


def test_a_workspace_that_is_not_there_is_told(workspace):
    wire = Wire(workspace.connection(), "00000000-0000-0000-0000-000000000000", 60)
    with pytest.raises(UsageError, match="there is no workspace 00000000"):
        wire.ask([(QUERY, WINDOW)])
    wire.close()


def test_an_answer_that_does_not_come_is_not_waited_for_forever(workspace, wire, monkeypatch):
    monkeypatch.setattr("vedette.sentinel.hunting.wire._BEYOND", 0)
    short = Wire(workspace.connection(), workspace.id, 1)
    workspace.misbehave(Fault(match=ONE, kind="slow", seconds=3))
    done = threading.Event()
    found = []

    def ask() -> None:
        found.append(short.ask([(QUERY, WINDOW)])[0].kind)
        done.set()

    threading.Thread(target=ask, daemon=True).start()
    assert done.wait(20)
    assert found[0] in {"cut", "slow"}
    short.close()
    assert wire.ask([(QUERY, WINDOW)])[0].kind == "whole"


def test_who_has_no_credential_is_told_so(workspace):
    class Nobody:
        def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
            raise ClientAuthenticationError("log in first")

    wire = Wire(dataclasses.replace(workspace.connection(), credential=Nobody()), workspace.id, 60)
    with pytest.raises(UsageError, match="does not know who asks: log in first; see --auth"):
        wire.ask([(QUERY, WINDOW)])
    wire.close()

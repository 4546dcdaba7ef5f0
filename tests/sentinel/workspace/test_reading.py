"""What is rewritten so that the oracle can read it, and what is left as it stands."""

from __future__ import annotations

import hashlib

import pytest
from tests.sentinel.workspace.reading import UnreadableError, read

NAMES = {"imProcessCreate": ["TimeGenerated", "Dvc"], "_Im_ProcessCreate": ["Dvc"], "Syslog": ["Computer"]}


def readable(query: str) -> str:
    return read(query, {"allowed": ["SearchKey", "Path"]}, NAMES, set())[0]


@pytest.mark.parametrize(
    ("query", "read_as"),
    [
        ("imProcessCreate | count", "imProcessCreate | count"),
        ("imProcessCreate() | count", "imProcessCreate | count"),
        ("_Im_ProcessCreate(pack=true) | count", "_Im_ProcessCreate | count"),
        (
            'imProcessCreate(starttime=ago(1d), targetprocess_has_any=dynamic(["a", "b)"]))',
            'imProcessCreate | where TimeGenerated >= ago(1d) and TargetProcessName has_any (dynamic(["a", "b)"]))',
        ),
        ('imProcessCreate(eventtype="*", starttime=datetime(null))', "imProcessCreate"),
        (
            'union imProcessCreate(eventtype="x"), Syslog',
            'union (imProcessCreate | where EventType == "x"), Syslog',
        ),
        (
            'union (imProcessCreate(eventtype="x") | take 1), Syslog',
            'union (imProcessCreate | where EventType == "x" | take 1), Syslog',
        ),
        (
            'Syslog | where Computer == "imProcessCreate(x) // no"',
            'Syslog | where Computer == "imProcessCreate(x) // no"',
        ),
        ("Syslog // a comment, imProcessCreate(x)\n| count", "Syslog \n| count"),
        ("Syslog | extend Time = ingestion_time()", "Syslog | extend Time = _TimeReceived"),
        ('_GetWatchlist("allowed") | project column_ifexists("Path", "")', "WatchlistOf0 | project ['Path']"),
        ('_GetWatchlist("allowed") | project column_ifexists("Expires", "")', 'WatchlistOf0 | project ""'),
        ('_GetWatchlist("other") | project column_ifexists("Path", "")', 'WatchlistOf0 | project ""'),
        ('Syslog | project column_ifexists("Computer", "")', "Syslog | project ['Computer']"),
    ],
)
def test_a_query_is_read(query, read_as):
    assert readable(query) == read_as


@pytest.mark.parametrize(
    "query",
    [
        "imProcessCreate(ago(1d))",
        'imProcessCreate(hashes_has_any=dynamic(["a"]))',
        "imProcessCreate(starttime=ago(1d)",
        'column_ifexists("Path", "")',
        "_GetWatchlist(alias)",
        "_GetWatchlist()",
    ],
)
def test_what_would_be_read_wrongly_is_refused(query):
    with pytest.raises(UnreadableError):
        readable(query)


def test_two_watchlists_are_two_tables_and_one_is_one():
    text = '_GetWatchlist("a") | union (_GetWatchlist("b")), (_GetWatchlist("a"))'
    query, tables = read(text, {}, NAMES, set())
    assert (query, tables) == (
        "WatchlistOf0 | union (WatchlistOf1), (WatchlistOf0)",
        {"WatchlistOf0": "a", "WatchlistOf1": "b"},
    )


def test_a_hash_in_steps_is_the_hash(workspace):
    workspace.seed("Syslog", [{"Computer": "gw", "SyslogMessage": "m|n", "ProcessID": 7}])
    key = 'hash_sha256(strcat_delim("|", Computer, tostring(ProcessID), SyslogMessage))'
    query = f"Syslog\n| extend Key = {key}\n| project Key"
    with workspace.connection().logs() as client:
        (row,) = client.query_workspace(workspace.id, query, timespan=None).tables[0].rows
    assert row[0] == hashlib.sha256(b"gw|7|m|n").hexdigest()

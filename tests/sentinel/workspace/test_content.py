"""Rules, searches and watchlists, as a client of Azure Resource Manager puts them in place."""

from __future__ import annotations

import pytest
from tests.sentinel.workspace.asking import RULES, WATCHLISTS, ask, listed, scheduled, send

SEARCH = {"properties": {"category": "Hunting Queries", "displayName": "a search", "query": "Syslog"}}


def test_a_rule_comes_and_goes(workspace):
    path = f"{RULES}/one"
    assert send(workspace, "GET", path).status_code == 404
    made = send(workspace, "PUT", path, scheduled())
    assert (made.status_code, made.json()["name"]) == (201, "one")
    assert send(workspace, "GET", path).json() == workspace.rules["one"]
    assert send(workspace, "PUT", path, scheduled(severity="High")).status_code == 200
    assert workspace.rules["one"]["properties"]["severity"] == "High"
    assert [send(workspace, "DELETE", path).status_code for _ in range(2)] == [200, 204]
    assert (workspace.rules, workspace.violations) == ({}, [])


def test_an_etag_guards_what_it_names(workspace):
    path = f"{RULES}/one"
    first = send(workspace, "PUT", path, scheduled()).json()["etag"]
    second = send(workspace, "PUT", path, {**scheduled(), "etag": first}).json()["etag"]
    assert second != first
    assert send(workspace, "PUT", path, {**scheduled(), "etag": first}).status_code == 409
    assert send(workspace, "PUT", path, scheduled(), headers={"If-Match": first}).status_code == 412
    assert send(workspace, "DELETE", path, headers={"If-Match": first}).status_code == 412
    assert send(workspace, "PUT", path, scheduled(), headers={"If-None-Match": "*"}).status_code == 412
    assert send(workspace, "DELETE", path, headers={"If-Match": second}).status_code == 200
    assert send(workspace, "PUT", path, scheduled(), headers={"If-Match": second}).status_code == 412
    assert workspace.violations == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"severity": "Mild"}, "severity"),
        ({"queryFrequency": "1h"}, "queryFrequency"),
        ({"queryFrequency": "PT1M"}, "5 minutes"),
        ({"queryPeriod": "PT30M"}, "shorter"),
        ({"queryPeriod": "P3D", "queryFrequency": "PT30M"}, "two days"),
        ({"query": "x" * 10_001}, "query"),
        ({"query": "imProcessCreate | where Nothing == 1"}, "Nothing"),
        ({"techniques": ["T1562.004"]}, "techniques"),
        ({"tactics": ["Stealth"]}, "tactics"),
        ({"customDetails": {"A": "Nothing"}}, "Nothing"),
        ({"customDetails": {"a-b": "Dvc"}}, "customDetails"),
        ({"customDetails": {f"A{number}": "Dvc" for number in range(21)}}, "customDetails"),
        ({"entityMappings": [{"entityType": "Host", "fieldMappings": []}]}, "fieldMappings"),
        ({"requiredDataConnectors": []}, "requiredDataConnectors"),
        ({"incidentConfiguration": {}}, "createIncident"),
    ],
)
def test_a_wrong_rule_is_refused(workspace, more, said):
    answer = send(workspace, "PUT", f"{RULES}/one", scheduled(**more))
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]
    assert (len(workspace.violations), workspace.rules) == (1, {})


def test_entities_name_columns_of_the_query(workspace):
    entity = {"entityType": "File", "fieldMappings": [{"identifier": "Name", "columnName": "FileName"}]}
    query = 'imProcessCreate | extend FileName = extract("([^/]+)$", 1, TargetProcessName)'
    path = f"{RULES}/one"
    assert send(workspace, "PUT", path, scheduled(entityMappings=[entity], query=query)).status_code == 201
    assert send(workspace, "PUT", path, scheduled(entityMappings=[entity])).status_code == 400


@pytest.mark.parametrize("version", ["", "2021-10-01", "2024-09-02"])
def test_a_version_is_pinned(workspace, version):
    answer = send(workspace, "GET", RULES, version=version)
    assert answer.status_code == 400
    assert "Version" in answer.json()["error"]["code"]


def test_a_list_comes_in_pages(workspace):
    workspace.page = 2
    for number in range(5):
        assert send(workspace, "PUT", f"{RULES}/rule-{number}", scheduled()).status_code == 201
    found, link = [], RULES
    while link:
        body = send(workspace, "GET", link).json()
        found.append([one["name"] for one in body["value"]])
        link = body.get("nextLink")
    assert found == [["rule-0", "rule-1"], ["rule-2", "rule-3"], ["rule-4"]]


def test_a_search_that_is_there_asks_for_its_etag(workspace):
    path = "savedSearches/one"
    assert send(workspace, "PUT", path, SEARCH).status_code == 200
    assert send(workspace, "PUT", path, SEARCH).status_code == 409
    etag = workspace.searches["one"]["etag"]
    assert send(workspace, "PUT", path, {**SEARCH, "etag": etag}).status_code == 200
    assert send(workspace, "PUT", path, {**SEARCH, "etag": etag}).status_code == 409
    assert send(workspace, "PUT", path, {**SEARCH, "etag": "*"}).status_code == 200
    inside = {"properties": {**SEARCH["properties"], "etag": "*"}}
    assert send(workspace, "PUT", path, inside).status_code == 200
    assert workspace.searches["one"]["properties"] == SEARCH["properties"]
    assert len(send(workspace, "GET", "savedSearches").json()["value"]) == 1
    assert send(workspace, "DELETE", path).status_code == 200
    assert (workspace.searches, workspace.violations) == ({}, [])


def test_a_watchlist_is_filled_and_emptied(workspace):
    path = f"{WATCHLISTS}/allowed"
    made = send(workspace, "PUT", path, listed())
    assert made.status_code == 201
    assert "rawContent" not in made.json()["properties"]
    more = "Path,Expires\n/opt/b,2020-01-01T00:00:00Z\n/opt/c,\n"
    assert send(workspace, "PUT", path, listed(rawContent=more)).status_code == 200
    items = send(workspace, "GET", f"{path}/watchlistItems").json()["value"]
    paths = [item["properties"]["itemsKeyValue"]["Path"] for item in items]
    assert paths == ["/opt/a", "/opt/b", "/opt/c"]
    assert ask(workspace, "_GetWatchlist('allowed') | where SearchKey == '/opt/c' | count") == [[1]]
    for item in items:
        assert send(workspace, "DELETE", f"{path}/watchlistItems/{item['name']}").status_code == 200
    assert ask(workspace, "_GetWatchlist('allowed') | count") == [[0]]
    body = {"properties": {"itemsKeyValue": {"Path": "/opt/d"}}}
    assert send(workspace, "PUT", f"{path}/watchlistItems/1", body).status_code == 201
    assert workspace.items["allowed"] == {"1": {"Path": "/opt/d"}}
    assert send(workspace, "DELETE", path).status_code == 200
    assert (workspace.watchlists, workspace.items, workspace.violations) == ({}, {}, [])


@pytest.mark.parametrize(
    "more",
    [
        {"itemsSearchKey": "Nothing"},
        {"rawContent": "Path,Expires\n/opt/a\n"},
        {"rawContent": "Path\n/opt/a,b\n"},
        {"source": "elsewhere"},
        {"watchlistAlias": "another"},
    ],
)
def test_a_wrong_watchlist_is_refused(workspace, more):
    assert send(workspace, "PUT", f"{WATCHLISTS}/allowed", listed(**more)).status_code == 400
    assert (len(workspace.violations), workspace.watchlists) == (1, {})


def test_items_of_no_watchlist_are_not_found(workspace):
    assert send(workspace, "GET", f"{WATCHLISTS}/allowed/watchlistItems").status_code == 404


def test_the_workspace_tells_its_id(workspace):
    answer = send(workspace, "GET", workspace.url + workspace.resource, version="2025-07-01")
    assert answer.json()["properties"]["customerId"] == workspace.id

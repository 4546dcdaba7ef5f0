from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sentinel.samples import ANALYTICS, HUNTING, changed, text

from vedette.sentinel.check import check
from vedette.sentinel.limits import read_limits
from vedette.sentinel.validate import validate

FIELD = ("entityMappings", 0, "fieldMappings", 0)
COLUMNS = ("TargetProcessCommandLine", "TargetProcessName")

#: Limit -> what is changed, to what, and what is said of it.
FAILING: dict[str, tuple[tuple[str | int, ...], object, str]] = {
    "id-missing": (("id",), None, "`id` is missing"),
    "id-format": (("id",), "b61dc26c", "`id` is 'b61dc26c'; it must be a GUID, as uuidgen makes one"),
    "kind-missing": (("kind",), None, "`kind` is missing"),
    "kind-value": (("kind",), "Fusion", "`kind` is 'Fusion'; allowed are Scheduled, NRT"),
    "name-missing": (("name",), None, "`name` is missing"),
    "name-length": (("name",), "n" * 257, "`name` has 257 characters; allowed are 1 to 256"),
    "description-missing": (("description",), None, "`description` is missing"),
    "description-length": (("description",), "d" * 5001, "`description` has 5,001 characters; allowed are 1 to 5,000"),
    "severity-missing": (("severity",), None, "`severity` is missing"),
    "severity-value": (
        ("severity",),
        "Critical",
        "`severity` is 'Critical'; allowed are Informational, Low, Medium, High",
    ),
    "connectors-missing": (("requiredDataConnectors",), None, "`requiredDataConnectors` is missing"),
    "connectors-list": (("requiredDataConnectors",), "Syslog", "`requiredDataConnectors` must be a list"),
    "connector-map": (("requiredDataConnectors", 0), "Syslog", "`requiredDataConnectors[0]` must be a map"),
    "connector-types": (
        ("requiredDataConnectors", 0, "dataTypes"),
        None,
        "`requiredDataConnectors[0].dataTypes` is missing",
    ),
    "connector-id": (
        ("requiredDataConnectors", 0, "connectorId"),
        None,
        "`requiredDataConnectors[0].connectorId` is missing",
    ),
    "query-missing": (("query",), None, "`query` is missing"),
    "query-length": (("query",), "q" * 10_001, "`query` has 10,001 characters; allowed are 1 to 10,000"),
    "query-old-column": (
        ("query",),
        "Syslog | extend HostCustomEntity = Computer",
        "`query` names HostCustomEntity, a column of the old way of mapping entities, and no entity mapping has it",
    ),
    "frequency-missing": (("queryFrequency",), None, "`queryFrequency` is missing"),
    "frequency-range": (("queryFrequency",), "4m", "`queryFrequency` is '4m'; allowed are 5m to 14d"),
    "period-missing": (("queryPeriod",), None, "`queryPeriod` is missing"),
    "period-range": (("queryPeriod",), "15d", "`queryPeriod` is '15d'; allowed are 5m to 14d"),
    "period-short": (
        ("queryPeriod",),
        "30m",
        "`queryPeriod` is 30m, less than queryFrequency, 1h: what lies between is never seen",
    ),
    "operator-missing": (("triggerOperator",), None, "`triggerOperator` is missing"),
    "operator-value": (
        ("triggerOperator",),
        ">",
        "`triggerOperator` is '>'; allowed are gt, lt, eq, ne, GreaterThan, LessThan, Equal, NotEqual",
    ),
    "threshold-missing": (("triggerThreshold",), None, "`triggerThreshold` is missing"),
    "threshold-range": (("triggerThreshold",), 10_001, "`triggerThreshold` is 10,001; allowed are 0 to 10,000"),
    "tactics-list": (("tactics",), "DefenseEvasion", "`tactics` must be a list"),
    "tactic-value": (
        ("tactics",),
        ["DefenseEvasion", "Stealth"],
        "`tactics[1]` is 'Stealth'; allowed are InitialAccess,",
    ),
    "techniques-list": (("relevantTechniques",), "T1562", "`relevantTechniques` must be a list"),
    "technique-format": (
        ("relevantTechniques",),
        ["t1562"],
        "`relevantTechniques[0]` is 't1562'; it must be T1234 or T1234.001",
    ),
    "technique-unknown": (
        ("relevantTechniques",),
        ["T1686"],
        "`relevantTechniques[0]` is T1686, which the tests don't know; they know it as T1562.004",
    ),
    "technique-tactics": (
        ("relevantTechniques",),
        ["T1053.003"],
        (
            "`relevantTechniques[0]` is T1053.003, whose tactics must all be listed; missing: "
            "Execution, Persistence, PrivilegeEscalation"
        ),
    ),
    "entities-list": (("entityMappings",), {"Host": "Dvc"}, "`entityMappings` must be a list"),
    "entities-count": (("entityMappings",), [], "`entityMappings` has 0 entries; allowed are 1 to 10"),
    "entities-old-count": (
        ("entityMappings",),
        ANALYTICS["entityMappings"] * 6,
        "`entityMappings` has 6 entries; allowed are 0 to 5",
    ),
    "entity-map": (("entityMappings", 0), "Host", "`entityMappings[0]` must be a map"),
    "entity-type-missing": (("entityMappings", 0, "entityType"), None, "`entityMappings[0].entityType` is missing"),
    "entity-type": (
        ("entityMappings", 0, "entityType"),
        "Computer",
        "`entityMappings[0].entityType` is 'Computer'; allowed are Account,",
    ),
    "fields-missing": (("entityMappings", 0, "fieldMappings"), None, "`entityMappings[0].fieldMappings` is missing"),
    "fields-list": (("entityMappings", 0, "fieldMappings"), "Dvc", "`entityMappings[0].fieldMappings` must be a list"),
    "fields-count": (
        ("entityMappings", 0, "fieldMappings"),
        [],
        "`entityMappings[0].fieldMappings` has 0 entries; allowed are 1 to 3",
    ),
    "field-map": (FIELD, "Dvc", "`entityMappings[0].fieldMappings[0]` must be a map"),
    "identifier-missing": ((*FIELD, "identifier"), None, "`entityMappings[0].fieldMappings[0].identifier` is missing"),
    "identifier-value": (
        (*FIELD, "identifier"),
        "Name",
        "`entityMappings[0]` maps 'Name', which Process lacks; it has ProcessId,",
    ),
    "identifier-twice": (
        ("entityMappings", 0, "fieldMappings"),
        ANALYTICS["entityMappings"][0]["fieldMappings"] * 2,
        "`entityMappings[0]` maps 'CommandLine' twice",
    ),
    "identifier-required": (
        (*FIELD, "identifier"),
        "ElevationToken",
        "`entityMappings[0]` lacks what tells a Process apart: CommandLine or ProcessId",
    ),
    "column-missing": ((*FIELD, "columnName"), None, "`entityMappings[0].fieldMappings[0].columnName` is missing"),
    "column-length": (
        (*FIELD, "columnName"),
        "c" * 501,
        "`entityMappings[0].fieldMappings[0].columnName` has 501 characters; allowed are 1 to 500",
    ),
    "column-format": (
        (*FIELD, "columnName"),
        "a b",
        "`entityMappings[0].fieldMappings[0].columnName` is 'a b'; it must be a letter or underscore,",
    ),
    "column-absent": (
        (*FIELD, "columnName"),
        "Comandline",
        "`entityMappings[0].fieldMappings[0].columnName`: the query's result has no column 'Comandline'",
    ),
    "details-map": (("customDetails",), ["Image"], "`customDetails` must be a map"),
    "details-count": (
        ("customDetails",),
        {f"d{number}": "TargetProcessName" for number in range(21)},
        "`customDetails` has 21 entries; allowed are 1 to 20",
    ),
    "detail-name-length": (
        ("customDetails",),
        {"d" * 21: "TargetProcessName"},
        "`customDetails.ddddddddddddddddddddd` has 21 characters; allowed are 1 to 20",
    ),
    "detail-name-format": (
        ("customDetails",),
        {"1st": "TargetProcessName"},
        "`customDetails.1st` is '1st'; it must be a letter, then letters, digits and underscores",
    ),
    "detail-column-length": (
        ("customDetails",),
        {"Image": "c" * 501},
        "`customDetails.Image` has 501 characters; allowed are 1 to 500",
    ),
    "detail-column-format": (
        ("customDetails",),
        {"Image": "a.b"},
        "`customDetails.Image` is 'a.b'; it must be a letter or underscore,",
    ),
    "detail-column-absent": (
        ("customDetails",),
        {"Image": "Imago"},
        "`customDetails.Image`: the query's result has no column 'Imago'",
    ),
    "alert-map": (("alertDetailsOverride",), "{{Dvc}}", "`alertDetailsOverride` must be a map"),
    "alert-name-length": (
        ("alertDetailsOverride", "alertDisplayNameFormat"),
        "n" * 257,
        "`alertDetailsOverride.alertDisplayNameFormat` has 257 characters; allowed are 1 to 256",
    ),
    "alert-name-columns": (
        ("alertDetailsOverride", "alertDisplayNameFormat"),
        "{{a}}{{b}}{{c}}{{d}}",
        "`alertDetailsOverride.alertDisplayNameFormat` has 4 columns in it; allowed are 3",
    ),
    "alert-description-length": (
        ("alertDetailsOverride", "alertDescriptionFormat"),
        "d" * 5001,
        "`alertDetailsOverride.alertDescriptionFormat` has 5,001 characters; allowed are 1 to 5,000",
    ),
    "alert-description-columns": (
        ("alertDetailsOverride", "alertDescriptionFormat"),
        "{{a}}{{b}}{{c}}{{d}}",
        "`alertDetailsOverride.alertDescriptionFormat` has 4 columns in it; allowed are 3",
    ),
    "grouping-map": (("eventGroupingSettings",), "SingleAlert", "`eventGroupingSettings` must be a map"),
    "grouping-value": (
        ("eventGroupingSettings", "aggregationKind"),
        "PerRow",
        "`eventGroupingSettings.aggregationKind` is 'PerRow'; allowed are SingleAlert, AlertPerResult",
    ),
    "version-length": (
        ("version",),
        "1.0.123456789012345678",
        "`version` has 22 characters; allowed are 5 to 20",
    ),
    "version-format": (("version",), "1.0-beta", "`version` is '1.0-beta'; it must be three numbers, as 1.0.0"),
}
#: Limits of which one changed value is no example; each has a test of its own below.
APART = {"file-ending", "id-twice", "period-long"}


def said(content: dict[str, Any], name: str = "") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for limit, _, message in validate(content, name=name, columns=COLUMNS):
        found.setdefault(limit.id, []).append(message)
    return found


def test_each_limit_of_the_data_has_an_example():
    assert {limit.id for limit in read_limits().limits} == FAILING.keys() | APART


def test_the_samples_keep_to_all_limits():
    assert said(ANALYTICS, "a.yaml") == {}
    assert said(HUNTING, "a.yaml") == {}


@pytest.mark.parametrize("name", FAILING)
def test_a_limit_that_is_not_kept_is_told(name):
    way, value, message = FAILING[name]
    found = said(changed(way, value))
    assert name in found
    assert any(one.startswith(message) for one in found[name]), found[name]


@pytest.mark.parametrize("name", sorted({*FAILING, *APART}))
def test_each_limit_says_one_sentence(name):
    limit = read_limits().limit(name)
    assert re.fullmatch(r"[A-Z][^\n]{10,150}[^.\s]", limit.says)


def test_a_rule_that_looks_far_back_runs_no_more_than_hourly():
    content = {**ANALYTICS, "queryFrequency": "30m", "queryPeriod": "2d"}
    assert said(content) == {
        "period-long": [
            "`queryFrequency` is 30m; a rule that looks back by 2d or more, as this one by 2d, runs at most every 1h"
        ]
    }
    assert said({**ANALYTICS, "queryFrequency": "1h", "queryPeriod": "2d"}) == {}


def test_the_name_of_the_file_counts(tmp_path):
    assert said(ANALYTICS, "a.yml") == {"file-ending": ["the file's name ends in none of: .yaml"]}


def test_no_two_files_have_one_id(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(text(ANALYTICS))
    first, second = check([str(tmp_path)])
    assert first.faults == ()
    assert [fault.limit for fault in second.faults] == ["id-twice"]
    assert str(tmp_path / "a.yaml") in second.faults[0].message


def test_a_hunting_query_needs_no_schedule_and_an_analytics_rule_does():
    assert said({**HUNTING, "severity": "Low"}).keys() >= {"kind-missing", "frequency-missing", "operator-missing"}


def test_limits_hold_at_their_edges():
    edges = {"name": "n" * 256, "description": "d" * 5000, "query": "q" * 10_000, "triggerThreshold": 10_000}
    assert said({**ANALYTICS, **edges, "queryFrequency": "14d", "queryPeriod": "14d"}) == {}
    assert said({**ANALYTICS, "queryFrequency": "5m", "queryPeriod": "5m", "kind": "Scheduled"}) == {}


@pytest.mark.parametrize("value", [[], {}, 7, True, ["x"], {"a": {"b": ["c"]}}])
@pytest.mark.parametrize("key", sorted(ANALYTICS))
def test_no_value_of_another_type_breaks_the_validation(key, value):
    list(validate({**ANALYTICS, key: value}, columns=COLUMNS))


@pytest.mark.parametrize("value", ["x", [], {}, 7, [["x"]], [{}], [{"fieldMappings": ["x", {"identifier": []}]}]])
def test_entities_of_other_types_are_told(value):
    assert said({**ANALYTICS, "entityMappings": value})


def ways(value: Any, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([way] if way else []), *(deeper for key, item in inner for deeper in ways(item, (*way, key)))]


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
PLAIN = st.recursive(
    LEAVES, lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=5), some, max_size=3)
)


@given(st.sampled_from(ways(ANALYTICS)), PLAIN)
def test_nothing_anywhere_breaks_the_validation_and_each_message_is_a_line(way, value):
    if value is not None or isinstance(way[-1], str):
        for _, path, message in validate(changed(way, value), columns=COLUMNS):
            assert "\n" not in message
            assert isinstance(path, tuple)

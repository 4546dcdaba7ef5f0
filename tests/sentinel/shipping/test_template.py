"""The data collection rule: streams that take what is shipped, and tables of one's own."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from tests.sentinel.shipping.logs import PROCESS, commands, connection, rows_of, tables, written

from vedette.errors import UsageError
from vedette.kql.check.schema import shipped
from vedette.sentinel.shipping.template import FILE, template, write

RULE = "Microsoft.Insights/dataCollectionRules"
TABLE = "Microsoft.OperationalInsights/workspaces/tables"


def resource(content: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = (one for one in content["resources"] if one["type"] == kind)
    assert isinstance(found, dict)
    return found


def test_streams_declare_what_rows_hold(tmp_path):
    streams = resource(template(), RULE)["properties"]["streamDeclarations"]
    log = written(tmp_path / "a.log", commands(2) + connection(500))
    by_kind = {table.kind: table.stream for table in tables()}
    rows = rows_of([log])
    assert {row.kind for row in rows} == by_kind.keys()
    for row in rows:
        declared = {column["name"] for column in streams[by_kind[row.kind]]["columns"]}
        assert msgspec.json.decode(row.data).keys() <= declared


def test_columns_have_the_types_of_the_tables_they_go_to():
    content = resource(template(), RULE)["properties"]
    for flow in content["dataFlows"]:
        types = shipped().tables[flow["outputStream"].removeprefix("Microsoft-")]
        (stream,) = flow["streams"]
        for column in content["streamDeclarations"][stream]["columns"]:
            assert column["type"] == types[column["name"]].replace("bool", "boolean")
        assert flow["transformKql"] == "source"
        assert flow["destinations"] == [content["destinations"]["logAnalytics"][0]["name"]]


def test_every_parameter_is_used_and_every_used_one_is_there():
    content = template({"process_creation": "Auditd_CL"})
    used = set(re.findall(r"parameters\('(\w+)'\)", json.dumps(content)))
    assert used == content["parameters"].keys()


def test_a_rule_of_its_own_endpoint_asks_for_none():
    rule = resource(template(), RULE)
    assert rule["kind"] == "Direct"
    assert rule["properties"]["dataCollectionEndpointId"].startswith("[if(empty(parameters('dataCollectionEndpoint'))")


def test_a_table_of_one_s_own_takes_the_place_of_the_native_one():
    content = template({"process_creation": "Auditd_CL"})
    table, rule = resource(content, TABLE), resource(content, RULE)
    assert [flow["outputStream"] for flow in rule["properties"]["dataFlows"]] == [
        "Custom-Auditd_CL",
        "Microsoft-ASimNetworkSessionLogs",
    ]
    assert rule["dependsOn"] == [f"[resourceId('{TABLE}', parameters('workspace'), 'Auditd_CL')]"]
    schema = table["properties"]["schema"]
    declared = rule["properties"]["streamDeclarations"]["Custom-ASimProcessEventLogs"]["columns"]
    assert schema["name"] == "Auditd_CL"
    assert [column["name"] for column in schema["columns"]] == [column["name"] for column in declared]
    assert {"name": "TimeGenerated", "type": "dateTime"} in schema["columns"]


@pytest.mark.parametrize("name", ["Auditd", "_CL", "1a_CL", "a b_CL", "a'); drop_CL", "ä)_CL"])
def test_a_name_that_no_table_can_have_is_refused(name):
    with pytest.raises(UsageError, match="no name of a custom table"):
        template({"process_creation": name})


def test_the_role_is_given_to_a_named_identity_alone():
    role = resource(template(), "Microsoft.Authorization/roleAssignments")
    assert role["condition"] == "[not(empty(parameters('principal')))]"
    assert "3913510d-42f4-4e42-8a64-420c390055eb" in role["properties"]["roleDefinitionId"]


def test_the_file_is_the_template(tmp_path):
    path = write(tmp_path / "out")
    assert path == tmp_path / "out" / FILE
    assert json.loads(path.read_text()) == template()
    assert [one.name for one in path.parent.iterdir()] == [FILE]


def test_a_folder_that_can_t_be_made_is_told(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="can't write"):
        write(tmp_path / "out")


def test_rows_arrive_through_the_streams_as_declared(workspace, tmp_path):
    content = resource(template(), RULE)["properties"]
    for flow in content["dataFlows"]:
        (stream,) = flow["streams"]
        types = {one["name"]: one["type"] for one in content["streamDeclarations"][stream]["columns"]}
        workspace.declare(stream, flow["outputStream"].removeprefix("Microsoft-"), types)
    log = written(tmp_path / "a.log", commands(2) + connection(500))
    with workspace.connection().ingestion("") as client:
        for table in tables():
            rows = [msgspec.json.decode(row.data) for row in rows_of([log]) if row.kind == table.kind]
            client.upload(workspace.dcr, table.stream, rows)
    assert workspace.violations == []
    assert len(workspace.tables[PROCESS]) == 3

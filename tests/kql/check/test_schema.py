from __future__ import annotations

import pytest

from vedette.errors import UsageError
from vedette.kql.check import Checker, read_schema, shipped
from vedette.kql.check.schema import TYPES


def test_what_ships_is_whole():
    schema = shipped()
    for name in ("imProcessCreate", "_Im_ProcessCreate", "imNetworkSession", "imFileEvent", "imRegistry", "_Im_Dns"):
        assert schema.functions[name].columns["TimeGenerated"] == "datetime"
        assert schema.functions[name].columns["DvcHostname"] == "string"
    for name in ("Syslog", "SecurityEvent", "CommonSecurityLog", "SigninLogs", "AuditLogs", "DeviceProcessEvents"):
        assert "datetime" in schema.tables[name].values()
    kinds = {kind for columns in schema.tables.values() for kind in columns.values()}
    assert kinds <= set(TYPES)


def test_a_users_tables_stand_beside_the_shipped_ones_and_before_them(tmp_path, parser_folder):
    (tmp_path / "own.toml").write_text('[Own_CL]\nMessage = "string"\n"x y" = "double"\n[Syslog]\nOnly = "boolean"\n')
    schema = read_schema(str(tmp_path / "own.toml"))
    with Checker(schema) as checker:
        assert checker.columns("Own_CL") == {"Message": "string", "x y": "real"}
        assert checker.columns("Syslog") == {"Only": "bool"}
        assert checker.columns("Heartbeat") == shipped().tables["Heartbeat"]


def test_json_is_read_too(tmp_path):
    (tmp_path / "own.json").write_text('{"imProcessCreate": {"__proto__": "string"}}')
    schema = read_schema(str(tmp_path / "own.json"))
    assert schema.tables["imProcessCreate"] == {"__proto__": "string"}
    assert "imProcessCreate" not in schema.functions


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("T = 4", "is no {table"),
        ("[T", "is no {table"),
        ("[T]\nx = 4", "is no {table"),
        ('[T]\nx = "varchar"', "T.x the type 'varchar'; write string"),
        ('[T]\n"x\']" = "string"', "can't be one"),
        ("[T]\n", "no columns"),
        ('["T x"]\nx = "string"', "names a table 'T x'"),
        ('[T]\n"" = "string"', "can't be one"),
    ],
)
def test_what_is_no_schema_is_refused(tmp_path, content, cause):
    (tmp_path / "own.toml").write_text(content)
    with pytest.raises(UsageError) as caught:
        read_schema(str(tmp_path / "own.toml"))
    assert cause in str(caught.value)


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="can't read the schema"):
        read_schema(str(tmp_path / "none.toml"))

"""Rows: what of an event stands where, what is absent, and what is cut."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.auditlog import execution
from tests.sentinel.shipping.logs import START, commands, connection, decoded, rows_of, tables, written

from vedette.kql.check.schema import shipped
from vedette.sentinel.shipping.row import MAX_ADDITIONAL, MAX_FIELD, bounded
from vedette.sentinel.shipping.source import host_of, uid_of


def test_a_process_start_is_told_whole(tmp_path):
    log = written(tmp_path / "audit.log", commands(1))
    row = decoded(rows_of([log]))[1]
    additional = row.pop("AdditionalFields")
    assert row == {
        "EventCount": 1,
        "EventType": "ProcessCreated",
        "EventResult": "Success",
        "EventSeverity": "Informational",
        "EventSchemaVersion": "0.1.4",
        "EventVendor": "Linux",
        "EventProduct": "auditd",
        "EventOriginalType": "EXECVE",
        "EventOriginalUid": uid_of("process_creation", "gw", START + 1, 11),
        "TimeGenerated": "2026-11-24T08:35:31.000Z",
        "EventStartTime": "2026-11-24T08:35:31.000Z",
        "EventEndTime": "2026-11-24T08:35:31.000Z",
        "DvcHostname": "gw",
        "DvcOs": "Linux",
        "TargetProcessName": "/usr/sbin/iptables",
        "TargetProcessCommandLine": "/usr/sbin/iptables -A n1",
        "TargetProcessCurrentDirectory": "/root",
        "TargetProcessId": "1001",
        "TargetUsername": "root",
        "TargetUsernameType": "Simple",
        "TargetUserId": "0",
        "TargetUserIdType": "UID",
        "TargetUserSessionId": "7",
        "ActorUsername": "1000",
        "ActorUsernameType": "Simple",
        "ActorUserId": "1000",
        "ActorUserIdType": "UID",
        "ActorSessionId": "7",
        "ActingProcessName": "/bin/bash",
        "ActingProcessCommandLine": "/bin/bash",
        "ActingProcessId": "900",
        "ParentProcessId": "1",
    }
    assert additional == {
        "ResolvedImage": "/usr/sbin/xtables-nft-multi",
        "ResolvedParentImage": "/bin/bash",
        "ParentUser": "root",
        "ProcessName": "xtables-nft-mul",
        "Tty": "pts0",
        "AuditKey": "exec",
        "Serial": 11,
        "Boot": 0,
        "Ancestors": [{"ProcessId": 900, "Image": "/bin/bash", "CommandLine": "/bin/bash"}],
    }


def test_a_connection_is_told_with_its_process(tmp_path):
    log = written(tmp_path / "audit.log", commands(1) + connection(500, time=START + 5))
    row = decoded(rows_of([log]))[-1]
    additional = row.pop("AdditionalFields")
    told = {name: row[name] for name in ("EventType", "Dvc", "NetworkDirection", "DstIpAddr", "DstPortNumber")}
    assert told == {
        "EventType": "EndpointNetworkSession",
        "Dvc": "gw",
        "NetworkDirection": "Outbound",
        "DstIpAddr": "10.0.0.5",
        "DstPortNumber": 443,
    }
    assert (row["SrcUsername"], row["NetworkProtocolVersion"]) == ("root", "IPv4")
    assert additional["ProcessId"] == 1001


def test_ids_that_are_unset_are_absent(tmp_path):
    lines = execution(1, ["/bin/true"], pid=5, ppid=1, auid=4294967295, ses=4294967295)
    (row,) = decoded(rows_of([written(tmp_path / "a.log", "".join(lines))]))
    assert [name for name in row if name.startswith("Actor") or "Session" in name] == []


def test_a_script_and_its_interpreter_are_told_apart(tmp_path):
    lines = execution(
        1, ["/bin/sh", "/opt/run.sh"], pid=5, ppid=1, exe="/usr/bin/dash", name="/opt/run.sh", interpreter="/bin/sh"
    )
    (row,) = decoded(rows_of([written(tmp_path / "a.log", "".join(lines))]))
    additional = row["AdditionalFields"]
    assert row["TargetProcessName"] == "/opt/run.sh"
    assert (additional["ResolvedImage"], additional["Script"]) == ("/usr/bin/dash", "/opt/run.sh")
    assert {"ScriptInode", "ScriptMode", "ScriptOwnerId"} <= additional.keys()


def test_every_value_has_the_type_of_its_column(tmp_path):
    log = written(tmp_path / "audit.log", commands(2) + connection(500))
    types = {table.kind: shipped().tables[table.name] for table in tables()}
    right = {"string": str, "datetime": str, "int": int, "dynamic": dict}
    rows = rows_of([log])
    assert {row.kind for row in rows} == types.keys()
    for row in rows:
        for column, value in msgspec.json.decode(row.data).items():
            assert type(value) is right[types[row.kind][column]], column
            if types[row.kind][column] == "datetime":
                assert dt.datetime.fromisoformat(str(value)).tzinfo is not None


@pytest.mark.parametrize(
    ("name", "short", "long", "address"),
    [
        ("gw", "gw", "", ""),
        ("gw.example.com", "gw", "gw.example.com", ""),
        ("10.1.2.3", "", "", "10.1.2.3"),
        ("fe80::1", "", "", "fe80::1"),
        (".", ".", "", ""),
        ("", "", "", ""),
    ],
)
def test_a_host_is_named_as_asim_has_it(name, short, long, address):
    host = host_of(name)
    assert (host.short, host.long, host.address) == (short, long, address)
    # What ASIM's parser makes of it is the name in the log.
    assert (host.long or host.short or host.address) == name


def test_the_host_of_logs_that_name_none_can_be_given(tmp_path):
    log = written(tmp_path / "a.log", "".join(execution(1, ["/bin/true"], pid=5, ppid=1, node="")))
    (row,) = decoded(rows_of([log], host="db"))
    assert row["DvcHostname"] == "db"
    (named,) = decoded(rows_of([written(tmp_path / "b.log", commands(0))], host="db"))
    assert named["DvcHostname"] == "gw"


def test_the_id_of_an_event_tells_kind_host_time_and_serial():
    told = {
        uid_of(*given)
        for given in [
            ("process_creation", "gw", START, 1),
            ("network_connection", "gw", START, 1),
            ("process_creation", "db", START, 1),
            ("process_creation", "gw", START + 0.001, 1),
            ("process_creation", "gw", START, 2),
        ]
    }
    assert len(told) == 5
    assert all(len(uid) == 32 for uid in told)


def test_a_text_that_is_too_long_is_cut_at_a_letter_and_marked(tmp_path):
    parts = ["ü" * 20_000, "x" * 30_000]
    log = written(tmp_path / "a.log", "".join(execution(1, ["/bin/echo", *parts], pid=5, ppid=1)))
    (row,) = rows_of([log])
    told = msgspec.json.decode(row.data)
    text = told["TargetProcessCommandLine"]
    assert len(text.encode()) <= MAX_FIELD < len(text.encode()) + 2
    assert f"/bin/echo {parts[0]} {parts[1]}".startswith(text)
    assert row.cut == ("TargetProcessCommandLine",)
    assert told["AdditionalFields"]["Cut"] == {"TargetProcessCommandLine": 70_011}


@given(
    st.dictionaries(
        st.text("abR", min_size=1, max_size=3), st.text('aü\x00"', max_size=9).map(lambda text: text * 900)
    ),
    st.integers(0, 40),
)
def test_additional_fields_stay_within_their_limit(given_fields, generations):
    ancestors = [{"ProcessId": number, "CommandLine": "a" * 900} for number in range(generations)]
    kept, cut = bounded({"ResolvedImage": "/bin/x", **given_fields, "Ancestors": ancestors or ""}, {})
    assert len(msgspec.json.encode(kept)) <= MAX_ADDITIONAL
    assert kept["ResolvedImage"] == "/bin/x"
    marks = kept.get("Cut", {})
    assert isinstance(marks, dict)
    assert set(cut) == set(marks)
    for key, value in given_fields.items():
        assert kept.get(key, "") == value or key in marks
    # The nearest ancestors are those that are kept.
    assert kept.get("Ancestors", []) == ancestors[: len(kept.get("Ancestors", []))]  # type: ignore[arg-type] # a list

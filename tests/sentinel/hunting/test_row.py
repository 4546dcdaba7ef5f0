from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sentinel.hunting.samples import NOON, planned, row, shipped, told, write

from vedette.sentinel.hunting.plan import Ask
from vedette.sentinel.hunting.row import MAX_NAME, Reader
from vedette.sentinel.hunting.seen import Seen
from vedette.sentinel.hunting.text import MAX_TEXT
from vedette.sentinel.hunting.told import columns


def ask_of(folder: Path, target: str, detection: str = "", logsource: str = "category: process_creation") -> Ask:
    plain = "\n    selection:\n        CommandLine|contains: x\n    condition: selection\n"
    write(folder / "rules", "one", detection or plain, logsource=logsource)
    made = planned(folder / "rules", target)
    assert made.refused == ()
    return made.asks[0]


def reader(ask: Ask, target: str) -> Reader:
    return Reader(ask.columns, columns(target), ask.query.table, ask.rule.logsource.category, ask.raw)


@pytest.fixture
def asim(tmp_path):
    return reader(ask_of(tmp_path, "asim"), "asim")


def test_a_row_of_another_source_has_the_resolved_reading(asim):
    cells = row(
        {
            "TimeGenerated": told(NOON + 60),
            "EventStartTime": told(NOON),
            "Dvc": "web.example.com",
            "EventVendor": "Microsoft",
            "TargetProcessName": "/usr/sbin/xtables-nft-multi",
            "TargetProcessCommandLine": "iptables -F",
            "TargetProcessId": "77",
            "ActingProcessName": "/usr/bin/bash",
            "TargetUsername": "root",
            "TargetProcessMD5": "aa",
            "_ItemId": "item",
            "Type": "DeviceProcessEvents",
        }
    )
    seen = asim.seen(cells)
    assert seen is not None
    assert (seen.id, seen.table, seen.time, seen.host) == ("item", "DeviceProcessEvents", NOON, "web.example.com")
    assert seen.values["Image.resolved"] == "/usr/sbin/xtables-nft-multi"
    assert seen.values["ProcessId"] == 77
    assert seen.values["Hashes"] == "MD5=aa"
    assert seen.values["Computer"] == "web.example.com"
    assert not any(name.endswith(".invoked") for name in seen.values)
    assert not seen.whole


def test_a_shipped_row_has_both_readings_the_session_and_the_parent(asim):
    more = {"Script": "/usr/sbin/ufw", "ScriptInode": 12, "Ancestors": [{"ProcessId": 40, "Image": "/usr/bin/bash"}]}
    seen = asim.seen(row(shipped(9, "iptables -F", Additional=more)))
    assert seen is not None
    values = seen.values
    assert (values["Image.resolved"], values["Image.invoked"]) == ("/usr/sbin/xtables-nft-multi", "/usr/sbin/iptables")
    assert (values["LoginUser"], values["LoginUserId"], values["LogonId"]) == ("ops", 1000, "7")
    assert (values["Script"], values["ScriptInode"]) == ("/usr/sbin/ufw", 12)
    assert (seen.id, seen.serial, seen.boot, seen.whole) == (f"uid-9-{round(NOON * 1000)}", 109, 0, True)
    (parent,) = seen.ancestors
    assert (parent.pid, parent.image, parent.invoked, parent.command_line, parent.user) == (
        *(40, "/usr/bin/bash", "/bin/bash", "bash"),
        "root",
    )


def test_what_the_shipper_cut_is_not_whole(asim):
    seen = asim.seen(row(shipped(9, "iptables -F", Additional={"Cut": {"TargetProcessCommandLine": 70_000}})))
    assert seen is not None
    assert (seen.whole, seen.cut) == (False, True)


def test_a_row_without_a_time_is_none(asim):
    assert asim.seen({"Dvc": "gw"}) is None
    assert asim.seen({"TimeGenerated": "yesterday"}) is None


def test_rows_without_a_name_are_told_apart_by_what_they_say(asim):
    first = {"TimeGenerated": dt.datetime.fromtimestamp(NOON, dt.UTC), "TargetProcessId": "1"}
    one, same, other = (asim.seen(each) for each in (first, dict(first), {**first, "TargetProcessId": "2"}))
    assert one == same
    assert one is not None
    assert other is not None
    assert one.id != other.id


def test_a_defender_row_has_numbers_and_computed_columns(tmp_path):
    found = reader(ask_of(tmp_path, "xdr"), "xdr").seen(
        {
            "TimeGenerated": dt.datetime.fromtimestamp(NOON, dt.UTC),
            "DeviceName": "web",
            "FolderPath": "/usr/bin/curl",
            "ProcessId": 5,
            "LogonId": 999,
            "SigmaCurrentDirectory": "/tmp",
            "AccountName": "eve",
        }
    )
    assert found is not None
    assert found.values["LogonId"] == "0x3e7"
    assert (found.values["ProcessId"], found.values["User"]) == (5, "eve")
    assert found.values["CurrentDirectory"] == "/tmp"


def test_an_audit_record_in_syslog_has_its_own_time_and_serial(tmp_path):
    detection = "\n    selection:\n        type: EXECVE\n        a0: iptables\n    condition: selection\n"
    ask = ask_of(tmp_path, "syslog", detection, "service: auditd")
    assert ask.source.service == "auditd"
    found = reader(ask, "syslog").seen(
        {
            "TimeGenerated": dt.datetime.fromtimestamp(NOON + 9, dt.UTC),
            "Computer": "gw",
            "SyslogMessage": f'type=EXECVE msg=audit({NOON:.3f}:4711): argc=2 a0="iptables" a1="-F"',
            "SigmaType": "EXECVE",
            "Sigma_a0": "iptables",
        }
    )
    assert found is not None
    assert (found.time, found.serial, found.host) == (NOON, 4711, "gw")
    assert found.values["type"] == "EXECVE"
    assert found.raw.startswith("type=EXECVE")


CELLS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [*shipped(1, "x"), "Dvc", "Type", "_ItemId", "EventUid", "DvcHostName", "SyslogMessage", "TargetProcessMD5"]
)


@pytest.fixture(scope="module")
def strange(tmp_path_factory):
    return reader(ask_of(tmp_path_factory.mktemp("rules"), "asim"), "asim")


@given(st.dictionaries(NAMES, CELLS), st.dictionaries(st.text(max_size=8), CELLS, max_size=4), st.booleans())
def test_whatever_a_row_holds_it_is_read_or_left(strange, cells, extra, mine):
    if mine:
        cells |= {"EventVendor": "Linux", "EventProduct": "auditd", "TimeGenerated": "2026-11-24T08:30:00Z"}
        cells["AdditionalFields"] = {**extra, "Ancestors": [extra, 5], "Serial": cells.get("Dvc")}
    seen = strange.seen(cells)
    if seen is not None:
        assert all(isinstance(value, str | int | float) for value in seen.values.values())
        assert all(len(str(value)) <= MAX_TEXT for value in seen.values.values())
        assert max(len(seen.id), len(seen.host), len(seen.table)) <= MAX_NAME
        assert msgspec.json.decode(msgspec.json.encode(seen), type=Seen) == seen


def test_a_text_that_is_too_long_is_cut_and_told(asim):
    cells: dict[str, Any] = {**row(shipped(1, "x" * (MAX_TEXT + 1))), "EventVendor": "other"}
    seen = asim.seen(cells)
    assert seen is not None
    assert len(str(seen.values["CommandLine"])) == MAX_TEXT
    assert (seen.cropped, seen.cut) == (("TargetProcessCommandLine",), True)

"""Windows events in every form that exporters write, and the log sources that they are of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.telemetry.events.hunted import events

from vedette.event import LogSource
from vedette.telemetry.events.evtx import first_record_json, read_json, recognise_json
from vedette.telemetry.events.windows import said_of
from vedette.telemetry.events.windows_kind import kinds_of, service_of, taxonomy

SYSMON = "Microsoft-Windows-Sysmon/Operational"
TIME = "2026-11-24T08:35:30.164117Z"
DATA = {"Image": r"C:\Windows\System32\whoami.exe", "CommandLine": "whoami /all", "ProcessId": 4460, "Empty": ""}
SYSTEM = {"EventID": 1, "EventRecordID": 7, "Channel": SYSMON, "Computer": "pc-01"}
NESTED = {
    "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
    "TimeCreated": {"#attributes": {"SystemTime": TIME}},
    **SYSTEM,
}
FORMS: dict[str, dict[str, Any]] = {
    "attributes-below": {"Event": {"System": NESTED, "EventData": DATA}},
    "attributes-beside": {
        "Event": {
            "System": {
                "Provider_attributes": {"Name": "Microsoft-Windows-Sysmon"},
                "Provider": None,
                "TimeCreated": None,
                "TimeCreated_attributes": {"SystemTime": TIME},
                **SYSTEM,
            },
            "EventData": DATA,
        }
    },
    "attributes-with-at": {
        "Event": {
            "System": {
                "Provider": {"@Name": "Microsoft-Windows-Sysmon"},
                "TimeCreated": {"@SystemTime": TIME},
                **SYSTEM,
                "EventID": {"#text": "1", "#attributes": {"Qualifiers": "0"}},
            },
            "EventData": {"Data": [{"@Name": name, "#text": str(value)} for name, value in DATA.items()]},
        }
    },
    "velociraptor": {
        "System": {
            **SYSTEM,
            "Provider": {"Name": "Microsoft-Windows-Sysmon"},
            "EventID": {"Value": 1},
            "TimeCreated": {"SystemTime": 1795509330.164117},
        },
        "EventData": DATA,
    },
    "winlogbeat": {
        "@timestamp": TIME,
        "winlog": {
            "provider_name": "Microsoft-Windows-Sysmon",
            "event_id": "1",
            "channel": SYSMON,
            "computer_name": "pc-01",
            "record_id": 7,
            "event_data": DATA,
        },
    },
    "flat": {
        "SourceName": "Microsoft-Windows-Sysmon",
        "EventID": 1,
        "Channel": SYSMON,
        "Hostname": "pc-01",
        "RecordNumber": 7,
        "TimeCreated": TIME,
        **DATA,
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form):
    data = json.dumps(FORMS[form]).encode()
    assert recognise_json(data)
    first = first_record_json(data)
    assert first is not None
    assert first[0] == "pc-01"
    assert first[1] == pytest.approx(1795509330.164117)
    (plain,), rejects = events(read_json, data)
    assert not rejects.counts
    assert plain.kind.source == LogSource("windows", "process_creation", "sysmon")
    assert plain.time == pytest.approx(1795509330.164117)
    assert (plain.host, plain.number) == ("pc-01", 7)
    wanted = {
        "Image": DATA["Image"], "CommandLine": "whoami /all", "ProcessId": 4460, "EventID": 1,
        "Channel": SYSMON, "Provider_Name": "Microsoft-Windows-Sysmon", "Computer": "pc-01",
    }  # fmt: skip
    assert {name: plain.values.get(name) for name in wanted} == wanted
    assert "Empty" not in plain.values


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_lines_arrays_and_spread_objects_hold_the_same(size):
    trees = [FORMS["attributes-below"], FORMS["winlogbeat"]]
    shapes = [
        b"\n".join(json.dumps(tree).encode() for tree in trees),
        json.dumps(trees).encode(),
        json.dumps(trees, indent=2).encode(),
        b"\n".join(json.dumps(tree, indent=2).encode() for tree in trees),
        b"\xef\xbb\xbf" + b"\r\n".join(json.dumps(tree).encode() for tree in trees),
        b"".join(b"Record %d\n%s\n" % (n, json.dumps(tree, indent=2).encode()) for n, tree in enumerate(trees, 1)),
    ]
    for data in shapes:
        plains, rejects = events(read_json, data, size)
        assert [plain.kind.name for plain in plains] == ["process_creation"] * 2, data[:60]
        assert not rejects.counts
        assert all(data[plain.offset :].startswith(plain.raw) for plain in plains)


def test_security_4688_is_a_process_start_and_an_event_of_its_service():
    tree = {
        "Event": {
            "System": {**NESTED, "EventID": 4688, "Channel": "Security"},
            "EventData": {
                "SubjectUserName": "alice", "SubjectDomainName": "CORP", "TargetUserName": "-",
                "NewProcessName": r"C:\Windows\System32\cmd.exe", "ParentProcessName": r"C:\x\winword.exe",
                "NewProcessId": "0x1a4", "ProcessId": "0x10", "CommandLine": "cmd /c whoami",
                "MandatoryLabel": "S-1-16-12288", "SubjectLogonId": "0x3e7",
            },
        }
    }  # fmt: skip
    (own, start), _ = events(read_json, json.dumps(tree).encode())
    assert own.kind.source == LogSource("windows", "", "security")
    assert own.values["NewProcessId"] == "0x1a4"
    assert start.kind.source == LogSource("windows", "process_creation")
    assert start.values == {
        "Image": r"C:\Windows\System32\cmd.exe", "CommandLine": "cmd /c whoami", "ProcessId": 0x1A4,
        "ParentImage": r"C:\x\winword.exe", "ParentProcessId": 0x10, "LogonId": "0x3e7", "User": r"CORP\alice",
        "IntegrityLevel": "High", "EventID": 4688, "Channel": "Security",
        "Provider_Name": "Microsoft-Windows-Sysmon", "Computer": "pc-01",
    }  # fmt: skip
    assert start.kind.supplied is not None
    assert set(start.values) <= start.kind.supplied


def test_security_4657_is_a_registry_event_under_sysmons_names():
    tree = {
        "System": {"EventID": 4657, "Channel": "Security", "Computer": "pc-01"},
        "EventData": {
            "ObjectName": r"\REGISTRY\MACHINE\SOFTWARE\Run", "ObjectValueName": "x", "NewValue": "16",
            "NewValueType": "%%1876", "OperationType": "%%1905", "ProcessName": r"C:\x.exe",
        },
    }  # fmt: skip
    (_, event), rejects = events(read_json, json.dumps(tree).encode())
    assert event.values["TargetObject"] == r"HKLM\SOFTWARE\Run\x"
    assert (event.values["Details"], event.values["EventType"]) == ("DWORD (0x00000010)", "SetValue")
    assert event.kind.seen_by(LogSource("windows", "registry_event"))
    assert rejects.counts == {"without-time": 1}


def test_sysmons_registry_keys_are_told_apart_by_what_became_of_them():
    def categories(event_type: str) -> set[str]:
        (kind, read), *others = kinds_of("sysmon", 12, event_type)
        assert read is None
        assert not others
        return {kind.source.category, *(source.category for source in kind.also)}

    assert categories("CreateKey") == {"registry_add", "registry_event"}
    assert categories("DeleteValue") == {"registry_delete", "registry_event"}
    assert categories("") == {"registry_add", "registry_delete", "registry_event"}


def test_rules_of_a_product_alone_see_every_event_of_it():
    (kind, _), *_ = kinds_of("windefend", 1116, "")
    assert kind.seen_by(LogSource("windows"))
    assert kind.seen_by(LogSource("windows", "", "windefend"))
    assert not kind.seen_by(LogSource("windows", "", "security"))
    assert not kind.seen_by(LogSource("linux"))


def test_every_service_of_a_public_windows_rule_has_its_channel(sigmahq):
    import yaml

    asked = set()
    for path in sigmahq.glob("rules*/**/*.yml"):
        if "/windows/" not in str(path):
            continue
        for document in yaml.load_all(path.read_text("utf-8"), yaml.CSafeLoader):
            source = (document or {}).get("logsource", {})
            if source.get("product") == "windows" and source.get("service"):
                asked.add(source["service"])
    assert len(asked) > 30
    assert asked <= set(taxonomy().channels), asked - set(taxonomy().channels)


def test_a_channel_is_known_whatever_its_case_and_a_provider_serves_without():
    assert service_of("microsoft-windows-sysmon/operational", "x") == "sysmon"
    assert service_of("", "Microsoft-Windows-Security-Auditing") == "security"
    assert service_of("Elsewhere", "Microsoft-Windows-Security-Auditing") == ""


def test_names_with_blanks_and_nested_user_data_come_under_sigmas_names():
    tree = {
        "Event": {
            "System": {**NESTED, "Channel": "Microsoft-Windows-Windows Defender/Operational", "EventID": 1116},
            "EventData": {"Threat Name": "x", "Data": {"#text": ["a", "b"]}},
            "UserData": {"Operation": {"#attributes": {"xmlns": "y"}, "Consumer": "z", "More": {"Deep": 1}}},
        }
    }
    (plain,), _ = events(read_json, json.dumps(tree).encode())
    assert plain.values["ThreatName"] == "x"
    assert plain.values["Data"] == "a\nb"
    assert (plain.values["Consumer"], plain.values["Deep"]) == ("z", "1")


@pytest.mark.parametrize("tree", [{}, {"Event": 1}, {"Event": {"System": []}}, {"winlog": 3}, {"EventID": 1}, {"a": 1}])
def test_what_is_no_windows_event_is_none(tree):
    assert said_of(tree) is None


def test_what_can_not_be_read_is_counted_with_its_line():
    good = json.dumps(FORMS["flat"]).encode()
    data = b"\n".join([good, b'{"a":1}', b"{broken", b"[1]", b"", good, b'{"EventID":1,"Chan'])
    plains, rejects = events(read_json, data)
    assert len(plains) == 2
    assert rejects.counts == {"no-windows-event": 1, "not-json": 1, "no-object": 1, "cut-off": 1}
    assert rejects.examples["not-json"] == "log:3"
    assert rejects.examples["cut-off"] == "log:7"


def test_half_a_surrogate_pair_and_broken_utf8_hide_no_event():
    line = json.dumps(FORMS["flat"]).replace("whoami", r"\ud800x").encode()
    for data in (line, line.replace(rb"\ud800x", b"\xff\xfe")):
        (plain,), rejects = events(read_json, data)
        assert "\ufffd" in str(plain.values["CommandLine"])
        assert not rejects.counts

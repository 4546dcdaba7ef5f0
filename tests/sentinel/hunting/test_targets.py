"""Hunts in the tables of other targets, over the workspace of the tests."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sentinel.hunting.samples import FLUSH, NOON, planned, told, write
from tests.sentinel.workspace import Workspace

from vedette.hunt.finding import Finding
from vedette.kql.check.schema import shipped
from vedette.sentinel.hunting.hunting import Hunting, Times
from vedette.sentinel.hunting.wire import Wire

SYSMON = (
    '<Event><System><Provider Name="Linux-Sysmon"/><EventID>1</EventID></System><EventData>'
    '<Data Name="RuleName">-</Data><Data Name="UtcTime">2026-11-24 08:30:00.000</Data>'
    '<Data Name="ProcessId">77</Data><Data Name="Image">/usr/sbin/iptables</Data>'
    '<Data Name="CommandLine">iptables -F &amp;&amp; x</Data><Data Name="User">root</Data>'
    '<Data Name="LogonId">0</Data><Data Name="ParentProcessId">40</Data><Data Name="ParentImage">/usr/bin/bash</Data>'
    '<Data Name="ParentCommandLine">bash</Data></EventData></Event>'
)


def syslog(message: str, program: str) -> dict[str, Any]:
    return {
        "TimeGenerated": told(NOON + 30),
        "EventTime": told(NOON),
        "Computer": "gw",
        "Facility": "user",
        "ProcessName": program,
        "SyslogMessage": message,
    }


def hunt(workspace: Workspace, folder: Any, target: str) -> tuple[list[Finding], Hunting]:
    plan = planned(folder, target)
    assert plan.refused == ()
    wire = Wire(workspace.connection(), workspace.id, 60)
    hunting = Hunting(plan, wire, workspace.id, Times(NOON - 60, None, NOON + 3600), bound={})
    list(hunting.run())
    wire.close()
    found = hunting.findings()
    assert [fate.state for fate in hunting.account.fates] == ["ran"], hunting.account.fates
    assert workspace.violations == []
    return found, hunting


def test_sysmon_for_linux(workspace, tmp_path):
    write(tmp_path / "rules", "flush", FLUSH)
    workspace.seed("Syslog", [syslog(SYSMON, "sysmon"), syslog(SYSMON.replace(" -F", " -L"), "sysmon")])
    (one,), _ = hunt(workspace, tmp_path / "rules", "syslog")
    assert one.process is not None
    assert (one.time, one.host, one.user, one.session) == ("2026-11-24T08:30:00.000Z", "gw", "root", None)
    assert (one.process.pid, one.process.image, one.process.invoked) == (77, "/usr/sbin/iptables", None)
    assert one.process.command_line == "iptables -F && x"
    assert one.process.parent is not None
    assert (one.process.parent.pid, one.process.parent.image, one.process.parent.command_line) == (
        *(40, "/usr/bin/bash"),
        "bash",
    )
    assert one.views == ("resolved",)
    assert one.origin.file.startswith(f"workspace:{workspace.id}/Syslog/")


def test_audit_records_in_syslog(workspace, tmp_path):
    items = "type: EXECVE\n        a0|endswith: iptables\n        a1: '-F'"
    detection = f"\n    selection:\n        {items}\n    condition: selection\n"
    write(tmp_path / "rules", "record", detection, logsource="service: auditd")
    records = [
        f'type=EXECVE msg=audit({NOON + 0.25:.3f}:{4711 + number}): argc=2 a0="iptables" a1="-{flag}"'
        for number, flag in enumerate("FL")
    ]
    workspace.seed("Syslog", [syslog(record, "audispd") for record in records])
    (one,), _ = hunt(workspace, tmp_path / "rules", "syslog")
    assert (one.time, one.origin.serial, one.category) == ("2026-11-24T08:30:00.250Z", 4711, "auditd")
    assert one.process is None
    assert {atom.field: atom.value for atom in one.matched} == {"type": "EXECVE", "a0": "iptables", "a1": "-F"}
    assert one.event == {"type": "EXECVE", "a0": "iptables", "a1": "-F"}


def test_a_keyword_in_syslog(workspace, tmp_path):
    detection = "\n    keywords: [ufw disable]\n    condition: keywords\n"
    write(tmp_path / "rules", "keyword", detection, logsource="service: auditd")
    record = f"type=USER_CMD msg=audit({NOON:.3f}:9): pid=1 cmd=ufw disable"
    workspace.seed("Syslog", [syslog(record, "audispd"), syslog(record.replace("disable", "status"), "audispd")])
    (one,), hunting = hunt(workspace, tmp_path / "rules", "syslog")
    assert one.matched[0].field == "keyword"
    assert hunting.account.fates[0].unconfirmed == 0


@pytest.mark.parametrize("times", [["TimeGenerated", "Timestamp"], ["TimeGenerated"]])
def test_defender(workspace, tmp_path, times):
    write(tmp_path / "rules", "flush", FLUSH)
    row = {
        **dict.fromkeys(times, told(NOON)),
        "DeviceName": "gw.corp.local",
        "FolderPath": "/usr/sbin/iptables",
        "ProcessCommandLine": "iptables -F",
        "ProcessId": 77,
        "AccountName": "root",
        "AccountDomain": "gw",
        "InitiatingProcessFolderPath": "/usr/bin/bash",
        "InitiatingProcessId": 40,
        "AdditionalFields": {"ProcessCurrentWorkingDirectory": "/root"},
    }
    types = {**shipped().tables["DeviceProcessEvents"], "TimeGenerated": "datetime"}
    workspace.declare("Custom-Device", "DeviceProcessEvents", types)
    workspace.seed("DeviceProcessEvents", [row, {**row, "ProcessCommandLine": "iptables -L"}])
    (one,), _ = hunt(workspace, tmp_path / "rules", "xdr")
    assert one.process is not None
    assert (one.time, one.host, one.user) == ("2026-11-24T08:30:00.000Z", "gw.corp.local", "root")
    assert (one.process.pid, one.process.image, one.process.cwd) == (77, "/usr/sbin/iptables", "/root")
    assert one.process.parent is not None
    assert (one.process.parent.pid, one.process.parent.image) == (40, "/usr/bin/bash")


def test_a_network_session_of_another_source(workspace, tmp_path):
    detection = "\n    selection:\n        DestinationPort: 443\n        Initiated: 'true'\n    condition: selection\n"
    write(tmp_path / "rules", "net", detection, logsource="category: network_connection")
    row = {
        "TimeGenerated": told(NOON),
        "EventStartTime": told(NOON),
        "EventEndTime": told(NOON),
        "EventType": "EndpointNetworkSession",
        "NetworkDirection": "Outbound",
        "DvcHostname": "web",
        "DstIpAddr": "10.0.0.5",
        "DstPortNumber": 443,
        "SrcUsername": "eve",
    }
    workspace.seed("ASimNetworkSessionLogs", [row, {**row, "DstPortNumber": 80}])
    (one,), _ = hunt(workspace, tmp_path / "rules", "asim")
    assert (one.host, one.user, one.process, one.category) == ("web", "eve", None, "network_connection")
    told_of = (one.event["DestinationIp"], one.event["DestinationPort"], one.event["Initiated"])
    assert told_of == ("10.0.0.5", 443, "true")

"""Sysmon for Linux in syslog and journals: entities, cut lines, and texts that pose as events."""

from __future__ import annotations

import json

import pytest
from tests.telemetry.events.hunted import events, told

from vedette.event import LogSource
from vedette.telemetry.events.sysmon_linux import first_record, kinds, read, recognise
from vedette.telemetry.format import detect, detect_all


def event(number: int = 1, system: str = "", **data: str) -> str:
    fields = "".join(f'<Data Name="{name}">{value}</Data>' for name, value in data.items())
    return (
        f'<Event><System><Provider Name="Linux-Sysmon" Guid="{{ff}}"/><EventID>{number}</EventID>'
        f'<TimeCreated SystemTime="2026-11-24T08:35:30.164117000Z"/><EventRecordID>12</EventRecordID>{system}'
        f"<Channel>Linux-Sysmon/Operational</Channel><Computer>web-01</Computer></System>"
        f"<EventData>{fields}</EventData></Event>"
    )


START = event(
    Image="/usr/bin/sh", CommandLine="sh -c a &amp;&amp; b &lt;x &#39;", ProcessId="7", Hashes="-", User="root"
)
HEADS = [
    "",
    "MESSAGE=",
    "Nov 24 08:35:30 web-01 sysmon: ",
    "Nov  4 08:35:30 web-01 sysmon[811]: ",
    "<14>Nov 24 08:35:30 web-01 sysmon: ",
    "2026-11-24T08:35:30.164117+00:00 web-01 sysmon: ",
    "<14>1 2026-11-24T08:35:30Z web-01 sysmon 811 - - ",
    '<14>1 2026-11-24T08:35:30Z web-01 sysmon - - [a@1 b="c"] ',
]


@pytest.mark.parametrize("head", HEADS)
def test_every_head_of_a_line_is_known(head):
    data = f"Nov 24 08:35:29 web-01 cron[1]: x\n{head}{START}\n".encode()
    assert recognise(data)
    assert first_record(data) == ("web-01", 1795509330.164117)
    (plain,), rejects = events(read, data, 13)
    assert not rejects.counts
    assert plain.kind.source == LogSource("linux", "process_creation", "sysmon")
    assert plain.values["CommandLine"] == "sh -c a && b <x '"
    assert plain.values["ProcessId"] == 7
    assert "Hashes" not in plain.values
    assert (plain.host, plain.time, plain.number) == ("web-01", 1795509330.164117, 12)
    assert data[plain.offset :].startswith(head.encode() + b"<Event>")


def test_a_journal_in_json_says_the_same():
    line = json.dumps({"MESSAGE": START, "SYSLOG_IDENTIFIER": "sysmon", "_HOSTNAME": "web-01"}).encode()
    as_bytes = json.dumps({"MESSAGE": list(START.encode()), "_HOSTNAME": "web-01"}).encode()
    plain = events(read, START.encode())[0]
    for data in (line, as_bytes):
        found, rejects = events(read, data)
        assert told(found) == told(plain)
        assert not rejects.counts
    assert detect(line) is not None


def exported(message: bytes, who: str, user: str, *, binary: bool = False) -> bytes:
    """An entry as `journalctl -o export` writes it."""
    told = {"__CURSOR": "s=1", "__REALTIME_TIMESTAMP": "1", "__MONOTONIC_TIMESTAMP": "1", "_HOSTNAME": "web-01"}
    told |= {"SYSLOG_IDENTIFIER": who, "_UID": user}
    lines = b"".join(f"{name}={value}\n".encode() for name, value in told.items())
    length = len(message).to_bytes(8, "little")
    return lines + (b"MESSAGE\n" + length + message if binary else b"MESSAGE=" + message) + b"\n\n"


@pytest.mark.parametrize("size", [7, 1 << 20])
def test_an_export_of_a_journal_says_the_same_and_only_what_the_sensor_wrote_counts(size):
    forged = exported(b"x\nMESSAGE=" + START.encode() + b"\n", "web", "33", binary=True)
    data = b"".join(
        (
            forged,
            exported(START.encode(), "sysmon", "1000"),
            exported(START.encode(), "web", "0"),
            exported(START.encode(), "sysmon", "0"),
            exported(START.encode().replace(b"sh -c a", b"sh\n-c a"), "sysmon", "0", binary=True),
        )
    )
    assert [form.name for form in detect_all(data)] == ["journal", "sysmon-linux"]
    plains, rejects = events(read, data, size)
    assert rejects.counts == {"event-of-another-program": 2}
    assert [plain.values["CommandLine"] for plain in plains] == ["sh -c a && b <x '", "sh\n-c a && b <x '"]
    assert {plain.host for plain in plains} == {"web-01"}
    assert data[plains[0].offset :].startswith(b"__CURSOR=")


def test_a_whole_journal_in_json_is_read_for_the_sensor_too():
    whole = {"__CURSOR": "s=1", "MESSAGE": START, "SYSLOG_IDENTIFIER": "sysmon", "_UID": "0"}
    assert [form.name for form in detect_all(json.dumps(whole).encode())] == ["journal", "sysmon-linux"]


@pytest.mark.parametrize(
    "line",
    [
        json.dumps({"MESSAGE": START, "SYSLOG_IDENTIFIER": "sysmon", "_UID": "1000"}),
        f"Nov 24 08:35:30 web-01 sshd[7]: Invalid user sysmon: {START} from 192.0.2.1",
        f"Nov 24 08:35:30 web-01 sshd[7]: {START}",
        f"Nov 24 08:35:30 web-01 sysmon: x {START}",
        json.dumps({"MESSAGE": START, "SYSLOG_IDENTIFIER": "sshd"}),
        json.dumps({"MESSAGE": "x " + START, "SYSLOG_IDENTIFIER": "sysmon"}),
    ],
)
def test_a_text_of_another_program_is_no_event(line):
    plains, rejects = events(read, line.encode())
    assert plains == []
    assert rejects.counts == {"event-of-another-program": 1}


@pytest.mark.parametrize("cut", range(60, 400, 11))
def test_a_cut_line_is_hunted_as_far_as_it_goes(cut):
    line = f"Nov 24 08:35:30 web-01 sysmon: {START}"
    plains, rejects = events(read, line[:cut].encode())
    assert rejects.counts["cut-off"] == 1
    for plain in plains:
        assert plain.values.get("Image", "/usr/bin/sh") in {"/usr/bin/sh"[:n] for n in range(1, 12)}


def test_what_stands_twice_counts_once_and_the_first_time():
    line = START.replace('<Data Name="User">', '<Data Name="Image">/evil</Data><Data Name="User">')
    (plain,), _ = events(read, line.encode())
    assert plain.values["Image"] == "/usr/bin/sh"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("&amp;lt;", "&lt;"),
        ("a?x&copy=1", "a?x&copy=1"),
        ("&#xD800;", "\ufffd"),
        ("&#10;", "\n"),
        ("&#x110000;", "\ufffd"),
    ],
)
def test_entities_are_those_of_xml_alone_and_undone_once(text, plain):
    (found,), _ = events(read, event(CommandLine=text).encode())
    assert found.values["CommandLine"] == plain


def test_events_of_a_number_that_is_not_known_are_of_the_service():
    (found,), _ = events(read, event(99, Image="/x").encode())
    assert found.kind.source == LogSource("linux", "", "sysmon")
    assert found.kind.supplied is None
    assert "1" in kinds()


def test_addresses_and_ports_are_typed():
    line = event(3, DestinationIp="::FFFF:192.0.2.1", SourceIp="2001:DB8::01", DestinationPort="443", Initiated="true")
    (found,), _ = events(read, line.encode())
    assert found.values["DestinationIp"] == "192.0.2.1"
    assert found.values["SourceIp"] == "2001:db8::1"
    assert found.values["DestinationPort"] == 443

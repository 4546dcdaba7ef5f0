from __future__ import annotations

from pathlib import Path

import pytest
from tests.telemetry.carrier import writing

from vedette.cli.choice import FORMAT_NAMES
from vedette.telemetry.carrier.carried import Carried
from vedette.telemetry.format import FORMATS, HEAD, detect, detect_all, first_record, opened
from vedette.telemetry.listing import expand

RECORD = b'node=gw type=CWD msg=audit(1795509330.159:7): cwd="/"'
SYSMON = (
    b'Nov 24 08:35:31 gw sysmon: <Event><System><Provider Name="Linux-Sysmon" Guid="{ff032593-a8d3-4f13-b0d6-'
    b'01fc615a0f97}"/><EventID>1</EventID><TimeCreated SystemTime="2026-11-24T08:35:31.000000000Z"/>'
    b'<Computer>gw</Computer></System><EventData><Data Name="Image">/bin/ls</Data></EventData></Event>\n'
)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (RECORD + b"\n", "auditd"),
        (b"garbage\n" + RECORD + b"\n", "auditd"),
        (writing.traditional([RECORD]), "syslog"),
        (b"Nov 24 08:35:30 gw cron: x\n" * 99 + writing.modern([RECORD]), "syslog"),
        (writing.export([RECORD]), "journal"),
        (writing.journal_json([RECORD]), "journal"),
        (writing.laurel([RECORD]), "laurel"),
        (SYSMON, "sysmon-linux"),
    ],
)
def test_content_tells_the_format(head: bytes, name: str) -> None:
    found = detect(head)
    assert found is not None
    assert found.name == name
    assert first_record(name, head)
    form, chunks = opened(iter([head, b"rest"]))
    assert form == found
    assert list(chunks) == [head, b"rest"]


@pytest.mark.parametrize(
    ("whole", "name"),
    [
        (writing.export([RECORD] * 3), "journal"),
        (writing.journal_json([RECORD] * 3), "journal"),
        (writing.laurel([RECORD, RECORD.replace(b":7)", b":8)"), RECORD.replace(b":7)", b":9)")]), "laurel"),
    ],
)
def test_a_log_whose_beginning_is_cut_keeps_its_format(whole: bytes, name: str) -> None:
    head = whole[5:]
    found = detect(head)
    assert found is not None
    assert found.name == name
    carried = b"".join(Carried(name, [head]).chunks)
    assert carried.count(b"type=CWD msg=audit(") >= 2
    assert first_record(name, head) == ("gw", 1795509330.159)


CELL = (
    b"Timestamp,DeviceName,ActionType,FileName,FolderPath,ProcessCommandLine,InitiatingProcessCommandLine,ProcessId\n"
    b'2026-11-24T08:35:30Z,gw,ProcessCreated,sh,/bin/sh,"sh -c %s",bash,7\n'
)
ENTRY = b"x\n\n__CURSOR=s\n__REALTIME_TIMESTAMP=1\n__MONOTONIC_TIMESTAMP=1"


@pytest.mark.parametrize("text", [b"x\n" + RECORD, ENTRY, b'x\n{"ID":"1795509330.159:7"', b'x\n{"__CURSOR":1}'])
def test_lines_inside_a_cell_or_an_entry_tell_no_format(text: bytes) -> None:
    table = detect(CELL % text)
    assert table is not None
    assert table.name == "defender"
    other = detect((CELL % text).replace(b"ProcessCommandLine", b"Args"))
    assert other is not None
    assert other.name == "csv"
    export = writing.export([RECORD])
    message = b"MESSAGE\n" + len(text).to_bytes(8, "little") + text + b"\n"
    journal = detect(export.replace(b"MESSAGE=", message + b"OTHER=", 1))
    assert journal is not None
    assert journal.name == "journal"


@pytest.mark.parametrize(
    "head", [b"", b"\n", b"Nov 24 08:35:30 gw cron: x\n", b"\x7fELF\0", b"type=CWD", b"%PDF-1.7\n"]
)
def test_what_is_no_log_has_no_format(head: bytes) -> None:
    assert detect(head) is None
    assert detect_all(head) == ()


def test_a_file_with_two_kinds_of_lines_is_read_as_each(tmp_path: Path) -> None:
    path = tmp_path / "syslog"
    path.write_bytes(writing.traditional([RECORD]) + SYSMON + writing.traditional([RECORD]))
    listing = expand([path])
    assert [file.format for file in listing.files] == ["syslog", "sysmon-linux"]
    assert {file.path for file in listing.files} == {str(path)}
    assert listing.problems == ()


def test_a_format_can_be_forced(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(RECORD + b"\n")
    assert [file.format for file in expand([path], "syslog").files] == ["syslog"]
    form, _ = opened(iter([RECORD]), "journal")
    assert form == FORMATS["journal"]


def test_a_syslog_whose_first_record_comes_late_is_read_if_it_is_named() -> None:
    late = b"Nov 24 08:35:30 gw cron: x\n" * 20_000 + writing.modern([RECORD])
    assert detect(late[:HEAD]) is None
    form, _ = opened(iter([late]))
    assert form == FORMATS["syslog"]


def test_the_option_knows_every_format() -> None:
    assert set(FORMAT_NAMES) == set(FORMATS)

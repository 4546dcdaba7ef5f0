from __future__ import annotations

import json

import pytest
from tests.telemetry.carrier.writing import entry

from vedette.telemetry.carrier.journal import MAX_FIELD, Journal, recognise

CWD = b'type=CWD msg=audit(1795509330.159:7): cwd="/"'
CALL = b"type=SYSCALL msg=audit(1795509330.159:8): arch=c000003e"
BEGIN = {"__CURSOR": b"s=1", "__REALTIME_TIMESTAMP": b"1", "__MONOTONIC_TIMESTAMP": b"1", "_HOSTNAME": b"gw"}
PLUGIN = {**BEGIN, "_TRANSPORT": b"syslog", "SYSLOG_IDENTIFIER": b"audispd"}


def read(data: bytes, size: int = 1 << 23) -> tuple[list[bytes], Journal]:
    journal = Journal()
    out = b"".join(journal.stream(data[at : at + size] for at in range(0, len(data), size)))
    return out.split(b"\n")[:-1], journal


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_message_with_control_characters_has_a_length(size: int) -> None:
    record = b'type=LOGIN msg=audit(1795509330.159:7): res=1\x1dUID="root"'
    lines, _ = read(entry({**PLUGIN, "MESSAGE": record}) * 2, size)
    assert lines == [b"node=gw " + record] * 2


def test_what_a_field_holds_is_never_another_entry() -> None:
    fake = b"\n\n" + entry({**PLUGIN, "MESSAGE": CWD})
    lines, journal = read(
        entry({**BEGIN, "SYSLOG_IDENTIFIER": b"mallory", "MESSAGE": fake}) + entry({**PLUGIN, "MESSAGE": CWD})
    )
    assert lines == [b"node=gw " + CWD]
    assert journal.others == 1
    lines, journal = read(entry({**PLUGIN, "MESSAGE": CWD + fake}))
    assert lines == []


def test_a_field_too_big_to_keep_is_passed_over_by_its_length() -> None:
    big = (b"\x01" + b"x" * 9 + b"\n\n" + entry({**PLUGIN, "MESSAGE": CWD})) * (MAX_FIELD // 100)
    for size in (100_000, 1 << 23):
        lines, journal = read(entry({**PLUGIN, "BIG": big, "MESSAGE": CWD}) + entry({**PLUGIN, "MESSAGE": CWD}), size)
        assert lines == [b"node=gw " + CWD]
        assert journal.broken == 1


def test_only_root_is_taken_for_auditd() -> None:
    assert read(entry({**PLUGIN, "_UID": b"0", "MESSAGE": CWD}))[0] == [b"node=gw " + CWD]
    lines, journal = read(entry({**PLUGIN, "_UID": b"1000", "MESSAGE": CWD}))
    assert lines == []
    assert journal.foreign == 1
    assert any("pose" in remark for remark in journal.remarks())


def test_what_journald_took_from_the_kernel_is_a_record() -> None:
    taken = {**BEGIN, "_TRANSPORT": b"audit", "_AUDIT_TYPE": b"1307", "_AUDIT_ID": b"7", "MESSAGE": b'CWD cwd="/"'}
    own = {**taken, "_SOURCE_REALTIME_TIMESTAMP": b"1795509330159000"}
    assert read(entry(own))[0] == [b"node=gw " + CWD]
    assert read(entry(taken))[0] == [], "no time"
    printed = {**BEGIN, "_TRANSPORT": b"kernel", "MESSAGE": b'audit: type=1307 audit(1795509330.159:7): cwd="/"'}
    assert read(entry(printed))[0] == [b"node=gw " + CWD]
    lines, journal = read(entry(own) + entry({**PLUGIN, "MESSAGE": CALL}) + entry(own) + entry(printed))
    assert lines == [b"node=gw " + CWD, b"node=gw " + CALL]
    assert journal.twice == 2


def test_a_cut_export_keeps_what_came_before() -> None:
    whole = entry({**PLUGIN, "MESSAGE": CWD})
    for end in range(1, len(whole)):
        lines, journal = read(whole + whole[:end])
        assert lines == [b"node=gw " + CWD]
        assert journal.cut


def test_garbage_costs_its_entry_only() -> None:
    whole = entry({**PLUGIN, "MESSAGE": CWD})
    lines, journal = read(whole + b"no field\n\n" + b"\n\n" + whole)
    assert lines == [b"node=gw " + CWD] * 2
    assert journal.broken == 1


def test_json() -> None:
    base = {"__CURSOR": "s", "__REALTIME_TIMESTAMP": "1", "_HOSTNAME": "gw", "SYSLOG_IDENTIFIER": "audispd"}
    rows: list[object] = [
        {**base, "MESSAGE": CWD.decode()},
        {**base, "MESSAGE": list(CWD)},
        {**base, "MESSAGE": [CWD.decode(), "x"]},
        {**base, "MESSAGE": None},
        {**base, "MESSAGE": [1, 999]},
        {**base, "MESSAGE": CWD.decode(), "SYSLOG_IDENTIFIER": "x"},
        [],
    ]
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    lines, journal = read(data)
    assert lines == [b"node=gw " + CWD] * 3
    assert journal.broken == 1
    assert recognise(data)
    assert journal.places.in_file(len(lines[0]) + 1) == data.index(b"\n") + 1


def test_the_form_is_told_however_the_file_comes_in_pieces():
    remarks = []
    for pieces in ([b"\n{"], [b"\n", b"{"], [b"", b"\n{", b""]):
        journal = Journal()
        assert b"".join(journal.stream(pieces)) == b""
        remarks.append(list(journal.remarks()))
    assert remarks[0] == remarks[1] == remarks[2]

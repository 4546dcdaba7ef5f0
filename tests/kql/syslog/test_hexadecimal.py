"""Text in hexadecimal, decoded by the query: what our own reader makes of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kql.probe import item, probe
from tests.kql.syslog.messages import read, recorded, rows, table
from tests.strategies_auditd import kernel_string, line

from vedette.errors import UsageError
from vedette.kql import Options, read_target
from vedette.kql.syslog import with_hex
from vedette.kql.syslog.hexadecimal import encoded_in
from vedette.telemetry.auditd.accounts import Accounts
from vedette.telemetry.auditd.record import Record, parse_record
from vedette.telemetry.auditd.records import record_values

TARGET = with_hex(read_target("syslog"), "decode")
AUDITD = next(one for one in TARGET.tables if one.service == "auditd")
FIELDS = ["type", "a0", "a1", "a2", "a3", "cmd", "name", "comm", "exe", "cwd", "key", "acct", "data"]


def law(raw: bytes) -> dict[str, object]:
    """What our own reader makes of those fields."""
    record = parse_record(raw)
    assert isinstance(record, Record)
    values = record_values(record, (record.body,), Accounts())
    return {name: value for name, value in values.items() if name in FIELDS}


def test_recorded_text_is_decoded():
    lines = [raw for raw in recorded() if re.search(rb" (?:a[0-3]|cmd|name)=[0-9A-F]{2,}(?: |$)", raw)][:400]
    told = read([raw.decode() for raw in lines], FIELDS, AUDITD)
    decoded = 0
    for raw, values in zip(lines, told, strict=True):
        if b"[0]=" in raw:
            continue
        assert values == law(raw), raw
        decoded += any(" " in str(value) for value in values.values())
    assert decoded > 20


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12), min_size=1, max_size=12))
@settings(max_examples=20)
def test_any_text_comes_back(texts):
    lines = [line("EXECVE", b"argc=2 a0=" + kernel_string(text.encode()) + b' a1="7E7E"') for text in texts]
    told = read([raw.decode() for raw in lines], ["a0", "a1"], AUDITD)
    for text, values in zip(texts, told, strict=True):
        assert values == {name: value for name, value in {"a0": text, "a1": "7E7E"}.items() if value}


def test_registers_are_no_text():
    raw = line("SYSCALL", b"arch=c000003e syscall=59 a0=7E7E a1=4142 comm=4142")
    assert read([raw.decode()], ["a0", "a1", "comm"], AUDITD) == [{"a0": "7E7E", "a1": "4142", "comm": "AB"}]


def test_fields_of_strangers_are_known_by_name():
    assert encoded_in("comm") == ()
    assert encoded_in("a1") == ("EXECVE",)
    assert encoded_in("data") == ("TTY", "USER_TTY")
    assert encoded_in("auid") is None


def test_the_option_decodes_and_says_so(tmp_path):
    detection = item("type: EXECVE\na2|contains: 'flush ruleset'")
    kept = probe(tmp_path, detection, "syslog", category="", service="auditd")
    decoded = probe(tmp_path, detection, "syslog", category="", service="auditd", hex="decode")
    messages = [line("EXECVE", b'argc=3 a0="sh" a1="-c" a2=' + kernel_string(b"nft flush ruleset")).decode()]
    assert rows(messages).ids(kept.text) == []
    assert rows(messages).ids(decoded.text) == [0]
    assert "url_decode" not in kept.text
    assert any("is not decoded" in note for note in kept.notes)
    assert not any("is not decoded" in note for note in decoded.notes)
    assert all(f"// {note}" in decoded.text.splitlines() for note in decoded.notes)


@pytest.mark.parametrize("name", ["asim", "xdr"])
def test_other_targets_have_nothing_to_decode(name):
    assert with_hex(read_target(name), "decode") is read_target(name)
    assert table("process_creation").decoded is False


def test_an_unknown_choice_is_refused():
    with pytest.raises(UsageError, match="keep or decode"):
        Options.of({"hex": "yes"}, TARGET)

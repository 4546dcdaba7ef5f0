from __future__ import annotations

import csv as reader
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.samples import FLUSH, make_correlation, make_finding

from vedette.hunt.finding import Verdict
from vedette.report import csv
from vedette.report.terminal import visible


def rows(*findings):
    out = io.BytesIO()
    csv.write(findings, out)
    return list(reader.DictReader(io.StringIO(out.getvalue().decode(), newline="")))


JOINT = ("correlation", "group", "first", "last", "windows", "events", "events_excluded", "joined")


def test_a_row_holds_the_finding():
    finding = make_finding(event={"Table": "filter"}, verdict=Verdict("excluded", "mf_x", "because", ("User",)))
    (row,) = rows(finding)
    assert list(row) == list(csv.COLUMNS)
    assert row == {
        "time": "2026-11-24T08:35:30.164Z",
        "host": "gw-nft-01",
        "category": "process_creation",
        "level": "medium",
        "decision": "excluded",
        "rule_id": FLUSH.id,
        "rule_title": FLUSH.title,
        "rule_author": FLUSH.author,
        "rule_license": "DRL-1.1",
        "rule_source": FLUSH.source,
        "attack": "T1562.004 T1686",
        "user": "root",
        "login_user": "ops",
        "session_boot": "0",
        "session": "343",
        "pid": "4720",
        "image": "/usr/sbin/xtables-nft-multi",
        "invoked": "/usr/sbin/iptables",
        "script": "",
        "command_line": "iptables -F ufw-logging-deny",
        "cut": "false",
        "cwd": "/root",
        "parent_pid": "4712",
        "parent_image": "/usr/bin/dash",
        "parent_invoked": "/lib/ufw/ufw-init",
        "parent_script": "/lib/ufw/ufw-init",
        "parent_command_line": "/bin/sh /lib/ufw/ufw-init force-stop",
        "parent_user": "root",
        "via": "ufw-init force-stop",
        "ancestors": "/lib/ufw/ufw-init < /usr/sbin/ufw < /usr/bin/sudo < /bin/bash < /usr/sbin/sshd < /sbin/init",
        "event": "Table=filter",
        "matched": "Image=/usr/sbin/iptables | CommandLine=iptables -F ufw-logging-deny",
        "views": "invoked invoked/resolved",
        "excluded_by": "mf_x",
        "why": "because",
        "undecided_by": "User",
        "file": "audit.log",
        "offset": "123456",
        "serial": "59364",
        "raw": "",
        **dict.fromkeys(JOINT, ""),
    }


def test_a_correlation_fills_columns_of_its_own():
    (row,) = rows(make_correlation())
    assert [row[column] for column in JOINT] == [
        *("temporal_ordered", "LogonId=343", "2026-11-24T08:35:28.000Z", "2026-11-24T08:36:16.500Z", "2", "4", "1"),
        f"3 of Flush Iptables Ufw Chain (1 excluded) by {FLUSH.author} | 1 of New peer by Eve",
    ]
    assert (row["rule_author"], row["pid"], row["views"]) == ("Eve", "", "")


def test_what_is_unknown_is_empty():
    (row,) = rows(make_finding(process=None, session=None, user=None, login_user=None))
    assert {row[name] for name in ("pid", "image", "cut", "parent_pid", "via", "ancestors", "user", "session")} == {""}


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_cell_is_a_formula(sign):
    rule = msgspec.structs.replace(FLUSH, title=f"{sign}1+1", author=f"{sign}HYPERLINK()")
    (row,) = rows(make_finding(f"{sign}cmd|' /C calc'!A0", host=f"{sign}1", rule=rule, raw=(f"{sign}x",)))
    for name in ("command_line", "host", "rule_title", "rule_author", "raw"):
        assert row[name].startswith("'")


@given(st.text(st.characters(categories=None), max_size=40))
def test_every_finding_is_one_safe_line(text):
    out = io.BytesIO()
    csv.write([make_finding(text, host=text, raw=(text, text))], out)
    lines = out.getvalue().decode().split("\r\n")
    assert len(lines) == 3
    assert all(visible(character) for line in lines for character in line)
    (row,) = rows(make_finding(text, host=text))
    assert not row["host"].startswith(csv.FORMULA)


def test_the_stream_stays_open():
    out = io.BytesIO()
    csv.write([], out)
    assert not out.closed
    assert out.getvalue().decode().strip().split(",") == list(csv.COLUMNS)


def test_records_stand_in_one_cell():
    (row,) = rows(make_finding(raw=("type=SYSCALL", "type=EXECVE")))
    assert row["raw"] == r"type=SYSCALL\ntype=EXECVE"

"""Fields of audit records, as somebody else's engine reads them by the generated columns: those of our own reader."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kql.syslog.messages import as_seen, read, recorded, table, without_raw
from tests.strategies_auditd import execs, hostile_line, kernel_string, line

from vedette.kql.syslog.record import record_column
from vedette.predicate import Value

AUDITD = table(service="auditd")
#: Read off numbers by the reader, which a query can't.
NUMBERS = {"SADDR", "SYSCALL"}


def compare(lines: list[bytes], *, replaced: str = "\x1d") -> set[str]:
    """Every field of every line, and the fields that were there at all."""
    expected = [without_raw(as_seen(one)) for one in lines]
    for one, values in zip(lines, expected, strict=True):
        for name in NUMBERS:
            if f"{name}=".encode() not in one:
                values.pop(name, None)
    fields = sorted({name for values in expected for name in values})
    answer: list[dict[str, Value]] = [{} for _ in lines]
    for start in range(0, len(fields), 25):
        messages = [one.decode("utf-8", "replace").replace("\x1d", replaced) for one in lines]
        for values, part in zip(answer, read(messages, fields[start : start + 25], AUDITD), strict=True):
            values.update(part)
    for one, values, part in zip(lines, expected, answer, strict=True):
        assert part == {name: str(value) for name, value in values.items()}, one
    return set(fields)


@pytest.mark.parametrize("separator", ["\x1d", " "], ids=["as logged", "as auditd's plugin sends it"])
def test_recorded_lines_have_the_reader_s_fields(separator):
    lines = list(recorded(1, 0))
    assert len(lines) > 150
    found = compare(lines, replaced=separator)
    assert {"type", "exe", "comm", "key", "SYSCALL", "AUID", "unit", "cmd", "acct", "table", "name", "a12"} <= found


@given(st.lists(execs(), min_size=1, max_size=6))
@settings(max_examples=10)
def test_arguments_never_become_other_fields(written):
    compare([line("EXECVE", body) for _, bodies in written for body in bodies if body.startswith(b"argc=")])


@given(st.lists(hostile_line, min_size=1, max_size=8))
@settings(max_examples=10)
def test_a_file_name_stays_one_field(names):
    compare(
        [
            line("PATH", b"item=0 name=" + kernel_string(name) + b' inode=1 ouid=0 nametype=NORMAL\x1dOUID="root"')
            for name in names
        ]
    )


USER = {"type": "USER", "pid": "7", "uid": "1000", "auid": "1000", "ses": "3", "UID": "ops", "AUID": "ops"}
HOSTILE = [
    b'x" exe="/usr/bin/evil" y="',
    b'a exe="/usr/bin/evil" SYSCALL=execve UID="root"',
    b"' exe=\"/usr/bin/evil\" '",
    b'x\'\x1dUID="root"',
    b'msg=\'exe="/usr/bin/evil"',
    b"{ exe=/usr/bin/evil }",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", ["comm", "exe", "key"])
def test_what_a_stranger_names_is_no_field_of_the_kernel(text, place):
    values = {"comm": b'"sh"', "exe": b'"/bin/sh"', "key": b"(null)", place: kernel_string(text)}
    body = b"arch=c000003e syscall=59 uid=1000 " + b" ".join(b"%s=%s" % (key.encode(), values[key]) for key in values)
    told = read([line("SYSCALL", body).decode()], ["uid", "comm", "exe", "key", "SYSCALL", "UID", "type"], AUDITD)[0]
    written = {key: value.decode().strip('"') for key, value in values.items() if value != b"(null)"}
    assert told == {"type": "SYSCALL", "uid": "1000", "UID": "1000", **written}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_program_s_text_never_reaches_the_kernel_s_fields(text):
    body = b"pid=7 uid=1000 auid=1000 ses=3 msg='op=x " + text + b' uid=0 auid=0\'\x1dUID="ops" AUID="ops"'
    told = read([line("USER", body).decode()], ["pid", "uid", "auid", "ses", "UID", "AUID", "type"], AUDITD)[0]
    assert told == USER


@given(st.lists(hostile_line, min_size=1, max_size=8))
@settings(max_examples=10)
def test_no_message_reaches_the_kernel_s_fields(texts):
    head, tail = b"pid=7 uid=1000 auid=1000 ses=3 msg='", b'\'\x1dUID="ops" AUID="ops"'
    lines = [line("USER", head + text + tail).decode("utf-8", "replace") for text in texts]
    for values in read(lines, ["pid", "uid", "auid", "ses", "UID", "AUID", "type"], AUDITD):
        assert values == USER


@given(st.lists(hostile_line.filter(bool), min_size=1, max_size=8))
@settings(max_examples=10)
def test_a_table_s_name_never_becomes_a_field(names):
    lines = [
        line(
            "NETFILTER_CFG", b"table=" + name + b':7 family=10 entries=3 op=nft_register_rule pid=9 comm="nft"'
        ).decode("utf-8", "replace")
        for name in names
    ]
    told = read(lines, ["table", "family", "entries", "op", "pid", "comm"], AUDITD)
    for name, values in zip(names, told, strict=True):
        assert values == {
            "table": name.decode("utf-8", "replace").replace("\x1d", " ") + ":7",
            "family": "10",
            "entries": "3",
            "op": "nft_register_rule",
            "pid": "9",
            "comm": "nft",
        }


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ('key="exec"#035ARCH=x86_64 SYSCALL=execve', "key", "exec"),
        ('cap_frootid=0#035OUID="root"', "cap_frootid", "0"),
        ('key=(null) key="x"', "key", None),
        ("op=adding group id=5", "op", "adding group"),
        ("avc:  denied  { read } for  pid=5", "pid", "5"),
        ('old="" new="x"', "old", None),
        ('name="(null)"', "name", "(null)"),
        ("exename=/bin/x exe=/bin/y", "exe", "/bin/y"),
        ("EXE=/bin/x", "exe", None),
    ],
)
def test_a_value_is_what_stands_behind_its_key(body, field, value):
    told = read([line("SYSCALL", body.encode()).decode()], [field], AUDITD)[0]
    assert told.get(field) == value


@pytest.mark.parametrize(
    "message",
    [
        "app: type=EXECVE msg=audit(1700000000.000:1): argc=1",
        "xtype=EXECVE msg=audit(1700000000.000:1): argc=1",
        "type=EXECVE msg=audit(x): argc=1",
    ],
)
def test_what_is_no_record_has_no_fields(message):
    assert read([message], ["type", "argc"], AUDITD) == [{}]


def test_columns_have_names_that_kusto_takes():
    for field in [*AUDITD.names, *AUDITD.enriched]:
        assert record_column(field).column.isidentifier()


@pytest.mark.parametrize(
    ("field", "note"),
    [("AUID", "is a number"), ("SADDR", "is absent"), ("SYSCALL", ""), ("ARCH", ""), ("exe", "")],
)
def test_what_only_auditd_can_tell_is_noted(field, note):
    told = record_column(field).note
    assert (f"{field} {note}" in told) if note else told == ""

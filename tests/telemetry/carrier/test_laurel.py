from __future__ import annotations

import json

import pytest

from vedette.telemetry.carrier.laurel import Laurel, first_record, recognise
from vedette.telemetry.carrier.laurel_record import body_of, syscall_of


def read(*events: object) -> tuple[list[bytes], Laurel]:
    laurel = Laurel()
    data = b"".join(event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n" for event in events)
    return b"".join(laurel.stream([data])).split(b"\n")[:-1], laurel


@pytest.mark.parametrize(
    ("kind", "fields", "body"),
    [
        ("EXECVE", {"argc": 2, "ARGV": ["a", "b c"]}, b'argc=2 a0="a" a1=622063'),
        ("EXECVE", {"argc": 1, "ARGV": ['%25%2b%c3ä"\n']}, b"argc=1 a0=252BC3C3A4220A"),
        ("EXECVE", {"argc": 3, "ARGV": ["a"]}, b'argc=3 a0="a"'),
        ("EXECVE", {"argc": 2, "ARGV_STR": "a b"}, b"argc=1 a0=612062"),
        ("EXECVE", {"argc": 2, "ARGV": ["a", "b"], "ENV": {"LD_PRELOAD": "x"}}, b'argc=2 a0="a" a1="b"'),
        ("EXECVE", {"argc": "x", "ARGV": 7}, b"argc=0"),
        ("PROCTITLE", {"ARGV": ["a", "-n"]}, b"proctitle=61002D6E"),
        ("PROCTITLE", {"proctitle": "a"}, b'proctitle="a"'),
        (
            "SOCKADDR",
            {"saddr": "%02%00%00%16A", "SADDR": "{saddr_fam=inet}"},
            b"saddr=0200001641\x1dSADDR={ saddr_fam=inet }",
        ),
        (
            "PATH",
            {"name": "/a b", "mode": "0o100755", "cap_fp": "0x2000"},
            b"name=2F612062 mode=0100755 cap_fp=0000000000002000",
        ),
        ("PATH", {"name": None}, b"name=(null)"),
        (
            "SYSCALL",
            {"syscall": 59, "key": ["a", "b"], "PID": {"x": 1}, "AUID": "ops"},
            b'syscall=59 key=610162\x1dAUID="ops"',
        ),
        ("SYSCALL", {"arch": "0x1", "ARGV": ["0x2", "0x3"], "ppid": 1}, b"arch=1 a0=2 a1=3 ppid=1"),
        ("USER_CMD", {"pid": 1, "msg": 'cmd="x"\ntype=EXECVE'}, b"pid=1 msg='cmd=\"x\" type=EXECVE'"),
        ("X", {"a b": 1, "c": True, "d": {"e": 1}, "f": [1]}, b""),
    ],
)
def test_bodies(kind: str, fields: dict[str, object], body: bytes) -> None:
    assert body_of(kind, fields) == body


def test_the_usual_call_is_written_as_any_other() -> None:
    fields = {
        "arch": "0xc000003e", "syscall": 59, "success": "no", "exit": -2, "items": 1, "ppid": 2, "pid": 3,
        "auid": 4294967295, "comm": "a b", "key": None, "ARCH": "x86_64", "UID": "root",
        "ARGV": ["0x1", "0x2", "0x3", "0x4"], "PPID": {"comm": "x"},
    }  # fmt: skip
    raw = json.dumps(fields, separators=(",", ":")).encode()
    quick = syscall_of(raw)
    assert quick is not None
    assert quick == body_of("SYSCALL", fields)
    assert quick.endswith(b'ppid=2 pid=3 auid=4294967295 comm=612062 key=(null)\x1dARCH=x86_64 UID="root"')


def test_events() -> None:
    event = {
        "ID": "1795509330.159:7", "NODE": "gw", "SYSCALL": {"arch": "0x1"}, "CWD": {"cwd": "/"},
        "PARENT_INFO": {"x": 1}, "NETFILTER_CFG": [{"table": "filter:2"}, {"table": "nat:3"}],
    }  # fmt: skip
    lines, laurel = read(event, b"@cee: " + json.dumps(event).encode() + b"\n")
    head = b"node=gw type=%b msg=audit(1795509330.159:7): "
    wanted = [
        head % b"NETFILTER_CFG" + b"table=filter:2",
        head % b"NETFILTER_CFG" + b"table=nat:3",
        head % b"SYSCALL" + b"arch=1",
        head % b"CWD" + b'cwd="/"',
    ]
    assert lines == wanted * 2
    assert laurel.records == 8
    second = len(b"\n".join(wanted)) + 1
    assert laurel.places.in_file(second + 30) == laurel.places.in_file(second) == len(json.dumps(event)) + 1


@pytest.mark.parametrize(
    "line",
    [
        b"{\n",
        b"[]\n",
        b"{}\n",
        b'{"ID":7}\n',
        b'{"ID":"1.0:1"}\n',
        b'{"ID":"1795509330.159:7","NODE":7,"CWD":{}}\n',
        b'{"ID":"1795509330.159:7): type=X\\n","CWD":{}}\n',
        b'{"ID":"1795509330.159:7","CWD":' + b"[" * 5_000 + b"\n",
        b"\xff\xfe\n",
    ],
)
def test_what_is_no_event_is_counted(line: bytes) -> None:
    lines, laurel = read(line)
    assert lines == []
    assert laurel.broken == 1
    assert len(list(laurel.remarks())) == 1


def test_names_never_leave_their_line() -> None:
    lines, _ = read(
        {"ID": "1795509330.159:7", "NODE": "a b\n", "CWD\ntype=X": {"a": 1}, "CWD": {"cwd\nb": 1, "c": "1\n2"}}
    )
    assert lines == [b"type=CWD msg=audit(1795509330.159:7): c=1 2"]


def test_the_beginning_tells_host_and_time() -> None:
    head = b'{"ID":"1795509330.159:7","NODE":"gw","SYSC'
    assert recognise(head)
    assert first_record(head) == ("gw", 1795509330.159)
    assert first_record(b'{"ID":"1795509330.159:7","SYSC') == ("", 1795509330.159)
    assert not recognise(b'{"ID":7}')

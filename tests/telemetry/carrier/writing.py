"""Carriers of audit logs as they are written elsewhere, each in a few lines: what the readers are held against."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from vedette.telemetry.auditd.record import split_fields

HOST = b"gw"
_RECORD = re.compile(rb"(?:node=(\S+) )?type=(\S+) msg=audit\(([\d.]+:\d+)\): ?(.*)", re.DOTALL)
_TEXTS = {b"comm", b"exe", b"key", b"name", b"cwd", b"proctitle", b"tty", b"dev", b"rdev", b"nametype", b"table", b"op"}
_LISTS = {b"PATH", b"SOCKADDR", b"NETFILTER_CFG", b"BPRM_FCAPS", b"LOGIN"}


def traditional(lines: Iterable[bytes], program: bytes = b"audispd: ") -> bytes:
    return b"".join(b"Nov 24 08:35:30 gw " + program + _blank(line) + b"\n" for line in lines)


def modern(lines: Iterable[bytes]) -> bytes:
    start = b"<182>2026-11-24T08:35:30.%06d+00:00 gw audisp-syslog[77]: "
    return b"".join(start % number + _blank(line) + b"\n" for number, line in enumerate(lines))


def rfc5424(lines: Iterable[bytes]) -> bytes:
    start = b'<182>1 2026-11-24T08:35:30Z gw audispd 77 - [a@1 b="\\]"] \xef\xbb\xbf'
    return b"".join(start + _blank(line) + b"\n" for line in lines)


def escaped(lines: Iterable[bytes]) -> bytes:
    """As rsyslog forwards a file: control characters in octal."""
    return traditional((line.replace(b"\x1d", b"#035") for line in lines), b"audisp-syslog: ")


def entry(fields: dict[str, bytes]) -> bytes:
    """One entry of a journal's export; a field with control characters has a length."""
    parts = []
    for name, value in fields.items():
        if re.search(rb"[\x00-\x08\x0a-\x1f\xff]", value):
            parts.append(name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n")
        else:
            parts.append(name.encode() + b"=" + value + b"\n")
    return b"".join(parts) + b"\n"


def export(lines: Iterable[bytes], *, keep: bool = False) -> bytes:
    return b"".join(
        entry(
            {
                "__CURSOR": b"s=1;i=%x" % number,
                "__REALTIME_TIMESTAMP": b"1795509330164284",
                "__MONOTONIC_TIMESTAMP": b"3731509419",
                "_HOSTNAME": HOST,
                "_TRANSPORT": b"syslog",
                "SYSLOG_IDENTIFIER": b"audispd",
                "MESSAGE": line if keep else _blank(line),
                "SYSLOG_RAW": b"<182>\x00"
                + _blank(line)
                + b"\n\n__CURSOR=s=2\nMESSAGE=type=EXECVE msg=audit(1.000:1): \n",
            }
        )
        for number, line in enumerate(lines)
    )


def journal_json(lines: Iterable[bytes]) -> bytes:
    return b"".join(
        json.dumps(
            {
                "__CURSOR": "s=1",
                "__REALTIME_TIMESTAMP": "1795509330164284",
                "_HOSTNAME": "gw",
                "SYSLOG_IDENTIFIER": "audispd",
                "MESSAGE": list(line) if number % 2 else _blank(line).decode("utf-8", "surrogateescape"),
            }
        ).encode("utf-8", "surrogateescape")
        + b"\n"
        for number, line in enumerate(lines)
    )


def laurel(lines: Iterable[bytes]) -> bytes:
    """One line an event, in the order in which the events begin."""
    events: dict[tuple[bytes, bytes], dict[str, object]] = {}
    for line in lines:
        found = _RECORD.fullmatch(line)
        assert found is not None
        node, kind, identity, body = found.groups()
        event = events.setdefault((node, identity), {"ID": identity.decode(), "NODE": (node or HOST).decode()})
        own, message, text = body.partition(b" msg='")
        text, _, tail = text.rpartition(b"'")
        if not message:
            own, _, tail = body.partition(b"\x1d")
        fields: dict[str, object] = {}
        arguments: list[str] = []
        for name, value in split_fields(own):
            if (kind == b"EXECVE" and name[:1] == b"a" and name != b"argc") or name == b"proctitle":
                arguments += [
                    _percent(part) for part in _bytes(value).split(b"\0" if name == b"proctitle" else b"\n\n\n")
                ]
            elif kind == b"SYSCALL" and name in (b"a0", b"a1", b"a2", b"a3"):
                arguments.append("0x" + value.decode())
            else:
                fields[name.decode()] = _json(kind, name, value)
        if message:
            fields["msg"] = _percent(text)
        for name, value in split_fields(tail.removeprefix(b"\x1d")):
            fields[name.decode()] = _percent(value.strip(b'"')).replace("{ ", "{").replace(" }", "}")
        if arguments:
            fields["ARGV"] = arguments
        if kind in _LISTS:
            known = event.setdefault(kind.decode(), [])
            assert isinstance(known, list)
            known.append(fields)
        else:
            event[kind.decode()] = fields
    return b"".join(
        json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for event in events.values()
    )


def _blank(line: bytes) -> bytes:
    return line.replace(b"\x1d", b" ")


def _bytes(value: bytes) -> bytes:
    if value[:1] == b'"':
        return value[1:-1]
    return bytes.fromhex(value.decode()) if re.fullmatch(rb"(?:[0-9A-Fa-f]{2})+", value) else value


def _json(kind: bytes, name: bytes, value: bytes) -> object:
    if value == b"(null)":
        return None
    if name == b"saddr":
        return "".join(f"%{byte:02x}" for byte in bytes.fromhex(value.decode()))
    if name in (b"arch", b"per"):
        return "0x" + value.decode()
    if name == b"mode":
        return "0o" + value.decode()[1:]
    if name in _TEXTS:
        return _percent(value if kind == b"NETFILTER_CFG" and name == b"table" else _bytes(value))
    return int(value) if re.fullmatch(rb"-?\d+", value) else _percent(value)


def _percent(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(f"%{byte:02x}" for byte in value)
    return "".join(f"%{ord(char):02x}" if char < " " or char in "%+\x7f" else char for char in text)

"""One record of LAUREL's JSON as auditd writes it."""

from __future__ import annotations

import functools
import re
from typing import Any, Final

import msgspec

from vedette.telemetry.auditd.value import is_encoded

_ESCAPE: Final = re.compile(rb"%([0-9a-fA-F]{2})")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", re.ASCII)
#: What the kernel writes in quotes; anything else of a stranger it writes in hexadecimal.
_SAFE: Final = re.compile(rb"[!#-~]*")
_NUMBER: Final = re.compile(rb"0x[0-9a-f]{1,16}|0o[0-7]{1,16}")
#: Lists and maps that LAUREL makes of a record's fields; what else is one, it added.
_ARGUMENTS: Final = "ARGV"
_TEXT: Final = "ARGV_STR"
#: Names that auditd's interpretation does not put in quotes.
_BARE: Final = frozenset({"ARCH", "SYSCALL", "SADDR"})
#: Sets of capabilities, which the kernel writes with all their digits.
_CAPABILITIES: Final = re.compile(r"(?:old_|cap_)?[fp][piea]")
#: The usual SYSCALL record: what differs from event to event, and who did it, which does not.
_SYSCALL: Final = re.compile(
    rb'\{"arch":"0x([0-9a-f]{1,16})","syscall":(\d{1,10})(?:,"success":"(yes|no)","exit":(-?\d{1,20}))?'
    rb',"items":(\d{1,10}),"ppid":(\d{1,10}),"pid":(\d{1,10}),("auid":[^\[\]{}]*)'
    rb'"ARGV":\["0x([0-9a-f]{1,16})","0x([0-9a-f]{1,16})","0x([0-9a-f]{1,16})","0x([0-9a-f]{1,16})"\]'
    rb"(?:,[^\n]*)?\}"
)


def syscall_of(raw: bytes) -> bytes | None:
    """A SYSCALL record as LAUREL always writes it, or None if it is written in another way."""
    found = _SYSCALL.fullmatch(raw)
    if found is None:
        return None
    arch, number, success, status, items, ppid, pid, rest, *registers = found.groups()
    who = _who(rest)
    if who is None:
        return None
    ended = b" success=%b exit=%b" % (success, status) if success else b""
    return b"arch=%b syscall=%b%b a0=%b a1=%b a2=%b a3=%b items=%b ppid=%b pid=%b %b" % (
        arch,
        number,
        ended,
        *registers,
        items,
        ppid,
        pid,
        who,
    )


@functools.lru_cache(2_000)
def _who(rest: bytes) -> bytes | None:
    try:
        fields: dict[str, Any] = msgspec.json.decode(b"{" + rest.removesuffix(b",") + b"}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return _joined("SYSCALL", fields)


def body_of(kind: str, fields: dict[str, Any]) -> bytes:
    """A record's body.

    Args:
        kind: its type.
        fields: its fields as JSON has them, in order.
    """
    arguments = fields.get(_ARGUMENTS)
    if kind == "EXECVE":
        return _execve(fields)
    if kind == "PROCTITLE" and isinstance(arguments, list):
        return b"proctitle=" + _untrusted(b"\0".join(map(_bytes, arguments)))
    if kind == "SYSCALL" and isinstance(arguments, list):
        registers = {f"a{number}": value for number, value in enumerate(arguments[:4])}
        before: dict[str, Any] = {
            name: fields[name] for name in ("arch", "syscall", "per", "success", "exit") if name in fields
        }
        return _joined(kind, {**before, **registers, **{n: v for n, v in fields.items() if n not in before}})
    return _joined(kind, fields)


def _joined(kind: str, fields: dict[str, Any]) -> bytes:
    own: list[bytes] = []
    tail: list[bytes] = []
    for name, value in fields.items():
        if not _NAME.fullmatch(name):
            continue
        if name.isupper():
            # A map or a list under such a name is what LAUREL made or added.
            if isinstance(value, str) and name != _TEXT:
                tail.append(name.encode() + b"=" + _interpreted(name, value))
        elif (written := _written(kind, name, value)) is not None:
            own.append(name.encode() + b"=" + written)
    body = b" ".join(own)
    return body + b"\x1d" + b" ".join(tail) if tail else body


def _execve(fields: dict[str, Any]) -> bytes:
    arguments, count = fields.get(_ARGUMENTS), fields.get("argc")
    if not isinstance(arguments, list):
        # Without the list nothing tells which blank parts two arguments; the line as a whole is still right.
        text = fields.get(_TEXT)
        arguments, count = ([text], 1) if isinstance(text, str) else ([], count)
    # Fewer arguments than their number says: the kernel's record was cut, or LAUREL left some out.
    count = count if isinstance(count, int) and len(arguments) < count < 1 << 31 else len(arguments)
    written = (b"a%d=" % number + _untrusted(_bytes(value)) for number, value in enumerate(arguments))
    return b" ".join((b"argc=%d" % count, *written))


def _written(kind: str, name: str, value: Any) -> bytes | None:
    """A field of the kernel's, or None if no record could hold it."""
    if value is None:
        return b"(null)"
    if isinstance(value, bool | dict):
        return None
    if isinstance(value, int | float):
        return str(value).encode()
    if isinstance(value, list):  # the keys of several rules
        return _untrusted(b"\x01".join(map(_bytes, value))) if name == "key" else None
    text = _bytes(value)
    if kind == "SOCKADDR" and name == "saddr":
        return text.hex().upper().encode()
    if name == "msg":
        return b"'" + _line(text) + b"'"
    if kind != "NETFILTER_CFG" and is_encoded(kind, name.encode()):
        return _untrusted(text)
    if kind == "NETFILTER_CFG" and name == "comm":
        return _untrusted(text)
    if _NUMBER.fullmatch(text):
        digits = text[2:]
        if text[1:2] == b"o":
            return b"0" + digits
        return digits.rjust(16, b"0") if _CAPABILITIES.fullmatch(name) and digits != b"0" else digits
    return _line(text)


def _interpreted(name: str, value: str) -> bytes:
    text = _line(_bytes(value))
    if name == "SADDR" and text[:1] == b"{" and text[-1:] == b"}":
        return b"{ " + text[1:-1].strip(b" ") + b" }"
    return text if name in _BARE else b'"' + text + b'"'


def _bytes(value: Any) -> bytes:
    """A text with `%xx` made bytes again."""
    text = value.encode("utf-8", "replace") if isinstance(value, str) else str(value).encode()
    return _ESCAPE.sub(_byte, text) if b"%" in text else text


def _byte(found: re.Match[bytes]) -> bytes:
    return bytes((int(found[1], 16),))


def _untrusted(text: bytes) -> bytes:
    return b'"' + text + b'"' if _SAFE.fullmatch(text) else text.hex().upper().encode()


def _line(text: bytes) -> bytes:
    """A text that can't end its line or pose as what auditd interpreted."""
    return text.replace(b"\n", b" ").replace(b"\x1d", b" ").replace(b"\0", b" ")

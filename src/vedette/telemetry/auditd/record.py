"""One line of an audit log, parsed slowly and obviously. The oracle of every faster reader.

::

    node=gw type=SYSCALL msg=audit(1795509332.471:59366): arch=c000003e ... comm="sshd"<0x1D>ARCH=x86_64 SYSCALL=execve
    ^prefix ^type             ^seconds  ^ms ^serial      ^fields                      ^interpreted tail (ENRICHED)

Nothing that a stranger can write becomes a field of the kernel: the text of a user-space record stands between the
first `msg='` and the last quote and is kept apart, whatever it contains; untrusted strings are quoted or hexadecimal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import msgspec

from vedette.telemetry.auditd.value import is_encoded, text, trusted, untrusted

#: Longest line that is parsed, in bytes; auditd's own limit is below 10 KB.
LINE_LIMIT: Final = 1 << 20
#: How much of a rejected line is kept to show.
_SHOWN: Final = 200

Reason: TypeAlias = Literal["blank", "too-long", "nul-bytes", "not-a-record", "bad-prefix", "bad-header"]

_HEADER: Final = re.compile(
    rb"(?:node=(?P<node>[^\s\x00-\x20\x7f]{1,255}) )?"
    rb"type=(?P<type>[A-Z][A-Z0-9_]{0,63}|UNKNOWN\[\d{1,5}\]) "
    rb"msg=audit\((?P<sec>\d{1,12})\.(?P<ms>\d{3}):(?P<serial>\d{1,10})\):(?: (?P<body>.*))?",
    re.DOTALL,
)
_ANYWHERE: Final = re.compile(rb"type=\S{1,64} msg=audit\(")
_KEY: Final = re.compile(rb"([A-Za-z_][A-Za-z0-9_.-]*(?:\[\d{1,10}\])?)=")
_MESSAGE: Final = re.compile(rb"(?:^| )msg='")
_TAIL: Final = re.compile(rb"[A-Z][A-Z0-9_-]*=")
_SEPARATOR: Final = b"\x1d"

#: Types whose named field is text that the kernel does not escape, with the field that follows it: the field's value
#: reaches to the last place where that one stands, so text inside it can't pose as the fields behind it.
UNESCAPED: Final[dict[str, tuple[bytes, bytes]]] = {"NETFILTER_CFG": (b"table=", b" family=")}


class Record(msgspec.Struct, frozen=True):
    """One audit record.

    Attributes:
        node: name of the host as the line states it, or empty.
        type: record type, such as `SYSCALL` or `UNKNOWN[1420]`.
        sec: UTC epoch seconds.
        ms: milliseconds, 0 to 999.
        serial: serial of the event; with node, sec and ms it tells which records belong together.
        fields: the fields of the kernel (or of auditd itself), decoded; where one is named twice, the first.
        inner: the fields within `msg='...'` of a user-space record, decoded, with what auditd made of them.
        enriched: what auditd made of `fields` with `log_format=ENRICHED`, such as `AUID` and `SYSCALL`.
        body: what follows the header, without the interpreted tail.
        raw: the whole line without its end.
    """

    node: str
    type: str
    sec: int
    ms: int
    serial: int
    fields: dict[str, str]
    inner: dict[str, str]
    enriched: dict[str, str]
    body: bytes
    raw: bytes

    @property
    def time(self) -> float:
        """UTC epoch seconds, exact to the millisecond."""
        return self.sec + self.ms / 1000


class Reject(msgspec.Struct, frozen=True):
    """A line that is no audit record.

    Attributes:
        reason: a stable name to count by.
        shown: the first bytes of the line.
        length: bytes of the line, as far as it was read.
    """

    reason: Reason
    shown: bytes
    length: int


def parse_record(line: bytes) -> Record | Reject:
    r"""Parse one line of an audit log.

    Args:
        line: the line, with or without its `\n` or `\r\n`.
    """
    line = line.removesuffix(b"\n").removesuffix(b"\r")
    if len(line) > LINE_LIMIT:
        return _reject("too-long", line)
    if not line.strip():
        return _reject("nul-bytes" if b"\0" in line else "blank", line)
    if b"\0" in line:
        return _reject("nul-bytes", line)
    header = _HEADER.fullmatch(line)
    if header is None:
        return _reject(_why(line), line)
    record_type = text(header["type"])
    body, outer, message, tail = _parts(record_type, header["body"] or b"")
    fields = {text(key): _decode(record_type, key, value) for key, value in _first_of_each(_outer(record_type, outer))}
    inner = {
        text(key): untrusted(value, upper_only=True) if is_encoded(record_type, key) else trusted(value)
        for key, value in _first_of_each(split_fields(message))
    }
    enriched: dict[str, str] = {}
    for key, value in split_fields(tail):
        name = text(key)
        # What auditd interprets comes in the order of the fields, so a second UID is that of the message.
        owner = enriched if name.lower() in fields and name not in enriched else inner
        owner.setdefault(name, trusted(value))
    return Record(
        node=text(header["node"] or b""),
        type=record_type,
        sec=int(header["sec"]),
        ms=int(header["ms"]),
        serial=int(header["serial"]),
        fields=fields,
        inner=inner,
        enriched=enriched,
        body=body,
        raw=line,
    )


def split_fields(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The fields of a text in order, values as written.

    A value is a quoted text, a `{ ... }` group or reaches to the next blank; words without `=` belong to the unquoted
    value before them (`op=adding group`), or to nothing if there is none (`avc:  denied`).
    """
    key, start, end = b"", 0, 0
    position, size = 0, len(body)
    last_brace = body.rfind(b" }")
    while position < size:
        if body[position] == 0x20:
            position += 1
            continue
        named = _KEY.match(body, position)
        word_end = body.find(b" ", position)
        word_end = size if word_end < 0 else word_end
        if named is None:
            if key:
                end = word_end
            position = word_end
            continue
        if key:
            yield key, body[start:end]
        key, start, end = named[1], named.end(), word_end
        if body[start : start + 1] == b'"':
            close = body.find(b'"', start + 1) + 1
            if close and body[close : close + 1] in (b"", b" "):
                yield key, body[start:close]
                key, end = b"", close
        elif body[start : start + 2] == b"{ " and start < last_brace:
            end = body.find(b" }", start) + 2
        position = end
    if key:
        yield key, body[start:end]


def _reject(reason: Reason, line: bytes) -> Reject:
    """A reject that keeps only the beginning of the line."""
    return Reject(reason, line[:_SHOWN], len(line))


def _why(line: bytes) -> Reason:
    """Why a line without valid header is none: a record behind something else, a broken record, or no record at all."""
    if line.startswith((b"type=", b"node=")):
        return "bad-header"
    return "bad-prefix" if _ANYWHERE.search(line) else "not-a-record"


def _parts(record_type: str, body: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Body without tail, kernel's fields, text of the user-space message, interpreted tail."""
    start = None if record_type in UNESCAPED else _MESSAGE.search(body)
    head, separator, tail = body.rpartition(_SEPARATOR)
    if start is None:
        following = UNESCAPED.get(record_type, (b"", b""))[1]
        if not separator or not _TAIL.match(tail) or (following and following in tail):
            return body, body, b"", b""
        return head, head, b"", tail
    # The message may hold byte 0x1D itself; the kernel ends it with a quote, which a tail never ends with.
    if not separator or body.endswith(b"'") or not head.endswith(b"'") or not _TAIL.match(tail):
        head, tail = body, b""
    close = head.rfind(b"'")
    close = len(head) if close < start.end() else close
    return head, head[: start.start()], head[start.end() : close], tail


def _outer(record_type: str, body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kernel's fields in order; see `UNESCAPED`."""
    first, following = UNESCAPED.get(record_type, (b"", b""))
    end = body.rfind(following) if first and body.startswith(first) else -1
    if end >= len(first):
        yield first[:-1], body[len(first) : end]
        body = body[end:]
    yield from split_fields(body)


def _first_of_each(pairs: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Drop a field that is named again: what comes first was written by who is trusted most."""
    seen: set[bytes] = set()
    for key, value in pairs:
        if key not in seen:
            seen.add(key)
            yield key, value


def _decode(record_type: str, key: bytes, value: bytes) -> str:
    """A kernel field's value as text."""
    if UNESCAPED.get(record_type, (b"",))[0] == key + b"=":
        return text(value)
    return untrusted(value) if is_encoded(record_type, key) else trusted(value)

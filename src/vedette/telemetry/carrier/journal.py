r"""Audit records in journald: `journalctl -o export` and `-o json`, as the records that they were.

An entry of an export is a run of fields, `NAME=text` on a line or `NAME`, eight bytes of length and any bytes, up to an
empty line. Lengths are obeyed, so nothing inside a message can pose as a field or as another entry.

Three kinds of entries carry records: those of auditd's syslog plugin, what the kernel printed, and what journald itself
took from the kernel (`_TRANSPORT=audit`). Fields that begin with `_` are journald's own: an entry of a sender that is
not root is never taken for auditd's, whatever name it gives itself.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from vedette.telemetry.auditd.record import Record, parse_record
from vedette.telemetry.block import split_blocks
from vedette.telemetry.carrier.kernel import named, type_name
from vedette.telemetry.carrier.separator import restored, unescaped
from vedette.telemetry.carrier.syslog import PROGRAMS
from vedette.telemetry.line import split_lines
from vedette.telemetry.places import Places

#: A field of more bytes than this is left out with its entry, which is counted.
MAX_FIELD: Final = 1 << 20

_TEXTS: Final = re.compile(rb"(?:[A-Z0-9_]{1,64}+=[^\n]*+\n)*+")
_BINARY: Final = re.compile(rb"([A-Z0-9_]{1,64}+)\n")
_RECORD: Final = re.compile(rb"(node=[^ \n]{1,255}+ )?type=[A-Z][^\n]*+")
_HOST: Final = re.compile(rb"[^\s\x00-\x1f\x7f]{1,255}")
_KERNEL: Final = b"audit: "
#: Bytes at the beginning by which export and JSON are told apart.
_HEAD: Final = 1 << 16
#: How an export goes on whose first line is cut, and how its next entry begins.
_CUT: Final = re.compile(rb"[^\n]*\n(?:[A-Z0-9_]{1,64}=|\n__CURSOR=)")
_NEXT: Final = re.compile(rb"\n\n__CURSOR=[^\n]*\n__REALTIME_TIMESTAMP=\d+\n__MONOTONIC_TIMESTAMP=")
_PROGRAMS: Final = frozenset(PROGRAMS)
_NUMBER: Final = re.compile(rb"\d{1,17}")
#: Hosts of one export that are told apart.
_MOST_HOSTS: Final = 10_000
_CALL: Final = b"type=SYSCALL "
#: What is read of an entry.
_WANTED: Final = (
    b"MESSAGE",
    b"SYSLOG_IDENTIFIER",
    b"_HOSTNAME",
    b"_UID",
    b"_TRANSPORT",
    b"_AUDIT_TYPE",
    b"_AUDIT_ID",
    b"_SOURCE_REALTIME_TIMESTAMP",
)
_NEEDLES: Final = tuple((name, b"\n" + name + b"=") for name in _WANTED)


class _Json(msgspec.Struct):
    """What is read of an entry of `-o json`; a field of bytes is a list of numbers, one given twice a list of texts."""

    message: str | list[int | str | list[int] | None] | None = msgspec.field(default=None, name="MESSAGE")
    identifier: str | list[int | str | list[int] | None] | None = msgspec.field(default=None, name="SYSLOG_IDENTIFIER")
    host: str | None = msgspec.field(default=None, name="_HOSTNAME")
    user: str | None = msgspec.field(default=None, name="_UID")
    transport: str | None = msgspec.field(default=None, name="_TRANSPORT")
    audit_type: str | None = msgspec.field(default=None, name="_AUDIT_TYPE")
    audit_id: str | None = msgspec.field(default=None, name="_AUDIT_ID")
    time: str | None = msgspec.field(default=None, name="_SOURCE_REALTIME_TIMESTAMP")


class Journal:
    """Reads the audit records of one export of a journal.

    Attributes:
        places: where the records' entries stand in the file.
        records: records given.
        others: entries of other programs, left out.
        twice: records that journald or the kernel wrote beside auditd's own, left out.
        foreign: entries that name themselves after auditd and are not root's.
        broken: entries that are none, or hold a field too long.
        cut: the file ends in the middle of an entry.
    """

    def __init__(self) -> None:
        self.places = Places()
        self.records = self.others = self.twice = self.foreign = self.broken = 0
        self.cut = False
        self._given = 0
        self._of_auditd: set[bytes] = set()
        self._lines: list[bytes] = []
        self._starts: list[int] = []
        self._damaged = False

    def stream(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The records as auditd writes them.

        Args:
            chunks: the decompressed bytes of the file.
        """
        pieces = iter(chunks)
        first = b""
        # However the file comes in pieces, the same beginning tells its form.
        while len(first) < _HEAD and (piece := next(pieces, None)) is not None:
            first += piece
        rest = itertools.chain((first,), pieces)
        yield from self._json(rest) if _is_json(first[:_HEAD]) else self._export(rest)

    def remarks(self) -> Iterator[str]:
        """What its user must know of how it was read."""
        yield f"journal: {self.records:,} audit records, {self.others:,} other entries left out"
        if self.twice:
            yield f"journal: {self.twice:,} records are there twice, by auditd and by journald or the kernel; read once"
        if self.foreign:
            yield (
                f"journal: {self.foreign:,} entries pose as auditd's, but their sender was not root; left out, "
                "and are worth a look"
            )
        if self.broken or self.cut:
            ends = ", and the file ends in the middle of one" if self.cut else ""
            yield f"journal: {self.broken:,} entries are damaged or too long{ends}"

    def _export(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The records of `-o export`: field after field, whatever the chunks cut."""
        # The byte before each field is a newline; `base` is the place of the buffer's first byte in the file.
        buffer, base, skip, start = b"\n", -1, 0, 0
        fields: dict[bytes, bytes] = {}
        begun = False
        for chunk in chunks:
            if skip:
                chunk, skip, base = chunk[skip:], max(0, skip - len(chunk)), base + min(skip, len(chunk))
                if not chunk:
                    continue
            buffer += chunk
            position = 1
            while position < len(buffer):
                texts = _TEXTS.match(buffer, position)
                end = position if texts is None else texts.end()
                if end > position:
                    for name, needle in _NEEDLES:
                        at = buffer.find(needle, position - 1, end)
                        if at >= 0 and name not in fields:
                            at += len(needle)
                            fields[name] = buffer[at : buffer.find(b"\n", at)]
                    position, begun = end, True
                    continue
                if buffer[position] == 0x0A:
                    if begun:
                        self._entry(fields, start)
                        fields, begun = {}, False
                    position += 1
                    start = base + position
                    continue
                newline = buffer.find(b"\n", position)
                if newline < 0:
                    if len(buffer) - position <= MAX_FIELD:
                        break
                    self._damaged = begun = True
                    position = len(buffer)
                    continue
                binary = _BINARY.match(buffer, position)
                if binary is None:
                    self._damaged = begun = True
                    position = newline + 1
                    continue
                data = binary.end() + 8
                if data > len(buffer):
                    break
                length = int.from_bytes(buffer[binary.end() : data], "little")
                if length > MAX_FIELD:
                    self._damaged = True
                    skip = max(0, data + length + 1 - len(buffer))
                elif data + length >= len(buffer):
                    break
                elif binary[1] in _WANTED:
                    fields.setdefault(binary[1], buffer[data : data + length])
                position, begun = min(len(buffer), data + length + 1), True
            buffer, base = b"\n" + buffer[position:], base + position - 1
            if self._lines:
                yield self._portion()
        if len(buffer) > 1 or begun:
            self.cut = True

    def _json(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The records of `-o json`."""
        decoder = msgspec.json.Decoder(_Json)
        for block in split_blocks(chunks):
            if block.too_long:
                self.broken += 1
            start = block.offset
            for line in block.data.split(b"\n"):
                if line:
                    try:
                        entry = decoder.decode(line)
                    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                        self.broken += 1
                    else:
                        self._entry(_fields(entry), start)
                start += len(line) + 1
            if self._lines:
                yield self._portion()

    def _entry(self, fields: dict[bytes, bytes], start: int) -> None:
        """Take in one entry, which begins at `start` in the file."""
        if self._damaged:
            self.broken += 1
            self._damaged = False
            return
        host, message = fields.get(b"_HOSTNAME", b""), fields.get(b"MESSAGE", b"")
        transport = fields.get(b"_TRANSPORT", b"")
        record = None
        if transport == b"audit":
            record = _of_journald(fields, message)
        elif transport == b"kernel":
            record = named(message.removeprefix(_KERNEL)) if message.startswith(_KERNEL) else None
        elif fields.get(b"SYSLOG_IDENTIFIER") in _PROGRAMS and (found := _RECORD.fullmatch(message)) is not None:
            if fields.get(b"_UID", b"0") != b"0":
                self.foreign += 1
                return
            if _CALL in message[:300] and len(self._of_auditd) < _MOST_HOSTS:
                self._of_auditd.add(host)
            self._take(message if found[1] else _node(host) + message, start)
            return
        if record is None or b"\n" in record:
            self.others += 1
        elif host in self._of_auditd:
            self.twice += 1
        else:
            self._take(_node(host) + record, start)

    def _take(self, record: bytes, start: int) -> None:
        self._lines.append(unescaped(record) if b"#035" in record else record)
        self._starts.append(start)

    def _portion(self) -> bytes:
        """The records taken in, as they are given on."""
        lines, starts = self._lines, self._starts
        self._lines, self._starts = [], []
        self.records += len(lines)
        at, places = self._given, []
        for line in lines:
            places.append(at)
            at += len(line) + 1
        self._given = at
        self.places.add(places, starts)
        return restored(b"\n" + b"\n".join(lines))[1:] + b"\n"


def _node(host: bytes) -> bytes:
    return b"node=" + host + b" " if _HOST.fullmatch(host) else b""


def _of_journald(fields: dict[bytes, bytes], message: bytes) -> bytes | None:
    """A record that journald took from the kernel: `MESSAGE` is the type's name and the body."""
    number, serial = fields.get(b"_AUDIT_TYPE", b""), fields.get(b"_AUDIT_ID", b"")
    time = fields.get(b"_SOURCE_REALTIME_TIMESTAMP", b"")
    if not (_NUMBER.fullmatch(number) and _NUMBER.fullmatch(serial) and _NUMBER.fullmatch(time)):
        return None
    seconds, micro = divmod(int(time), 1_000_000)
    head = b"type=%b msg=audit(%d.%03d:%d):" % (type_name(int(number)).encode(), seconds, micro // 1000, int(serial))
    return head + b" " + message.partition(b" ")[2]


def _fields(entry: _Json) -> dict[bytes, bytes]:
    """The fields of an entry of `-o json` that are texts or bytes; of one that is given twice the first."""
    values = (
        entry.message,
        entry.identifier,
        entry.host,
        entry.user,
        entry.transport,
        entry.audit_type,
        entry.audit_id,
        entry.time,
    )
    return {name: text for name, value in zip(_WANTED, values, strict=True) if (text := _bytes(value)) is not None}


def _bytes(value: str | list[int | str | list[int] | None] | list[int] | None) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    if not value:
        return None
    if isinstance(value[0], str | list):
        return _bytes(value[0])
    numbers = [number for number in value if isinstance(number, int) and 0 <= number < 256]
    return bytes(numbers) if len(numbers) == len(value) else None


def recognise(head: bytes) -> bool:
    """Whether it is an export of a journal."""
    for line in head.split(b"\n", 2)[:2]:  # the first may be cut
        if line.startswith(b"{") and (b'"__REALTIME_TIMESTAMP"' in line or b'"__CURSOR"' in line):
            return True
    return _is_export(head)


def _is_export(head: bytes) -> bool:
    if head.startswith((b"__CURSOR=", b"__REALTIME_TIMESTAMP=")):
        return b"\n__MONOTONIC_TIMESTAMP=" in head
    return _CUT.match(head) is not None and _NEXT.search(head) is not None


def _is_json(head: bytes) -> bool:
    return head.startswith(b"{") or (b"\n{" in head and not _is_export(head))


def first_record(head: bytes) -> tuple[str, float] | None:
    """Host and time of the first record."""
    record = next(records(head), None)
    return None if record is None else (record.node, record.time)


def records(head: bytes) -> Iterator[Record]:
    """The records of what a log begins with, in order."""
    for line in split_lines(Journal().stream([head])):
        record = parse_record(line.data)
        if isinstance(record, Record):
            yield record

r"""Audit records in syslog: what audisp-syslog, auditd and the kernel wrote there, as the records that they were.

::

    2026-11-24T08:35:30.1+00:00 gw audispd: node=gw type=CWD msg=audit(1795509330.159:59364): cwd="/"
    Nov 24 08:35:30 gw audisp-syslog[77]: type=CWD msg=audit(1795509330.159:59364): cwd="/"
    <182>1 2026-11-24T08:35:30Z gw audispd 77 - - type=CWD msg=audit(1795509330.159:59364): cwd="/"
    Nov 24 08:35:30 gw kernel: [ 12.3] audit: type=1307 audit(1795509330.159:59364): cwd="/"

Only the lines of the named programs are looked at, and of those only what begins like a record: no text that another
program writes can pose as one. But whoever may write to syslog can write as any program; nothing in a line tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vedette.telemetry.auditd.record import Record, parse_record
from vedette.telemetry.block import Block, split_blocks
from vedette.telemetry.carrier.kernel import named
from vedette.telemetry.carrier.separator import restored, unescaped
from vedette.telemetry.carrier.template import MOST, Template
from vedette.telemetry.line import split_lines
from vedette.telemetry.places import Places

#: Programs whose lines are audit records: the plugin of auditd 3 and 4, that of auditd 2, auditd itself, and the names
#: that rsyslog's manuals give to an audit.log which it reads.
PROGRAMS: Final = (b"audispd", b"audisp-syslog", b"auditd", b"audit", b"audit.log", b"tag_audit_log", b"audit_log")

_PRIORITY: Final = rb"(?:<\d{1,3}>)?"
_MONTH: Final = rb"[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?"
_ISO: Final = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_HOST: Final = rb"[^\s\x00-\x1f\x7f]{1,255}+"
_NAMES: Final = rb"(?:" + b"|".join(map(re.escape, PROGRAMS)) + rb")"
_RECORD: Final = rb"(?:node=[^ \n]++ )?type=[A-Z][^\n]*+"
#: Structured data of RFC 5424.
_DATA: Final = rb'(?:-|(?:\[(?:[^\]"\n]|"(?:[^"\\\n]|\\[^\n])*+")*+\])++)'
#: Groups: time, host and record of an audit program, or record that the kernel printed.
_OLD: Final = re.compile(
    _PRIORITY + rb"(" + _MONTH + rb"|" + _ISO + rb") (" + _HOST + rb") "
    rb"(?:" + _NAMES + rb"(?:\[\d{1,10}\])?: (" + _RECORD + rb")"
    rb"|kernel: (?:\[ *\d+\.\d+\] )?audit: (type=\d{4} audit\([^\n]*+))"
)
#: RFC 5424. Groups: time, host, record.
_NEW: Final = re.compile(
    rb"(?:<\d{1,3}>)1 (" + _ISO + rb") (" + _HOST + rb") " + _NAMES + rb" [^ \n]++ [^ \n]++ " + _DATA + rb" "
    rb"(?:\xef\xbb\xbf)?(" + _RECORD + rb")"
)
#: Bytes of the record that a template takes in: `node=` or `type=`.
_BEGIN: Final = 5
#: Lines that are looked at at once, and bytes of a block that has more.
_MOST_LINES: Final = 1 << 17
_PART: Final = 1 << 17


class Syslog:
    """Reads the audit records of one syslog.

    Attributes:
        places: where the records' lines stand in the file.
        records: records given.
        others: lines of other programs, left out.
        too_long: lines longer than a line may be, dropped.
    """

    def __init__(self) -> None:
        self.places = Places()
        self.records = 0
        self.others = 0
        self.too_long = 0
        self._given = 0
        self._templates: list[Template] = []

    def stream(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The records as auditd writes them, block by block.

        Args:
            chunks: the decompressed bytes of the file.
        """
        for block in split_blocks(chunks):
            if block.too_long:
                self.too_long += 1
                continue
            for part in _parts(block):
                given = self._records(part)
                if given:
                    yield given

    def remarks(self) -> Iterator[str]:
        """What its user must know of how it was read."""
        yield (
            f"syslog: {self.records:,} audit records, {self.others:,} other lines left out; whoever may write to "
            "syslog can write such records too"
        )
        if self.too_long:
            yield f"syslog: {self.too_long:,} lines are too long and were left out"

    def _records(self, block: Block) -> bytes:
        text = block.data
        torn = not text.endswith(b"\n")
        array = np.frombuffer(text, np.uint8)
        newlines = np.flatnonzero(array == 0x0A)
        ends = np.append(newlines, len(text)) if torn else newlines
        starts = np.append(0, ends[:-1] + 1)
        lines, kept = self._lines(text, array, starts, ends)
        self.others += len(starts) - len(lines)
        if not lines:
            return b""
        self.records += len(lines)
        if b"#035" in text:
            lines = list(map(unescaped, lines))
        given = np.fromiter(map(len, lines), np.int64, len(lines)) + 1
        after = np.cumsum(given)
        self.places.add((after - given + self._given).tolist(), (starts[kept] + block.offset).tolist())
        self._given += int(after[-1])
        stream = restored(b"\n" + b"\n".join(lines))[1:]
        return stream if torn and kept[-1] == len(starts) - 1 else stream + b"\n"

    def _lines(
        self, text: bytes, array: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> tuple[list[bytes], NDArray[np.int64]]:
        """The records of a block, and which of its lines carried them."""
        found: list[tuple[NDArray[np.int64], list[bytes]]] = []
        left = np.arange(len(starts))
        known = 0
        slow: list[int] = []
        lines: list[bytes] = []
        while True:
            for template in self._templates[known:]:
                fits = template.fits(array, starts[left])
                numbers = left[fits]
                found.append((numbers, template.records(text, starts[numbers], ends[numbers])))
                left = left[~fits]
            known = len(self._templates)
            looked = 0
            for number, start, end in zip(left.tolist(), starts[left].tolist(), ends[left].tolist(), strict=True):
                looked += 1
                line = self._record(text, start, end)
                if line is not None:
                    slow.append(number)
                    lines.append(line)
                    if len(self._templates) > known:
                        break
            left = left[looked:]
            if not len(left):
                break
        found.append((np.array(slow, np.int64), lines))
        found = [pair for pair in found if pair[1]]
        if len(found) < 2:
            return (found[0][1], found[0][0]) if found else ([], left)
        kept = np.concatenate([numbers for numbers, _ in found])
        order = np.argsort(kept, kind="stable")
        every = [line for _, lines in found for line in lines]
        return [every[place] for place in order.tolist()], kept[order]

    def _record(self, text: bytes, start: int, end: int) -> bytes | None:
        """The record on one line, or None if it carries none; what it looks like is kept as a template."""
        found = _OLD.match(text, start, end) or _NEW.match(text, start, end)
        if found is None:
            return None
        host, record = found[2], found[3]
        if record is None:
            record = named(found[4])
            return None if record is None else b"node=" + host + b" " + record
        node = b"node=" + host + b" " if record.startswith(b"type=") else b""
        if len(self._templates) < MOST:
            place = found.start(3)
            time = found.start(1) - start, found.end(1) - start
            self._templates.append(Template(text[start:place], record[:_BEGIN], time, node))
        return node + record


def _parts(block: Block) -> Iterator[Block]:
    """A block, parted where its lines are so short that they are too many to be looked at at once."""
    data = block.data
    if data.count(b"\n") <= _MOST_LINES:
        yield block
        return
    start = 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + _PART) + 1 or data.find(b"\n", start) + 1 or len(data)
        yield Block(block.offset + start, data[start:end])
        start = end


def recognise(head: bytes) -> bool:
    """Whether syslog lines carry audit records."""
    return next(records(head), None) is not None


def first_record(head: bytes) -> tuple[str, float] | None:
    """Host and time of the first record."""
    record = next(records(head), None)
    return None if record is None else (record.node, record.time)


def records(head: bytes) -> Iterator[Record]:
    """The records of what a log begins with, in order."""
    if b"audit(" not in head:
        return
    for line in split_lines(Syslog().stream([head])):
        record = parse_record(line.data)
        if isinstance(record, Record):
            yield record

"""Sysmon for Linux: one event in XML a line, in syslog or in a journal.

Only lines of the program `sysmon` are read: text that another program logs can't pose as an event. But whoever may
write to syslog can write as any program; nothing in a line tells. A journal says who wrote: there only root's count.
"""

from __future__ import annotations

import functools
import itertools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from vedette.event import LogSource
from vedette.predicate import Value
from vedette.telemetry.carrier import journal
from vedette.telemetry.events.instant import instant
from vedette.telemetry.events.kind import Kind
from vedette.telemetry.events.objects import decode
from vedette.telemetry.events.plain import Plain
from vedette.telemetry.events.rejects import Rejects
from vedette.telemetry.events.sysmon_journal import SensorJournal, is_own
from vedette.telemetry.events.value import text, value_of
from vedette.telemetry.line import KEPT, Line, split_lines

TITLE: Final = "Sysmon for Linux"
_BEGIN: Final = b"<Event>"
_END: Final = b"</Event>"
_SENSOR: Final = b"Linux-Sysmon"
#: How a journal in JSON begins an event that is no text to it: `<Even` as the numbers of its bytes.
_NUMBERS: Final = re.compile(rb'"MESSAGE" ?: ?\[ ?60, ?69, ?118, ?101, ?110,')
_ISO: Final = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_MONTH: Final = rb"[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?"
#: What stands before an event: nothing, a line of syslog up to its message, or a journal's field.
_HEAD: Final = re.compile(
    rb"(?:<\d{1,3}>)?(?:(?:" + _MONTH + rb"|" + _ISO + rb") (\S{1,255}+) [Ss]ysmon(?:\[\d{1,10}\])?: ?"
    rb"|1 " + _ISO + rb" (\S{1,255}+) [Ss]ysmon \S++ \S++ (?:-|\[[^\n]*\]) (?:\xef\xbb\xbf)?)"
    rb"|MESSAGE=|"
)
_SYSTEM: Final = re.compile(
    rb"<(EventID|Channel|Computer|EventRecordID)(?: [^<>]{0,200})?>([^<]*+)</"
    rb"|<(Provider|TimeCreated) [^<>]*?\b(?:Name|SystemTime)=[\"']([^\"'<>]*+)[\"']"
)
_DATA: Final = re.compile(rb"<Data Name=[\"']([A-Za-z0-9_]{1,64})[\"']\s*+(?:/>|>([^<]*+)(</Data>)?)")
#: A value that the sensor doesn't know.
_UNKNOWN: Final = "-"
_ENTITY: Final = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));")
_NAMED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_BATCH: Final = 2_000
#: Bytes by which an export of a journal is told.
_PEEK: Final = 4_096


class _Listed(msgspec.Struct, frozen=True):
    id: int
    category: str
    fields: tuple[str, ...]


class _Data(msgspec.Struct, frozen=True):
    events: tuple[_Listed, ...]


@functools.cache
def kinds() -> dict[str, Kind]:
    """The kind of each event id."""
    path = Path(__file__).parent / "sysmon_linux.toml"
    listed = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _Data)
    system = {"EventID", "Channel", "Computer", "Provider_Name", "RuleName", "UtcTime", "EventRecordID"}
    return {
        str(one.id): Kind(
            LogSource("linux", one.category, "sysmon"), (), frozenset({*one.fields, *system}), "resolved", TITLE
        )
        for one in listed.events
    }


#: Events that a newer sensor may write.
OTHER: Final = Kind(LogSource("linux", "", "sysmon"), (), None, "resolved", TITLE)


def recognise(head: bytes) -> bool:
    """Whether a log holds events of Sysmon for Linux near its beginning."""
    if _SENSOR in head:
        if _is_export(head):
            return True
        return any(_begin(line) >= 0 for line in head.split(b"\n") if _SENSOR in line)
    return _NUMBERS.search(head) is not None


def first_record(head: bytes) -> tuple[str, float] | None:
    """Host and time of the first event."""
    rejects = Rejects()
    for line in split_lines([head]):
        plain = _event(line, 1, "", 0.0, rejects) if _SENSOR in line.data else None
        if plain is not None and plain.time:
            return plain.host, plain.time
    return None


def read(chunks: Iterable[bytes], file: str, rejects: Rejects) -> Iterator[list[Plain]]:
    """The events of a log; lines of other programs are none of its business."""
    chunks = iter(chunks)
    head = b""
    while len(head) < _PEEK and (more := next(chunks, None)) is not None:
        head += more
    chunks = itertools.chain((head,), chunks)
    if _is_export(head):
        yield from _exported(chunks, file, rejects)
        return
    found: list[Plain] = []
    time = 0.0
    for number, line in enumerate(split_lines(chunks), start=1):
        if _BEGIN not in line.data and _NUMBERS.search(line.data) is None:
            continue
        plain = _event(line, number, file, time, rejects)
        if plain is None:
            continue
        time = plain.time
        found.append(plain)
        if len(found) >= _BATCH:
            yield found
            found = []
    yield found


def _is_export(head: bytes) -> bool:
    return not head.startswith(b"{") and journal.recognise(head)


def _exported(chunks: Iterable[bytes], file: str, rejects: Rejects) -> Iterator[list[Plain]]:
    """The events of an export of a journal."""
    entries = SensorJournal()
    time, number = 0.0, 0
    for some in entries.entries(chunks):
        found: list[Plain] = []
        for entry in some:
            number += 1
            place = f"entry at byte {entry.offset}"
            if not entry.own:
                rejects.add("event-of-another-program", file, place)
                continue
            body = entry.message.replace(b"\n", b"&#10;")
            line = Line(entry.offset, entry.message, len(entry.message), True)
            plain = _read(body, entry.host, line, number, time, place, file, rejects)
            if plain is not None:
                time = plain.time
                found.append(plain)
        yield found
    if entries.broken:
        rejects.counts["damaged"] += entries.broken
        rejects.examples.setdefault("damaged", f"{file}: {entries.broken} entries of the journal")


def _begin(line: bytes) -> int:
    """Where the event of a line begins, or -1 if no line of the sensor's is this."""
    if line.startswith(b"{"):
        numbers = _NUMBERS.search(line)
        return line.find(_BEGIN) if numbers is None else numbers.start()
    match = _HEAD.match(line)
    assert match is not None  # the empty head always matches
    return match.end() if line.startswith(_BEGIN, match.end()) else -1


def _event(line: Line, number: int, file: str, before: float, rejects: Rejects) -> Plain | None:
    data = line.data
    start = _begin(data)
    if start < 0:
        rejects.add("event-of-another-program", file, number)
        return None
    host = b""
    if data.startswith(b"{"):
        message = _message(data)
        if message is None:
            rejects.add("event-of-another-program", file, number)
            return None
        body, host = message
    else:
        match = _HEAD.match(data)
        host = (match[1] or match[2] or b"") if match is not None else b""
        body = data[start:]
    return _read(body, host, line, number, before, number, file, rejects)


def _read(
    body: bytes, host: bytes, line: Line, number: int, before: float, place: int | str, file: str, rejects: Rejects
) -> Plain | None:
    """The event of a text; what is wrong with it is counted."""
    if not body.rstrip().endswith(_END) or line.length >= KEPT:
        # What it still says is hunted all the same.
        rejects.add("cut-off", file, place)
    plain = _plain(body, host.decode("utf-8", "replace"), line, number, before)
    if plain is None:
        rejects.add("no-sysmon-event", file, place)
    elif not plain.time:
        rejects.add("without-time", file, place)
    return plain


def _message(data: bytes) -> tuple[bytes, bytes] | None:
    """Message and host of a journal's entry in JSON, if it is the sensor's."""
    try:
        entry = decode(data)
    except ValueError:
        return None
    if not isinstance(entry, dict):
        return None
    who = (entry.get("SYSLOG_IDENTIFIER"), entry.get("_UID"))
    if not is_own(*(None if one is None else text(one).encode("utf-8", "replace") for one in who)):
        return None
    message = entry.get("MESSAGE", entry.get("message"))
    if isinstance(message, list):
        # Bytes that are no text stand as numbers.
        if not all(isinstance(one, int) and 0 <= one < 256 for one in message):
            return None
        told = bytes(message)
    else:
        told = text(message).encode("utf-8", "replace")
    host = text(entry.get("_HOSTNAME", "")).encode("utf-8", "replace")
    return (told.replace(b"\n", b"&#10;"), host) if told.startswith(_BEGIN) else None


def _plain(body: bytes, host: str, line: Line, number: int, before: float) -> Plain | None:
    system: dict[str, str] = {}
    end = body.find(b"</System>")
    for match in _SYSTEM.finditer(body, 0, len(body) if end < 0 else end):
        name = (match[1] or match[3]).decode("ascii")
        system.setdefault(name, _text(match[2] if match[1] else match[4]))
    if "EventID" not in system:
        return None
    values: dict[str, Value] = {}
    for match in _DATA.finditer(body, max(end, 0)):
        name = match[1].decode("ascii")
        if name not in values and match[2]:
            told = _text(match[2])
            if told != _UNKNOWN:
                values[name] = value_of(name, told)
    for name, field in _FIELDS.items():
        if system.get(name):
            values[field] = value_of(field, system[name])
    time = instant(system.get("TimeCreated")) or instant(values.get("UtcTime")) or before
    kind = kinds().get(system["EventID"], OTHER)
    record = system.get("EventRecordID", "")
    own = int(record) if record.isascii() and record.isdigit() and len(record) < 19 else 0
    return Plain(kind, time, system.get("Computer") or host, values, {}, line.offset, own or number, line.data)


_FIELDS: Final[Mapping[str, str]] = {
    "EventID": "EventID",
    "Channel": "Channel",
    "Computer": "Computer",
    "Provider": "Provider_Name",
    "EventRecordID": "EventRecordID",
}


def _text(told: bytes) -> str:
    plain = told.decode("utf-8", "replace")
    return _ENTITY.sub(_character, plain) if "&" in plain else plain


def _character(match: re.Match[str]) -> str:
    """What an entity of XML stands for; anything else stays as it is."""
    if match[1]:
        return _NAMED[match[1]]
    number = int(match[2]) if match[2] else int(match[3], 16)
    return chr(number) if number < 0xD800 or 0xDFFF < number < 0x110000 else "\ufffd"

"""Records of one event brought together, slowly and obviously. The oracle of every faster reader.

Records of one event share node, time and serial, and may stand among those of others. An EOE record says that an event
is whole, but many events have none, so an event also ends when its node's clock or the number of later records has
moved on.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from vedette.telemetry.auditd.record import Record, Reject, parse_record
from vedette.telemetry.line import split_lines

#: Node, seconds, milliseconds, serial.
Key: TypeAlias = tuple[str, int, int, int]


class Window(msgspec.Struct, frozen=True):
    """How long an event without EOE is waited for.

    Attributes:
        seconds: how far its node's clock may move on, either way.
        records: how many records may follow its first one.
        size: how many bytes of records are held at once.
    """

    seconds: float = 2.0
    records: int = 20_000
    size: int = 64 << 20


class AuditEvent(msgspec.Struct, frozen=True):
    """The records of one event.

    Attributes:
        records: in the order of the log; at least one.
        offset: bytes before the first record in the decompressed stream.
        rest: these records came after the event had been given out, so they are what was missing from it then.
    """

    records: tuple[Record, ...]
    offset: int
    rest: bool = False

    @property
    def key(self) -> Key:
        """What its records share."""
        return key_of(self.records[0])

    def bodies(self, record_type: str) -> tuple[bytes, ...]:
        """The bodies of all records of a type, in the order of the log."""
        return tuple(record.body for record in self.records if record.type == record_type)

    def first(self, record_type: str) -> Record | None:
        """The first record of a type, or None."""
        return next((record for record in self.records if record.type == record_type), None)


class _Open:
    """An event that may still get records."""

    __slots__ = ("arrival", "ended", "offset", "records", "size")

    def __init__(self, offset: int, arrival: int) -> None:
        self.offset = offset
        self.arrival = arrival
        self.records: list[Record] = []
        self.size = 0
        self.ended = False


def key_of(record: Record) -> Key:
    """What a record shares with the others of its event."""
    return record.node, record.sec, record.ms, record.serial


def parse_lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, Record | Reject]]:
    """Every line of a log parsed, with the bytes before it in the stream."""
    for line in split_lines(chunks):
        parsed = parse_record(line.data)
        if isinstance(parsed, Reject) and line.length > parsed.length:
            parsed = Reject(parsed.reason, parsed.shown, line.length)
        yield line.offset, parsed


def coalesce(records: Iterable[tuple[int, Record]], window: Window | None = None) -> Iterator[AuditEvent]:
    """Bring the records of each event together.

    Args:
        records: offset and record, in the order of the log.
        window: how long to wait for an event; bounds the memory.

    Yields:
        Events in the order of their first records.
    """
    window = window or Window()
    waiting: dict[Key, _Open] = {}  # in the order of first records
    clocks: dict[str, float] = {}
    events_of: Counter[str] = Counter()  # waiting events by node
    given: deque[Key] = deque(maxlen=window.records)
    given_count: Counter[Key] = Counter()
    held = 0

    def give(key: Key) -> AuditEvent:
        nonlocal held
        event = waiting.pop(key)
        held -= event.size
        rest = key in given_count
        if len(given) == given.maxlen:
            forgotten = given[0]
            given_count[forgotten] -= 1
            if not given_count[forgotten]:
                del given_count[forgotten]
        given.append(key)
        given_count[key] += 1
        events_of[key[0]] -= 1
        if not events_of[key[0]]:
            del events_of[key[0]], clocks[key[0]]
        return AuditEvent(tuple(event.records), event.offset, rest)

    for arrival, (offset, record) in enumerate(records):
        key = key_of(record)
        event = waiting.get(key)
        if event is None:
            event = waiting[key] = _Open(offset, arrival)
            events_of[record.node] += 1
        event.records.append(record)
        event.size += len(record.raw)
        held += len(record.raw)
        event.ended = event.ended or record.type == "EOE"
        clocks[record.node] = record.time
        while waiting:
            oldest, first = next(iter(waiting.items()))
            aged = abs(clocks[oldest[0]] - first.records[0].time) > window.seconds
            if not (first.ended or aged or arrival - first.arrival >= window.records or held > window.size):
                break
            yield give(oldest)
    while waiting:
        yield give(next(iter(waiting)))

"""The records of known events, as they stand in the log: what `--raw` shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from vedette.telemetry.auditd.coalesce import AuditEvent, Key, key_of
from vedette.telemetry.auditd.record import Record, parse_record
from vedette.telemetry.line import split_lines

#: How far behind an event's first record its other records are looked for, in bytes.
_REACH: Final = 1 << 20


def find_events(chunks: Iterable[bytes], offsets: Collection[int]) -> Iterator[AuditEvent]:
    """The events whose first records begin at these places, in one pass over the log.

    Args:
        chunks: the decompressed stream, from its beginning.
        offsets: bytes before the first record of each event, as in `Origin.offset`.

    Yields:
        Events by the end of their search. An offset at which no record begins gives nothing.
    """
    missing = set(offsets)
    searched: dict[Key, tuple[int, list[Record]]] = {}
    for line in split_lines(chunks):
        if searched:
            for key in [key for key, (start, _) in searched.items() if line.offset > start + _REACH]:
                start, records = searched.pop(key)
                yield AuditEvent(tuple(records), start)
        elif not missing:
            return
        if not searched and line.offset not in missing:
            continue
        record = parse_record(line.data)
        if not isinstance(record, Record):
            continue
        key = key_of(record)
        if line.offset in missing:
            missing.discard(line.offset)
            searched.setdefault(key, (line.offset, []))
        if key in searched:
            searched[key][1].append(record)
    for start, records in searched.values():
        yield AuditEvent(tuple(records), start)

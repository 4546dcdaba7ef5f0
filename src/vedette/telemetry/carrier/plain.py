"""auditd's own log: nothing is carried, the records are the lines."""

from __future__ import annotations

from collections.abc import Iterator

from vedette.telemetry.auditd.record import Record, parse_record
from vedette.telemetry.line import split_lines


def recognise(head: bytes) -> bool:
    """Whether there is an audit record on a line of its own."""
    return next(records(head), None) is not None


def first_record(head: bytes) -> tuple[str, float] | None:
    """Host and time of the first record."""
    record = next(records(head), None)
    return None if record is None else (record.node, record.time)


def records(head: bytes) -> Iterator[Record]:
    """The records of what a log begins with, in order."""
    for line in split_lines([head]):
        if not line.data.startswith((b"type=", b"node=")):
            continue
        record = parse_record(line.data)
        if isinstance(record, Record):
            yield record

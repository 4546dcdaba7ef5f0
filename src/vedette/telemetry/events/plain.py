"""Plain events: what every format but the audit log gives, one record an event."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from vedette.event import Event, Origin
from vedette.predicate import Value
from vedette.telemetry.events.kind import Kind


class Plain(msgspec.Struct):
    """One event.

    Attributes:
        kind: what it is.
        time: UTC epoch seconds.
        host: the host's name, or the empty text.
        values: Sigma's field to value, absent ones left out.
        rest: what the source says beyond that, under its own names; keywords search it too.
        offset: bytes before its record in the decompressed log, or 0 where the format has none.
        number: the record's own number, or its line, from 1.
        raw: the record as it stands in the log, or as the format's reader renders it.
    """

    kind: Kind
    time: float
    host: str
    values: dict[str, Value]
    rest: Mapping[str, Value]
    offset: int
    number: int
    raw: bytes


def searched(plain: Plain) -> str:
    """What keywords search: a line `name=value` for each field, so that no escaping of the format stands between."""
    return "\n".join(f"{name}={value}" for part in (plain.values, plain.rest) for name, value in part.items())


def event_of(plain: Plain, file: str) -> Event:
    """The event as the reference evaluator reads it; `EventTime` is its time."""
    values: dict[str, Value] = {**plain.values, "EventTime": plain.time}
    origin = Origin(file, plain.offset, plain.number)
    return Event(plain.kind.source, plain.time, plain.host, values, searched(plain), origin)

"""One event, and where in which log it stands."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from vedette.event.logsource import LogSource
from vedette.event.view import READ_FIELDS, READING_COLUMNS, View
from vedette.predicate import Predicate, Value, evaluate


class Origin(msgspec.Struct, frozen=True):
    """Where an event comes from.

    Attributes:
        file: the log as the user named it, `-` for standard input.
        offset: bytes into the decompressed stream at which the event's first record begins.
        serial: the audit serial, or 0 where the source has none.
    """

    file: str
    offset: int
    serial: int = 0


class Event(msgspec.Struct, frozen=True):
    """One event in Sigma's taxonomy.

    Attributes:
        source: what kind of event it is.
        time: UTC epoch seconds; audit resolution is 1 ms.
        host: node name, or the empty text.
        values: column to value; the image fields as `Image.resolved` and `Image.invoked` (see `View.column`), absent
            fields left out.
        raw: the text that keywords search.
        origin: where it stands.
    """

    source: LogSource
    time: float
    host: str
    values: Mapping[str, Value]
    raw: str
    origin: Origin

    def row(self, view: View) -> dict[str, Value]:
        """The event as one single-valued row: what the reference evaluator reads."""
        return single_valued(self.values, view)


def single_valued(values: Mapping[str, Value], view: View) -> dict[str, Value]:
    """Columns as one single-valued row: the image fields in the readings of `view`."""
    row = {name: value for name, value in values.items() if name not in READING_COLUMNS}
    for field in READ_FIELDS:
        value = values.get(view.column(field), "")
        if value != "":
            row[field] = value
    return row


def matching_views(predicate: Predicate, event: Event, among: tuple[View, ...]) -> tuple[View, ...]:
    """The views in which the predicate holds: the law's answer, slowly. Views with equal rows answer alike."""
    return tuple(view for view in among if evaluate(predicate, event.row(view), event.raw))

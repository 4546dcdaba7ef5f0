"""A row of a workspace as an event in Sigma's taxonomy, bounded, and small enough to be kept in a journal."""

from __future__ import annotations

import msgspec

from vedette.event import Event, LogSource, Origin
from vedette.hunt.finding import Ancestor
from vedette.predicate import Value


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row.

    Attributes:
        id: names the row among all of the workspace.
        table: the table that it is in, or the function that gave it.
        time: UTC epoch seconds of the event.
        host: its name, or the empty text.
        values: column to value, as `vedette.event.Event` has them.
        raw: the text that keywords search.
        serial: the audit serial, or 0.
        boot: how many boots of the host were seen before, as far as the row says.
        cut: the command line is known to be incomplete.
        ancestors: processes above the event's own, nearest first, as far as the row says.
        cropped: columns that were cut, since they held more than is kept.
        whole: the row tells all that the log did, since Vedette shipped it, and nothing was cut.
    """

    id: str
    table: str
    time: float
    host: str
    values: dict[str, str | int | float]
    raw: str = ""
    serial: int = 0
    boot: int = 0
    cut: bool = False
    ancestors: tuple[Ancestor, ...] = ()
    cropped: tuple[str, ...] = ()
    whole: bool = False

    def event(self, source: LogSource, file: str) -> Event:
        """The row as an event of a kind, from the origin `file`."""
        values: dict[str, Value] = {**self.values}
        if source.service != "auditd":
            values["EventTime"] = self.time
        return Event(source, self.time, self.host, values, self.raw, Origin(file, 0, self.serial))

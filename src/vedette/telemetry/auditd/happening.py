"""What the reader puts out: events by kind, as shape numbers beside the objects that findings are written from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from vedette.event import LogSource, Shapes
from vedette.predicate import Value
from vedette.telemetry.auditd.accounts import Accounts
from vedette.telemetry.auditd.process import Process
from vedette.telemetry.auditd.record import Reject, parse_record
from vedette.telemetry.auditd.records import record_values


class Happening(Protocol):
    """One event as the reader keeps it; a `Process` is the event of its own start."""

    time: float
    serial: int
    offset: int
    node: str
    file: str

    @property
    def process(self) -> Process | None:
        """The process that caused it, if known."""

    @property
    def fields(self) -> Mapping[str, Value]:
        """What the event says beyond its process, by column."""


class Call(msgspec.Struct):
    """A system call or kernel record that is no process start.

    Attributes:
        fields: what the event says beyond its process, by column.
        raw: what keywords search, where the kind supplies it.
    """

    node: str
    time: float
    serial: int
    offset: int
    file: str
    process: Process | None
    fields: dict[str, Value]
    raw: str = ""


class RecordCall(msgspec.Struct):
    """One record as an event; it is parsed when somebody asks for its fields, which few ever do.

    Attributes:
        line: the record as it stands.
        bodies: its body, and those of the EXECVE records that it goes on in.
        accounts: names for what RAW logs leave as numbers.
    """

    node: str
    time: float
    serial: int
    offset: int
    file: str
    process: Process | None
    line: bytes
    bodies: tuple[bytes, ...]
    accounts: Accounts

    @property
    def fields(self) -> dict[str, Value]:
        """All fields of the record, as rules name them."""
        record = parse_record(self.line)
        return {} if isinstance(record, Reject) else record_values(record, self.bodies, self.accounts)


class Batch:
    """The events of one kind in one chunk of a log, in file order.

    Attributes:
        source: the kind.
        shapes: distinct rows of this kind; shared by all batches of the kind.
        numbers: shape number of each event.
        happenings: the events themselves.
    """

    __slots__ = ("happenings", "numbers", "shapes", "source")

    def __init__(self, source: LogSource, shapes: Shapes) -> None:
        self.source = source
        self.shapes = shapes
        self.numbers: list[int] = []
        self.happenings: list[Happening] = []

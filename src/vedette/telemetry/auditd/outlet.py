"""Where events leave the reader: batches by kind, and the shapes behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vedette.event import LogSource, Shapes
from vedette.event.logsource import PROCESS_CREATION
from vedette.telemetry.auditd.columns import make_shapes, shape_number, shaper
from vedette.telemetry.auditd.happening import Batch, Call, RecordCall
from vedette.telemetry.auditd.node import Node
from vedette.telemetry.auditd.process import Process

#: Shapes and vocabularies of a kind that hold more bytes than this start over.
SHAPE_BYTES: Final = 32 * 1024 * 1024
#: More combinations of known parts than this are looked up anew.
MAX_NUMBERS: Final = 300_000
#: What one row or one value costs beside its text.
_ENTRY: Final = 100


class Outlet:
    """The events of the chunk at hand.

    Args:
        columns: for each kind of event that is asked for, the columns that its shapes need.

    Attributes:
        wanted: the kinds that are asked for.
        shapes: the distinct rows of each kind.
    """

    def __init__(self, columns: Mapping[LogSource, tuple[str, ...]]) -> None:
        self.wanted = frozenset(columns)
        self.shapes: dict[LogSource, Shapes] = {source: make_shapes(names, {}) for source, names in columns.items()}
        self._batches: dict[LogSource, Batch] = {}
        self._numbers: dict[tuple[object, ...], int] = {}
        self._calls: dict[tuple[str, tuple[bytes, ...]], int] = {}
        self._calls_size = 0
        self._execs = Batch(PROCESS_CREATION, self.shapes.get(PROCESS_CREATION, make_shapes((), {})))
        self._row = shaper(self._execs.shapes)
        self._cwd = "CurrentDirectory" in columns.get(PROCESS_CREATION, ())

    def take(self) -> list[Batch]:
        """The batches that hold events; the next chunk begins with none."""
        batches = [batch for batch in (self._execs, *self._batches.values()) if batch.numbers]
        self._batches = {}
        self._execs = Batch(PROCESS_CREATION, self._execs.shapes)
        return batches

    def start(self, process: Process) -> None:
        """Put out a process start; its shape is looked up by the numbers of its parts before any value is."""
        parent, command = process.parent, process.command
        theirs = None if parent is None else parent.command
        key = (
            process.tail.face,
            process.program.number,
            0 if command is None else command.number,
            process.cwd if self._cwd else "",
            0 if parent is None else parent.tail.face,
            0 if parent is None else parent.program.number,
            0 if theirs is None else theirs.number,
        )
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = self._row(process)
        self._execs.numbers.append(number)
        self._execs.happenings.append(process)

    def call(self, source: LogSource, call: Call, node: Node | None) -> None:
        """Put out any other event."""
        batch = self._batch(source)
        batch.numbers.append(shape_number(batch.shapes, call.process, call.fields))
        batch.happenings.append(call)
        if node is not None:
            node.events[source.category] += 1

    def record(self, source: LogSource, call: RecordCall, kind: str) -> None:
        """Put out a single record; records of the same type and bodies share a shape, and only the first is parsed."""
        batch = self._batch(source)
        if not batch.shapes.columns:  # nobody asks what it says
            batch.numbers.append(batch.shapes.number(()))
            batch.happenings.append(call)
            return
        key = (kind, call.bodies)
        number = self._calls.get(key)
        if number is None:
            number = self._calls[key] = shape_number(batch.shapes, None, call.fields)
            self._calls_size += _ENTRY + sum(map(len, call.bodies))
        batch.numbers.append(number)
        batch.happenings.append(call)

    def trim(self, *, forget: bool) -> None:
        """Start over with what has grown too big; `forget` the numbers of parts that are no longer remembered."""
        for source, shapes in self.shapes.items():
            size = _ENTRY * len(shapes.rows)
            size += sum(each.size + _ENTRY * len(each.values) for each in set(shapes.vocabularies))
            if size > SHAPE_BYTES:
                shapes.clear()
                forget = forget or source == PROCESS_CREATION
                self._calls_size = SHAPE_BYTES + 1
        if forget or len(self._numbers) > MAX_NUMBERS:
            self._numbers.clear()
        if self._calls_size > SHAPE_BYTES:
            self._calls.clear()
            self._calls_size = 0

    def _batch(self, source: LogSource) -> Batch:
        batch = self._batches.get(source)
        if batch is None:
            batch = self._batches[source] = Batch(source, self.shapes[source])
        return batch

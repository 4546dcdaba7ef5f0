"""The processes that a log's events refer to, each written once."""

from __future__ import annotations

from typing import Final

import msgspec
import polars as pl

from vedette.lake.columns import IMAGE, microseconds, stored
from vedette.telemetry.auditd.columns import PROCESS
from vedette.telemetry.auditd.process import Process

#: The reader keeps no more ancestors than this.
_MOST: Final = 256
_COLUMNS: Final = [column for column in IMAGE if column in PROCESS]


class _Known(msgspec.Struct, frozen=True):
    images: Images
    number: int
    above: tuple[int, ...]


class Images:
    """The processes of one log's entry, numbered in the order in which events first referred to them.

    The number is kept with the process itself, so that it is forgotten with it.
    """

    def __init__(self) -> None:
        self.number = 0
        self._rows: list[tuple[object, ...]] = []

    def __len__(self) -> int:
        """Rows that were not taken yet."""
        return len(self._rows)

    def of(self, process: Process | None) -> int | None:
        """The number of a process; it is written if it was not."""
        return None if process is None else self._known(process).number

    def take(self) -> pl.DataFrame:
        """The rows since the last call."""
        frame = pl.DataFrame(self._rows, schema={**IMAGE, "time": pl.Int64()}, orient="row")
        self._rows = []
        return frame.with_columns(pl.col("time").cast(IMAGE["time"]))

    def _known(self, process: Process) -> _Known:
        shown = process.shown
        if type(shown) is _Known and shown.images is self:
            return shown
        # From the topmost ancestor that is not known yet down to the process, without recursion.
        waiting = [process]
        above: tuple[int, ...] = ()
        parent = process.parent
        while parent is not None and len(waiting) <= _MOST:
            held = parent.shown
            if type(held) is _Known and held.images is self:
                above = (held.number, *held.above)
                break
            waiting.append(parent)
            parent = parent.parent
        known: _Known | None = None
        for one in reversed(waiting):
            known = one.shown = self._new(one, above[:_MOST])
            above = (known.number, *known.above)
        assert known is not None
        return known

    def _new(self, process: Process, above: tuple[int, ...]) -> _Known:
        number, self.number = self.number, self.number + 1
        command = process.command
        self._rows.append(
            (
                number,
                above,
                process.node,
                process.boot,
                process.pid,
                process.ppid,
                microseconds(process.time),
                process.serial,
                process.file,
                process.offset,
                process.executed,
                None if command is None else command.cut,
                *(stored(PROCESS[column](process)) for column in _COLUMNS),
            )
        )
        return _Known(self, number, above)

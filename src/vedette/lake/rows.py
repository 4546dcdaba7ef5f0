"""Rows of a dataset as the batches that a hunt judges."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from vedette.event import ABSENT, LogSource, Shapes, Vocabulary
from vedette.event.logsource import AUDIT_RECORD, PROCESS_CREATION
from vedette.lake.columns import loaded, seconds
from vedette.lake.entry import Entry
from vedette.lake.lineage import Lineage, start
from vedette.telemetry.auditd.accounts import Accounts
from vedette.telemetry.auditd.happening import Call, Happening, RecordCall
from vedette.telemetry.auditd.outlet import SHAPE_BYTES

#: What one row or one value costs beside its text.
_ENTRY: Final = 100


class Codes:
    """Numbers the distinct rows of frames as a reader would: in shapes, by way of their vocabularies.

    Args:
        source: the kind.
        shapes: of the kind.
        accounts: names for what RAW logs leave as numbers.
    """

    def __init__(self, source: LogSource, shapes: Shapes) -> None:
        self.source = source
        self.shapes = shapes
        self._typed: dict[str, dict[str | None, int]] = {}
        self._epoch = shapes.epoch

    def numbers(self, frame: pl.DataFrame, accounts: Accounts) -> list[int]:
        """The shape of each row of a frame that has the columns that `wanted` tells."""
        shapes = self.shapes
        if self.source == AUDIT_RECORD:
            rows = (
                _record(kind, bodies, accounts)
                for kind, bodies in zip(frame["type"], frame["bodies"].to_list(), strict=True)
            )
            columns = list(zip(shapes.columns, shapes.vocabularies, strict=True))
            return [shapes.number(tuple([v.code(row.get(name, "")) for name, v in columns])) for row in rows]
        if not shapes.columns:
            return [shapes.number(())] * len(frame)
        coded = [
            self._codes(column, vocabulary, frame[column])
            for column, vocabulary in zip(shapes.columns, shapes.vocabularies, strict=True)
        ]
        return list(map(shapes.number, zip(*coded, strict=True)))

    def wanted(self) -> list[str]:
        """The columns that tell rows apart."""
        return ["type", "bodies"] if self.source == AUDIT_RECORD else list(self.shapes.columns)

    def trim(self) -> None:
        """Start over when the shapes have grown too big; numbers told before are void."""
        shapes = self.shapes
        size = _ENTRY * len(shapes.rows) + sum(
            each.size + _ENTRY * len(each.values) for each in set(shapes.vocabularies)
        )
        if size > SHAPE_BYTES:
            shapes.clear()

    def _codes(self, column: str, vocabulary: Vocabulary, values: pl.Series) -> list[int]:
        if self._epoch != self.shapes.epoch:
            self._typed, self._epoch = {}, self.shapes.epoch
        known = self._typed.setdefault(column, {None: ABSENT})
        texts = values.to_list()
        for text in texts:
            if text not in known:
                known[text] = vocabulary.code(loaded(column, text))
        return list(map(known.__getitem__, texts))


class Happenings(Sequence[Happening]):
    """The events of some rows, each made when it is asked for."""

    def __init__(self, source: LogSource, frame: pl.DataFrame, entry: Entry, lineage: Lineage) -> None:
        self._source = source
        self._names = frame.columns
        self._rows = frame.rows()
        column = "parent" if source == PROCESS_CREATION else "process"
        self._processes = lineage.load(entry, frame[column].unique().to_list())
        self._accounts = Accounts(entry.users, entry.groups)
        self._made: dict[int, Happening] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: Any) -> Any:
        """One event."""
        made = self._made.get(place)
        if made is None:
            made = self._made[place] = self._make(dict(zip(self._names, self._rows[place], strict=True)))
        return made

    def _make(self, row: Mapping[str, Any]) -> Happening:
        if self._source == PROCESS_CREATION:
            return start(row, self._processes.get(row["parent"]))
        process = self._processes.get(row["process"])
        head = (row["node"], seconds(row["time"]), row["serial"], row["offset"], row["log"], process)
        if self._source == AUDIT_RECORD:
            bodies = tuple(row["bodies"])
            return RecordCall(*head, _line(row["type"], bodies), bodies, self._accounts)
        return Call(*head, json.loads(row["fields"]))


def _record(kind: str, bodies: Sequence[bytes], accounts: Accounts) -> Mapping[str, Any]:
    """The fields of a single record."""
    call = RecordCall("", 0.0, 0, 0, "", None, _line(kind, bodies), tuple(bodies), accounts)
    return call.fields


def _line(kind: str, bodies: Sequence[bytes]) -> bytes:
    """A record with any head: its fields hang on type and body alone."""
    return b"type=%b msg=audit(0.000:0): %b" % (kind.encode(), bodies[0])

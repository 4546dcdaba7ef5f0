"""The hunt through a dataset: the findings of a hunt through the logs, without reading them again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vedette.errors import UsageError
from vedette.event import LogSource
from vedette.event.logsource import AUDIT_RECORD
from vedette.hunt.assignment import KINDS
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Progress
from vedette.hunt.sight import SCHEMA, Blind
from vedette.lake.columns import EVENT, NAMES, microseconds
from vedette.lake.dataset import Dataset
from vedette.lake.entry import Entry, Part
from vedette.lake.lineage import Lineage
from vedette.lake.rows import Codes, Happenings
from vedette.lake.scan import scan
from vedette.lake.sweep import sweep
from vedette.telemetry.auditd.accounts import Accounts
from vedette.telemetry.auditd.happening import Batch
from vedette.telemetry.auditd.node import Node

#: A part with its kind and the entry that names it.
Place: TypeAlias = tuple[LogSource, Entry, Part]
#: Events that are taken out of the dataset together.
_TOGETHER: Final = 16_384


class Found:
    """Where the events of one day are that rules may match.

    Attributes:
        parts: the parts, each with its kind and entry.
        frame: one row an event: `time`, `node`, `serial`, `offset`, `order` of the kind, `part`, `row`.
    """

    def __init__(self) -> None:
        self.parts: list[Place] = []
        self.frames: list[pl.DataFrame] = []

    def add(self, source: LogSource, entry: Entry, part: Part, frame: pl.DataFrame) -> None:
        """Take the rows of a part: `row` and the columns that order events."""
        self.frames.append(
            frame.with_columns(
                pl.lit(KINDS.index(source), pl.Int8()).alias("order"), pl.lit(len(self.parts), pl.Int32()).alias("part")
            )
        )
        self.parts.append((source, entry, part))

    def ordered(self) -> pl.DataFrame:
        """All of them in the order of time."""
        return (
            pl.concat(self.frames)
            .sort("time", "node", "serial", "log", "offset", "order", maintain_order=True)
            .select("part", "row")
        )


class Retro(Hunt):
    """One hunt through a dataset, whose folder is the only one of `Options.logs`; see `Hunt`."""

    def __init__(self, options: Any, **others: Any) -> None:
        super().__init__(options, **others)
        if len(options.logs) != 1:
            raise UsageError("a dataset is hunted by itself; ingest the other logs into it too")
        self._dataset = Dataset(options.logs[0])
        self._entries = self._dataset.entries()
        self._lineage = Lineage(self._dataset)
        self._codes = {source: Codes(source, shapes) for source, shapes in self.reader.shapes.items()}
        self._account()

    def _batches(self) -> Iterator[list[Batch]]:
        """The events that rules may match, in the order of time."""
        days = self._days()
        total = sum(part.size for parts in days.values() for _, _, part in parts)
        done = 0
        for day in sorted(days):
            found = Found()
            for source, entry, part in days[day]:
                self._search(found, source, entry, part)
                done += part.size
                self._on_progress(Progress("log", done, total))
            if found.frames:
                yield from self._taken(found.parts, found.ordered())

    def _days(self) -> dict[str, list[Place]]:
        """The parts to look at, by day: those of kinds that somebody asks for, and within the asked time."""
        start, end = self._span()
        days: dict[str, list[Place]] = {}
        for entry in self._entries:
            for part in entry.parts:
                source = NAMES.get(part.kind)
                if source is None or source not in self.reader.shapes:
                    continue
                if (start is None or part.end >= start) and (end is None or part.start < end):
                    days.setdefault(part.day, []).append((source, entry, part))
        return days

    def _span(self) -> tuple[int | None, int | None]:
        """Microseconds from which on and before which events count."""
        since, until = self.options.since, self.options.until
        if self._watch is not None:
            return None, None  # what incidents hang together by may lie outside
        if since is not None and self._joining is not None:
            since -= self._joining.reach
        # A microsecond more: the hunt itself looks at the exact time.
        return (
            None if since is None else microseconds(since) - 1,
            None if until is None else microseconds(until) + 1,
        )

    def _search(self, found: Found, source: LogSource, entry: Entry, part: Part) -> None:
        """Add the rows of a part that rules may match."""
        file = self._dataset.file(part)
        span = self._span()
        order = list(EVENT)
        if self._watch is not None and source in self._watch.sources:
            rows: NDArray[np.int64] = np.arange(part.rows, dtype=np.int64)
        else:
            assignment = self._by_source.get(source)
            if assignment is None:
                return
            swept = sweep(
                file,
                self._codes[source],
                self._matchers[source],
                span=span,
                types=assignment.record_types,
                accounts=Accounts(entry.users, entry.groups),
            )
            pieces = list(swept)
            if not pieces:
                return
            rows = np.concatenate(pieces)
        frame = take(file, rows, order)
        found.add(source, entry, part, frame.with_columns(pl.Series("row", rows)))

    def _taken(self, parts: Sequence[Place], ordered: pl.DataFrame) -> Iterator[list[Batch]]:
        """The events themselves, some at a time.

        Args:
            parts: where they lie.
            ordered: `part` and `row` of each, in the order in which they are told.
        """
        for first in range(0, len(ordered), _TOGETHER):
            yield from self._made(parts, ordered.slice(first, _TOGETHER))

    def _made(self, parts: Sequence[Place], piece: pl.DataFrame) -> Iterator[list[Batch]]:
        """One batch for each run of events of one part."""
        for codes in self._codes.values():
            codes.trim()
        held: dict[int, tuple[dict[int, int], list[int], Happenings]] = {}
        for (number,), rows in piece.group_by("part"):
            assert isinstance(number, int)
            source, entry, part = parts[number]
            places = np.sort(rows["row"].to_numpy())
            frame = take(self._dataset.file(part), places, None)
            numbers = self._codes[source].numbers(frame, Accounts(entry.users, entry.groups))
            happenings = Happenings(source, frame, entry, self._lineage)
            held[number] = {row: place for place, row in enumerate(places.tolist())}, numbers, happenings
        for number, run in itertools.groupby(piece.iter_rows(), key=lambda row: row[0]):
            source = parts[number][0]
            at, numbers, happenings = held[number]
            batch = Batch(source, self.reader.shapes[source])
            for _, row in run:
                batch.numbers.append(numbers[at[row]])
                batch.happenings.append(happenings[at[row]])
            yield [batch]

    def _account(self) -> None:
        """What the dataset's account says of its logs, as if they had been read now."""
        for entry in self._entries:
            self.summary.bytes_read += entry.size
            for part in entry.parts:
                source = NAMES.get(part.kind)
                if source is not None and source != AUDIT_RECORD:
                    self._seen[source] += part.rows
            records = self._by_source.get(AUDIT_RECORD)
            wanted = records.record_types if records is not None else frozenset()
            self._seen[AUDIT_RECORD] += sum(
                count for name, count in entry.types.items() if wanted is None or name in wanted
            )
            self.reader.rejects.counts.update(entry.rejected)
            for reason, example in entry.examples.items():
                self.reader.rejects.examples.setdefault(reason, example)
            for seen in entry.hosts:
                prefix = b"node=%b " % seen.host.encode() if seen.host else b""
                node = self.reader.nodes.setdefault(prefix, Node(prefix, seen.host))
                node.first = min(node.first, seen.first)
                node.last = max(node.last, seen.last)
                node.events.update(
                    {name: n for name, n in seen.events.items() if NAMES.get(name) in self.reader.shapes}
                )
                node.execs += seen.execs
                node.parents_known += seen.parents_known
                for first, last in seen.hours:
                    node.hours.update(range(first, last + 1))
        self._notes()

    def _notes(self) -> None:
        """What a hunt through logs would have done, and this one can't."""
        notes = self.summary.notes
        lacking = sum(not entry.records for entry in self._entries)
        if AUDIT_RECORD in self._by_source and lacking:
            notes.append(f"{lacking:,} logs were ingested without single records, so rules for auditd can't match them")
        if self.options.raw:
            notes.append("a dataset has no raw records; --raw needs the logs")
        keywords = sum(len(one.keywords) for source, one in self._by_source.items() if source != AUDIT_RECORD)
        if keywords:
            notes.append(
                f"a dataset keeps no text of records with events: {keywords:,} rules by keyword can't match them here"
            )
        if self.options.passwd:
            notes.append("names were given when the logs were ingested; --passwd changes nothing here")
        if problems := sum(len(entry.problems) for entry in self._entries):
            notes.append(f"{problems:,} problems of logs were told when they were ingested")

    def _close(self) -> None:
        """Complete the account."""
        super()._close()
        if self._watch is not None:
            self.summary.blind = [
                Blind(SCHEMA, "blind", one.host, one.start, one.end, one.cause, one.text, one.events)  # type: ignore[arg-type]
                for entry in self._entries
                for one in entry.holes
            ]


def take(file: Any, rows: NDArray[np.int64], columns: Sequence[str] | None) -> pl.DataFrame:
    """Some rows of a part, in ascending order; only the row groups in which they lie are read."""
    first, last = int(rows[0]), int(rows[-1])
    lazy = scan(file).slice(first, last - first + 1)
    if columns is not None:
        lazy = lazy.select(columns)
    # Times as numbers: no calendar of Python's tells all that a log may say.
    frame = lazy.with_columns(pl.col("time").cast(pl.Int64)).collect()
    return frame if len(rows) == len(frame) else frame[rows - first]

"""Writes one log's events into a dataset: buffered by kind, day and host, put away before memory grows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from vedette.errors import UsageError
from vedette.lake.columns import NAMES, PROCESSES, keys, name_of
from vedette.lake.dataset import Store
from vedette.lake.entry import Part
from vedette.lake.frames import frame_of
from vedette.lake.images import Images
from vedette.lake.place import MOST, OTHER, day_of, folder, safe
from vedette.lake.scan import scan
from vedette.telemetry.auditd.happening import Batch

#: Rows and bytes that wait for being written.
_ROWS: Final = 150_000
_BYTES: Final = 32 * 1024 * 1024
#: Processes that wait.
_IMAGES: Final = 20_000
#: Rows that are read at once, so that a hunt can pass over the others.
ROW_GROUP: Final = 16_384

#: Kind, day, host.
_Where = tuple[str, str, str]


class Writing:
    """The parts of one log.

    Args:
        store: the dataset.
        before: parts of other logs, whose events are not written again.

    Attributes:
        parts: written so far.
        processes: likewise.
        types: single records by type.
        known: events that were left out, since the dataset holds them.
    """

    def __init__(self, store: Store, before: Iterable[Part]) -> None:
        self.parts: list[Part] = []
        self.processes: list[Part] = []
        self.types: dict[str, int] = {}
        self.known = 0
        self._store = store
        self._before: dict[tuple[str, str], list[Part]] = {}
        for part in before:
            self._before.setdefault((part.kind, part.host), []).append(part)
        self._images = Images()
        self._held: dict[_Where, list[pl.DataFrame]] = {}
        self._rows = 0
        self._bytes = 0
        self._places: set[tuple[str, str]] = set()

    def add(self, batches: Sequence[Batch]) -> None:
        """Take one chunk's events.

        Raises:
            UsageError: the dataset can't be written.
        """
        for batch in batches:
            for where, frame in self._split(name_of(batch.source), frame_of(batch, self._images)):
                self._held.setdefault(where, []).append(frame)
                self._rows += len(frame)
                self._bytes += int(frame.estimated_size())
        while self._rows > _ROWS or self._bytes > _BYTES:
            # The biggest first, so that there are few files and each is worth its name.
            self._put(max(self._held, key=lambda where: sum(map(len, self._held[where]))))
        if len(self._images) > _IMAGES:
            self._put_images()

    def close(self) -> None:
        """Write what waits."""
        for where in list(self._held):
            self._put(where)
        if len(self._images):
            self._put_images()

    def discard(self) -> None:
        """Remove all that was written."""
        with contextlib.suppress(OSError):
            self._store.discard(iter((*self.parts, *self.processes)))
        self.parts, self.processes, self._held = [], [], {}

    def _split(self, kind: str, frame: pl.DataFrame) -> Iterator[tuple[_Where, pl.DataFrame]]:
        """The rows by day and host."""
        days = frame["time"].to_physical() // 86_400_000_000
        if days.n_unique() <= 1 and frame["node"].n_unique() <= 1:
            yield self._where(kind, frame), frame
            return
        parts = frame.with_columns(days.alias("day")).partition_by("day", "node", maintain_order=True, include_key=True)
        for part in parts:
            rows = part.drop("day")
            yield self._where(kind, rows), rows

    def _where(self, kind: str, frame: pl.DataFrame) -> _Where:
        day, host = day_of(int(frame["time"].to_physical()[0])), str(frame["node"][0])
        if (day, host) not in self._places:
            if len(self._places) >= MOST:
                return kind, OTHER, host
            self._places.add((day, host))
        return kind, day, host

    def _put(self, where: _Where) -> None:
        frames = self._held.pop(where)
        frame = pl.concat(frames) if len(frames) > 1 else frames[0]
        self._rows -= len(frame)
        self._bytes -= sum(int(one.estimated_size()) for one in frames)
        kind, day, host = where
        frame = self._unknown(where, frame)
        if not len(frame):
            return
        if "type" in frame.columns:
            for name, count in frame["type"].value_counts().iter_rows():
                self.types[name] = self.types.get(name, 0) + count
        frame = (
            frame.sort("type", "time", maintain_order=True)
            if "type" in frame.columns
            else frame.sort("time", maintain_order=True)
        )
        times = frame["time"].to_physical()
        place = folder(kind, day, OTHER if day == OTHER else safe(host))
        self.parts.append(self._write(kind, place, day, host, frame, (int(times.min()), int(times.max()))))  # type: ignore[arg-type]

    def _put_images(self) -> None:
        frame = self._images.take()
        span = (int(frame["number"][0]), int(frame["number"][-1]))
        self.processes.append(self._write(PROCESSES, f"kind={PROCESSES}", "", "", frame, span))

    def _unknown(self, where: _Where, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that no other log brought."""
        kind, _, host = where
        times = frame["time"].to_physical()
        start, end = times.min(), times.max()
        assert isinstance(start, int)
        assert isinstance(end, int)
        names = keys(NAMES[kind])
        for part in self._before.get((kind, host), ()):
            if part.start > end or part.end < start or not len(frame):
                continue
            other = (
                scan(self._store.file(part))
                .filter(pl.col("time").to_physical().is_between(start, end))
                .select(names)
                .collect()
            )
            left = frame.join(other, on=list(names), how="anti", nulls_equal=True, maintain_order="left")
            self.known += len(frame) - len(left)
            frame = left
        return frame

    def _write(self, kind: str, place: str, day: str, host: str, frame: pl.DataFrame, span: tuple[int, int]) -> Part:
        temporary: Path | None = None
        try:
            path, temporary = self._store.new(kind, place)
            frame.write_parquet(
                temporary, compression="zstd", compression_level=3, statistics=True, row_group_size=ROW_GROUP
            )
            size = temporary.stat().st_size
            self._store.settle(path, temporary)
        except (OSError, pl.exceptions.PolarsError) as error:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise UsageError(
                f"can't write {self._store.path}: {reason}; the logs before this one are in it, and it can be repeated"
            ) from None
        return Part(path, kind, day, host, len(frame), *span, size)


def written(parts: Iterable[Part]) -> Mapping[str, tuple[int, int]]:
    """Rows and bytes by kind."""
    found: dict[str, tuple[int, int]] = {}
    for part in parts:
        rows, size = found.get(part.kind, (0, 0))
        found[part.kind] = (rows + part.rows, size + part.size)
    return found

"""Rows of exports, whether JSON, CSV or Parquet, in bounded memory."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import itertools
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from vedette.errors import Location, TelemetryError
from vedette.telemetry.events.objects import objects
from vedette.telemetry.events.rejects import Rejects
from vedette.telemetry.line import KEPT, split_lines

PARQUET: Final = b"PAR1"
_BATCH: Final = 4_000
#: Rows of Parquet that are unpacked first, to learn how big they are, and the fewest at once.
_FIRST: Final = 1_000
_FEWEST: Final = 64
#: Bytes of Parquet that are unpacked at once, and that are held as rows.
_PART_BYTES: Final = 128 << 20
_STEP_BYTES: Final = 8 << 20
#: Bytes that are looked at at once to tell what a file is.
_HEAD: Final = 4_096
_MOST_COLUMNS: Final = 4_096
_DELIMITERS: Final = ",;\t|"
#: Physical lines that one row of CSV may stand on.
_MOST_LINES: Final = 10_000
_WIDE: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Row(NamedTuple):
    """One row.

    Attributes:
        offset: bytes before it, 0 where that can't be told.
        line: its line, or its number where the format has no lines, from 1.
        raw: as it stands there, or as JSON.
        values: column to value.
    """

    offset: int
    line: int
    raw: bytes
    values: dict[str, Any]


def sort_of(head: bytes) -> str:
    """`parquet`, `json` or `csv`, by what a file begins with."""
    if head.startswith(PARQUET):
        return "parquet"
    first = head.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    return "json" if first in (b"{", b"[") else "csv"


def rows(chunks: Iterable[bytes], file: str, rejects: Rejects) -> Iterator[list[Row]]:
    """All rows of an export.

    Args:
        chunks: the decompressed file.
        file: its name.
        rejects: takes what is no row.

    Raises:
        TelemetryError: it can't be read at all.
    """
    chunks = iter(chunks)
    head = next(chunks, b"")
    while len(head) < _HEAD and (more := next(chunks, None)) is not None:
        head += more
    chunks = itertools.chain((head,), chunks)
    sort = sort_of(head)
    if sort == "parquet":
        yield from _parquet(chunks, file, rejects)
    elif sort == "json":
        for some in objects(chunks, file, rejects):
            yield [Row(one.offset, one.line, one.data, one.value) for one in some]
    else:
        yield from _csv(chunks, file, rejects)


def columns_of(head: bytes) -> tuple[str, ...]:
    """The columns that a file of CSV begins with; none if it doesn't look like one."""
    if b"\0" in head[:64] and not head.startswith(tuple(_WIDE)):
        return ()
    line = _recoded(head, [head]).__next__().lstrip(codecs.BOM_UTF8).split(b"\n", 1)[0]
    text = line[: 1 << 16].decode("utf-8", "replace").rstrip("\r")
    if not text or "\ufffd" in text:
        return ()
    return tuple(_names(text))


def _names(header: str) -> list[str]:
    """The columns of a header; none if it is none."""
    try:
        return [_clean(name) for name in next(csv.reader([header], delimiter=_delimiter(header)), [])][:_MOST_COLUMNS]
    except csv.Error:
        return []


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _clean(name: str) -> str:
    """A column's name; Sentinel's portal puts the time zone behind it."""
    return name.strip().removesuffix(" [UTC]")


def _recoded(head: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Text of Windows tools, in UTF-16, as UTF-8."""
    wide = next((name for mark, name in _WIDE.items() if head.startswith(mark)), None)
    if wide is None:
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(wide)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).removeprefix("\ufeff").encode("utf-8", "replace")


class _Lines:
    """Feeds a CSV reader, and keeps what a row stands on."""

    def __init__(self, chunks: Iterable[bytes], file: str, rejects: Rejects) -> None:
        self._lines = enumerate(split_lines(chunks), start=1)
        self._file, self._rejects = file, rejects
        self.held: list[bytes] = []
        self.offset, self.line, self.size = 0, 1, 0

    def __iter__(self) -> Iterator[str]:
        for number, line in self._lines:
            if line.length >= KEPT:
                self._rejects.add("too-long", self._file, number)
                continue
            if not self.held:
                self.offset, self.line = line.offset, number
            self.held.append(line.data)
            self.size += len(line.data)
            if len(self.held) > _MOST_LINES or self.size > KEPT:
                raise csv.Error("a row without end")
            yield line.data.decode("utf-8", "replace") + "\n"

    def take(self) -> tuple[int, int, bytes]:
        """Place and text of the row that was read last."""
        found = self.offset, self.line, b"\n".join(self.held)
        self.held, self.size = [], 0
        return found


def _csv(chunks: Iterable[bytes], file: str, rejects: Rejects) -> Iterator[list[Row]]:
    csv.field_size_limit(KEPT)
    chunks = iter(chunks)
    head = next(chunks, b"")
    lines = _Lines(_recoded(head, itertools.chain((head,), chunks)), file, rejects)
    feed = iter(lines)
    header = next(feed, "").removeprefix("\ufeff").rstrip("\r\n")
    lines.take()
    delimiter = _delimiter(header)
    names = _names(header)
    if not names:
        rejects.add("no-header", file, 1)
    found: list[Row] = []
    reader = csv.reader(feed, delimiter=delimiter)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            _, line, _ = lines.take()
            rejects.add("no-row", file, line)
            # A generator that raised is at its end.
            feed = iter(lines)
            reader = csv.reader(feed, delimiter=delimiter)
            continue
        if cells is None:
            break
        offset, line, raw = lines.take()
        if not cells:
            continue
        if len(cells) != len(names):
            # What stands in columns that have a name is hunted all the same.
            rejects.add("uneven-row", file, line)
        found.append(Row(offset, line, raw, dict(zip(names, cells, strict=False))))
        if len(found) >= _BATCH:
            yield found
            found = []
    yield found


def _parquet(chunks: Iterable[bytes], file: str, rejects: Rejects) -> Iterator[list[Row]]:
    """Rows of Parquet; a file that is packed or comes by a pipe goes through a temporary one."""
    path = Path(file)
    try:
        direct = path.is_file() and _begins(path)
    except OSError:
        direct = False
    if direct:
        yield from _frames(file, file, rejects)
        return
    with tempfile.NamedTemporaryFile(suffix=".parquet") as spool:
        for chunk in chunks:
            spool.write(chunk)
        spool.flush()
        yield from _frames(spool.name, file, rejects)


def _begins(path: Path) -> bool:
    """Whether a file is Parquet as it lies there."""
    with path.open("rb") as log:
        return log.read(len(PARQUET)) == PARQUET


def _frames(path: str, file: str, rejects: Rejects) -> Iterator[list[Row]]:
    import polars as pl  # noqa: PLC0415 (a quarter of a second, for Parquet alone)

    number, most = 1, _FIRST
    try:
        frame = pl.scan_parquet(path, glob=False)
        while True:
            part = frame.slice(number - 1, most).collect(engine="streaming")
            if part.is_empty():
                return
            # A small file may unpack to any size, so rows are taken by their bytes.
            row_size = max(1, int(part.estimated_size()) // part.height)
            step = max(1, min(_BATCH, _STEP_BYTES // row_size))
            for start in range(0, part.height, step):
                found: list[Row] = []
                for row in part.slice(start, step).iter_rows(named=True):
                    values = {_clean(name): _plain(value) for name, value in row.items()}
                    told = {name: value for name, value in values.items() if value is not None}
                    raw = msgspec.json.encode(told)
                    if len(raw) < KEPT:
                        found.append(Row(0, number, raw, values))
                    else:
                        rejects.add("too-long", file, number)
                    number += 1
                yield found
            most = max(_FEWEST, min(16 * _BATCH, _PART_BYTES // row_size))
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise TelemetryError(
            f"can't be read as Parquet from row {number} on: {str(error)[:200]}",
            Location(file),
            remedy="write it again, or export it as CSV or JSON",
            code="damaged",
        ) from error


def _plain(value: Any) -> Any:
    """A cell of Parquet as JSON has it."""
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=dt.UTC)
        return moment.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if value is None or isinstance(value, str | int | float | bool | list | dict):
        return value
    return str(value)

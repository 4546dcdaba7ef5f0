"""Logs as rows, in order, from where the checkpoint stands; the processes before it are read again, not sent."""

from __future__ import annotations

import stat
import time as clock
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from vedette.errors import Location, TelemetryError
from vedette.event import LogSource
from vedette.hunt.options import Progress
from vedette.sentinel.shipping.account import Account
from vedette.sentinel.shipping.mapping import KINDS, Table
from vedette.sentinel.shipping.row import Row, RowMaker
from vedette.telemetry.auditd.accounts import Accounts
from vedette.telemetry.auditd.happening import Batch, Happening
from vedette.telemetry.auditd.reader import AuditReader
from vedette.telemetry.auditd.window import WINDOW
from vedette.telemetry.carrier.carried import Carried
from vedette.telemetry.format import opened
from vedette.telemetry.listing import LogFile, expand
from vedette.telemetry.source import STDIN, Source

#: A log that was written to within this many seconds is taken to be written still.
FRESH: Final = 10.0
_BEYOND: Final = 1 << 62


class Logs:
    """The logs of one run; iterate `rows` once.

    Args:
        paths: as the user gave them.
        tables: how rows of each kind are made; other kinds are not read.
        account: counts, and gets problems.
        host: the host of logs whose records name none.
        accounts: names of users, for RAW logs.
        start: tells the offset up to which the rows of a log are acknowledged; -1 for none.
        on_progress: told how far the reading is.
        stopped: whether the user asked to stop; what was acknowledged before can take long to be read again.
    """

    def __init__(
        self,
        paths: Sequence[str],
        tables: Sequence[Table],
        account: Account,
        *,
        host: str = "",
        accounts: Accounts | None = None,
        start: Callable[[str], int] = lambda _path: -1,
        on_progress: Callable[[Progress], None] = lambda _progress: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._paths = paths
        self._account = account
        self._makers: Mapping[LogSource, RowMaker] = {KINDS[table.kind]: RowMaker(table, host) for table in tables}
        self._reader = AuditReader(dict.fromkeys(self._makers, ()), accounts=accounts)
        self._start = start
        self._starts: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        self._on_progress = on_progress
        self._stopped = stopped

    def rows(self) -> Iterator[Row]:
        """The rows that are not acknowledged, log after log, each in the order of its records."""
        for batches in self._batches():
            if self._stopped():
                return
            yield from self._of(batches)

    def _batches(self) -> Iterator[list[Batch]]:
        """All batches of all logs, as a hunt reads them; problems of logs are collected."""
        account, listing = self._account, expand(self._paths)
        account.problems.extend(listing.problems)
        total = sum(file.size or 0 for file in listing.files)
        before, produced = 0, 0
        for file in listing.files:
            try:
                self._open(file.path)
                with Source(file.path) as source:
                    carried = _carried(file, source)
                    more = file is not listing.files[-1]
                    for batches in self._reader.read(file.path, carried.chunks, more=more, places=carried.places):
                        done = before + source.consumed
                        self._on_progress(Progress("ship", done, total, produced + source.produced))
                        yield batches
                    before += source.consumed
                    produced += source.produced
                    account.problems.extend(source.problems)
            except TelemetryError as error:
                account.problems.append(error)
            account.log_bytes = produced
        yield self._reader.close()
        account.rejected = dict(self._reader.rejects.counts)

    def _open(self, path: str) -> None:
        """Note where the rows of a log begin, and where those end whose records may still be incomplete."""
        try:
            # What is piped in has no place to go on from: it is sent whole.
            regular = path != STDIN and stat.S_ISREG(Path(path).stat().st_mode)
            self._starts[path] = self._start(path) if regular else -1
            self._ends[path] = _end(path) if regular else _BEYOND
        except OSError as error:
            raise TelemetryError(f"can't be read: {error.strerror}", Location(path), code="read-error") from None

    def _of(self, batches: list[Batch]) -> Iterator[Row]:
        """The rows of one chunk."""
        found: list[tuple[int, str, LogSource, Happening]] = []
        for batch in batches:
            if batch.source in self._makers:
                found += [(each.offset, each.file, batch.source, each) for each in batch.happenings]
        if len(batches) > 1:
            found.sort(key=lambda each: each[0])
        account = self._account
        for offset, file, source, happening in found:
            if offset <= self._starts[file]:
                account.known += 1
            elif offset >= self._ends[file]:
                account.held += 1
            else:
                row = self._makers[source].row(happening)
                account.read += 1
                account.cut += bool(row.cut)
                yield row


def _carried(file: LogFile, source: Source) -> Carried:
    """The audit records of a log.

    Raises:
        TelemetryError: it holds events of another kind.
    """
    form, chunks = opened(source.chunks(), file.format)
    if form is not None and form.family != "audit":
        cause = f"holds events of another kind ({form.title}), which are not shipped"
        raise TelemetryError(cause, Location(file.path), code="not-audit")
    return Carried("auditd" if form is None else form.name, chunks)


def _end(path: str) -> int:
    """The offset from which on the records of an event may still be missing; beyond the end where nobody writes."""
    status = Path(path).stat()
    if clock.time() - status.st_mtime > FRESH:
        return _BEYOND
    with Source(path) as source:
        next(source.chunks(1), b"")
        return _BEYOND if source.codec is not None else status.st_size - WINDOW

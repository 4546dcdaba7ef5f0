"""Logs into a dataset, each once, as if all had been hunted together."""

from __future__ import annotations

import contextlib
import dataclasses
import time as clock
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from vedette.errors import Location, TelemetryError
from vedette.event.logsource import AUDIT_RECORD
from vedette.hunt.assignment import KINDS
from vedette.hunt.options import Progress
from vedette.hunt.sight import Sight
from vedette.lake.columns import asked
from vedette.lake.dataset import Store
from vedette.lake.entry import Coverage, Entry, Hole
from vedette.lake.identity import HEAD, Identity, head_of
from vedette.lake.writing import Writing
from vedette.telemetry.auditd.accounts import Accounts, load_accounts
from vedette.telemetry.auditd.node import Node
from vedette.telemetry.auditd.reader import AuditReader
from vedette.telemetry.carrier.carried import Carried
from vedette.telemetry.format import FORMATS, Format, opened
from vedette.telemetry.listing import LogFile, expand
from vedette.telemetry.source import STDIN, Source

#: Bytes of a log that are read at once: its events are all in memory then.
_CHUNK: Final = 2 << 20


@dataclasses.dataclass
class Account:
    """What became of the logs.

    Attributes:
        added: entries that were written.
        known: logs that the dataset held already.
        problems: logs that could not be read, or only in part.
        rows: events that were added.
        twice: events that were left out, since another log had brought them.
        bytes_read: decompressed bytes of the logs that were written.
        seconds: wall seconds.
        stopped: it was told to stop before all was done.
    """

    added: list[Entry] = dataclasses.field(default_factory=list)
    known: list[str] = dataclasses.field(default_factory=list)
    problems: list[TelemetryError] = dataclasses.field(default_factory=list)
    rows: int = 0
    twice: int = 0
    bytes_read: int = 0
    seconds: float = 0.0
    stopped: bool = False


@dataclasses.dataclass
class _Task:
    """A log to read: `write` is false where only its processes are wanted; `replaces` are ids that it makes void."""

    file: LogFile
    write: bool
    replaces: tuple[str, ...] = ()


class Ingest:
    """One run; iterate `run` to its end.

    Args:
        store: the dataset.
        records: keep single records too, for rules of `service: auditd` and for `--raw`.
        passwd: a copy of the host's passwd file, for names in RAW logs.
        on_progress: told how far it is.

    Attributes:
        account: what became of the logs.
    """

    def __init__(
        self,
        store: Store,
        *,
        records: bool = True,
        passwd: str | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.account = Account()
        self._store = store
        self._records = records
        self._accounts = load_accounts(passwd) if passwd else Accounts()
        self._on_progress = on_progress or (lambda _progress: None)
        kinds = [kind for kind in KINDS if kind != AUDIT_RECORD]
        columns = {kind: asked(kind) for kind in kinds} | ({AUDIT_RECORD: ()} if records else {})
        self._reader = AuditReader(columns, accounts=self._accounts)
        self._sight = Sight()
        self._entries = {entry.id: entry for entry in store.entries()}
        self._number = max((entry.number for entry in self._entries.values()), default=0)
        self._told: dict[bytes, _Told] = {}
        self._rejected: Counter[str] = Counter()

    def run(self, logs: Sequence[str]) -> Iterator[Entry | None]:
        """Read the logs; yields between chunks, and each entry when it counts. Closing it keeps what was read so far.

        Raises:
            UsageError: the dataset can't be written; what is whole by then stays.
        """
        started = clock.monotonic()
        try:
            listing = expand(logs)
            self.account.problems += listing.problems
            # Left out before any is read: the last log that is read closes what those before it left open.
            tasks = list(self._plan([file for file in listing.files if self._is_kept(file)]))
            total = sum(task.file.size or 0 for task in tasks)
            before = 0
            for place, task in enumerate(tasks):
                yield from self._read(task, before, total, last=place == len(tasks) - 1)
                before += task.file.size or 0
        finally:
            self.account.seconds = clock.monotonic() - started

    def _is_kept(self, file: LogFile) -> bool:
        """Whether a dataset holds what a log does, as far as is known before it is read; what is not is told."""
        try:
            _check_kept(FORMATS.get(file.format), file.path)
        except TelemetryError as error:
            self.account.problems.append(error)
            return False
        return True

    def _plan(self, files: Sequence[LogFile]) -> Iterator[_Task]:
        """What to do with each log.

        Where something is new, logs that are known are read again for the processes that live on from them. Those
        with which an earlier run ended are written again: what was open at their end goes on now.
        """
        found: list[tuple[LogFile, str | None, tuple[str, ...]]] = []
        for file in files:
            same, begins = self._recognise(file)
            if same is not None:
                self.account.known.append(file.path)
            found.append((file, same, begins))
        if all(same is not None for _, same, _ in found):
            return
        last_new = max(place for place, (_, same, _) in enumerate(found) if same is None)
        for place, (file, same, begins) in enumerate(found):
            if same is None:
                yield _Task(file, write=True, replaces=begins)
            elif self._entries[same].last:
                self.account.known.remove(file.path)
                yield _Task(file, write=True, replaces=(same,))
            elif place < last_new:
                yield _Task(file, write=False)

    def _recognise(self, file: LogFile) -> tuple[str | None, tuple[str, ...]]:
        """The id of the entry that holds all of a log, or None; and the ids of those that hold its beginning."""
        if file.size is None or file.path == STDIN or not self._entries:
            return None, ()
        with contextlib.suppress(TelemetryError), Source(file.path) as source:
            identity = self._identity()
            for chunk in source.chunks():
                if not identity.size and not self._familiar(chunk):
                    return None, ()
                identity.take(chunk)
            same = self._entries.get(identity.id)
            if same is not None and same.records >= self._records:
                return same.id, ()
            return None, tuple(identity.begins)
        return None, ()

    def _identity(self) -> Identity:
        sizes: dict[int, frozenset[str]] = {}
        for entry in self._entries.values():
            sizes[entry.size] = sizes.get(entry.size, frozenset()) | {entry.id}
        return Identity(sizes)

    def _familiar(self, chunk: bytes) -> bool:
        """Whether a log with this beginning was read before."""
        heads: dict[int, str] = {}
        for entry in self._entries.values():
            size = min(entry.size, HEAD)
            if size <= len(chunk) and heads.setdefault(size, head_of(chunk[:size])) == entry.head:
                return True
        return False

    def _read(self, task: _Task, before: int, total: int, *, last: bool) -> Iterator[Entry | None]:
        """Read one log, and make it count."""
        identity = self._identity()
        others = [part for entry in self._entries.values() if entry.id not in task.replaces for part in entry.parts]
        writing = Writing(self._store, others) if task.write else None
        problems: list[TelemetryError] = []
        self._since()
        try:
            with Source(task.file.path) as source:
                form, chunks = opened(source.chunks(_CHUNK), task.file.format)
                _check_kept(form, task.file.path)
                carried = Carried("auditd" if form is None else form.name, identity.through(iter(chunks)))
                records = self._sight.through(carried.chunks)
                for batches in self._reader.read(_named(task.file.path), records, more=not last, places=carried.places):
                    if writing is not None:
                        writing.add(batches)
                    self._on_progress(Progress("log", before + source.consumed, total, source.produced))
                    yield None
                problems += source.problems
                problems += [TelemetryError(one, Location(task.file.path), code="carried") for one in carried.remarks()]
            if last and writing is not None:
                writing.add(self._reader.close())
        except TelemetryError as error:
            problems.append(error)
        except BaseException:
            # Told to stop, or the disk is full: what is whole by now counts, and the next run goes on from there.
            self.account.stopped = True
            if writing is not None:
                writing.discard()
            raise
        finally:
            self.account.problems += problems
        if writing is not None:
            writing.close()
            entry = self._finish(task, identity, writing, problems, last=last)
            if entry is not None:
                yield entry

    def _finish(
        self,
        task: _Task,
        identity: Identity,
        writing: Writing,
        problems: Iterable[TelemetryError],
        *,
        last: bool,
    ) -> Entry | None:
        """Make a log count, unless it turned out to be known, as that of a pipe can only then."""
        same = self._entries.get(identity.id)
        if not identity.size or (same is not None and same.id not in task.replaces and same.records >= self._records):
            writing.discard()
            if identity.size:
                self.account.known.append(task.file.path)
            return None
        self._number += 1
        holes = self._sight.blind() if last else ()
        rejects = self._reader.rejects
        entry = Entry(
            id=identity.id,
            file=_named(task.file.path),
            number=self._number,
            size=identity.size,
            head=identity.head,
            last=last,
            records=self._records,
            replaces=tuple(dict.fromkeys((*task.replaces, *identity.begins))),
            parts=tuple(writing.parts),
            processes=tuple(writing.processes),
            hosts=tuple(self._coverage()),
            types=writing.types,
            rejected=dict(rejects.counts - self._rejected),
            examples=dict(rejects.examples),
            problems=tuple(str(problem) for problem in problems),
            holes=tuple(Hole(one.host, one.start, one.end, one.cause, one.text, one.events) for one in holes),
            users=dict(self._accounts.users),
            groups=dict(self._accounts.groups),
            ingested=clock.time(),
        )
        self._store.commit(entry)
        for one in entry.replaces:
            self._entries.pop(one, None)
        self._entries[entry.id] = entry
        self.account.added.append(entry)
        self.account.rows += entry.rows
        self.account.twice += writing.known
        self.account.bytes_read += entry.size
        return entry

    def _since(self) -> None:
        """Note what the reader told before this log."""
        self._rejected = self._reader.rejects.counts.copy()
        self._told = {prefix: _Told.of(node) for prefix, node in self._reader.nodes.items()}

    def _coverage(self) -> Iterator[Coverage]:
        """What this log shows of each host."""
        for prefix, node in self._reader.nodes.items():
            before = self._told.get(prefix, _Told())
            hours = node.hours - before.hours
            events = node.events - before.events
            execs = node.execs - before.execs
            if hours or events or execs:
                yield Coverage(
                    node.name,
                    node.first,
                    node.last,
                    dict(events),
                    execs,
                    node.parents_known - before.parents,
                    tuple(_stretches(hours)),
                )


@dataclasses.dataclass
class _Told:
    """What a node had shown before a log."""

    hours: frozenset[int] = frozenset()
    events: Counter[str] = dataclasses.field(default_factory=Counter)
    execs: int = 0
    parents: int = 0

    @classmethod
    def of(cls, node: Node) -> _Told:
        return cls(frozenset(node.hours), node.events.copy(), node.execs, node.parents_known)


def _stretches(hours: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Unbroken stretches."""
    first = last = None
    for hour in sorted(hours):
        if first is None or last is None:
            first = last = hour
        elif hour == last + 1:
            last = hour
        else:
            yield first, last
            first = last = hour
    if first is not None and last is not None:
        yield first, last


def _named(path: str) -> str:
    """A path as text; bytes that are none become signs of that."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _check_kept(form: Format | None, path: str) -> None:
    if form is not None and form.family == "events":
        raise TelemetryError(
            f"not kept: it is {form.title}, and a dataset holds audit records",
            Location(path),
            remedy="vedette hunt reads the log itself",
            code="not-kept",
        )

"""The fast reader: from record to record by search, every distinct text parsed once.

A log is read in chunks. From one SYSCALL record the reader jumps to the next; the EXECVE, CWD, PATH and SOCKADDR
records of its event follow at once or are searched behind it by their full head, in a window that interleaving fits
into. Only time, serial, pid and ppid are read per event; all other text is looked up in a memo. A head counts only at
the start of a line after a prefix that is empty or `node=NAME `, so text inside a record can never pose as one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from vedette.event import LogSource, Shapes
from vedette.event.logsource import AUDIT_RECORD, NETFILTER_CHANGE
from vedette.telemetry.auditd.accounts import Accounts
from vedette.telemetry.auditd.happening import Batch, Call, Happening, RecordCall
from vedette.telemetry.auditd.memo import Memo
from vedette.telemetry.auditd.node import Node
from vedette.telemetry.auditd.outlet import Outlet
from vedette.telemetry.auditd.process import MAX_PROCESSES
from vedette.telemetry.auditd.records import records_between
from vedette.telemetry.auditd.rejects import Rejects
from vedette.telemetry.auditd.scanner import MAX_NODES, Scanner
from vedette.telemetry.auditd.tail import face_of
from vedette.telemetry.auditd.window import WINDOW
from vedette.telemetry.places import Places

#: A line that is longer is dropped and counted.
MAX_LINE: Final = 1024 * 1024
#: Who wrote a record that belongs to no system call; the kernel's own pid comes before any text of the program's.
_PID: Final = re.compile(rb"\): (?:[a-z_]+=[^ ']* )*?pid=(\d{1,10}) ", re.ASCII)
#: Records of one event that a chunk does not end among.
_SAME: Final = 1_000
#: Events whose process is kept for records that follow in the next chunk.
_BEHIND: Final = 20_000
#: Processes of all nodes together are kept to about this many, but some of each node.
_MOST_PROCESSES: Final = 400_000
_FEWEST_PROCESSES: Final = 2_000
#: Characters of command lines that the processes of one node may keep.
_MOST_TEXT: Final = 128 * 1024 * 1024
_NUL_LINE: Final = re.compile(rb"\n[^\n\0]*\0[^\n]*")
_IDENTITY: Final = re.compile(rb"type=[^ \n]+ (msg=audit\([^)\n]+\):)(?: |\r?$)")


class AuditReader:
    """Reads audit logs of one hunt, file after file; processes live on from one file to the next.

    Args:
        columns: for each kind of event that is asked for, the columns that its shapes need.
        accounts: names of users, for RAW logs.
        record_types: types of the single records that are asked for (kind `AUDIT_RECORD`), or None for all.

    Attributes:
        rejects: lines that are no records.
        shapes: the distinct rows of each kind.
    """

    def __init__(
        self,
        columns: Mapping[LogSource, tuple[str, ...]],
        *,
        accounts: Accounts | None = None,
        record_types: frozenset[str] | None = None,
    ) -> None:
        self.rejects = Rejects()
        self._accounts = accounts or Accounts()
        self._memo = Memo(
            self._accounts.users, face_of(frozenset(name for names in columns.values() for name in names))
        )
        self._outlet = Outlet(columns)
        self._records_wanted = AUDIT_RECORD in columns
        self._record_types = record_types
        self._scanner = Scanner(self._memo, self._outlet, self.rejects, keep_processes=self._records_wanted)
        self._buffer = b""
        self._base = 0
        self._file = ""
        self._places: Places | None = None
        self._carried: tuple[bytes, int, str, Places | None] | None = None
        self.shapes: dict[LogSource, Shapes] = self._outlet.shapes

    @property
    def nodes(self) -> dict[bytes, Node]:
        """What is known of each node, by the prefix of its lines."""
        return self._scanner.nodes

    def read(
        self, file: str, chunks: Iterable[bytes], *, more: bool = False, places: Places | None = None
    ) -> Iterator[list[Batch]]:
        """The events of one log, chunk by chunk: a batch for each kind that occurs.

        Args:
            file: the log's name for origins.
            chunks: its decompressed bytes.
            more: another log follows. Rotation cuts events in two, so the last ones wait for its beginning; they come
                with its events, or with `close`.
            places: where the lines of the chunks stand in the file, if they are not the file's own bytes.
        """
        ahead: list[bytes] = []
        chunks = iter(chunks)
        if self._carried is not None:
            while sum(map(len, ahead)) < 2 * WINDOW and (chunk := next(chunks, None)) is not None:
                ahead.append(chunk)
            yield self._read_carried(b"".join(ahead))
        self._file = file
        self._places = self.rejects.places = places
        pending: list[bytes] = [b"\n"]
        size, base, skipping, enough = 1, -1, False, 4 * WINDOW
        for chunk in itertools.chain(ahead, chunks):
            if skipping:
                end = chunk.find(b"\n")
                if end < 0:
                    base += len(chunk)
                    continue
                base, chunk, skipping = base + end, chunk[end:], False
                pending, size = [], 0
            pending.append(chunk)
            size += len(chunk)
            if size < enough:
                continue
            buffer = b"".join(pending)
            stop = self._stop(buffer)
            if stop > 0:
                done = self._read_chunk(buffer, stop, base, final=False)
                yield self._outlet.take()
                buffer, base = buffer[done:], base + done
            elif len(buffer) > MAX_LINE and buffer.find(b"\n", 1) < 0:
                self.rejects.add("too-long", file, base + 1)
                base, buffer, skipping = base + len(buffer), b"", True
            pending, size = [buffer], len(buffer)
            # What is left over is looked at again when it has doubled, so that small chunks cost no more than big ones.
            enough = max(4 * WINDOW, 2 * size)
        buffer = b"".join(pending)
        if len(buffer) <= 1:
            return
        torn = not buffer.endswith(b"\n")
        buffer += b"\n" * torn
        if more and not torn:
            stop = self._stop(buffer)
            if stop > 0:
                done = self._read_chunk(buffer, stop, base, final=False)
                yield self._outlet.take()
                buffer, base = buffer[done:], base + done
            self._carried = buffer, base, file, places
            return
        self._read_chunk(buffer, len(buffer) - 1, base, final=True, torn=torn)
        yield self._outlet.take()

    def records(self, happening: Happening) -> tuple[str, ...]:
        """The records of an event of the batches last put out, as they stand in the log."""
        milliseconds = round(happening.time * 1000)
        identity = b"msg=audit(%d.%03d:%d):" % (milliseconds // 1000, milliseconds % 1000, happening.serial)
        at = happening.offset if self._places is None else self._places.in_stream(happening.offset)
        at -= self._base
        if not 0 <= at < len(self._buffer) or happening.file != self._file:
            return ()
        buffer = self._buffer
        prefix = next((node.prefix for node in self.nodes.values() if node.name == happening.node), b"")
        start = buffer.rfind(b"\n", 0, max(1, at - WINDOW)) + 1
        stop = buffer.find(b"\n", min(at + WINDOW, len(buffer) - 1))
        lines: list[str] = []
        # Searching the identity is many times faster than looking at every line of the window.
        found = buffer.find(identity, start, stop)
        while found >= 0:
            begin = buffer.rfind(b"\n", start - 1 if start else 0, found) + 1
            end = buffer.find(b"\n", found)
            line = buffer[begin:end]
            head = _IDENTITY.match(line, len(prefix))
            if line.startswith(prefix) and head is not None and head[1] == identity:
                lines.append(line.decode("utf-8", "replace"))
            found = buffer.find(identity, end, stop)
        return tuple(lines)

    def close(self) -> list[Batch]:
        """What is only known at the end of the last log: its last events, and net changes that are still open."""
        batches = self._read_carried(b"") if self._carried is not None else []
        for node in self.nodes.values():
            self._put_changes(node.ledger.close())
        return [*batches, *self._outlet.take()]

    def _read_carried(self, ahead: bytes) -> list[Batch]:
        """The events at the end of the log before, whose records may go on in this one, of which `ahead` is read."""
        assert self._carried is not None
        (buffer, base, self._file, self._places), self._carried = self._carried, None
        self._read_chunk(buffer + ahead, len(buffer) - 1, base, final=True)
        return self._outlet.take()

    def _stop(self, buffer: bytes) -> int:
        """Where to end in a chunk: so that the records of an event fit in behind, and between two events."""
        stop = buffer.rfind(b"\n", 1, len(buffer) - WINDOW)
        after = _IDENTITY.search(buffer, stop + 1, buffer.find(b"\n", stop + 1))
        for _ in range(_SAME):
            before = buffer.rfind(b"\n", 0, max(stop, 0))
            same = None if after is None or before <= 0 else _IDENTITY.search(buffer, before + 1, stop)
            if same is None or after is None or same[1] != after[1]:
                break
            stop = before
        return stop

    def _read_chunk(self, buffer: bytes, stop: int, base: int, *, final: bool, torn: bool = False) -> int:
        """Read the events whose SYSCALL record begins before `stop`; the position up to which that was done."""
        emptied = self._memo.trim()
        self._outlet.trim(forget=emptied)
        most = min(MAX_PROCESSES, max(_FEWEST_PROCESSES, _MOST_PROCESSES // max(1, len(self.nodes))))
        for node in self.nodes.values():
            node.table.trim(most)
            if emptied and node.table.text_size() > _MOST_TEXT:
                node.table.trim(_FEWEST_PROCESSES)
        visible = buffer
        if b"\0" in buffer:
            # No record holds a NUL: such lines are rejected, and nothing is read off them.
            self.rejects.suspicious = True
            visible = _NUL_LINE.sub(lambda line: b"\n" + b" " * (len(line[0]) - 1), buffer)
        self._buffer, self._base = visible, base
        self.rejects.places = places = self._places
        if places is not None:
            places.forget(base)
        done = self._scanner.scan(visible, stop, base, self._file, final=final, torn=torn, places=places)
        for position in self.rejects.check(buffer, done, base, self._file, self.nodes.keys()):
            if len(self.nodes) < MAX_NODES:
                self._scanner.node_at(position, None)
        for node in self.nodes.values():
            self._put_changes(node.ledger.over(node.last))
        if self._records_wanted:
            self._put_records(done)
        return done

    def _put_changes(self, calls: list[Call]) -> None:
        for call in calls:
            node = next((node for node in self.nodes.values() if node.name == call.node), None)
            self._outlet.call(NETFILTER_CHANGE, call, node)

    def _put_records(self, stop: int) -> None:
        """Put out the asked records one by one, each with the process of its event."""
        behind, buffer = self._scanner.behind, self._buffer
        for found in records_between(buffer, stop, self._record_types):
            line = buffer[found.start : found.end]
            offset = self._base + found.start
            offset = offset if self._places is None else self._places.in_file(offset)
            process = behind.get((found.node, found.time, found.serial))
            if process is None and (pid := _PID.search(line)) is not None:
                node = self.nodes.get(line[: line.index(b"type=")])
                process = None if node is None else node.table.at(int(pid[1]), offset)
            call = RecordCall(
                found.node, found.time, found.serial, offset, self._file, process, line, found.bodies, self._accounts
            )
            self._outlet.record(AUDIT_RECORD, call, found.kind)
        # The records of an event may go on in the next chunk; older ones are never asked for again.
        for key in list(behind)[: max(0, len(behind) - _BEHIND)]:
            del behind[key]
        for node in self.nodes.values():
            if node.table.journal:
                node.table.journal.clear()

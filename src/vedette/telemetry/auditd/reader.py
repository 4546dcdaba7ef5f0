"""The fast reader: from record to record by search, every distinct text parsed once.

A log is read in chunks. From one SYSCALL record the reader jumps to the next; the EXECVE, CWD, PATH and SOCKADDR
records of its event follow at once or are searched behind it by their full head, in a window that interleaving fits
into. Only time, serial, pid and ppid are read per event; all other text is looked up in a memo. A head counts only at
the start of a line after a prefix that is empty or `node=NAME `, so text inside a record can never pose as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from vedette.event import LogSource, Shapes
from vedette.event.logsource import AUDIT_RECORD, NETFILTER_CHANGE
from vedette.telemetry.auditd.accounts import Accounts
from vedette.telemetry.auditd.anchor import WINDOW
from vedette.telemetry.auditd.happening import Batch, Call, Happening, RecordCall
from vedette.telemetry.auditd.memo import Memo
from vedette.telemetry.auditd.node import Node
from vedette.telemetry.auditd.outlet import Outlet
from vedette.telemetry.auditd.records import records_between
from vedette.telemetry.auditd.rejects import Rejects
from vedette.telemetry.auditd.scanner import Scanner
from vedette.telemetry.auditd.tail import face_of

#: A line that is longer is dropped and counted.
MAX_LINE: Final = 1024 * 1024
#: Who wrote a record that belongs to no system call; the kernel's own pid comes before any text of the program's.
_PID: Final = re.compile(rb"\): (?:[a-z_]+=[^ ']* )*?pid=(\d{1,10}) ", re.ASCII)
#: Events whose process is kept for records that follow in the next chunk.
_BEHIND: Final = 20_000


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
        self.shapes: dict[LogSource, Shapes] = self._outlet.shapes

    @property
    def nodes(self) -> dict[bytes, Node]:
        """What is known of each node, by the prefix of its lines."""
        return self._scanner.nodes

    def read(self, file: str, chunks: Iterable[bytes]) -> Iterator[list[Batch]]:
        """The events of one log, chunk by chunk: a batch for each kind that occurs.

        Args:
            file: the log's name for origins.
            chunks: its decompressed bytes.
        """
        self._file = file
        pending: list[bytes] = [b"\n"]
        size, base, skipping, enough = 1, -1, False, 4 * WINDOW
        for chunk in chunks:
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
            stop = buffer.rfind(b"\n", 1, len(buffer) - WINDOW)
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
        if len(buffer) > 1:
            if not buffer.endswith(b"\n"):
                buffer += b"\n"
            self._read_chunk(buffer, len(buffer) - 1, base, final=True)
            yield self._outlet.take()

    def records(self, happening: Happening) -> tuple[str, ...]:
        """The records of an event of the batches last put out, as they stand in the log."""
        identity = b"msg=audit(%d.%03d:%d)" % (
            int(happening.time),
            round(happening.time * 1000) % 1000,
            happening.serial,
        )
        start = max(0, happening.offset - self._base - WINDOW)
        end = happening.offset - self._base + WINDOW
        lines = self._buffer[start:end].split(b"\n")
        prefix = next((node.prefix for node in self.nodes.values() if node.name == happening.node), b"")
        return tuple(
            line.decode("utf-8", "replace")
            for line in lines
            if line.startswith(prefix + b"type=") and line[:400].find(identity) > 0
        )

    def close(self) -> list[Batch]:
        """What is only known at the end of the last log: net changes of the packet filter that are still open."""
        self._put_changes(self._scanner.ledger.close())
        return self._outlet.take()

    def _read_chunk(self, buffer: bytes, stop: int, base: int, *, final: bool) -> int:
        """Read the events whose SYSCALL record begins before `stop`; the position up to which that was done."""
        self._outlet.trim(forget=self._memo.trim())
        for node in self.nodes.values():
            node.table.trim()
        self._buffer, self._base = buffer, base
        done = self._scanner.scan(buffer, stop, base, self._file, final=final)
        for position in self.rejects.check(buffer, done, base, self._file, self.nodes.keys()):
            self._scanner.node_at(position, None)
        if self.nodes:
            self._put_changes(self._scanner.ledger.over(max(node.last for node in self.nodes.values())))
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
            process = behind.get((found.node, found.serial))
            if process is None and (pid := _PID.search(line)) is not None:
                node = self.nodes.get(line[: line.index(b"type=")])
                process = None if node is None else node.table.by_pid.get(int(pid[1]))
            offset = self._base + found.start
            call = RecordCall(
                found.node, found.time, found.serial, offset, self._file, process, line, found.bodies, self._accounts
            )
            self._outlet.record(AUDIT_RECORD, call, found.kind)
        # The records of an event may go on in the next chunk; older ones are never asked for again.
        for key in list(behind)[: max(0, len(behind) - _BEHIND)]:
            del behind[key]

"""The fast reader: from record to record by search, every distinct text parsed once.

A log is read in chunks. From one SYSCALL record the reader jumps to the next; the EXECVE, CWD, PATH and SOCKADDR
records of its event follow at once or are searched behind it by their full head, in a window that interleaving fits
into. Only time, serial, pid and ppid are read per event; all other text is looked up in a memo. A head counts only at
the start of a line after a prefix that is empty or `node=NAME `, so text inside a record can never pose as one.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from vedette.event import LogSource, Shapes
from vedette.event.logsource import (
    AUDIT_RECORD,
    NETFILTER_CHANGE,
    NETFILTER_CONFIG,
    NETWORK_CONNECTION,
    NETWORK_FAILED,
    NETWORK_LISTEN,
    PROCESS_CREATION,
    PROCESS_FAILED,
)
from vedette.predicate import Value
from vedette.telemetry.auditd.accounts import Accounts
from vedette.telemetry.auditd.anchor import NEAR, WINDOW, Anchor, sibling
from vedette.telemetry.auditd.call import netfilter_fields, network_event
from vedette.telemetry.auditd.columns import make_shapes, shape_number, shaper
from vedette.telemetry.auditd.happening import Batch, Call, Happening
from vedette.telemetry.auditd.ledger import Entry, Ledger
from vedette.telemetry.auditd.memo import Action, Kind, Memo
from vedette.telemetry.auditd.netfilter import parse_netfilter
from vedette.telemetry.auditd.node import Node, node_of
from vedette.telemetry.auditd.process import Command, Process, Program, Tail
from vedette.telemetry.auditd.record import Reject, parse_record
from vedette.telemetry.auditd.records import record_values, records_between
from vedette.telemetry.auditd.tail import face_of

#: An exec with huge arguments is waited for up to this many bytes; Linux bounds argv by 6 MB.
ARGV_WINDOW: Final = 8 * 1024 * 1024
#: A line that is longer is dropped and counted.
MAX_LINE: Final = 1024 * 1024
#: Shapes and vocabularies of a kind that hold more bytes than this start over.
SHAPE_BYTES: Final = 32 * 1024 * 1024
_SYSCALL: Final = b"type=SYSCALL "
_NETFILTER: Final = b"type=NETFILTER_CFG "
_BOOT: Final = b"type=SYSTEM_BOOT "
#: Events whose process is kept for records that follow in the next chunk.
_BEHIND: Final = 20_000
_NOWHERE: Final = sys.maxsize
_HEAD: Final = re.compile(
    rb"((?:node=[^\s\x00-\x1f\x7f]{1,255} )?)type=[A-Z0-9_]+(?:\[\d+\])? msg=audit\((\d{1,12}\.\d{1,9}):(\d{1,20})\): ?"
)
#: Kinds whose events are read off SYSCALL records that are no process starts.
NETWORK: Final = frozenset({NETWORK_CONNECTION, NETWORK_FAILED, NETWORK_LISTEN})


class AuditReader:
    """Reads audit logs of one hunt, file after file; processes live on from one file to the next.

    Args:
        columns: for each kind of event that is asked for, the columns that its shapes need.
        accounts: names of users, for RAW logs.
        record_types: types of the single records that are asked for (kind `AUDIT_RECORD`), or None for all.

    Attributes:
        nodes: what is known of each node, by the prefix of its lines.
        rejected: lines that are no records, by reason.
        rejected_examples: first example of each reason as `file:offset`.
        shapes: the distinct rows of each kind.
    """

    def __init__(
        self,
        columns: Mapping[LogSource, tuple[str, ...]],
        *,
        accounts: Accounts | None = None,
        record_types: frozenset[str] | None = None,
    ) -> None:
        asked = frozenset(column for wanted in columns.values() for column in wanted)
        self.nodes: dict[bytes, Node] = {}
        self.rejected: Counter[str] = Counter()
        self.rejected_examples: dict[str, str] = {}
        self.shapes: dict[LogSource, Shapes] = {source: make_shapes(wanted, {}) for source, wanted in columns.items()}
        self._accounts = accounts or Accounts()
        self._memo = Memo(self._accounts.users, face_of(asked))
        self._numbers: dict[tuple[object, ...], int] = {}
        self._wanted = frozenset(columns)
        self._netfilter_wanted = bool({NETFILTER_CONFIG, NETFILTER_CHANGE} & self._wanted)
        self._ledger = Ledger()
        self._network = bool(NETWORK & self._wanted)
        self._exec_wanted = PROCESS_CREATION in self._wanted
        self._execs = Batch(PROCESS_CREATION, make_shapes((), {}))
        self._row = shaper(self.shapes.get(PROCESS_CREATION, self._execs.shapes))
        self._cwd = "CurrentDirectory" in columns.get(PROCESS_CREATION, ())
        self._buffer = b""
        self._base = 0
        self._file = ""
        self._batches: dict[LogSource, Batch] = {}
        self._suspicious = False
        self._record_types = record_types
        self._records_wanted = AUDIT_RECORD in self._wanted
        self._record_numbers: dict[tuple[str, bytes], int] = {}
        self._behind: dict[tuple[str, int], Process] = {}

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
                yield self._take()
                buffer, base = buffer[done:], base + done
            elif len(buffer) > MAX_LINE and buffer.find(b"\n", 1) < 0:
                self._reject("too-long", base + 1)
                base, buffer, skipping = base + len(buffer), b"", True
            pending, size = [buffer], len(buffer)
            # What is left over is looked at again when it has doubled, so that small chunks cost no more than big ones.
            enough = max(4 * WINDOW, 2 * size)
        buffer = b"".join(pending)
        if len(buffer) > 1:
            if not buffer.endswith(b"\n"):
                buffer += b"\n"
            self._read_chunk(buffer, len(buffer) - 1, base, final=True)
            yield self._take()

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

    def _take(self) -> list[Batch]:
        batches = [batch for batch in self._batches.values() if batch.numbers]
        self._batches = {}
        return batches

    def _batch(self, source: LogSource) -> Batch:
        batch = self._batches.get(source)
        if batch is None:
            batch = self._batches[source] = Batch(source, self.shapes[source])
        return batch

    def _reject(self, reason: str, offset: int) -> None:
        self.rejected[reason] += 1
        self.rejected_examples.setdefault(reason, f"{self._file}:{offset}")

    def _bad_syscall(self, start: int) -> None:
        """A line that begins like a SYSCALL record and is none that the reader can use."""
        line = self._buffer[start : self._buffer.find(b"\n", start)]
        if isinstance(parse_record(line), Reject):
            self._suspicious = True
        else:
            self._reject("bad-syscall", self._base + start)

    def _trim(self) -> None:
        if self._memo.trim():
            self._numbers.clear()
        for node in self.nodes.values():
            node.table.trim()
        for source, shapes in self.shapes.items():
            size = 100 * len(shapes.rows) + sum(v.size + 100 * len(v.values) for v in set(shapes.vocabularies))
            if size > SHAPE_BYTES:
                shapes.clear()
                if source == PROCESS_CREATION:
                    self._numbers.clear()
                if source == AUDIT_RECORD:
                    self._record_numbers.clear()

    def _read_chunk(self, buffer: bytes, stop: int, base: int, *, final: bool) -> int:
        """Read the events whose SYSCALL record begins before `stop`; the position up to which that was done."""
        self._trim()
        self._buffer, self._base = buffer, base
        if self._exec_wanted:
            self._execs = self._batch(PROCESS_CREATION)
        done = self._scan(stop, final=final)
        self._check_lines(buffer, done, base)
        if NETFILTER_CHANGE in self._wanted and self.nodes:
            self._put_changes(self._ledger.over(max(node.last for node in self.nodes.values())))
        if self._records_wanted:
            self._single_records(done)
        return done

    def _single_records(self, stop: int) -> None:
        """Put out the asked records one by one, each with the process of its event."""
        batch = self._batch(AUDIT_RECORD)
        for start, record, bodies in records_between(self._buffer, 0, stop, self._record_types):
            values = record_values(record, bodies, self._accounts)
            process = self._behind.get((record.node, record.serial))
            if process is None:
                pid = record.fields.get("pid", "")
                node = self.nodes.get(record.raw[: record.raw.index(b"type=")])
                process = node.table.by_pid.get(int(pid)) if node is not None and pid.isdigit() else None
            key = (record.type, b"\0".join(bodies))
            number = self._record_numbers.get(key)
            if number is None:
                number = self._record_numbers[key] = shape_number(batch.shapes, None, values)
            batch.numbers.append(number)
            offset = self._base + start
            call = Call(record.node, record.time, record.serial, offset, self._file, process, values)
            batch.happenings.append(call)
        # The records of an event may go on in the next chunk; older ones are never asked for again.
        if len(self._behind) > _BEHIND:
            for key_ in list(self._behind)[: len(self._behind) - _BEHIND]:
                del self._behind[key_]

    def _node(self, position: int, before: Node | None) -> Node | None:
        """The node of the line on which `position` is the start of `type=`, or None if that is no start of a record."""
        buffer = self._buffer
        line = buffer.rfind(b"\n", max(0, position - 300), position)
        if line < 0:
            return None
        prefix = buffer[line + 1 : position]
        if before is not None and prefix == before.prefix:
            return before
        node = self.nodes.get(prefix)
        if node is None:
            node = node_of(prefix)
            if node is not None:
                self.nodes[prefix] = node
        return node

    def _scan(self, stop: int, *, final: bool) -> int:
        """Go from SYSCALL record to SYSCALL record, taking in the boots and netfilter records that stand between."""
        buffer, base, file = self._buffer, self._base, self._file
        find = buffer.find
        memo = self._memo
        kinds, tails, commands, words = memo.kinds, memo.tails, memo.commands, memo.words
        programs = memo.absolute
        boot = find(_BOOT, 0, stop)
        netfilter = find(_NETFILTER, 0, stop) if self._netfilter_wanted else -1
        position = find(_SYSCALL, 0, stop)
        node: Node | None = None
        head, prefix = b"", 0
        while True:
            if boot >= 0 or netfilter >= 0:
                first = position if position >= 0 else _NOWHERE
                if 0 <= boot < first and (netfilter < 0 or boot < netfilter):
                    booted = self._node(boot, node)
                    if booted is not None:
                        booted.reboot()
                    boot = find(_BOOT, boot + 1, stop)
                    continue
                if 0 <= netfilter < first:
                    self._netfilter(netfilter, self._node(netfilter, node))
                    netfilter = find(_NETFILTER, netfilter + 1, stop)
                    continue
            if position < 0:
                return stop
            if node is None or not buffer.startswith(head, position - prefix):
                node = self._node(position, node)
                if node is None:
                    position = find(_SYSCALL, position + 1, stop)
                    continue
                head = b"\n" + node.prefix + b"type="
                prefix = len(head) - 5
            start = position - prefix + 1
            match = node.event.match(buffer, start)
            if match is None:
                self._bad_syscall(start)
                position = find(_SYSCALL, position + 1, stop)
                continue
            identity, stamp, digits, called, a0, parent_id, process_id, about, execve, cwd, path0, path1 = (
                match.groups()
            )
            time, serial, ppid, pid = float(stamp), int(digits), int(parent_id), int(process_id)
            kind = kinds.get(called) or memo.kind(called)
            tail = tails.get(about) or memo.tail(about)
            if time >= node.hour_end or time < node.hour_start or serial < node.last_serial:
                node.saw(time, serial)
            else:
                node.last_serial = serial
                node.last = time
            if execve is not None and kind.action is Action.EXEC:
                command = commands.get(execve) or memo.command((execve,))
                if not command.cut:
                    where = words.get(cwd)
                    if where is None:
                        where = memo.word(cwd)
                    program = programs.get((tail.exe, path0, path1))
                    if program is None:
                        program = memo.program(tail.exe, where, path0, path1 or b"", "")
                    parent = self._parent(node, pid, ppid, tail)
                    self._started(
                        node,
                        Process(
                            node.name,
                            node.boot,
                            pid,
                            ppid,
                            parent,
                            tail,
                            program,
                            command,
                            where,
                            time,
                            serial,
                            base + start,
                            file,
                            True,
                        ),
                    )
                    position = find(_SYSCALL, match.end(), stop)
                    continue
            anchor = Anchor(node, start, match.end(8), identity, time, serial, pid, ppid, tail)
            if kind.action is Action.EXEC:
                wait = not final and len(buffer) - start < ARGV_WINDOW
                if self._exec(anchor, wait=wait):
                    return start - 1
            elif kind.action is Action.EXEC_FAILED:
                if PROCESS_FAILED in self._wanted:
                    self._failed(anchor, kind)
            else:
                process = self._running(anchor)
                if self._records_wanted:
                    self._behind[node.name, serial] = process
                if self._network and kind.action is not Action.OTHER:
                    self._call(anchor, a0, process, kind)
            position = find(_SYSCALL, match.end(8), stop)

    @staticmethod
    def _parent(node: Node, pid: int, ppid: int, tail: Tail) -> Process | None:
        """The parent of a process that calls exec: what ppid names, or what it named at an earlier exec of this pid."""
        parent = node.table.parent(ppid, tail)
        if parent is None:
            earlier = node.table.by_pid.get(pid)
            if earlier is not None and earlier.ppid == ppid and earlier.tail.ses in (-1, tail.ses):
                return earlier.parent
        return parent

    def _started(self, node: Node, process: Process) -> None:
        """Enter a process start, and put it out; its shape is looked up by the numbers of its parts."""
        node.table.by_pid[process.pid] = process
        node.execs += 1
        if self._records_wanted:
            self._behind[node.name, process.serial] = process
        parent, command = process.parent, process.command
        if parent is not None:
            node.parents_known += 1
        if not self._exec_wanted:
            return
        key: tuple[object, ...] = (
            process.tail.face,
            process.program.number,
            0 if command is None else command.number,
            process.cwd if self._cwd else "",
        )
        if parent is not None:
            theirs = parent.command
            key += (parent.tail.face, parent.program.number, 0 if theirs is None else theirs.number)
        batch = self._execs
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = self._row(process)
        batch.numbers.append(number)
        batch.happenings.append(process)

    def _exec(self, anchor: Anchor, *, wait: bool) -> bool:
        """A process start; true, if one may `wait`, where its arguments go on beyond the buffer: read it again."""
        buffer, node, tail = self._buffer, anchor.node, anchor.tail
        memo = self._memo
        head = node.execve + anchor.identity
        start, near = sibling(buffer, head, anchor.end)
        command: Command | None = None
        if start >= 0:
            body = buffer[start:near]
            command = memo.commands.get(body) or memo.command((body,))
            if command.cut:
                command, near = self._long_argv(head, command, body, near)
        if wait and near + WINDOW > len(buffer):
            return True
        if start < 0:
            command = self._title(anchor)
        cwd, near = self._cwd_record(anchor, near)
        path0, path1 = self._path_records(anchor, near)
        program = memo.program(tail.exe, cwd, path0, path1, command.args[0] if command and command.args else "")
        parent = self._parent(node, anchor.pid, anchor.ppid, tail)
        self._started(node, self._process(anchor, parent, program, command, cwd, executed=True))
        return False

    def _process(
        self,
        anchor: Anchor,
        parent: Process | None,
        program: Program,
        command: Command | None,
        cwd: str,
        *,
        executed: bool,
    ) -> Process:
        node = anchor.node
        return Process(
            node.name,
            node.boot,
            anchor.pid,
            anchor.ppid,
            parent,
            anchor.tail,
            program,
            command,
            cwd,
            anchor.time,
            anchor.serial,
            self._base + anchor.start,
            self._file,
            executed,
        )

    def _long_argv(self, head: bytes, command: Command, body: bytes, near: int) -> tuple[Command, int]:
        """Join the EXECVE records of one exec: the command, and where the last record ends."""
        buffer = self._buffer
        bodies = [body]
        while True:
            start, end = sibling(buffer, head, near)
            if start < 0:
                break
            bodies.append(buffer[start:end])
            near = end
        return (self._memo.command(bodies) if len(bodies) > 1 else command), near

    def _title(self, anchor: Anchor) -> Command | None:
        """The command line from PROCTITLE, for a process whose EXECVE record is not there."""
        start, end = sibling(self._buffer, anchor.node.proctitle + anchor.identity, anchor.end)
        if start < 0:
            return None
        return self._memo.title(self._buffer[start:end])

    def _cwd_record(self, anchor: Anchor, near: int) -> tuple[str, int]:
        start, end = sibling(self._buffer, anchor.node.cwd + anchor.identity + b"cwd=", near)
        if start < 0:
            return "", near
        value = self._buffer[start:end]
        cwd = self._memo.words.get(value)
        return (self._memo.word(value) if cwd is None else cwd), end

    def _path_records(self, anchor: Anchor, near: int) -> tuple[bytes, bytes]:
        buffer = self._buffer
        head = anchor.node.path + anchor.identity
        start, end = sibling(buffer, head + b"item=0 ", near)
        if start < 0:
            return b"", b""
        path0 = buffer[start:end]
        start, end = sibling(buffer, head + b"item=1 ", end, window=NEAR)
        return path0, buffer[start:end] if start >= 0 else b""

    def _running(self, anchor: Anchor) -> Process:
        """The process behind a record that is no process start; entered if the table does not know it."""
        table, tail = anchor.node.table, anchor.tail
        known = table.by_pid.get(anchor.pid)
        if known is not None and known.tail.exe == tail.exe and known.tail.ses in (-1, tail.ses):
            return known
        parent = table.parent(anchor.ppid, tail)
        if parent is not None and parent.tail.exe == tail.exe and parent.tail.comm == tail.comm:
            # A fork that never called exec still runs its parent's image.
            program, command = parent.program, parent.command
        else:
            program, command = self._memo.program(tail.exe, "", b"", b"", ""), self._title(anchor)
        process = self._process(anchor, parent, program, command, "", executed=False)
        table.by_pid[process.pid] = process
        return process

    def _failed(self, anchor: Anchor, kind: Kind) -> None:
        """A failed exec: what the process tried to start; the process itself is its parent."""
        caller = self._running(anchor)
        cwd, near = self._cwd_record(anchor, anchor.end)
        path0, _ = self._path_records(anchor, near)
        program = self._memo.program("", cwd, path0, b"", "")
        tried = self._process(anchor, caller, program, None, cwd, executed=False)
        self._emit(PROCESS_FAILED, anchor, tried, {"ExitCode": kind.exit, "Syscall": kind.name})

    def _call(self, anchor: Anchor, descriptor: bytes, process: Process, kind: Kind) -> None:
        """A connect, bind, listen or accept."""
        buffer = self._buffer
        start, end = sibling(buffer, anchor.node.sockaddr + anchor.identity + b"saddr=", anchor.end)
        address = buffer[start:end] if start >= 0 else b""
        source, fields = network_event(kind, address, descriptor)
        if source is not None and source in self._wanted:
            self._emit(source, anchor, process, fields)

    def _netfilter(self, position: int, node: Node | None) -> None:
        if node is None:
            return
        end = self._buffer.find(b"\n", position)
        start = position - len(node.prefix)
        head = _HEAD.match(self._buffer, start, end)
        change = None if head is None else parse_netfilter(self._buffer[head.end() : end])
        if head is None or change is None:
            self._reject("bad-netfilter", self._base + start)
            return
        time, serial = float(head.group(2)), int(head.group(3))
        node.saw(time, serial)
        process = node.table.by_pid.get(change.pid)
        if process is None or (change.comm and process.tail.comm != change.comm):
            process = self._process_behind(node, head.group(0)[len(node.prefix) :], end)
        if NETFILTER_CONFIG in self._wanted:
            anchor = Anchor(node, start, end, b"", time, serial, change.pid, 0, Tail())
            self._emit(NETFILTER_CONFIG, anchor, process, netfilter_fields(change))
        if NETFILTER_CHANGE in self._wanted:
            entry = Entry(node.name, time, serial, self._base + start, self._file, process)
            self._ledger.record(change, entry, node.boot)

    def _process_behind(self, node: Node, head: bytes, near: int) -> Process | None:
        """The process by the SYSCALL record of the same event, which follows the record that it caused."""
        at = self._buffer.find(node.syscall + head[head.index(b"(") + 1 :], near, near + WINDOW)
        match = node.event.match(self._buffer, at + 1) if at >= 0 else None
        if match is None:
            return None
        identity, stamp, digits, _, _, parent_id, process_id, about = match.groups()[:8]
        tail = self._memo.tails.get(about) or self._memo.tail(about)
        numbers = (float(stamp), int(digits), int(process_id), int(parent_id))
        return self._running(Anchor(node, at + 1, match.end(8), identity, *numbers, tail))

    def close(self) -> list[Batch]:
        """What is only known at the end of the last log: net changes of the packet filter that are still open."""
        self._put_changes(self._ledger.close())
        return self._take()

    def _put_changes(self, calls: list[Call]) -> None:
        if not calls:
            return
        batch = self._batch(NETFILTER_CHANGE)
        for call in calls:
            batch.numbers.append(shape_number(batch.shapes, call.process, call.fields))
            batch.happenings.append(call)
            node = next((node for node in self.nodes.values() if node.name == call.node), None)
            if node is not None:
                node.events[NETFILTER_CHANGE.category] += 1

    def _emit(self, source: LogSource, anchor: Anchor, process: Process | None, fields: dict[str, Value]) -> None:
        batch = self._batch(source)
        node = anchor.node
        batch.numbers.append(shape_number(batch.shapes, process, fields))
        offset = self._base + anchor.start
        batch.happenings.append(Call(node.name, anchor.time, anchor.serial, offset, self._file, process, fields))
        node.events[source.category] += 1

    def _check_lines(self, buffer: bytes, stop: int, base: int) -> None:
        """Count the lines that are no records; by counting heads, line by line only where the counts differ."""
        lines = buffer.count(b"\n", 0, stop)
        if len(self.nodes) <= 8:
            heads = sum(buffer.count(b"\n" + prefix + b"type=", 0, stop) for prefix in self.nodes)
        else:
            heads = buffer.count(b"\nnode=", 0, stop) + buffer.count(b"\ntype=", 0, stop)
        if heads == lines and not self._suspicious:
            return
        self._suspicious = False
        position = 0
        while position < stop:
            end = buffer.find(b"\n", position + 1, stop)
            end = stop if end < 0 else end
            match = _HEAD.match(buffer, position + 1, end)
            if match is not None:
                if match.group(1) not in self.nodes:
                    self._node(match.end(1), None)
            else:
                record = parse_record(buffer[position + 1 : end])
                if isinstance(record, Reject):
                    self._reject(record.reason, base + position + 1)
            position = end

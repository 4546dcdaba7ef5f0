"""One pass over a chunk: from SYSCALL record to SYSCALL record, each with what belongs to it."""

from __future__ import annotations

import re
import sys
from typing import Final

from vedette.event import LogSource
from vedette.event.logsource import (
    NETFILTER_CHANGE,
    NETFILTER_CONFIG,
    NETWORK_CONNECTION,
    NETWORK_FAILED,
    NETWORK_LISTEN,
    PROCESS_CREATION,
    PROCESS_FAILED,
)
from vedette.predicate import Value
from vedette.telemetry.auditd.anchor import Anchor, second_path
from vedette.telemetry.auditd.call import netfilter_fields, network_event, socket_call
from vedette.telemetry.auditd.happening import Call
from vedette.telemetry.auditd.ledger import Entry
from vedette.telemetry.auditd.memo import Action, Kind, Memo
from vedette.telemetry.auditd.netfilter import parse_netfilter
from vedette.telemetry.auditd.node import Node, node_of
from vedette.telemetry.auditd.outlet import Outlet
from vedette.telemetry.auditd.process import MAX_DEPTH, Command, Process, Program, Tail, shortened
from vedette.telemetry.auditd.record import Reject, parse_record
from vedette.telemetry.auditd.rejects import HEAD, Rejects
from vedette.telemetry.auditd.window import WINDOW
from vedette.telemetry.places import Places

#: An exec with huge arguments is waited for up to this many bytes; Linux bounds argv by 6 MB.
ARGV_WINDOW: Final = 8 * 1024 * 1024
_SYSCALL: Final = b"type=SYSCALL "
_NETFILTER: Final = b"type=NETFILTER_CFG "
_BOOT: Final = b"type=SYSTEM_BOOT "
_NOWHERE: Final = sys.maxsize
#: So many serials at most have passed when a kernel's own SYSTEM_BOOT is written.
EARLY_SERIAL: Final = 5_000
#: Lines of more nodes than this are not read, but counted.
MAX_NODES: Final = 10_000
#: Kinds whose events are read off SYSCALL records that are no process starts.
NETWORK: Final = frozenset({NETWORK_CONNECTION, NETWORK_FAILED, NETWORK_LISTEN})


class Scanner:
    """Finds the events of a chunk.

    Args:
        memo: what was parsed before.
        outlet: where events go.
        rejects: where lines go that can't be used.
        keep_processes: keep the process of every event, for single records.

    Attributes:
        nodes: what is known of each node, by the prefix of its lines.
        behind: process by node, time and serial, if they are kept.
    """

    def __init__(self, memo: Memo, outlet: Outlet, rejects: Rejects, *, keep_processes: bool) -> None:
        self.nodes: dict[bytes, Node] = {}
        self.behind: dict[tuple[str, float, int], Process] = {}
        self._memo = memo
        self._outlet = outlet
        self._rejects = rejects
        self._keep = keep_processes
        self._wanted = outlet.wanted
        self._exec_wanted = PROCESS_CREATION in self._wanted
        self._netfilter_wanted = bool({NETFILTER_CONFIG, NETFILTER_CHANGE} & self._wanted)
        self._network = bool(NETWORK & self._wanted)
        # By action, whether its calls are no events themselves: all that they say is who the process is by now.
        calls = [Action.OTHER, Action.EXEC_FAILED, Action.CONNECT, Action.LISTEN, Action.SOCKETCALL]
        self._idle = [not keep_processes and action in calls and not self._is_event(action) for action in Action]
        self._buffer = b""
        self._base = 0
        self._file = ""
        self._torn = False
        self._places: Places | None = None

    def scan(
        self,
        buffer: bytes,
        stop: int,
        base: int,
        file: str,
        *,
        final: bool,
        torn: bool = False,
        places: Places | None = None,
    ) -> int:
        """Put out the events whose SYSCALL record begins before `stop`.

        Args:
            buffer: the chunk; it begins with a newline.
            stop: position of the newline to end at.
            base: offset of the chunk in the log.
            file: the log.
            final: nothing comes after this chunk.
            torn: the last line had no newline in the log, so it may be cut.
            places: where the lines stand in the file, if the chunk is not of the file itself.

        Returns:
            The position of the newline up to which all was read; before `stop` where an event goes on beyond the chunk.
        """
        self._buffer, self._base, self._file, self._torn = buffer, base, file, torn
        self._places = places
        find = buffer.find
        memo = self._memo
        kinds, tails, commands, words = memo.kinds, memo.tails, memo.commands, memo.words
        programs = memo.absolute
        boot = find(_BOOT, 0, stop)
        netfilter = find(_NETFILTER, 0, stop) if self._netfilter_wanted else -1
        position = find(_SYSCALL, 0, stop)
        node: Node | None = None
        head, prefix = b"", 0
        verified, other = 0, self._rejects.other(self.nodes)
        keep, exec_wanted, put = self._keep, self._exec_wanted, self._outlet.start
        idle = self._idle
        while True:
            if boot >= 0 or netfilter >= 0:
                first = position if position >= 0 else _NOWHERE
                if 0 <= boot < first and (netfilter < 0 or boot < netfilter):
                    self._booted(boot, self.node_at(boot, node))
                    boot = find(_BOOT, boot + 1, stop)
                    continue
                if 0 <= netfilter < first:
                    self._netfilter(netfilter, self.node_at(netfilter, node))
                    netfilter = find(_NETFILTER, netfilter + 1, stop)
                    continue
            if position < 0:
                if verified < stop and other.search(buffer, verified, stop + 1) is not None:
                    self._rejects.suspicious = True
                return stop
            if node is None or not buffer.startswith(head, position - prefix):
                node = self.node_at(position, node)
                if node is None:
                    position = find(_SYSCALL, position + 1, stop)
                    continue
                head = b"\n" + node.prefix + b"type="
                prefix = len(head) - 5
                other = self._rejects.other(self.nodes)
            start = position - prefix + 1
            if verified < start - 1 and other.search(buffer, verified, start) is not None:
                self._rejects.suspicious = True
            match = node.event.match(buffer, start)
            if match is None:
                self._bad_syscall(start)
                position = find(_SYSCALL, position + 1, stop)
                continue
            identity, stamp, digits, called, a0, parent_id, process_id, about, execve, cwd, path0, path1 = (
                match.groups()
            )
            verified = match.end() - 1
            time, serial, ppid, pid = float(stamp), int(digits), int(parent_id), int(process_id)
            kind = kinds.get(called) or memo.kind(called)
            tail = tails.get(about) or memo.tail(about)
            if time >= node.hour_end or time < node.last or serial < node.last_serial:
                node.saw(time, serial, self._place(start))
            else:
                node.last_serial = serial
                node.last = time
            if execve is not None and kind.starts:
                command = commands.get(execve) or memo.command((execve,))
                if not command.cut:
                    where = words.get(cwd)
                    if where is None:
                        where = memo.word(cwd)
                    if path1 is None:
                        path1 = self._second_path(node, identity, start, match) or None
                    program = programs.get((tail.exe, path0, path1))
                    if program is None:
                        program = memo.program(tail.exe, where, path0, path1 or b"", "")
                    parent = self._parent(node, pid, ppid, tail)
                    # As in `_started`, whose call would be felt here.
                    process = Process(
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
                        base + start if places is None else places.in_file(base + start),
                        file,
                        True,
                        0 if parent is None else parent.depth + 1,
                    )
                    if keep:
                        node.table.enter(process)
                        self.behind[node.name, time, serial] = process
                    else:
                        node.table.by_pid[pid] = process
                    node.execs += 1
                    if parent is not None:
                        node.parents_known += 1
                    if exec_wanted:
                        put(process)
                    position = find(_SYSCALL, match.end(), stop)
                    continue
            if idle[kind.action]:
                # As in `_running`, for what is no event itself.
                known = node.table.by_pid.get(pid)
                if known is not None:
                    before = known.tail
                    if before is tail:
                        position = find(_SYSCALL, match.end(), stop)
                        continue
                    if before.exe == tail.exe and (before.ses == tail.ses or before.ses == -1):
                        node.table.by_pid[pid] = known.seen_as(tail)
                        position = find(_SYSCALL, match.end(), stop)
                        continue
            anchor = Anchor(node, start, match.end(8), identity, time, serial, pid, ppid, tail)
            if kind.action is Action.EXEC or (kind.action is Action.UNNAMED and self._has_arguments(anchor)):
                wait = not final and len(buffer) - start < ARGV_WINDOW
                if self._exec(anchor, wait=wait):
                    return start - 1
            else:
                process = self._running(anchor)
                if keep:
                    self.behind[node.name, time, serial] = process
                if self._is_event(kind.action):
                    if kind.action is Action.EXEC_FAILED:
                        self._failed(anchor, process, kind)
                    else:
                        self._call(anchor, a0, process, kind)
            position = find(_SYSCALL, match.end(), stop)

    def _place(self, position: int) -> int:
        """Where the line that begins at a position of the chunk begins in the file."""
        offset = self._base + position
        return offset if self._places is None else self._places.in_file(offset)

    def _is_event(self, action: Action) -> bool:
        """Whether calls of this kind are asked for as events."""
        if action is Action.EXEC_FAILED:
            return PROCESS_FAILED in self._wanted
        return self._network and action >= Action.CONNECT

    def node_at(self, position: int, before: Node | None) -> Node | None:
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
            node = node_of(prefix, keep_journal=self._keep)
            if node is not None and len(self.nodes) >= MAX_NODES:
                self._rejects.add("too-many-nodes", self._file, self._base + line + 1)
                return None
            if node is not None:
                self.nodes[prefix] = node
        return node

    def _bad_syscall(self, start: int) -> None:
        """A line that begins like a SYSCALL record and is none that the reader can use."""
        line = self._buffer[start : self._buffer.find(b"\n", start)]
        if isinstance(parse_record(line), Reject):
            self._rejects.suspicious = True
        else:
            self._rejects.add("bad-syscall", self._file, self._base + start)

    def _booted(self, position: int, node: Node | None) -> None:
        """A SYSTEM_BOOT record. One whose serial goes on is that of a container: the kernel's own start at 1."""
        if node is None:
            return
        head = HEAD.match(self._buffer, position - len(node.prefix))
        if head is not None and int(head.group(3)) < max(node.last_serial, EARLY_SERIAL):
            node.reboot(self._place(position - len(node.prefix)))

    @staticmethod
    def _parent(node: Node, pid: int, ppid: int, tail: Tail) -> Process | None:
        """The parent of a process that calls exec: what ppid names, or what it named at an earlier exec of this pid."""
        by_pid = node.table.by_pid
        parent = by_pid.get(ppid)
        if parent is None or (parent.tail.ses != tail.ses and parent.tail.ses != -1):
            earlier = by_pid.get(pid)
            if earlier is None or earlier.ppid != ppid or earlier.tail.ses not in (-1, tail.ses):
                return None
            parent = earlier.parent
            if parent is None:
                return None
        return parent if parent.depth < MAX_DEPTH else node.table.replace(shortened(parent))

    def _second_path(self, node: Node, identity: bytes, start: int, match: re.Match[bytes]) -> bytes:
        """PATH item 1 of an exec whose other records stood together."""
        return second_path(self._buffer, start, match.end(8), node.path + identity, match.end() - 1)

    def _has_arguments(self, anchor: Anchor) -> bool:
        """Whether an unnamed system call has an EXECVE record, which only an exec has."""
        return anchor.body(self._buffer, anchor.node.execve, anchor.end)[0] != b""

    def _exec(self, anchor: Anchor, *, wait: bool) -> bool:
        """A process start; true, if one may `wait`, where its arguments go on beyond the buffer: read it again."""
        buffer, node, tail = self._buffer, anchor.node, anchor.tail
        memo = self._memo
        body, near = anchor.body(buffer, node.execve, anchor.end)
        command: Command | None = None
        if body:
            command = memo.commands.get(body) or memo.command((body,))
            if command.cut:
                others, near = anchor.further(buffer, node.execve, near)
                command = memo.command((body, *others)) if others else command
            if self._torn and near == len(buffer) - 1:
                command = Command(command.text, command.args, cut=True)
        if wait and near + WINDOW > len(buffer):
            return True
        if not body:
            command = self._title(anchor)
        cwd, near = self._cwd_record(anchor, near)
        path0, path1 = anchor.paths(buffer, near)
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
            self._place(anchor.start),
            self._file,
            executed,
            0 if parent is None else parent.depth + 1,
        )

    def _title(self, anchor: Anchor) -> Command | None:
        """The command line from PROCTITLE, for a process whose EXECVE record is not there."""
        body, _ = anchor.body(self._buffer, anchor.node.proctitle, anchor.end)
        return self._memo.title(body) if body else None

    def _cwd_record(self, anchor: Anchor, near: int) -> tuple[str, int]:
        body, near = anchor.body(self._buffer, anchor.node.cwd, near)
        return (self._memo.word(body.removeprefix(b"cwd=")) if body.startswith(b"cwd=") else ""), near

    def _running(self, anchor: Anchor) -> Process:
        """The process behind a record that is no process start, with the users as they are now; entered if new."""
        table, tail = anchor.node.table, anchor.tail
        known = table.by_pid.get(anchor.pid)
        if known is not None:
            if known.tail is tail:
                return known
            if known.tail.exe == tail.exe and known.tail.ses in (-1, tail.ses):
                return table.replace(known.seen_as(tail))
        parent = table.parent(anchor.ppid, tail)
        if parent is not None and parent.depth >= MAX_DEPTH:
            parent = table.replace(shortened(parent))
        if parent is not None and parent.tail.exe == tail.exe and parent.tail.comm == tail.comm:
            # A fork that never called exec still runs its parent's image.
            program, command = parent.program, parent.command
        else:
            program, command = self._memo.program(tail.exe, "", b"", b"", ""), self._title(anchor)
        return table.enter(self._process(anchor, parent, program, command, "", executed=False))

    def _failed(self, anchor: Anchor, caller: Process, kind: Kind) -> None:
        """A failed exec: what the process tried to start; the process itself is its parent."""
        cwd, near = self._cwd_record(anchor, anchor.end)
        path0, _ = anchor.paths(self._buffer, near)
        program = self._memo.program("", cwd, path0, b"", "")
        tried = self._process(anchor, caller, program, None, cwd, executed=False)
        self._emit(PROCESS_FAILED, anchor, tried, {"ExitCode": kind.exit, "Syscall": kind.name})

    def _call(self, anchor: Anchor, descriptor: bytes, process: Process, kind: Kind) -> None:
        """A connect, bind, listen or accept."""
        buffer, node = self._buffer, anchor.node
        if kind.action is Action.SOCKETCALL:
            arguments, _ = anchor.body(buffer, node.socketcall, anchor.end)
            kind, descriptor = socket_call(kind, descriptor, arguments)
            if kind.action is Action.OTHER:
                return
        body, _ = anchor.body(buffer, node.sockaddr, anchor.end)
        source, fields = network_event(kind, body, descriptor)
        if source is not None and source in self._wanted:
            self._emit(source, anchor, process, fields)

    def _netfilter(self, position: int, node: Node | None) -> None:
        if node is None:
            return
        end = self._buffer.find(b"\n", position)
        start = position - len(node.prefix)
        head = HEAD.match(self._buffer, start, end)
        if head is None:
            self._rejects.suspicious = True
            return
        change = parse_netfilter(self._buffer[head.end() : end])
        if change is None:
            self._rejects.add("bad-netfilter", self._file, self._base + start)
            return
        time, serial = float(head.group(2)), int(head.group(3))
        offset = self._place(start)
        node.saw(time, serial, offset)
        process = self._process_behind(node, head.group(0)[len(node.prefix) :], end)
        if process is None:
            process = node.table.by_pid.get(change.pid)
            if process is not None and change.comm and process.tail.comm != change.comm:
                process = None
        if NETFILTER_CONFIG in self._wanted:
            call = Call(node.name, time, serial, offset, self._file, process, netfilter_fields(change))
            self._outlet.call(NETFILTER_CONFIG, call, node)
        if NETFILTER_CHANGE in self._wanted:
            entry = Entry(node.name, time, serial, offset, self._file, process)
            node.ledger.record(change, entry, node.boot)

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

    def _emit(self, source: LogSource, anchor: Anchor, process: Process | None, fields: dict[str, Value]) -> None:
        node = anchor.node
        offset = self._place(anchor.start)
        call = Call(node.name, anchor.time, anchor.serial, offset, self._file, process, fields)
        self._outlet.call(source, call, node)

    def _started(self, node: Node, process: Process) -> None:
        """Enter a process start, and put it out."""
        node.table.enter(process)
        node.execs += 1
        if process.parent is not None:
            node.parents_known += 1
        if self._keep:
            self.behind[node.name, process.time, process.serial] = process
        if self._exec_wanted:
            self._outlet.start(process)

"""What the reader keeps of one node: record heads, boots, processes, coverage."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from vedette.telemetry.auditd.ledger import Ledger
from vedette.telemetry.auditd.process import ProcessTable

#: A record's line begins with this or with `type=` at once.
PREFIX: Final = re.compile(rb"(?:node=([^\s\x00-\x1f\x7f]{1,255}) )?")
#: A serial that falls by more than this while time goes on is a reboot whose SYSTEM_BOOT record is missing.
SERIAL_DROP: Final = 10_000
#: Hours that are told apart, some eleven years; times of a damaged log must not fill the memory.
MAX_HOURS: Final = 100_000
#: A line that is longer than this behind `auid=` is no record; the kernel's own bound is below 10 KB.
MAX_TAIL: Final = 65_536

#: One SYSCALL line, and the other records of its event as far as they follow at once. What stands before `a0=` may hold
#: an `a` itself: `per=a0000`, the personality, is written in hexadecimal. Nothing is tried twice.
_EVENT: Final = (
    rb"%(p)stype=SYSCALL msg=audit\(((\d{1,12}+\.\d{3}):(\d{1,10}+)\): )"
    rb"(arch=[^ \n]++ syscall=[^a\n]*+(?:a(?!0=)[^a\n]*+)*+)a0=([0-9a-f]++) [^p\n]*+"
    rb"ppid=(\d{1,10}+) pid=(\d{1,10}+)( auid=[^\n]{0,%(tail)d}+)\n"
    rb"(?:(?:%(p)stype=BPRM_FCAPS msg=audit\(\1[^\n]*+\n)?"
    rb"%(p)stype=EXECVE msg=audit\(\1([^\n]*+)\n"
    rb"%(p)stype=CWD msg=audit\(\1cwd=([^\n]*+)\n"
    rb"%(p)stype=PATH msg=audit\(\1item=0 (name=[^ \n]++ inode=\d++ dev=[^ \n]++ mode=\d++ ouid=\d++) [^\n]*+\n"
    rb"(?:%(p)stype=PATH msg=audit\(\1item=1 (name=[^ \n]++) [^\n]*+\n)?)?"
    rb"(?:%(p)stype=[A-Z0-9_]++ msg=audit\(\1[^\n]*+\n)*+"
)


def _event(prefix: bytes) -> re.Pattern[bytes]:
    return re.compile(_EVENT % {b"p": re.escape(prefix), b"tail": MAX_TAIL})


class Node:
    """One node as the log shows it.

    Attributes:
        prefix: bytes before `type=` on its lines.
        name: node name, or empty where lines carry none.
        boot: boots seen since the log began.
        table: its processes.
        ledger: net changes of its packet filter.
        first, last: UTC epoch seconds of its first and last event.
        hours: hours since the epoch in which an event lies.
        execs: process starts.
        parents_known: process starts whose parent was known.
    """

    def __init__(self, prefix: bytes, name: str, *, keep_journal: bool = False) -> None:
        self.prefix = prefix
        self.name = name
        self.boot = 0
        self.table = ProcessTable(keep_journal=keep_journal)
        self.ledger = Ledger()
        self.first = float("inf")
        self.last = float("-inf")
        self.last_serial = 0
        self.hours: set[int] = set()
        self.hour_start = self.hour_end = 0.0
        self.execs = 0
        self.parents_known = 0
        self.events: Counter[str] = Counter()
        self.event = _event(prefix)
        self.syscall = b"\n" + prefix + b"type=SYSCALL msg=audit("
        self.execve = b"\n" + prefix + b"type=EXECVE msg=audit("
        self.cwd = b"\n" + prefix + b"type=CWD msg=audit("
        self.path = b"\n" + prefix + b"type=PATH msg=audit("
        self.proctitle = b"\n" + prefix + b"type=PROCTITLE msg=audit("
        self.sockaddr = b"\n" + prefix + b"type=SOCKADDR msg=audit("
        self.socketcall = b"\n" + prefix + b"type=SOCKETCALL msg=audit("

    def saw(self, time: float, serial: int) -> None:
        """Note an event; notices a reboot by a serial that starts over."""
        if serial < self.last_serial - SERIAL_DROP and time > self.last:
            self.reboot()
        self.last_serial = serial
        if time < self.first:  # noqa: PLR1730 (a call of min costs more than the rest of this method)
            self.first = time
        if time > self.last:  # noqa: PLR1730 (as above)
            self.last = time
        if not self.hour_start <= time < self.hour_end:
            hour = int(time // 3600)
            if len(self.hours) < MAX_HOURS:
                self.hours.add(hour)
            self.hour_start = hour * 3600.0
            self.hour_end = self.hour_start + 3600.0

    def reboot(self) -> None:
        """Forget the processes: pids start over."""
        self.boot += 1
        self.table = ProcessTable(keep_journal=self.table.journal is not None)
        self.last_serial = 0


def node_of(prefix: bytes, *, keep_journal: bool = False) -> Node | None:
    """A node for the bytes that stand before `type=` on a line, or None if they are no prefix of a record."""
    match = PREFIX.fullmatch(prefix)
    if match is None:
        return None
    name = match.group(1)
    return Node(prefix, name.decode("utf-8", "replace") if name else "", keep_journal=keep_journal)

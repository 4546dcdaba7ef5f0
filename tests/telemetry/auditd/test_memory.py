"""Memory of the fast reader on logs in which nothing repeats: flat, and by eviction."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.agreement import COLUMNS

from vedette.event import LogSource
from vedette.event.logsource import AUDIT_RECORD, NETFILTER_CHANGE, NETFILTER_CONFIG, PROCESS_CREATION
from vedette.telemetry.auditd.memo import Memo
from vedette.telemetry.auditd.process import MAX_PROCESSES, ProcessTable
from vedette.telemetry.auditd.reader import AuditReader

pytestmark = pytest.mark.long

EVENTS = 1_000_000
#: What may be added between a third of the log and its end, in MiB.
SLACK = 64

EXEC = (
    "node=gw type=SYSCALL msg=audit({t}:{n}): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=0 items=2 "
    "ppid={ppid} pid={pid} auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses={ses} "
    'comm="x" exe="/opt/{n}/x" key="exec"\n'
    'node=gw type=EXECVE msg=audit({t}:{n}): argc=2 a0="/opt/{n}/x" a1="--number={n}"\n'
    'node=gw type=CWD msg=audit({t}:{n}): cwd="/home/{n}"\n'
    'node=gw type=PATH msg=audit({t}:{n}): item=0 name="/opt/{n}/x" inode={n} dev=07:00 mode=0100755 ouid=0 ogid=0\n'
    'node=gw type=PATH msg=audit({t}:{n}): item=1 name="/lib64/ld-linux-x86-64.so.2" inode=2 dev=07:00\n'
)
CHANGE = (
    "node=gw type=NETFILTER_CFG msg=audit({t}:{n}): table=t{n}:{n} family=2 entries=3 op=nft_unregister_rule "
    'pid={pid} comm="x"\n'
    "node=gw type=NETFILTER_CFG msg=audit({t}:{n}): table=u{n} family=2 entries=3 op=xt_replace "
    'pid={pid} comm="x"\n'
    "node=gw type=SYSCALL msg=audit({t}:{n}): arch=c000003e syscall=46 success=yes exit=0 a0=1 a1=2 a2=3 a3=0 items=0 "
    "ppid={ppid} pid={pid} auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses={ses} "
    'comm="x" exe="/opt/{n}/x" key=(null)\n'
)


def resident() -> float:
    """Memory of this process now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def chunks(text: str, count: int) -> Iterator[bytes]:
    """A log of events that differ in pid, users' session, program, command line, folder, inode and table."""
    for start in range(1, count, 5_000):
        yield "".join(
            text.format(t=f"{1795509330 + n // 500}.{n % 1000:03d}", n=n, pid=n, ppid=n // 2, ses=n)
            for n in range(start, start + 5_000)
        ).encode()


def watched(
    monkeypatch: pytest.MonkeyPatch, columns: Mapping[LogSource, tuple[str, ...]], text: str, count: int
) -> tuple[AuditReader, Counter[str], list[float]]:
    """Read such a log; what was forgotten, and the memory after each chunk."""
    forgotten: Counter[str] = Counter()
    trim_memo, trim_table = Memo.trim, ProcessTable.trim

    def memo(self: Memo) -> bool:
        emptied = trim_memo(self)
        forgotten["memos"] += emptied
        return emptied

    def table(self: ProcessTable, *most: int) -> int:
        gone = trim_table(self, *most)
        forgotten["processes"] += gone
        return gone

    monkeypatch.setattr(Memo, "trim", memo)
    monkeypatch.setattr(ProcessTable, "trim", table)
    reader = AuditReader(columns, record_types=frozenset({"SYSCALL"}))
    memory = []
    for batches in reader.read("log", chunks(text, count)):
        forgotten["events"] += sum(len(batch.numbers) for batch in batches)
        memory.append(resident())
    return reader, forgotten, memory


def assert_flat(memory: list[float]) -> None:
    third = max(memory[: len(memory) // 3])
    assert max(memory) - third < SLACK, f"{third:.0f} MiB after a third, {max(memory):.0f} MiB at most"


def test_a_million_distinct_processes(monkeypatch):
    reader, forgotten, memory = watched(monkeypatch, {PROCESS_CREATION: COLUMNS[PROCESS_CREATION]}, EXEC, EVENTS)
    assert forgotten["events"] == EVENTS
    node = reader.nodes[b"node=gw "]
    assert forgotten["processes"] + len(node.table.by_pid) == EVENTS
    assert len(node.table.by_pid) < MAX_PROCESSES + 50_000
    assert forgotten["memos"] > 20
    assert reader.shapes[PROCESS_CREATION].epoch > 5
    assert_flat(memory)


def test_huge_command_lines(monkeypatch):
    """Ten thousand processes with arguments of 60 KB each: their text is forgotten before it fills the memory."""
    monkeypatch.setattr("vedette.telemetry.auditd.reader._MOST_TEXT", 64 << 20)
    text = EXEC.replace("--number={n}", "--number={n}" + "=" * 60_000)
    reader = AuditReader({PROCESS_CREATION: COLUMNS[PROCESS_CREATION]})
    memory: list[float] = []
    for start in range(1, 10_000, 100):
        lines = [
            text.format(t=f"1795509330.{n % 1000:03d}", n=n, pid=n, ppid=1, ses=n) for n in range(start, start + 100)
        ]
        log = "".join(lines).encode()
        memory.extend(resident() for _ in reader.read("log", [log]))
    assert_flat(memory)


def test_hundreds_of_thousands_of_distinct_records_and_tables(monkeypatch):
    kinds: dict[LogSource, Any] = {kind: COLUMNS[kind] for kind in (NETFILTER_CONFIG, NETFILTER_CHANGE)}
    kinds[AUDIT_RECORD] = ("type", "exe")
    _, forgotten, memory = watched(monkeypatch, kinds, CHANGE, 300_000)
    assert forgotten["events"] > 3 * 300_000
    assert forgotten["memos"] > 5
    assert_flat(memory)

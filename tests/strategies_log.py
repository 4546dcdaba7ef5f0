"""Hypothesis strategies for whole audit logs: a few processes that fork, exec, connect and change the packet filter."""

from __future__ import annotations

import dataclasses
import re

from hypothesis import strategies as st
from tests.strategies_auditd import hostile_line, kernel_string

UNSET = 4294967295
EXES = [b"/usr/bin/bash", b"/usr/bin/dash", b"/usr/sbin/xtables-nft-multi", b"/usr/lib/systemd/systemd", b"/tmp/a b"]
NAMES = [b"/usr/sbin/iptables", b"./x", b"../y", b"/tmp/a b", b"script.sh", b"/bin/sh"]
SECOND = [b"/lib64/ld-linux-x86-64.so.2", b"/bin/sh", b"/usr/bin/bash", b"/lib/ld-musl-x86_64.so.1"]
ADDRESSES = [
    b"02000016C0A80105" + b"0" * 16,  # 192.168.1.5:22
    b"020000507F000001" + b"0" * 16,  # loopback
    b"0A000016" + b"0" * 8 + b"20010DB8" + b"0" * 23 + b"1" + b"0" * 8,
    b"0100" + b"2F72756E2F7800",  # a unix socket
    b"0200",  # cut
]
OPS = [
    b"nft_register_rule",
    b"nft_unregister_rule",
    b"nft_unregister_chain",
    b"nft_register_chain",
    b"nft_unregister_table",
    b"nft_register_setelem",
    b"xt_replace",
    b"xt_replace",
    b"xt_register",
    b"xt_unregister",
]
#: Architecture and number of each call, for three ways to make it.
CALLS = {
    "execve": [(b"c000003e", 59), (b"40000003", 11), (b"c00000b7", 221), (b"8", 4011)],
    "connect": [(b"c000003e", 42), (b"40000003", 362), (b"40000003", 102)],
    "bind": [(b"c000003e", 49), (b"c00000b7", 200), (b"40000003", 102)],
    "listen": [(b"c000003e", 50), (b"c00000b7", 201), (b"40000003", 102)],
    "write": [(b"c000003e", 1), (b"c00000b7", 64), (b"8", 4004)],
}
CALLED = re.compile(rb"type=(SYSCALL|NETFILTER_CFG|LOGIN) ")
SOCKETCALL = {"bind": b"2", "connect": b"3", "listen": b"4"}


@dataclasses.dataclass(frozen=True)
class Deed:
    """One event of a log."""

    node: bytes
    time: float
    serial: int
    lines: tuple[bytes, ...]


@st.composite
def deeds(draw: st.DrawFn, *, nodes: tuple[bytes, ...] = (b"", b"gw"), most: int = 25) -> list[Deed]:
    """Events in the order of their serials; few pids, sessions and users, so that all of them meet again."""
    node = draw(st.sampled_from(nodes))
    clock, serial = 1_795_509_330_000, draw(st.sampled_from([1, 20_000]))
    found: list[Deed] = []
    for _ in range(draw(st.integers(1, most))):
        clock += draw(st.sampled_from([0, 0, 1, 4, 40, 2_500, 61_000, 3_600_000, -1_500]))
        serial += draw(st.sampled_from([1, 1, 1, 2, 30]))
        if draw(st.integers(0, 30)) == 0:
            clock += 20_000
            serial = draw(st.integers(1, 50))
            boot = _line(b"SYSTEM_BOOT", node, clock, serial, b"pid=1 uid=0 auid=4294967295 ses=4294967295 msg=' '")
            lines = [boot] if draw(st.booleans()) else []
        else:
            lines = draw(_event(node, clock, serial))
        if lines and not any((deed.time, deed.serial) == (clock / 1000, serial) for deed in found):
            found.append(Deed(node, clock / 1000, serial, tuple(lines)))
    return found


def _line(kind: bytes, node: bytes, clock: int, serial: int, body: bytes) -> bytes:
    prefix = b"node=" + node + b" " if node else b""
    return prefix + b"type=%s msg=audit(%d.%03d:%d): %s" % (kind, clock // 1000, clock % 1000, serial, body)


@st.composite
def _event(draw: st.DrawFn, node: bytes, clock: int, serial: int) -> list[bytes]:
    def put(kind: bytes, body: bytes) -> None:
        lines.append(_line(kind, node, clock, serial, body))

    lines: list[bytes] = []
    name = draw(st.sampled_from(["execve", "execve", "execve", "connect", "bind", "listen", "write", "netfilter"]))
    pid, ppid = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    if draw(st.integers(0, 12)) == 0:
        put(b"USER_CMD", b"pid=%d uid=0 auid=0 ses=1 msg='cmd=" % pid + draw(hostile_line) + b"'")
        return lines
    if name == "netfilter":
        for _ in range(draw(st.integers(1, 2))):
            put(b"NETFILTER_CFG", draw(_change(pid)))
        name = "write"
        if draw(st.integers(0, 3)) == 0:
            return lines
    elif name == "write" and draw(st.booleans()):
        put(b"LOGIN", b"pid=%d uid=0 old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 ses=1 res=1" % pid)
    put(b"SYSCALL", draw(_syscall(name, pid, ppid)))
    is_exec = name == "execve"
    rest: list[tuple[bytes, bytes]] = []
    if b" syscall=102 " in lines[-1]:
        rest.append((b"SOCKETCALL", b"nargs=3 a0=%x a1=7ffc a2=10" % draw(st.integers(3, 40))))
    if is_exec:
        args = draw(st.lists(st.one_of(st.sampled_from([b"sh", b"-c", b"", b"a b"]), hostile_line), max_size=4))
        argv = b"".join(b" a%d=" % place + kernel_string(arg) for place, arg in enumerate(args))
        rest.append((b"BPRM_FCAPS", b"fver=0 fp=0"))
        rest.append((b"EXECVE", b"argc=%d" % (len(args) + draw(st.sampled_from([0, 0, 0, 1]))) + argv))
        rest.append((b"CWD", b"cwd=" + draw(st.sampled_from([b'"/root"', b'"/"', b"2F7420", b"(null)"]))))
        for item, names in enumerate((NAMES, SECOND)):
            inode = b"inode=%d dev=07:00 mode=0100755 ouid=%d ogid=0 rdev=00:00 nametype=NORMAL" % (
                draw(st.integers(1, 2)),
                draw(st.integers(0, 1)),
            )
            unknown = b"nametype=UNKNOWN"
            path = kernel_string(draw(st.sampled_from(names)))
            rest.append(
                (b"PATH", b"item=%d name=" % item + path + b" " + draw(st.sampled_from([inode, inode, unknown])))
            )
    elif name != "write":
        rest.append((b"SOCKADDR", b"saddr=" + draw(st.sampled_from(ADDRESSES))))
    rest.append((b"PROCTITLE", b"proctitle=" + kernel_string(draw(st.sampled_from([b"daemon\0--serve", b"(x)"])))))
    lost = draw(st.sets(st.integers(0, len(rest) - 1), max_size=2)) if draw(st.integers(0, 3)) == 0 else set()
    for place, (kind, body) in enumerate(rest):
        if place not in lost:
            put(kind, body)
    if draw(st.integers(0, 3)) == 0:
        put(b"EOE", b"")
    return lines


@st.composite
def _syscall(draw: st.DrawFn, name: str, pid: int, ppid: int) -> bytes:
    arch, number = draw(st.sampled_from(CALLS[name]))
    a0 = SOCKETCALL.get(name, b"7") if number == 102 else b"%x" % draw(st.integers(3, 40))
    ending = draw(st.sampled_from([b"success=yes exit=0 ", b"success=yes exit=0 ", b"success=no exit=-2 ", b""]))
    if name == "connect":
        ending = draw(st.sampled_from([b"success=yes exit=0 ", b"success=no exit=-115 ", b"success=no exit=-111 "]))
    personality = draw(st.sampled_from([b"", b"", b"", b"per=400000 ", b"per=a0000 ", b"per=8 "]))
    ids = [0, 1000, UNSET]
    exe = kernel_string(draw(st.sampled_from(EXES))) if draw(st.integers(0, 9)) else b"(null)"
    subj = draw(
        st.sampled_from([b"", b"", b"subj=unconfined ", b"subj=/usr/sbin/x (enforce) ", b"subj==a ", b"subj=? "])
    )
    tail = b"auid=%d uid=0 gid=0 euid=%d suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=%s ses=%d comm=%s exe=%s %skey=%s" % (
        draw(st.sampled_from(ids)),
        draw(st.sampled_from([0, 1000, 33])),
        draw(st.sampled_from([b"pts0", b"(none)"])),
        draw(st.sampled_from([1, 2, UNSET])),
        kernel_string(draw(st.sampled_from([b"bash", b"iptables", b"a b"]))),
        exe,
        subj,
        draw(st.sampled_from([b'"exec"', b"(null)", b"6578656301666972"])),
    )
    enriched = draw(st.sampled_from([b"", b"", b'\x1dARCH=x86_64 SYSCALL=x AUID="ops" UID="root" EUID="www-data"']))
    items = 2 if name == "execve" else 0
    return b"arch=%s syscall=%d %s%sa0=%s a1=7ffc a2=aa0 a3=0 items=%d ppid=%d pid=%d %s%s" % (
        *(arch, number, personality, ending, a0, items, ppid, pid, tail, enriched),
    )


@st.composite
def _change(draw: st.DrawFn, pid: int) -> bytes:
    op = draw(st.sampled_from(OPS))
    table = draw(st.sampled_from([b"filter", b"nat"])) + (b":7" if op.startswith(b"nft") else b"")
    comm = draw(st.sampled_from([b'"iptables"', b'"bash"', b'"kworker/u8:1"']))
    body = b"table=%s family=%d entries=%d" % (table, draw(st.sampled_from([2, 10])), draw(st.integers(0, 90)))
    if draw(st.integers(0, 15)) == 0:
        return body  # a kernel before 5.7
    return body + b" op=%s pid=%d comm=%s" % (op, pid, comm)


@st.composite
def mixed(draw: st.DrawFn, events: list[tuple[bytes, ...]], *, apart: int = 4) -> list[bytes]:
    """The lines of events in turn. Each event keeps its own order, and makes its call before its successors begin."""
    waiting = [list(lines) for lines in events]
    begun = [False] * len(waiting)
    found: list[bytes] = []
    while waiting:
        first = next((place for place, has in enumerate(begun) if not has), len(begun))
        place = draw(st.integers(0, min(apart, first, len(waiting) - 1)))
        found.append(waiting[place].pop(0))
        begun[place] = not any(CALLED.search(line) for line in waiting[place])
        left = [number for number, lines in enumerate(waiting) if lines]
        waiting, begun = [waiting[number] for number in left], [begun[number] for number in left]
    return found

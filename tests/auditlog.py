"""Audit logs made by hand: lines as the kernel and auditd write them, for tests of readers and hunts."""

from __future__ import annotations

from collections.abc import Sequence


def quoted(text: str) -> str:
    """A string as the kernel writes it: quoted if plain, else in hexadecimal."""
    data = text.encode()
    return f'"{text}"' if all(0x21 <= b <= 0x7E and b != 0x22 for b in data) else data.hex().upper()


def syscall(
    number: int,
    *,
    pid: int,
    ppid: int,
    exe: str,
    comm: str = "",
    success: str = "yes",
    exit_code: int = 0,
    auid: int = 1000,
    ses: int = 7,
    euid: int = 0,
    a0: str = "3",
    tail: str = "",
) -> str:
    """The body of an x86-64 SYSCALL record."""
    comm = comm or exe.rsplit("/", 1)[-1][:15]
    return (
        f"arch=c000003e syscall={number} success={success} exit={exit_code} a0={a0} a1=7ffc a2=10 a3=0 items=2 "
        f"ppid={ppid} pid={pid} auid={auid} uid=0 gid=0 euid={euid} suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 "
        f'ses={ses} comm={quoted(comm)} exe={quoted(exe)} key="exec"{tail}'
    )


def line(kind: str, serial: int, body: str, *, time: float = 1795509330.0, node: str = "gw") -> str:
    """One line of a log."""
    prefix = f"node={node} " if node else ""
    return f"{prefix}type={kind} msg=audit({time:.3f}:{serial}): {body}\n"


def execution(
    serial: int,
    args: Sequence[str],
    *,
    pid: int,
    ppid: int,
    exe: str | None = None,
    name: str | None = None,
    interpreter: str | None = None,
    cwd: str = "/root",
    time: float = 1795509330.0,
    node: str = "gw",
    auid: int = 1000,
    ses: int = 7,
    tail: str = "",
) -> list[str]:
    """The lines of one successful execve in the kernel's order.

    Args:
        args: argv as the EXECVE record has it.
        exe: what the kernel resolved; `args[0]` if not given.
        name: PATH item 0; `exe` if not given.
        interpreter: PATH item 1 of a script; the dynamic loader if not given.
    """
    exe = exe or args[0]

    def put(kind: str, body: str) -> str:
        return line(kind, serial, body, time=time, node=node)

    argv = " ".join(f"a{place}={quoted(arg)}" for place, arg in enumerate(args))
    inode = "inode=11 dev=07:00 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL"
    second = interpreter or "/lib64/ld-linux-x86-64.so.2"
    return [
        put("SYSCALL", syscall(59, pid=pid, ppid=ppid, exe=exe, auid=auid, ses=ses, tail=tail)),
        put("EXECVE", f"argc={len(args)} {argv}"),
        put("CWD", f"cwd={quoted(cwd)}"),
        put("PATH", f"item=0 name={quoted(name or exe)} {inode}"),
        put("PATH", f"item=1 name={quoted(second)} {inode}"),
        put("PROCTITLE", f"proctitle={chr(0).join(args).encode().hex().upper()[:256]}"),
    ]

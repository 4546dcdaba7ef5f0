"""Names of system calls and architectures, for logs that hold the numbers only.

The numbers are the kernel's stable interface; they stand in `syscalls.json` as runs of names from a first number on.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Final

#: Architecture by the hexadecimal `arch` of a SYSCALL record (`AUDIT_ARCH_*`).
ARCHITECTURES: Final[dict[str, str]] = {
    "c000003e": "x86_64",
    "40000003": "i386",
    "c00000b7": "aarch64",
    "40000028": "arm",
    "28": "armeb",
    "c00000f3": "riscv64",
    "c0000015": "ppc64le",
    "80000015": "ppc64",
    "14": "ppc",
    "80000016": "s390x",
    "16": "s390",
    "c0000102": "loongarch64",
}

_X32: Final = 0x40000000  # x32 calls carry this bit and the number of x86_64


@cache
def _table(name: str) -> dict[int, str]:
    """One table of `syscalls.json`, number to name; empty if there is none of that name."""
    runs: dict[str, str] = _tables().get(name, {})
    return {int(first) + index: word for first, words in runs.items() for index, word in enumerate(words.split())}


@cache
def _tables() -> dict[str, dict[str, str]]:
    """The file, read once and only if a log needs it."""
    text = files("vedette.telemetry.auditd").joinpath("syscalls.json").read_text(encoding="ascii")
    tables: dict[str, dict[str, str]] = json.loads(text)
    return tables


def arch_name(arch: str) -> str:
    """Name of an architecture, or `arch` itself where it has none here.

    >>> arch_name("c000003e")
    'x86_64'
    """
    return ARCHITECTURES.get(arch.lower(), arch)


def syscall_name(arch: str, number: int) -> str:
    """Name of a system call, or the number in decimal where the table has none.

    Args:
        arch: `arch` of the SYSCALL record, hexadecimal without prefix.
        number: `syscall` of the record.

    >>> syscall_name("c000003e", 59), syscall_name("40000003", 11), syscall_name("c00000b7", 221)
    ('execve', 'execve', 'execve')
    """
    table = ARCHITECTURES.get(arch.lower(), "")
    known = number & ~_X32 if table == "x86_64" else number
    return _table(table).get(known, str(number))


def syscall_numbers(name: str) -> dict[int, str]:
    """The table of an architecture, number to name; empty if there is none.

    >>> syscall_numbers("x86_64")[59]
    'execve'
    """
    return dict(_table(name))

from __future__ import annotations

import pytest

from vedette.telemetry.auditd.syscalls import (
    ARCHITECTURES,
    _table,
    arch_name,
    syscall_name,
)


@pytest.mark.parametrize(
    ("arch", "number", "name"),
    [
        ("c000003e", 0, "read"),
        ("c000003e", 42, "connect"),
        ("c000003e", 49, "bind"),
        ("c000003e", 50, "listen"),
        ("c000003e", 59, "execve"),
        ("c000003e", 288, "accept4"),
        ("c000003e", 319, "memfd_create"),
        ("c000003e", 322, "execveat"),
        ("c000003e", 435, "clone3"),
        ("c000003e", 0x40000000 + 1, "write"),
        ("C000003E", 59, "execve"),
        ("40000003", 11, "execve"),
        ("40000003", 102, "socketcall"),
        ("40000003", 362, "connect"),
        ("c00000b7", 203, "connect"),
        ("c00000b7", 221, "execve"),
        ("c00000b7", 281, "execveat"),
        ("40000028", 11, "execve"),
        ("40000028", 283, "connect"),
        ("40000028", 0xF0005, "set_tls"),
        ("c000003e", 99999, "99999"),
        ("c000003e", -1, "-1"),
        ("deadbeef", 59, "59"),
    ],
)
def test_names(arch, number, name):
    assert syscall_name(arch, number) == name


@pytest.mark.parametrize("table", ["x86_64", "i386", "aarch64", "arm"])
def test_tables_are_sound(table):
    names = _table(table)
    assert len(names) > 300
    assert len(set(names.values())) == len(names)
    assert all(name.isidentifier() for name in names.values())
    # Numbers from 424 on are the same on every architecture.
    assert {number: names[number] for number in (424, 439, 450, 462)} == {
        424: "pidfd_send_signal",
        439: "faccessat2",
        450: "set_mempolicy_home_node",
        462: "mseal",
    }


def test_arch_names():
    assert arch_name("c000003e") == "x86_64"
    assert arch_name("12345678") == "12345678"
    assert len(set(ARCHITECTURES.values())) == len(ARCHITECTURES)

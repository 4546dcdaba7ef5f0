from __future__ import annotations

from vedette.kql.syslog.syscalls import with_numbers
from vedette.predicate import Match, Present, Reference, contains, equals, evaluate, glob, negation
from vedette.telemetry.auditd.syscalls import ARCHITECTURES, syscall_numbers


def row(arch: str, number: int, name: str = "") -> dict[str, str]:
    """A record of a system call."""
    return {"arch": arch, "syscall": str(number), "SYSCALL": name}


def test_a_name_is_a_number_an_architecture():
    predicate = with_numbers(Match("SYSCALL", equals("execve")))
    assert evaluate(predicate, row("c000003e", 59))
    assert evaluate(predicate, row("40000003", 11))
    assert evaluate(predicate, row("c00000b7", 221))
    assert not evaluate(predicate, row("c000003e", 11))
    assert not evaluate(predicate, row("c00000b7", 59))


def test_the_name_that_was_logged_comes_first():
    predicate = with_numbers(Match("SYSCALL", equals("execve")))
    assert evaluate(predicate, row("c000003e", 1, "execve"))
    assert not evaluate(predicate, row("c000003e", 59, "write"))


def test_every_record_without_a_name_is_read_as_with_it():
    pattern = contains("xat")
    predicate = negation(with_numbers(Match("SYSCALL", pattern)))
    for code, arch in ARCHITECTURES.items():
        for number, name in syscall_numbers(arch).items():
            named = negation(Match("SYSCALL", pattern))
            assert evaluate(predicate, row(code, number)) == evaluate(named, row(code, number, name))


def test_what_can_t_be_said_of_numbers_stays():
    for atom in (
        Match("SYSCALL", Present()),
        Match("SYSCALL", Reference("exe")),
        Match("SYSCALL", glob([])),
        Match("SYSCALL", equals("no such call")),
        Match("exe", equals("execve")),
    ):
        assert with_numbers(atom) == atom

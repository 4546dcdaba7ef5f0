"""`SYSCALL`, the name of a system call, which auditd writes with `log_format=ENRICHED` alone.

A rule that asks for the name is restated so that it also holds for a record that has the numbers only: each name that
it asks for is a number an architecture.
"""

from __future__ import annotations

from typing import Final

from vedette.predicate import (
    Atom,
    Match,
    Not,
    Predicate,
    Present,
    Reference,
    conjunction,
    disjunction,
    equals,
    holds,
    rewrite,
)
from vedette.telemetry.auditd.syscalls import ARCHITECTURES, syscall_numbers

FIELD: Final = "SYSCALL"


def with_numbers(predicate: Predicate) -> Predicate:
    """The predicate with each question for a system call's name asked of the numbers too.

    Patterns that hold for an empty name are left as they are, and so are comparisons with other fields.
    """
    return rewrite(predicate, _leaf)


def _leaf(atom: Atom, positive: bool) -> Predicate:  # noqa: ARG001 (restated alike in either position)
    if not isinstance(atom, Match) or atom.field != FIELD:
        return atom
    pattern = atom.pattern
    if isinstance(pattern, Present | Reference) or holds(pattern, ""):
        return atom
    places = []
    for code, arch in ARCHITECTURES.items():
        numbers = [number for number, name in syscall_numbers(arch).items() if holds(pattern, name)]
        if numbers:
            those = disjunction(Match("syscall", equals(str(number), cased=True)) for number in numbers)
            places.append(conjunction([Match("arch", equals(code)), those]))
    if not places:
        return atom
    return disjunction([atom, conjunction([Not(Match(FIELD, Present())), disjunction(places)])])

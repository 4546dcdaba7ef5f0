"""Operators on the parent: the process itself stays as it is, and is started by something else."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib import resources

import msgspec

from vedette.audit.mutant import Effect, Family, Mutant, altered, below, below_script
from vedette.audit.operators.start import Start


class Parent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of `parents.toml`, which says what each key means."""

    operator: str
    resolved: str
    step: str
    invoked: str = ""
    command: str = ""
    script: str = ""
    written: str = ""
    family: Family = "substitution"
    recorded: str = ""
    basis: str = ""
    drops: tuple[str, ...] = ()
    root_login: bool = False


class _Parents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    parent: tuple[Parent, ...]


@functools.cache
def entries() -> tuple[Parent, ...]:
    """All entries, in order."""
    content = resources.files("vedette.audit.operators").joinpath("parents.toml").read_bytes()
    return msgspec.toml.decode(content, type=_Parents).parent


def parents(start: Start) -> Iterator[Mutant]:
    """All of them, for any process start."""
    for entry in entries():
        places = {"line": start.command, "tool": start.words[0]}
        step = _filled(entry.step, places)
        if entry.script:
            values = below_script(start.values, (entry.resolved, entry.written), entry.script)
        else:
            values = below(start.values, entry.resolved, entry.invoked, _filled(entry.command, places))
        values = altered(values, dict.fromkeys(entry.drops))
        if entry.root_login:
            values = altered(values, {"LoginUser": "root", "LoginUserId": 0, "LogonId": "4194303"})
        # A parent does not change what its child does: the step shows the parent, whatever the child's words.
        effect: Effect = "recorded" if entry.recorded else "documented"
        basis = entry.recorded or entry.basis
        yield Mutant(entry.operator, entry.family, values, effect, basis, step, as_root_writes=entry.root_login)


def _filled(text: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        text = text.replace("{" + name + "}", value)
    return text

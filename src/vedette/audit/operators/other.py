"""Operators on calls of nft, ufw, ufw-init, systemctl and iptables-restore: other spellings and other means."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from importlib import resources
from typing import Final

import msgspec

from vedette.audit.mutant import Effect, Family, Mutant, altered, program
from vedette.audit.operators.start import Start

#: A longer command line is none of these calls.
_MOST: Final = 1_000


class Other(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of `others.toml`, which says what each key means."""

    operator: str
    find: str
    command: str
    basis: str
    family: Family = "substitution"
    resolved: str = ""
    invoked: str = ""
    script: bool = False
    recorded: str = ""
    documented: bool = False


class _Others(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    other: tuple[Other, ...]


@functools.cache
def _entries() -> tuple[tuple[re.Pattern[str], Other], ...]:
    content = resources.files("vedette.audit.operators").joinpath("others.toml").read_bytes()
    return tuple((re.compile(entry.find), entry) for entry in msgspec.toml.decode(content, type=_Others).other)


def others(start: Start) -> Iterator[Mutant]:
    """All of them that fit the command line; nothing for calls of iptables."""
    if start.call is not None or len(start.command) > _MOST:
        return
    backend = re.search(r"xtables-(nft|legacy)-multi$", start.text("Image.resolved"))
    for find, entry in _entries():
        found = find.fullmatch(start.command)
        if found is None or ("{backend}" in entry.command and backend is None):
            continue
        name = backend[1] if backend is not None else ""
        command = found.expand(entry.command).replace("{backend}", name)
        if entry.resolved:
            resolved, invoked = (
                found.expand(part).replace("{backend}", name) for part in (entry.resolved, entry.invoked)
            )
            values = program(start.values, resolved, invoked, command, script=entry.script)
        else:
            values = altered(start.values, {"CommandLine": command})
        effect: Effect = "recorded" if entry.recorded else "documented" if entry.documented else "assumed"
        basis = f"{entry.recorded}; {entry.basis}" if entry.recorded else entry.basis
        yield Mutant(entry.operator, entry.family, values, effect, basis, command)

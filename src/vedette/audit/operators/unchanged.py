"""What looks like an evasion and is none, with the reason: a report says so where its reader would look for it."""

from __future__ import annotations

import functools
from importlib import resources

import msgspec

from vedette.audit.mutant import Family


class Unchanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator that makes no mutant, and why."""

    operator: str
    family: Family
    why: str


class _All(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    unchanged: tuple[Unchanged, ...]


@functools.cache
def unchanged() -> tuple[Unchanged, ...]:
    """All of them."""
    content = resources.files("vedette.audit.operators").joinpath("unchanged.toml").read_bytes()
    return msgspec.toml.decode(content, type=_All).unchanged

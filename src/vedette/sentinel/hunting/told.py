"""What of a row every finding tells, as data: columns of times, hosts and ids, and the fields to be read back."""

from __future__ import annotations

import functools
from importlib import resources

import msgspec


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns of a target's rows.

    Attributes:
        times: of the time of the event; the first that is filled counts.
        hosts: of the host's name, likewise.
        ids: of what names a row.
        tables: of the table that a row is in.
        sources: of what says where a row comes from.
    """

    times: tuple[str, ...]
    hosts: tuple[str, ...]
    ids: tuple[str, ...]
    tables: tuple[str, ...]
    sources: tuple[str, ...]


class _Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    asim: Columns
    xdr: Columns
    syslog: Columns
    told: dict[str, tuple[str, ...]]


def columns(target: str) -> Columns:
    """The columns of a target."""
    found = getattr(_read(), target)
    assert isinstance(found, Columns)
    return found


def told(category: str) -> tuple[str, ...]:
    """The fields that a finding tells of an event of a category."""
    known = _read().told
    return known.get(category, known[""])


@functools.cache
def _read() -> _Told:
    content = resources.files("vedette.sentinel.hunting").joinpath("columns.toml").read_bytes()
    return msgspec.toml.decode(content, type=_Told)

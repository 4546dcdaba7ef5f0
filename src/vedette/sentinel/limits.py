"""What Sentinel's content must keep to, as data with a date."""

from __future__ import annotations

import datetime as dt
import functools
from importlib import resources
from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["Scheduled", "NRT", "Hunting"]
Level: TypeAlias = Literal["error", "note"]
Test: TypeAlias = Literal[
    "required",
    "type",
    "length",
    "pattern",
    "allowed",
    "count",
    "range",
    "duration",
    "covers",
    "long-period",
    "technique-known",
    "technique-tactics",
    "entity-type",
    "identifiers",
    "identifiers-unique",
    "identifiers-required",
    "column",
    "placeholders",
    "old-column",
    "file-ending",
    "unique",
]


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One demand.

    Attributes:
        id: short stable name.
        kinds: of what content it is demanded.
        test: how it is tested.
        says: what it demands, one sentence.
        field: way to what it is about: names with dots, `[]` each item, `.*` each value, `.@` each key; may be empty.
        least: smallest length, count, number, or duration in minutes.
        most: largest.
        pattern: regular expression that the whole value matches.
        hint: the pattern in words.
        allowed: the values that there are.
        type: of the value: `text`, `list` or `map`.
        level: `error` where content is refused, `note` where it only may be.
    """

    id: str
    kinds: tuple[Kind, ...]
    test: Test
    says: str
    field: str = ""
    least: int = 0
    most: int = 0
    pattern: str = ""
    hint: str = ""
    allowed: tuple[str, ...] = ()
    type: Literal["", "text", "list", "map"] = ""
    level: Level = "error"


class Entity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A type of entity.

    Attributes:
        identifiers: all that it has.
        required: sets of identifiers, of which one must be mapped whole.
    """

    identifiers: tuple[str, ...]
    required: tuple[tuple[str, ...], ...]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them.

    Attributes:
        as_of: the day on which they were read.
        limits: in the order in which they are tested.
        entities: by type.
    """

    as_of: dt.date
    limits: tuple[Limit, ...]
    entities: dict[str, Entity]

    def limit(self, name: str) -> Limit:
        """The limit of that id."""
        return next(one for one in self.limits if one.id == name)


@functools.cache
def read_limits() -> Limits:
    """The limits that come with this version."""
    content = resources.files("vedette.sentinel").joinpath("limits.toml").read_bytes()
    return msgspec.toml.decode(content, type=Limits)

"""What is made of rules, as data: severities, connectors, and the fields that tell entities and details."""

from __future__ import annotations

import datetime as dt
import functools
from importlib import resources
from typing import Any, Literal

import msgspec

from vedette.event import LogSource


class Connector(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A connector of data.

    Attributes:
        target: the target whose tables it fills.
        products: of whose rules.
        id: as Sentinel's content names it.
        types: category of log source to the table that it fills; an empty category stands for all.
    """

    target: str
    products: tuple[str, ...]
    id: str
    types: dict[str, str]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an identifier comes from.

    Attributes:
        identifier: of the entity.
        field: Sigma's.
        part: of a path, the part that is taken; empty for the value as it is.
    """

    identifier: str
    field: str
    part: Literal["", "name", "folder"] = ""


class Entity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entity that events of a category have; an empty category stands for those without one of their own."""

    category: str
    type: str
    fields: tuple[Source, ...]


class Made(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it.

    Attributes:
        as_of: the day on which it was written down.
        severities: Sigma's level to Sentinel's severity.
        connectors: in the order in which they are named.
        entities: the most telling first.
        details: category to the fields that an alert shows.
        identities: category to the fields that tell an event from any other, beside its time.
    """

    as_of: dt.date
    severities: dict[str, str]
    connectors: tuple[Connector, ...]
    entities: tuple[Entity, ...]
    details: dict[str, tuple[str, ...]]
    identities: dict[str, tuple[str, ...]]

    def connectors_of(self, target: str, logsource: LogSource) -> list[dict[str, Any]]:
        """The connectors that fill a target with a rule's events, as content names them."""
        found: list[dict[str, Any]] = []
        for one in self.connectors:
            kind = one.types.get(logsource.category) or one.types.get("")
            if one.target == target and logsource.product in ("", *one.products) and kind:
                found.append({"connectorId": one.id, "dataTypes": [kind]})
        return found

    def entities_of(self, category: str) -> tuple[Entity, ...]:
        """The entities of events of a category."""
        chosen = category if any(one.category == category for one in self.entities) else ""
        return tuple(one for one in self.entities if one.category == chosen)

    def details_of(self, category: str) -> tuple[str, ...]:
        """The fields that an alert of events of a category shows."""
        return self.details.get(category, self.details[""])

    def identity_of(self, category: str) -> tuple[str, ...]:
        """The fields that tell an event of a category from any other, beside its time."""
        return self.identities.get(category, self.identities[""])


@functools.cache
def read_made() -> Made:
    """The data that come with this version."""
    content = resources.files("vedette.sentinel").joinpath("content.toml").read_bytes()
    return msgspec.toml.decode(content, type=Made)

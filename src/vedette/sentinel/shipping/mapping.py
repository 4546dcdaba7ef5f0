"""The mapping as data: which column of a table is filled from what of an event."""

from __future__ import annotations

import datetime as dt
import functools
from importlib import resources
from typing import Final

import msgspec

from vedette.event import LogSource
from vedette.event.logsource import NETWORK_CONNECTION, PROCESS_CREATION

#: The kinds of events that are shipped, by category.
KINDS: Final[dict[str, LogSource]] = {each.category: each for each in (PROCESS_CREATION, NETWORK_CONNECTION)}


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How rows of one table are made.

    Attributes:
        kind: category of the events, a key of `KINDS`.
        name: the table.
        stream: the stream of the data collection rule that rows are sent to, unless another is asked for.
        constants: columns that say the same in every row.
        columns: column to the source that it is filled from.
        beside: columns that are said where the named column is filled.
        additional: key of AdditionalFields to its source.
    """

    kind: str
    name: str
    stream: str
    constants: dict[str, str | int]
    columns: dict[str, str]
    beside: dict[str, dict[str, str]]
    additional: dict[str, str]

    @property
    def written(self) -> tuple[str, ...]:
        """All columns that a row can have, in order."""
        named = (*self.constants, *self.columns, *(name for more in self.beside.values() for name in more))
        return (*dict.fromkeys(named), ADDITIONAL)


#: The column of what has no column of its own.
ADDITIONAL: Final = "AdditionalFields"


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All tables.

    Attributes:
        as_of: the day on which the facts were read.
        tables: one for each kind of event.
    """

    as_of: dt.date
    tables: tuple[Table, ...]


@functools.cache
def shipped_mapping() -> Mapping:
    """The mapping that ships with Vedette."""
    content = resources.files("vedette.sentinel.shipping").joinpath("mapping.toml").read_bytes()
    return msgspec.toml.decode(content, type=Mapping)

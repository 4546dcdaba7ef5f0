"""A Sigma filter as loaded: the rules that it is for, its condition, and our own block that says who answers."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from vedette.errors import Location
from vedette.event import LogSource
from vedette.predicate import Predicate

#: The key of our block; other readers of Sigma keep what they don't know.
BLOCK: Final = "vedette"


class Filter(msgspec.Struct, frozen=True):
    """One filter.

    Attributes:
        id: the UUID as written, or a stable name made from the file where the filter has none.
        title: one line.
        status: Sigma's status or the empty text.
        author: as written.
        license: as written.
        description: as written.
        references: as written.
        logsource: of the rules that it is for.
        rules: ids or names of the rules that it is for, lower case; empty means all of the log source.
        condition: as written: what an event must meet so that a rule still holds.
        names: detection name to its own predicate.
        affirmed: names that the condition asks to hold.
        denied: names that the condition asks not to hold.
        block: what stands under our own key, not yet judged.
        location: the file and the line of its first key.
        digest: hash of the condition's predicate.
    """

    id: str
    title: str
    status: str
    author: str
    license: str
    description: str
    references: tuple[str, ...]
    logsource: LogSource
    rules: tuple[str, ...]
    condition: Predicate
    names: dict[str, Predicate]
    affirmed: tuple[str, ...]
    denied: tuple[str, ...]
    block: dict[str, Any]
    location: Location
    digest: str

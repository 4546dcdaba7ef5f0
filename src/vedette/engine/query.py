"""What the engine is asked: one predicate under a key."""

from __future__ import annotations

import msgspec

from vedette.event import LogSource
from vedette.predicate import Predicate


class Query(msgspec.Struct, frozen=True):
    """One predicate to match; the caller has routed it by its log source.

    Attributes:
        key: how the caller names it, such as a rule's id.
        logsource: what it is meant for.
        predicate: the logic.
    """

    key: str
    logsource: LogSource
    predicate: Predicate

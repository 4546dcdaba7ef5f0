"""One event as a correlation sees it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from vedette.correlate.reference import Group


class Entry:
    """An event that matched one of a correlation's rules.

    Args:
        time: UTC epoch seconds.
        rule: the place of the rule among those that the correlation joins.
        group: values of the correlation's `group-by`.
        values: values of the fields that it counts.
        key: what it is known by; two of one key are the same event.
        item: what is told of it, such as where it stands.

    Attributes:
        told: it belongs to a match that was told.
    """

    __slots__ = ("group", "item", "key", "rule", "time", "told", "values")

    def __init__(
        self,
        time: float,
        rule: int = 0,
        group: Group = (),
        values: tuple[Hashable, ...] = (),
        *,
        key: Hashable,
        item: Any = None,
    ) -> None:
        self.time = time
        self.rule = rule
        self.group = group
        self.values = values
        self.key = key
        self.item = item
        self.told = False

    @property
    def complete(self) -> bool:
        """Whether no value is absent; else it takes no part."""
        return not any(value is None or value == "" for value in (*self.group, *self.values))

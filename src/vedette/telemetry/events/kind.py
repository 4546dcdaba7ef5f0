"""What kind of event a format gives, and which rules see it."""

from __future__ import annotations

import msgspec

from vedette.event import LogSource
from vedette.event.view import Reading


class Kind(msgspec.Struct, frozen=True):
    """One kind of event.

    Attributes:
        source: its log source; findings and accounts name the kind by it.
        also: further log sources that it is an event of, such as `registry_event` of a `registry_set`.
        supplied: the fields that the format can supply, or None where that is open.
        reading: which path the image fields hold, or None where the format does not say.
        format: the format's title, for messages.
    """

    source: LogSource
    also: tuple[LogSource, ...] = ()
    supplied: frozenset[str] | None = None
    reading: Reading | None = None
    format: str = ""

    @property
    def name(self) -> str:
        """Category or service, or the product where it has neither."""
        return self.source.category or self.source.service or self.source.product or "event"

    def seen_by(self, rule: LogSource) -> bool:
        """Whether rules of this log source see it; without category and service they mean all events of a product."""
        if not rule.category and not rule.service:
            return rule.product in ("", *(source.product for source in (self.source, *self.also)))
        return any(rule.covers(source) for source in (self.source, *self.also))

"""What is told of an event that takes part in a correlation, and what all events of one match have in common."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from vedette.correlate.entry import Entry
from vedette.hunt.finding import FindingOrigin, Session

Value = TypeVar("Value")


class Sighting(msgspec.Struct, frozen=True):
    """An event that takes part.

    Attributes:
        time: RFC 3339, UTC, milliseconds.
        rule: id of the rule that matched it, or of the correlation that ended with it.
        host: node name; empty if there are several.
        user: effective user, or None.
        login_user: who logged in, or None.
        session: the audit session, or None.
        by: id of the exclusion that covers it, or None.
        origin: where it stands.
    """

    time: str
    rule: str
    host: str
    user: str | None
    login_user: str | None
    session: Session | None
    by: str | None
    origin: FindingOrigin


class Common:
    """What the events of one match have in common; an attribute in which they differ is empty or None.

    Attributes:
        host: node name.
        user: effective user.
        login_user: who logged in.
        session: the audit session.
        excluded: events that an exclusion covers, by the place of their rule.
        by: the first exclusion that covered one, or None.
    """

    def __init__(self) -> None:
        self._empty = True
        self.host = ""
        self.user: str | None = None
        self.login_user: str | None = None
        self.session: Session | None = None
        self.excluded: dict[int, int] = {}
        self.by: str | None = None

    def add(self, entry: Entry) -> None:
        """Take the next event, whose item is a `Sighting`."""
        seen: Sighting = entry.item
        if self._empty:
            self._empty = False
            self.host, self.user, self.login_user, self.session = seen.host, seen.user, seen.login_user, seen.session
        else:
            self.host = self.host if self.host == seen.host else ""
            self.user = _agreed(self.user, seen.user)
            self.login_user = _agreed(self.login_user, seen.login_user)
            self.session = _agreed(self.session, seen.session)
        if seen.by is not None:
            self.by = self.by or seen.by
            self.excluded[entry.rule] = self.excluded.get(entry.rule, 0) + 1

    @property
    def silenced(self) -> int:
        """How many events an exclusion covers."""
        return sum(self.excluded.values())


def _agreed(one: Value | None, other: Value | None) -> Value | None:
    return one if one == other else None

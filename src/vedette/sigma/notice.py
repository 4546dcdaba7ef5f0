"""What a user should know about rules that do load."""

from __future__ import annotations

import msgspec

from vedette.errors import Location


class Notice(msgspec.Struct, frozen=True):
    """One warning of the load report.

    Attributes:
        cause: what to know, one line.
        location: where.
        code: short stable name, to count and filter by.
    """

    cause: str
    location: Location
    code: str

    def __str__(self) -> str:
        """`location: cause`."""
        return f"{self.location}: {self.cause}"

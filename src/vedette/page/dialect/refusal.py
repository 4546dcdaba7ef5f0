"""Why a part of a text is not read, before it is known where on the page that part stands."""

from __future__ import annotations


class UnreadError(Exception):
    """A part of a text can't be read in exactly one way.

    Attributes:
        reason: one line.
        start: index into the text at which the part begins.
    """

    def __init__(self, reason: str, start: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.start = start

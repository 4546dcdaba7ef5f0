"""The pieces of a hunt: one query over one window; and what is left of a window once pieces of it are done."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from vedette.sentinel.hunting.window import Window


@dataclasses.dataclass(frozen=True)
class Piece:
    """One query over one window.

    Attributes:
        ask: the query's place in the plan.
        window: what it is asked over.
        tries: how often it was asked in vain.
    """

    ask: int
    window: Window
    tries: int = 0

    def halves(self) -> tuple[Piece, ...]:
        """The same query over both halves of the window; none where that is too short."""
        return tuple(Piece(self.ask, half) for half in self.window.halves() or ())

    def again(self) -> Piece:
        """The same once more."""
        return dataclasses.replace(self, tries=self.tries + 1)


def left(window: Window, done: Iterable[Window]) -> Iterator[Window]:
    """The stretches of a window that no finished one covers, in order."""
    start = window.start
    for one in sorted(done):
        if one.start > start:
            yield Window(start, min(one.start, window.end))
        start = max(start, one.end)
        if start >= window.end:
            return
    yield Window(start, window.end)

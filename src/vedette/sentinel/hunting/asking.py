"""Asking all queries of a plan: in batches, at the service's pace, again where that makes sense.

A window whose answer is not whole is halved until the answers are, or it is too short to halve; what came is kept in
either case. What can't be had is told with its window and the reason.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, TypeAlias

from vedette.sentinel.hunting.answer import Answer, Row
from vedette.sentinel.hunting.fate import Fate
from vedette.sentinel.hunting.pace import Pace
from vedette.sentinel.hunting.piece import Piece
from vedette.sentinel.hunting.plan import Ask
from vedette.sentinel.hunting.window import Window
from vedette.sentinel.hunting.wire import NoBatchesError

#: So often a query is asked whose answer did not come.
TRIES: Final = 5
#: So often one is asked that the service had no room for, one wait after the other.
THROTTLED_TRIES: Final = 20
#: So many batches in a row of which nothing comes back end the hunt.
_LOST: Final = 2

#: Takes rows of a query over a window, and whether they are all of them; tells whether more are wanted.
Take: TypeAlias = Callable[[int, Window, Sequence[Row], bool], bool]


class Asked(Protocol):
    """What sends queries."""

    def ask(self, asked: Sequence[tuple[str, Window]]) -> list[Answer]:
        """An answer for each."""


class Asking:
    """The queries that are left to be asked.

    Args:
        wire: what sends them.
        asks: the queries.
        fates: the account of each, filled here.
        pieces: what to ask.
        take: is given rows as they come.
        batch: queries that are sent at once.
        pace: how fast.

    Attributes:
        notes: what to know about the way it went.
        pace: the same.
        sent: requests that were sent.
        throttled: answers that asked to wait.
        lost: the service could not be reached any more, and why; empty where it could.
    """

    def __init__(
        self,
        wire: Asked,
        asks: Sequence[Ask],
        fates: Sequence[Fate],
        pieces: Sequence[Piece],
        take: Take,
        *,
        batch: int,
        pace: Pace,
    ) -> None:
        self._wire, self._asks, self._fates, self._take = wire, asks, fates, take
        self._left = deque(pieces)
        self._most = self._size = batch
        self._silent = 0
        self._open: list[Piece] = []
        self._again: list[Piece] = []
        self.pace = pace
        self.notes: list[str] = []
        self.sent = 0
        self.throttled = 0
        self.lost = ""

    @property
    def left(self) -> float:
        """Seconds of windows that are still to be asked, of all queries together."""
        return sum(piece.window.end - piece.window.start for piece in self._left)

    def run(self) -> Iterator[float]:
        """Ask; yields the seconds of windows that are left after each request."""
        while self._left and not self.lost:
            pieces = [self._left.popleft() for _ in range(min(self._size, len(self._left)))]
            self._open = list(pieces)
            try:
                answers = self._answers(pieces)
                if answers is not None:
                    self._settle(pieces, answers)
            finally:
                # What interrupts a request, or the reading of its rows, must not lose what it asked for.
                self._left.extendleft(reversed([*self._again, *self._open]))
                self._again, self._open = [], []
            yield self.left
        pending = {piece.ask for piece in self._left}
        for number, fate in enumerate(self._fates):
            fate.complete = number not in pending

    def close(self) -> None:
        """Say of what is left that it was not asked."""
        pending = {piece.ask for piece in self._left}
        for number, fate in enumerate(self._fates):
            fate.complete = number not in pending
        for piece in self._left:
            fate = self._fates[piece.ask]
            if fate.answered or fate.rows or self.lost:
                fate.gaps.append((piece.window, self.lost or "not asked, since the hunt stopped"))

    def _answers(self, pieces: Sequence[Piece]) -> list[Answer] | None:
        self.pace.turn(len(pieces))
        self.sent += 1
        try:
            return self._wire.ask([(self._asks[piece.ask].text, piece.window) for piece in pieces])
        except NoBatchesError:
            self.notes.append("the service takes no batches; queries were sent one at a time")
            self._most = self._size = 1
            return None

    def _settle(self, pieces: Sequence[Piece], answers: Sequence[Answer]) -> None:
        """Do with each answer what it asks for, then wait if one of them said so."""
        waits: list[tuple[int, float | None]] = []
        for piece, answer in zip(pieces, answers, strict=True):
            self._fates[piece.ask].queries += 1
            match answer.kind:
                case "whole":
                    self._fates[piece.ask].answered += 1
                    self._taken(piece, answer, whole=True)
                case "partial" | "large" | "slow":
                    if not answer.rows or self._taken(piece, answer, whole=False):
                        self._again += self._split(piece, answer)
                case "throttled" | "cut":
                    most = THROTTLED_TRIES if answer.kind == "throttled" else TRIES
                    self.throttled += answer.kind == "throttled"
                    if piece.tries + 1 < most:
                        self._again.append(piece.again())
                        waits.append((piece.tries + 1, answer.after))
                    else:
                        self._gap(piece, f"asked {most} times in vain: {answer.told}")
                case "missing":
                    self._missing(piece, answer)
                case "denied" | "failed":
                    self._gap(piece, answer.told)
            self._open.remove(piece)
        # A table that one answer missed is asked for by others of the same batch.
        self._again = [piece for piece in self._again if not self._fates[piece.ask].missing]
        self._counted(pieces, answers)
        if waits and not self.lost:
            self._size = max(1, self._size // 2)
            longest = max((after for _, after in waits if after is not None), default=None)
            self.pace.again(max(tries for tries, _ in waits), longest)
        elif self._size < self._most:
            self._size += 1

    def _counted(self, pieces: Sequence[Piece], answers: Sequence[Answer]) -> None:
        """Whether the service is still there: it is gone once nothing came of several requests to the last try."""
        if any(answer.kind != "cut" for answer in answers):
            self._silent = 0
        elif all(piece.tries + 1 >= TRIES for piece in pieces):
            self._silent += 1
            if self._silent >= _LOST or not (self._left or self._again):
                self.lost = f"the service can't be reached any more: {answers[-1].told}"

    def _taken(self, piece: Piece, answer: Answer, *, whole: bool) -> bool:
        """Hand rows on; a query of which no more are wanted is not asked again."""
        more = self._take(piece.ask, piece.window, answer.rows, whole)
        if not more:
            self._left = deque(one for one in self._left if one.ask != piece.ask)
            self._again = [one for one in self._again if one.ask != piece.ask]
        return more

    def _split(self, piece: Piece, answer: Answer) -> tuple[Piece, ...]:
        halves = piece.halves()
        fate = self._fates[piece.ask]
        if halves:
            fate.split += 1
        else:
            what = {"partial": "not whole", "large": "too large", "slow": "not answered in time"}[answer.kind]
            self._gap(piece, f"{what}, and too short to halve: {answer.told}")
        return halves

    def _gap(self, piece: Piece, reason: str) -> None:
        self._fates[piece.ask].gaps.append((piece.window, reason))

    def _missing(self, piece: Piece, answer: Answer) -> None:
        """A table that is not there is in no other window, and for no other rule; a column says nothing of others."""
        table = self._asks[piece.ask].query.table
        gone = {piece.ask}
        if answer.name == table:
            gone = {number for number, ask in enumerate(self._asks) if ask.query.table == table}
        for number in gone:
            self._fates[number].missing = answer.name or answer.told
        self._left = deque(one for one in self._left if one.ask not in gone)

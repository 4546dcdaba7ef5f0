"""Misbehaviour: what the workspace does instead of what it should, so many times, where a request matches."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Literal

Kind = Literal["status", "slow", "cut", "partial", "garbage"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave.

    Attributes:
        match: a regular expression, searched in `METHOD path`; the queries of a batch are asked as `BATCH path`.
        kind: `status` answers with an error; `slow` waits, then does what it should; `cut` ends the connection;
            `partial` gives the first half of a query's rows with an error; `garbage` cuts the JSON short, in an answer
            that is otherwise whole.
        status: of the error.
        retry_after: seconds, told to the client by `Retry-After`.
        times: so many requests suffer it.
        seconds: how long `slow` waits.
        handled: whether the request has its effect before the error or the cut, which the client can't know.
        after: bytes of the answer before the cut; more than 0 implies `handled`.
        query: a regular expression, searched in the text of the query too.
    """

    match: str
    kind: Kind = "status"
    status: int = 500
    retry_after: float | None = None
    times: int = 1
    seconds: float = 0.0
    handled: bool = False
    after: int = 0
    query: str = ""


class Faults:
    """The misbehaviour that is left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        """Misbehave like this too; of several that match, the first that was added comes first."""
        re.compile(fault.match)
        with self._lock:
            self._left.append((fault, fault.times))

    def take(self, asked: str, query: str = "") -> Fault | None:
        """What a request suffers, counted down; None if nothing."""
        with self._lock:
            for place, (fault, left) in enumerate(self._left):
                if left > 0 and re.search(fault.match, asked) and re.search(fault.query, query):
                    self._left[place] = fault, left - 1
                    return fault
        return None

    def left(self) -> int:
        """How many requests are still to suffer."""
        with self._lock:
            return sum(left for _, left in self._left)

    def clear(self) -> None:
        """Misbehave no more."""
        with self._lock:
            self._left.clear()

"""What became of each rule in a workspace: nothing is skipped without a word."""

from __future__ import annotations

import dataclasses
from typing import Final, Literal, TypeAlias

from vedette.sentinel.hunting.window import Window

#: `ran`: all of the window was answered; `partial`: rows may be missing; `missing`: a table or function is not there;
#: `failed`: no answer at all; `unasked`: the hunt stopped before it was asked; `refused`: it has no query.
State: TypeAlias = Literal["ran", "partial", "missing", "failed", "unasked", "refused"]
#: So many gaps of a rule are told.
MAX_GAPS: Final = 5


@dataclasses.dataclass
class Fate:
    """The account of one query.

    Attributes:
        id: rule id.
        title: rule title, and which part of it.
        table: what was asked.
        queries: how often it was asked, repeats included.
        answered: whole answers, those of an earlier run included.
        rows: distinct rows that were read.
        twice: rows that came more than once in one answer: the same event, sent or stored again.
        outside: rows of events outside the asked time.
        timeless: rows without a time.
        cropped: rows of which a column was cut.
        split: how often a window was halved, since its answer was too large, too slow or not whole.
        unconfirmed: rows on which the rule does not hold as they were read back.
        ruled_out: rows that Vedette shipped and that the rule rules out by what the query can't see of them.
        gaps: windows without a whole answer, each with the reason.
        missing: the table, function or column that the workspace does not have.
        errors: why it was refused.
        complete: the whole window was answered.
    """

    id: str
    title: str
    table: str
    queries: int = 0
    answered: int = 0
    rows: int = 0
    twice: int = 0
    outside: int = 0
    timeless: int = 0
    cropped: int = 0
    split: int = 0
    unconfirmed: int = 0
    ruled_out: int = 0
    gaps: list[tuple[Window, str]] = dataclasses.field(default_factory=list)
    missing: str = ""
    errors: list[str] = dataclasses.field(default_factory=list)
    complete: bool = False

    @property
    def state(self) -> State:
        """In one word."""
        if self.errors:
            return "refused"
        if self.missing:
            return "missing"
        if self.complete and not self.gaps:
            return "ran"
        if self.answered or self.rows:
            return "partial"
        return "failed" if self.gaps else "unasked"

    @property
    def why(self) -> str:
        """Why it did not run whole; empty where it did."""
        if self.errors:
            return "; ".join(self.errors)
        if self.missing:
            return f"the workspace has no {self.missing}"
        told = [f"{window}: {reason}" for window, reason in self.gaps[:MAX_GAPS]]
        if len(self.gaps) > MAX_GAPS:
            told.append(f"and {len(self.gaps) - MAX_GAPS:,} more windows")
        if not told and not self.complete:
            return "the hunt stopped before it was done"
        return "; ".join(told)

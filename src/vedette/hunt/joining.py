"""Who joins a hunt's matches into findings of their own, such as correlations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from vedette.event import Event, View
from vedette.hunt.finding import Finding
from vedette.hunt.options import Options
from vedette.hunt.summary import Summary
from vedette.sigma.ruleset import RuleSet


class Joining(Protocol):
    """What a hunt asks of it.

    Attributes:
        needs: ids of the rules whose matches it is shown; they run whatever their level.
        silent: ids of those whose matches give no findings of their own.
        reach: seconds before `Options.since` from which on it is shown matches.
    """

    needs: frozenset[str]
    silent: frozenset[str]
    reach: float

    def match(self, finding: Finding, event: Event, view: View) -> None:
        """A match of a rule that it needs, excluded or not, in the order of the log; `view` is the first it held in."""

    def due(self) -> Sequence[Finding]:
        """Findings that are complete since it was last asked."""

    def close(self) -> Sequence[Finding]:
        """The log is at its end: all findings that are left."""

    def account(self, summary: Summary) -> None:
        """Add to the account what there is to tell, whether the hunt came to its end or not."""


#: Makes one for the rules that a hunt loaded; None where there is nothing to join.
MakeJoining: TypeAlias = Callable[[RuleSet, Options], Joining | None]

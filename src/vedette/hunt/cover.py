"""Which exclusion covers a match: the law on views and on scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from vedette.event import RESOLVED, Event, View, single_valued
from vedette.hunt.exclusion import Exclusion
from vedette.predicate import Row, Value, evaluate, fields, has_keyword
from vedette.telemetry.auditd.columns import PER_EVENT
from vedette.telemetry.auditd.records import RAW

#: Kind, epoch and number of a shape, and query: what a match is known by where it does not hang on the single event.
Key: TypeAlias = tuple[int, int, int, int]
_MOST: Final = 200_000


class Cover:
    """Asks the exclusions of a hunt about its matches; answers are kept where events of one shape share them.

    Args:
        bound: rule id to the exclusions that apply to it.

    Attributes:
        bound: the same.
    """

    def __init__(self, bound: Mapping[str, tuple[Exclusion, ...]]) -> None:
        self.bound = dict(bound)
        self._single = {name for name, found in bound.items() if any(map(_reads_the_event, found))}
        self._known: dict[Key, tuple[Exclusion, ...]] = {}

    @property
    def reads_raw(self) -> bool:
        """Whether an exclusion searches raw events."""
        return any(has_keyword(exclusion.silenced) for found in self.bound.values() for exclusion in found)

    def __contains__(self, rule: str) -> bool:
        """Whether exclusions apply to a rule."""
        return rule in self.bound

    def reads(self, rule: str) -> frozenset[str]:
        """The fields that must be at hand for the matches of a rule, beside its own."""
        return reads(self.bound[rule])

    def of(
        self,
        rule: str,
        key: Key | None,
        matched: Sequence[View],
        values: Callable[[], Mapping[str, Value]],
        event: Callable[[], Event],
        *,
        host: str,
        time: float,
    ) -> Exclusion | None:
        """The first exclusion that covers a match, or None.

        Args:
            rule: id of a rule to which exclusions apply.
            key: what the match is known by, or None where that does not decide its views.
            matched: the views in which the rule matched.
            values: the columns of the event's shape.
            event: the whole event with its raw text; asked for only where an exclusion reads it.
            host: the event's host.
            time: UTC epoch seconds.
        """
        held = self.held(rule, key, matched, values, event)
        return next((exclusion for exclusion in held if exclusion.scope.covers(host, time)), None)

    def held(
        self,
        rule: str,
        key: Key | None,
        matched: Sequence[View],
        values: Callable[[], Mapping[str, Value]],
        event: Callable[[], Event],
    ) -> tuple[Exclusion, ...]:
        """All exclusions whose logic covers a match, scope apart; see `of`."""
        exclusions = self.bound[rule]
        if rule in self._single:
            whole = event()
            return holding(exclusions, matched, whole.row, whole.raw)
        known = None if key is None else self._known.get(key)
        if known is None:
            columns = values()
            known = holding(exclusions, matched, lambda view: single_valued(columns, view), "")
            if len(self._known) > _MOST:
                self._known.clear()
            if key is not None:
                self._known[key] = known
        return known


def holding(
    exclusions: Sequence[Exclusion], matched: Sequence[View], row: Callable[[View], Row], raw: str
) -> tuple[Exclusion, ...]:
    """The exclusions whose logic covers a match, scope apart.

    Args:
        exclusions: those of the rule that matched.
        matched: the views in which it matched.
        row: the event in a view.
        raw: the raw event, for exclusions by keyword.

    Returns:
        Those that hold in every view in which the rule matched and in the all-resolved one.
    """
    rows = [row(view) for view in dict.fromkeys((*matched, RESOLVED))]
    return tuple(exclusion for exclusion in exclusions if all(evaluate(exclusion.silenced, one, raw) for one in rows))


def reads(exclusions: Sequence[Exclusion]) -> frozenset[str]:
    """The fields that exclusions read; keywords read the raw text of a record."""
    found = frozenset().union(*(fields(exclusion.silenced) for exclusion in exclusions))
    return found | {RAW} if any(has_keyword(exclusion.silenced) for exclusion in exclusions) else found


def _reads_the_event(exclusion: Exclusion) -> bool:
    """Whether it reads what differs from event to event of one shape."""
    read = fields(exclusion.silenced)
    return has_keyword(exclusion.silenced) or not read.isdisjoint({*PER_EVENT, "EventTime"})

"""Reads columns as a rule or an exclusion does: the law's answer, with what is alike asked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vedette.event import VIEWS, View, single_valued
from vedette.hunt.cover import holding
from vedette.hunt.exclusion import Exclusion
from vedette.predicate import Predicate, Row, Value, evaluate, fields, has_keyword
from vedette.sigma.rule import Rule


class Reader:
    """Reads columns as a rule does, and only the views that differ to it.

    Args:
        predicate: the rule's logic.
        views: the views in which it is read.
    """

    def __init__(self, predicate: Predicate, views: Sequence[View] = VIEWS) -> None:
        self._predicate = predicate
        self._alike = _alike(predicate, views)
        self._searches = has_keyword(predicate)
        self._reads = sorted(fields(predicate))
        self._known: dict[tuple[Value | None, ...], bool] = {}

    def views(self, values: Mapping[str, Value]) -> tuple[View, ...]:
        """The views in which the rule matches; keywords search all values of the process, one a line."""
        return tuple(
            view
            for one, alike in self._alike.items()
            if self._holds(values, single_valued(values, one))
            for view in alike
        )

    def _holds(self, values: Mapping[str, Value], row: Row) -> bool:
        """Most mutants leave most of what a rule reads as it is, so answers are kept."""
        if self._searches:
            return evaluate(self._predicate, row, text_of(values))
        key = tuple(row.get(field) for field in self._reads)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = evaluate(self._predicate, row, "")
        return known


class Coverer:
    """Asks one exclusion whether it covers a match, scope apart.

    Args:
        exclusion: the exclusion.
    """

    def __init__(self, exclusion: Exclusion) -> None:
        self._exclusion = exclusion
        self._first = {view: one for one, alike in _alike(exclusion.silenced, VIEWS).items() for view in alike}
        self._searches = has_keyword(exclusion.silenced)

    def __call__(self, values: Mapping[str, Value], matched: Sequence[View]) -> bool:
        """Whether it covers columns that the rule matches in some views."""
        raw = text_of(values) if self._searches else ""
        asked = list(dict.fromkeys(self._first[view] for view in matched))
        return bool(holding((self._exclusion,), asked, lambda view: single_valued(values, view), raw))


def _alike(predicate: Predicate, views: Sequence[View]) -> dict[View, list[View]]:
    """Views by the first of those that are the same to a predicate."""
    read = fields(predicate)
    found: dict[tuple[str, str], list[View]] = {}
    for view in views:
        key = (view.image if "Image" in read else "", view.parent if "ParentImage" in read else "")
        found.setdefault(key, []).append(view)
    return {alike[0]: alike for alike in found.values()}


def matching(rule: Rule, values: Mapping[str, Value], views: Sequence[View] = VIEWS) -> tuple[View, ...]:
    """The views in which a rule matches columns."""
    return Reader(rule.predicate, views).views(values)


def text_of(values: Mapping[str, Value]) -> str:
    """What keywords search in a mutant, which has no record: what its own records would hold."""
    return "\n".join(f"{name}={value}" for name, value in values.items() if not name.startswith("Parent"))

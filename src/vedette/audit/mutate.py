"""Mutate: true positives as an attacker could have had them recorded, and which of them an exclusion hides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from vedette.audit.forge import Claim
from vedette.audit.mutant import EFFECTS, Effect, Family, Mutant
from vedette.audit.operators.image import images
from vedette.audit.operators.other import others
from vedette.audit.operators.parent import parents
from vedette.audit.operators.spelling import spellings
from vedette.audit.operators.spoof import spoofs
from vedette.audit.operators.start import read_start
from vedette.audit.operators.tool import other_tools
from vedette.audit.operators.unchanged import Unchanged, unchanged
from vedette.event import REGISTRY, VIEWS, View, single_valued
from vedette.event.logsource import PROCESS_CREATION
from vedette.hunt.cover import holding
from vedette.hunt.exclusion import Exclusion
from vedette.predicate import Predicate, Row, Value, evaluate, fields, has_keyword
from vedette.sigma.rule import Rule

__all__ = [
    "EFFECTS", "Effect", "Evaded", "Family", "Mutant", "Score", "Tally", "Unchanged", "detected_by_any", "distinct",
    "mutants", "score", "unchanged",
]  # fmt: skip

#: More mutants of one process start say no more.
MOST: Final = 200
#: More distinct true positives than this are not mutated, and the score says how many were left out.
MOST_POSITIVES: Final = 500
_PER_EVENT: Final = frozenset(field.name for field in REGISTRY.values() if field.per_event)


class Tally(msgspec.Struct, frozen=True):
    """Mutants counted.

    Attributes:
        total: all of them.
        alert_without: those that the rule matches in some view.
        alert_with: those of them that the exclusion does not cover.
    """

    total: int = 0
    alert_without: int = 0
    alert_with: int = 0

    @property
    def lost(self) -> int:
        """Those that the exclusion silences."""
        return self.alert_without - self.alert_with


class Evaded(msgspec.Struct, frozen=True):
    """What the rule itself does not match, exclusions apart.

    Attributes:
        operator: that made them.
        effect: how far it is known that the deed is done.
        total: mutants of the operator with that effect.
        missed: those that the rule does not match.
        example: the first of them.
    """

    operator: str
    effect: Effect
    total: int
    missed: int
    example: Mutant


class Score(msgspec.Struct, frozen=True):
    """What an exclusion costs a rule under evasion.

    Attributes:
        positives: distinct true positives that were mutated.
        left_out: distinct true positives beyond the bound.
        silenced: true positives that the exclusion covers as they are; all their mutants count too.
        all: all mutants.
        without_root_writes: those that take no write to what only root may write.
        by_effect: effect to the mutants with it, without those that take such a write.
        lost: alert without the exclusion, silenced with it; each once.
        evaded: by operator and effect.
    """

    positives: int
    left_out: int
    silenced: int
    all: Tally
    without_root_writes: Tally
    by_effect: dict[Effect, Tally]
    lost: tuple[Mutant, ...]
    evaded: tuple[Evaded, ...]

    @property
    def total(self) -> int:
        """All mutants."""
        return self.all.total

    @property
    def alert_without(self) -> int:
        """Mutants that the rule matches in some view."""
        return self.all.alert_without

    @property
    def alert_with(self) -> int:
        """Those of them that the exclusion does not cover."""
        return self.all.alert_with

    @property
    def lost_freely(self) -> tuple[Mutant, ...]:
        """The lost ones that take no write to what only root may write."""
        return tuple(mutant for mutant in self.lost if not mutant.as_root_writes)


def mutants(values: Mapping[str, Value], claims: Sequence[Claim] = ()) -> tuple[Mutant, ...]:
    """All variants of a process start that the operators make, always in the same order, none twice, none the original.

    Args:
        values: columns of a process start, as `Event.values` has them.
        claims: of a forging; those of grades C, D and E are made true one by one and together, those of B too, marked.

    Returns:
        At most `MOST`; those for claims come first, so that the bound never costs them.
    """
    start = read_start(values)
    found: dict[frozenset[tuple[str, Value]], Mutant] = {frozenset(values.items()): _original(values)}
    for family in (
        spoofs(start, claims),
        spellings(start),
        other_tools(start),
        others(start),
        images(start),
        parents(start),
    ):
        for mutant in family:
            found.setdefault(frozenset(mutant.values.items()), mutant)
    return tuple(found.values())[1 : MOST + 1]


def distinct(positives: Iterable[Mapping[str, Value]]) -> list[dict[str, Value]]:
    """True positives that differ in more than their process ids and time, each once."""
    found: dict[frozenset[tuple[str, Value]], dict[str, Value]] = {}
    for values in positives:
        kept = {name: value for name, value in values.items() if name not in _PER_EVENT}
        found.setdefault(frozenset(kept.items()), kept)
    return list(found.values())


def score(
    rule: Rule,
    exclusion: Exclusion,
    positives: Sequence[Mapping[str, Value]],
    claims: Sequence[Claim],
    *,
    views: Sequence[View] = VIEWS,
) -> Score:
    """How many mutants of a rule's true positives alert without and with an exclusion, scope apart.

    Args:
        rule: the rule.
        exclusion: an exclusion of it.
        positives: columns of the process starts that are true positives; they are mutated once each.
        claims: of the exclusion's forging.
        views: the views in which the rule is read.
    """
    chosen = distinct(positives)
    reader, covers = Reader(rule.predicate, views), Coverer(exclusion)
    counts: Counter[tuple[Effect, bool, str]] = Counter()
    lost: dict[frozenset[tuple[str, Value]], Mutant] = {}
    evaded: dict[tuple[str, Effect], list[Mutant]] = {}
    totals: Counter[tuple[str, Effect]] = Counter()
    silenced = 0
    for original in chosen[:MOST_POSITIVES]:
        seen = reader.views(original)
        silenced += bool(seen) and covers(original, seen)
        for mutant in mutants(original, claims):
            key = (mutant.effect, mutant.as_root_writes)
            counts[(*key, "total")] += 1
            totals[mutant.operator, mutant.effect] += 1
            matched = reader.views(mutant.values)
            if not matched:
                if seen:
                    evaded.setdefault((mutant.operator, mutant.effect), []).append(mutant)
                continue
            counts[(*key, "without")] += 1
            if covers(mutant.values, matched):
                lost.setdefault(frozenset(mutant.values.items()), mutant)
            else:
                counts[(*key, "with")] += 1
    return Score(
        min(len(chosen), MOST_POSITIVES),
        max(0, len(chosen) - MOST_POSITIVES),
        silenced,
        _tally(counts, EFFECTS, (False, True)),
        _tally(counts, EFFECTS, (False,)),
        {effect: _tally(counts, (effect,), (False,)) for effect in EFFECTS},
        tuple(lost.values()),
        tuple(Evaded(*key, totals[key], len(missed), missed[0]) for key, missed in evaded.items()),
    )


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


def detected_by_any(rules: Iterable[Rule], mutant: Mutant, *, views: Sequence[View] = VIEWS) -> tuple[str, ...]:
    """Ids of the rules that match a mutant, among those that read process starts.

    Rules on the kernel's own records of the packet filter are not asked: a mutant says how a process started, not what
    it did. They see the deed whatever the program and its words.
    """
    return tuple(
        rule.id for rule in rules if rule.logsource.covers(PROCESS_CREATION) and matching(rule, mutant.values, views)
    )


def _original(values: Mapping[str, Value]) -> Mutant:
    return Mutant("none", "substitution", dict(values), "recorded", "the event itself", "")


def _tally(counts: Mapping[tuple[Effect, bool, str], int], effects: Sequence[Effect], roots: Sequence[bool]) -> Tally:
    return Tally(
        *(
            sum(counts.get((effect, root, what), 0) for effect in effects for root in roots)
            for what in ("total", "without", "with")
        )
    )

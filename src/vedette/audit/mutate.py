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
from vedette.audit.reader import Coverer, Reader, matching
from vedette.event import REGISTRY, VIEWS, View
from vedette.event.logsource import PROCESS_CREATION
from vedette.hunt.exclusion import Exclusion
from vedette.predicate import Value
from vedette.sigma.rule import Rule

__all__ = [
    "EFFECTS", "Effect", "Evaded", "Family", "Mutant", "Score", "Tally", "Unchanged", "detected_by_any", "distinct",
    "matching", "mutants", "score", "unchanged", "unseen",
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
    """What a rule, or a whole pack, does not match, exclusions apart.

    Attributes:
        operator: that made them.
        effect: how far it is known that the deed is done.
        total: mutants of the operator with that effect.
        missed: those that no rule asked matches.
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


def detected_by_any(rules: Iterable[Rule], mutant: Mutant, *, views: Sequence[View] = VIEWS) -> tuple[str, ...]:
    """Ids of the rules that match a mutant, among those that read process starts.

    Rules on the kernel's own records of the packet filter are not asked: a mutant says how a process started, not what
    it did. They see the deed whatever the program and its words.
    """
    return tuple(
        rule.id for rule in rules if rule.logsource.covers(PROCESS_CREATION) and matching(rule, mutant.values, views)
    )


def unseen(
    rules: Iterable[Rule], positives: Iterable[Mapping[str, Value]], *, views: Sequence[View] = VIEWS
) -> tuple[Evaded, ...]:
    """What no rule on process starts finds, of the mutants of true positives, by operator and effect.

    Args:
        rules: of a pack; those on other events are not asked, as in `detected_by_any`.
        positives: columns of the process starts that are true positives.
        views: the views in which the rules are read.
    """
    readers = [Reader(rule.predicate, views) for rule in rules if rule.logsource.covers(PROCESS_CREATION)]
    totals: Counter[tuple[str, Effect]] = Counter()
    missed: dict[tuple[str, Effect], list[Mutant]] = {}
    for original in distinct(positives)[:MOST_POSITIVES]:
        for mutant in mutants(original):
            totals[mutant.operator, mutant.effect] += 1
            if not any(reader.views(mutant.values) for reader in readers):
                missed.setdefault((mutant.operator, mutant.effect), []).append(mutant)
    return tuple(Evaded(*key, totals[key], len(found), found[0]) for key, found in missed.items())


def _original(values: Mapping[str, Value]) -> Mutant:
    return Mutant("none", "substitution", dict(values), "recorded", "the event itself", "")


def _tally(counts: Mapping[tuple[Effect, bool, str], int], effects: Sequence[Effect], roots: Sequence[bool]) -> Tally:
    return Tally(
        *(
            sum(counts.get((effect, root, what), 0) for effect in effects for root in roots)
            for what in ("total", "without", "with")
        )
    )

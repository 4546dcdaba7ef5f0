"""The audit: every exclusion of a pack, or of filters beside rules, judged by logic and by replay."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from vedette.audit.forge import Forging, forge
from vedette.audit.forging import Table, built_in
from vedette.audit.judgement import WRONG, Judgement, decide, failed_cases, replayed, verdict_of
from vedette.audit.mutate import Score, score
from vedette.audit.reach import Reach, given, reach, redundant
from vedette.audit.recording import Recording, folder_recordings, pack_recordings
from vedette.audit.replay import Seen, replay
from vedette.errors import ContentError, Location, PackError, RuleError, UsageError
from vedette.event import REGISTRY
from vedette.hunt.assignment import KINDS
from vedette.hunt.exclusion import Exclusion, SetAside, fault_of, judge, read_exclusion
from vedette.hunt.hunt import OnProgress
from vedette.predicate import Value
from vedette.sigma.filter import Filter
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import RuleSet, load

#: Distinct attack matches of a rule that are mutated.
_POSITIVES: Final = 32


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be judged.

    Attributes:
        rules: files, folders or packs.
        filters: files or folders of filters beside those of the packs.
        evidence: folders of recordings beside those of the packs.
        table: what forging costs.
        now: UTC epoch seconds to which expiry is held.
        optional: that there is no exclusion is no error.
    """

    rules: tuple[str, ...]
    filters: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    table: Table = dataclasses.field(default_factory=built_in)
    now: float = 0.0
    optional: bool = False


@dataclasses.dataclass(frozen=True)
class Audit:
    """What came of it.

    Attributes:
        judgements: in the order in which the exclusions were loaded.
        rules: the rules by id.
        recordings: those that were replayed.
        matches: matches of all rules in them.
        problems: rules, filters and evidence that can't be read.
        seen: every match, with all exclusions that cover it.
        as_of: date of the table by which forging was graded.
    """

    judgements: tuple[Judgement, ...]
    rules: dict[str, Rule]
    recordings: tuple[Recording, ...]
    matches: int
    problems: tuple[ContentError, ...]
    seen: tuple[Seen, ...]
    as_of: str


@dataclasses.dataclass(frozen=True)
class _Bound:
    exclusion: Exclusion
    rules: tuple[Rule, ...]
    fault: SetAside | None
    in_force: bool


@dataclasses.dataclass(frozen=True)
class _Reached:
    bound: _Bound
    reaches: tuple[Reach, ...]
    touched: tuple[Rule, ...]

    @property
    def verdict(self) -> str:
        """Of the logic alone, redundancy apart."""
        return verdict_of(self.reaches, (), self.bound.fault)[0]


def audit(request: Request, *, on_progress: OnProgress | None = None) -> Audit:
    """Judge all exclusions.

    Raises:
        UsageError: a path does not exist, or there is nothing to judge.
    """
    loaded = load((*request.rules, *_exclusion_folders(request.rules), *request.filters))
    recordings, problems = evidence_of(request)
    bound, unread = _bind(loaded, request)
    if not bound and not unread and not request.optional:
        raise UsageError("no exclusion to judge; name a pack that has some, or --filters with Sigma filters")
    by_rule: dict[str, list[Exclusion]] = {}
    for one in bound:
        for rule in one.rules:
            by_rule.setdefault(rule.id, []).append(one.exclusion)
    tried = {name: tuple(exclusions) for name, exclusions in by_rule.items()}
    seen = tuple(replay(recordings, request.rules, tried, on_progress=on_progress))
    steps = {recording.name: frozenset(step.name for step in recording.steps) for recording in recordings}
    reached = [_Reached(one, *_reach(one)) for one in bound]
    judgements = tuple(_judged(one, reached, seen, steps, request.table) for one in reached)
    rules = {rule.id: rule for rule in loaded.rules}
    unreadable = (*loaded.problems, *unread, *problems)
    return Audit(judgements, rules, recordings, len(seen), unreadable, seen, request.table.as_of)


def _reach(one: _Bound) -> tuple[tuple[Reach, ...], tuple[Rule, ...]]:
    """What it reaches of each of its rules, and the rules of which it reaches something."""
    reaches = tuple(reach(rule.id, rule.predicate, one.exclusion, carried=carried(rule)) for rule in one.rules)
    touched = tuple(rule for rule, found in zip(one.rules, reaches, strict=True) if found.verdict != "INERT")
    return reaches, touched


def _judged(
    reached: _Reached,
    among: Sequence[_Reached],
    seen: Sequence[Seen],
    recordings: Mapping[str, frozenset[str]],
    table: Table,
) -> Judgement:
    one, reaches, touched = reached.bound, reached.reaches, reached.touched
    exclusion, wrong = one.exclusion, one.fault
    redundant_to = tuple(_redundant_to(reached, among)) if touched else ()
    verdict, why = verdict_of(reaches, redundant_to, wrong)
    forging = max((_forging(exclusion, rule, table) for rule in touched), key=lambda found: found.grade, default=None)
    found, blast = replayed(seen, exclusion, frozenset(rule.id for rule in one.rules))
    failed = failed_cases(exclusion, found, recordings)
    mutated = _score(exclusion, touched, seen, forging)
    decision, reasons = decide(exclusion, verdict, why, forging, found, failed, mutated)
    return Judgement(
        exclusion,
        one.in_force,
        verdict,
        why,
        tuple(rule.id for rule in one.rules),
        reaches,
        redundant_to,
        forging,
        mutated,
        found,
        blast,
        failed,
        decision,
        reasons,
        "" if wrong is None or wrong.fault in WRONG else f"{wrong.fault}: {wrong.why}",
    )


def judge_one(exclusion: Exclusion, rules: Sequence[Rule], seen: Sequence[Seen], table: Table) -> Judgement:
    """Judge one exclusion by itself.

    Args:
        exclusion: the exclusion.
        rules: the rules that it is bound to.
        seen: matches, each with the exclusions that cover it.
        table: what forging costs.
    """
    bound = _Bound(exclusion, tuple(rules), fault_of(exclusion, now=float("-inf"), place="hunt"), in_force=False)
    reached = _Reached(bound, *_reach(bound))
    return _judged(reached, [reached], seen, {}, table)


def carried(rule: Rule) -> frozenset[str] | None:
    """The fields of the audit events that a rule sees, or None where it sees none or single records."""
    kinds = [kind for kind in KINDS if kind.category and rule.logsource.covers(kind)]
    if not kinds or rule.logsource.service:
        return None
    return frozenset(field.name for field in REGISTRY.values() for kind in kinds if kind.category in field.supplied)


def _forging(exclusion: Exclusion, rule: Rule, table: Table) -> Forging:
    return forge(exclusion.silenced, table, given=lambda part: given(rule.predicate, part))


def _redundant_to(reached: _Reached, among: Sequence[_Reached]) -> list[str]:
    """Exclusions of the same standing that cover all that one covers; of two that say the same the first stays."""
    found = []
    one, touched = reached.bound, reached.touched
    place = next(number for number, compared in enumerate(among) if compared is reached)
    for number, compared in enumerate(among):
        other = compared.bound
        if compared is reached or other.in_force is not one.in_force or compared.verdict != "PARTIAL":
            continue
        if not _outlasts(other.exclusion, one.exclusion):
            continue
        ids = {rule.id for rule in compared.touched}
        if not all(rule.id in ids for rule in touched):
            continue
        if not all(redundant(rule.predicate, one.exclusion, other.exclusion) for rule in touched):
            continue
        equal = all(redundant(rule.predicate, other.exclusion, one.exclusion) for rule in touched)
        if not equal or number < place:
            found.append(other.exclusion.id)
    return found


def _outlasts(other: Exclusion, one: Exclusion) -> bool:
    """Whether one applies as long as another, and wherever it does."""
    lasts = other.expires is None or (one.expires is not None and other.expires >= one.expires)
    return lasts and set(one.enforce) <= set(other.enforce)


def _score(
    exclusion: Exclusion, touched: Sequence[Rule], seen: Sequence[Seen], forging: Forging | None
) -> Score | None:
    """Mutants of recorded attacks, of the rule that found most of them."""
    found: dict[str, dict[tuple[tuple[str, Value], ...], dict[str, Value]]] = {rule.id: {} for rule in touched}
    for one in seen:
        if one.step is not None and one.step.label == "attack" and one.finding.rule.id in found:
            found[one.finding.rule.id].setdefault(tuple(sorted(one.values.items())), one.values)
    rule = max(touched, key=lambda rule: len(found[rule.id]), default=None)
    if rule is None or not found[rule.id]:
        return None
    # Attacks that differ in little make mutants that differ in little: what is taken is spread over all of them.
    positives = list(found[rule.id].values())
    step = -(-len(positives) // _POSITIVES)
    return score(rule, exclusion, positives[::step], forging.claims if forging else ())


def _bind(loaded: RuleSet, request: Request) -> tuple[list[_Bound], list[RuleError]]:
    """Every exclusion with its rules, whether it would apply today or not."""
    bound: list[_Bound] = []
    problems: list[RuleError] = []
    inside = _in_force(request)
    for kept in loaded.filters:
        try:
            exclusion = read_exclusion(kept)
        except RuleError as error:
            problems.append(error)
            continue
        place = next((place for place in exclusion.enforce), "hunt")
        judged = judge([kept], loaded.rules, now=request.now, place=place)
        always = judge([_plain(kept)], loaded.rules, now=float("-inf"), place=place)
        rules = tuple(rule for rule in loaded.rules if rule.id in always.bound)
        fault = judged.aside[0] if judged.aside else fault_of(exclusion, now=request.now, place=place)
        # Hunts apply what they load, whatever its block calls it.
        bound.append(_Bound(exclusion, rules, fault, inside(kept)))
    return bound, problems


def _plain(kept: Filter) -> Filter:
    """The filter with a block that keeps it from no rule: polarity, expiry and pins are faults, judged apart."""
    return msgspec.structs.replace(kept, block={"narrowing": True})


def _in_force(request: Request) -> Callable[[Filter], bool]:
    """Whether hunts with these rules and filters would load a filter."""
    accepted = {kept.location.path for kept in load((*request.rules, *request.filters)).filters}
    return lambda kept: kept.location.path in accepted


def _exclusion_folders(paths: Sequence[str]) -> tuple[str, ...]:
    """All exclusions of packs: those in force, and the candidates and counter-examples beside them."""
    folders = (Path(path) / "exclusions" for path in paths if (Path(path) / "pack.yml").is_file())
    return tuple(str(folder) for folder in folders if folder.is_dir())


def evidence_of(request: Request) -> tuple[tuple[Recording, ...], tuple[PackError, ...]]:
    """The recordings of packs and of further folders, each name once, and what can't be read."""
    found: list[Recording] = []
    problems: list[PackError] = []
    packs = [path for path in request.rules if Path(path, "pack.yml").is_file()]
    for read, places in ((pack_recordings, packs), (folder_recordings, request.evidence)):
        for place in places:
            try:
                recordings, wrong = read(place)
            except PackError as error:
                problems.append(error)
                continue
            found.extend(recordings)
            problems.extend(wrong)
    kept: dict[str, Recording] = {}
    for recording in found:
        first = kept.setdefault(recording.name, recording)
        if first is not recording:
            cause = f"a recording {recording.name} stands in {first.log} already; this one is left out"
            problems.append(PackError(cause, Location(recording.log), code="evidence", remedy="rename it"))
    return tuple(kept.values()), tuple(problems)

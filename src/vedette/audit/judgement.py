"""The judgement of an exclusion: what logic, forging, mutants and recordings say, and the decision that follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from vedette.audit.forge import Forging
from vedette.audit.interval import says, wilson
from vedette.audit.mutate import Score
from vedette.audit.reach import Reach
from vedette.audit.replay import Seen
from vedette.hunt.exclusion import Exclusion, SetAside

Decision: TypeAlias = Literal["ACCEPTED", "REJECTED", "UNPROVEN"]
#: Of reach over all rules of an exclusion, and of what keeps it from applying at all.
Verdict: TypeAlias = Literal[
    "PARTIAL", "INERT", "BLINDING", "REDUNDANT", "UNDECIDED", "UNBOUND", "INVERTED", "EXPIRED", "STALE", "ELSEWHERE"
]
#: Faults with which an exclusion can't be right; the others are a matter of time and place.
WRONG: Final = frozenset({"UNBOUND", "INVERTED", "INERT", "STALE"})
_MOST: Final = 10


class StepCount(msgspec.Struct, frozen=True):
    """Matches of an exclusion's rules in one recorded step, and how many of them it covers."""

    recording: str
    step: str
    label: str
    scenario: str
    matches: int
    silenced: int


class Replayed(msgspec.Struct, frozen=True):
    """What recordings say.

    Attributes:
        benign: matches in benign steps.
        benign_silenced: those of them that the exclusion covers.
        attack: matches in attack steps.
        attack_silenced: those of them that the exclusion covers.
        attack_runs: attack steps with a match; each is an independent run.
        attack_runs_silenced: those of them of which a match is covered.
        low: lower bound of the share of attack runs that are touched, 95 %.
        high: its upper bound.
        says: what so many runs can say.
        unlabelled: matches outside all steps.
        unlabelled_silenced: those of them that are covered.
        steps: steps in which there is a match, in the order of the recordings.
    """

    benign: int
    benign_silenced: int
    attack: int
    attack_silenced: int
    attack_runs: int
    attack_runs_silenced: int
    low: float
    high: float
    says: str
    unlabelled: int
    unlabelled_silenced: int
    steps: tuple[StepCount, ...]


class Blast(msgspec.Struct, frozen=True):
    """What is removed from history, by whom and when: the most frequent first, at most ten each."""

    hosts: tuple[tuple[str, int], ...]
    users: tuple[tuple[str, int], ...]
    parents: tuple[tuple[str, int], ...]
    hours: tuple[tuple[str, int], ...]


class Judgement(msgspec.Struct, frozen=True):
    """All that is known of one exclusion.

    Attributes:
        exclusion: the exclusion.
        in_force: hunts apply it; else it is a candidate or a counter-example.
        verdict: of reach, or what keeps it from applying.
        why: one line on the verdict.
        rules: ids of the rules that it is bound to.
        reaches: reach by rule.
        redundant_to: ids of exclusions that cover all that it covers.
        forging: the cheapest way into it, or None where it reaches nothing.
        score: what mutants of recorded attacks say, or None where there is none to mutate.
        replayed: what recordings say.
        blast: what it removes from recordings and history.
        failed: recorded cases of its own that do not come out as it says.
        decision: accepted iff it reaches some matches and not all, forging costs at least its floor, and on recordings
            it silences no attack and some benign match.
        reasons: why not, in the order of weight.
        aside: why it does not apply for now, right or not: it is expired, or meant for elsewhere; else empty.
    """

    exclusion: Exclusion
    in_force: bool
    verdict: Verdict
    why: str
    rules: tuple[str, ...]
    reaches: tuple[Reach, ...]
    redundant_to: tuple[str, ...]
    forging: Forging | None
    score: Score | None
    replayed: Replayed
    blast: Blast
    failed: tuple[str, ...]
    decision: Decision
    reasons: tuple[str, ...]
    aside: str = ""


def verdict_of(reaches: Sequence[Reach], redundant_to: Sequence[str], fault: SetAside | None) -> tuple[Verdict, str]:
    """The verdict over all rules: what is worst for a hunt comes first."""
    if fault is not None and fault.fault in WRONG:
        return fault.fault, fault.why
    by = {reach.verdict: reach for reach in reversed(reaches)}
    if "BLINDING" in by:
        return "BLINDING", by["BLINDING"].why
    if redundant_to:
        return "REDUNDANT", f"all that it covers is covered by {', '.join(redundant_to)}"
    if "PARTIAL" in by:
        return "PARTIAL", ""
    if "UNDECIDED" in by:
        return "UNDECIDED", by["UNDECIDED"].why
    return "INERT", by["INERT"].why if "INERT" in by else "it is bound to no rule"


def replayed(seen: Iterable[Seen], exclusion: Exclusion, rules: frozenset[str]) -> tuple[Replayed, Blast]:
    """Count what an exclusion does to the matches of its rules."""
    matches: dict[tuple[str, str, str, str], list[int]] = {}
    removed: tuple[Counter[str], ...] = (Counter(), Counter(), Counter(), Counter())
    loose = [0, 0]
    for one in seen:
        finding = one.finding
        if finding.rule.id not in rules:
            continue
        covered = exclusion.id in one.by
        step = one.step
        count = (
            loose if step is None else matches.setdefault((one.recording, step.name, step.label, step.scenario), [0, 0])
        )
        count[0] += 1
        count[1] += covered
        if covered:
            parent = finding.process.parent if finding.process else None
            told = (parent.script or parent.image) if parent else None
            names = (finding.host, finding.user or "", told or "not known", f"{finding.time[11:13]}:00")
            for counter, name in zip(removed, names, strict=True):
                counter[name] += 1
    steps = tuple(StepCount(*key, *count) for key, count in matches.items())
    totals = {label: [step for step in steps if step.label == label] for label in ("benign", "attack")}
    runs, hit = len(totals["attack"]), sum(1 for step in totals["attack"] if step.silenced)
    low, high = wilson(hit, runs)
    found = Replayed(
        sum(step.matches for step in totals["benign"]),
        sum(step.silenced for step in totals["benign"]),
        sum(step.matches for step in totals["attack"]),
        sum(step.silenced for step in totals["attack"]),
        runs,
        hit,
        low,
        high,
        says(runs),
        loose[0],
        loose[1],
        steps,
    )
    return found, Blast(*(tuple(counter.most_common(_MOST)) for counter in removed))


def failed_cases(exclusion: Exclusion, found: Replayed, recordings: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The exclusion's own cases that recordings at hand refute; those of recordings that are not at hand are passed.

    Args:
        exclusion: whose cases are asked.
        found: what it silences.
        recordings: those at hand, by name, with the names of their steps; a case of all recordings asks those that have
            its step.
    """
    silenced = {(step.recording, step.step): step.silenced for step in found.steps}
    failed = []
    for case in exclusion.cases:
        if case.recording == "*":
            wanted = sorted(name for name, steps in recordings.items() if case.step in steps)
        elif case.recording not in recordings:
            continue
        elif case.step not in recordings[case.recording]:
            failed.append(f"{case.recording}: it has no step {case.step}")
            continue
        else:
            wanted = [case.recording]
        for name in wanted:
            count = silenced.get((name, case.step), 0)
            if (count > 0) is not (case.expect == "silenced"):
                told = f"silences {count:,} matches" if count else "silences nothing"
                failed.append(f"{name}: {case.step}: expected {case.expect}, but it {told}")
    return tuple(failed)


def decide(
    exclusion: Exclusion,
    verdict: Verdict,
    why: str,
    forging: Forging | None,
    found: Replayed,
    failed: Sequence[str],
    mutated: Score | None,
) -> tuple[Decision, tuple[str, ...]]:
    """Accept, reject, or say that it is not proved; with the reasons."""
    against: list[str] = []
    open_points: list[str] = []
    if verdict == "UNDECIDED":
        open_points.append(f"reach is not decided: {why}")
    elif verdict != "PARTIAL":
        against.append(f"{verdict}: {why}")
    if forging is not None and forging.grade > exclusion.floor:
        against.append(f"forging costs {forging.grade}, below its floor {exclusion.floor}")
    if found.attack_silenced:
        against.append(
            f"it silences {found.attack_silenced:,} of {found.attack:,} attack matches, in "
            f"{found.attack_runs_silenced} of {found.attack_runs} attack runs"
        )
    known = [mutant for mutant in mutated.lost_freely if mutant.effect != "assumed"] if mutated else []
    if known:
        names = ", ".join(dict.fromkeys(mutant.operator for mutant in known))
        against.append(f"it silences {len(known):,} mutants of recorded attacks that are known to work: {names}")
    against += failed
    if not found.benign_silenced:
        open_points.append(
            "no recorded benign match is silenced" if found.benign else "not recorded: no benign match of its rules"
        )
    if against:
        return "REJECTED", (*against, *open_points)
    return ("UNPROVEN", tuple(open_points)) if open_points else ("ACCEPTED", ())

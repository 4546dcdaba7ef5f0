"""The trial of a pack: its rules and exclusions over its recordings, held against what is expected."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from vedette.audit.expectation import ANY, Expectation
from vedette.audit.recording import Recording
from vedette.audit.replay import Seen, replay
from vedette.audit.suite import Suite, read_suite
from vedette.correlate.hunting import correlating
from vedette.errors import ContentError
from vedette.hunt.finding import Finding
from vedette.hunt.hunt import OnProgress
from vedette.hunt.summary import Summary

#: Findings that a failed case shows.
SHOWN: Final = 3


class Case(Expectation, frozen=True, kw_only=True):
    """An expectation, judged.

    Attributes:
        found: how many were found of what is counted.
        alerts: how many of those no exclusion covers.
        passed: whether that is within the bounds.
        examples: the first `SHOWN` of them, of a case that failed.
    """

    found: int
    alerts: int
    passed: bool
    examples: tuple[Finding, ...] = ()


@dataclasses.dataclass(frozen=True)
class Attempt:
    """What came of one recording.

    Attributes:
        recording: its name.
        cases: one for each of the suite's expectations of it, in their order.
        problems: of its log.
        notes: what no expectation speaks of: rules that can't match, benign steps that alert.
        seconds: wall seconds of its hunt.
        benign: names of its benign steps.
    """

    recording: str
    cases: tuple[Case, ...] = ()
    problems: tuple[ContentError, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    benign: frozenset[str] = frozenset()

    @property
    def alerting(self) -> tuple[Case, ...]:
        """The written cases of benign steps that still alert, exclusions or not; `why` is the reason of each."""
        return tuple(
            case for case in self.cases if case.expect in ("must", "may") and case.alerts and case.step in self.benign
        )

    @property
    def failed(self) -> tuple[Case, ...]:
        """The cases that did not pass."""
        return tuple(case for case in self.cases if not case.passed)


@dataclasses.dataclass(frozen=True)
class Trial:
    """What came of a pack.

    Attributes:
        pack: its name.
        attempts: one a recording.
        problems: evidence that can't be read, expectations that can't be judged.
        rule_problems: rules and exclusions that were refused.
        notes: exclusions that are not applied and why, and the notes of the attempts.
        stems: rule id to the file name of the rule without ending.
    """

    pack: str
    attempts: tuple[Attempt, ...]
    problems: tuple[ContentError, ...]
    rule_problems: tuple[ContentError, ...]
    notes: tuple[str, ...]
    stems: Mapping[str, str]

    @property
    def cases(self) -> tuple[Case, ...]:
        """Of all recordings."""
        return tuple(case for attempt in self.attempts for case in attempt.cases)

    @property
    def failed(self) -> tuple[Case, ...]:
        """The cases that did not pass."""
        return tuple(case for attempt in self.attempts for case in attempt.failed)


def try_pack(
    folder: str | os.PathLike[str],
    *,
    evidence: Sequence[str] = (),
    now: float | None = None,
    on_progress: OnProgress | None = None,
) -> Trial:
    """Try a pack on all of its recordings; see `read_suite`."""
    suite = read_suite(os.fspath(folder), evidence=evidence, now=now)
    recordings = suite.recordings if suite.rules else ()
    attempts = tuple(attempt(suite, recording, on_progress) for recording in recordings)
    return Trial(
        suite.description.name,
        attempts,
        (*suite.problems, *(problem for one in attempts for problem in one.problems)),
        suite.rule_problems,
        (*map(str, suite.exclusions.aside), *suite.exclusions.notes, *(note for one in attempts for note in one.notes)),
        suite.stems,
    )


def attempt(suite: Suite, recording: Recording, on_progress: OnProgress | None = None) -> Attempt:
    """Hunt through one recording, with the pack's exclusions as a hunt applies them, and judge what is found."""
    told: list[Summary] = []
    seen: dict[str, list[Seen]] = defaultdict(list)
    for one in replay(
        (recording,),
        (suite.folder,),
        suite.exclusions.bound,
        joining=correlating,
        on_progress=on_progress,
        on_summary=lambda _, summary: told.append(summary),
    ):
        seen[one.step.name if one.step else ""].append(one)
    return Attempt(
        recording.name,
        tuple(_judged(suite, recording, seen)),
        tuple(problem for summary in told for problem in summary.log_problems),
        tuple(_notes(suite, recording, seen, told)),
        sum(summary.seconds for summary in told),
        frozenset(step.name for step in recording.steps if step.label == "benign"),
    )


def _judged(suite: Suite, recording: Recording, seen: Mapping[str, Sequence[Seen]]) -> Iterator[Case]:
    steps = {step.name: step for step in recording.steps}
    expectations = suite.expectations[recording.name]
    listed: dict[str, frozenset[str]] = defaultdict(frozenset)
    for one in expectations:
        if one.expect in ("must", "may", "must not") and one.rule != ANY:
            listed[one.step] |= suite.rules[one.rule]
    attackers = suite.description.attackers
    for one in expectations:
        matches = seen.get(one.step, ())
        if one.rule != ANY:
            matches = [match for match in matches if match.finding.rule.id in suite.rules[one.rule]]
        match one.expect:
            case "must not" if one.rule == ANY:
                matches = [match for match in matches if match.finding.rule.id not in listed[one.step]]
            case "silence" | "not silence":
                matches = [match for match in matches if one.exclusion in match.by or (match.by and not one.exclusion)]
            case "detect":
                step = steps[one.step]
                matches = [match for match in matches if not match.by and attackers.own(step, match.finding)]
        found = len(matches)
        passed = one.low <= found and (one.high is None or found <= one.high)
        examples = () if passed else tuple(match.finding for match in matches[:SHOWN])
        yield Case(
            one.recording,
            one.step,
            one.rule,
            one.expect,
            one.low,
            one.high,
            one.why,
            one.exclusion,
            one.location,
            found=found,
            alerts=sum(not match.by for match in matches),
            passed=passed,
            examples=examples,
        )


def _notes(
    suite: Suite, recording: Recording, seen: Mapping[str, Sequence[Seen]], told: Sequence[Summary]
) -> Iterator[str]:
    """Rules that can't match, and the benign steps that still alert where nothing is written of the recording."""
    name = recording.name
    for summary in told:
        yield from (f"{name}: {dead.title!r} can't match: {dead.why}" for dead in summary.dead)
    if not recording.steps:
        yield f"{name}: no steps stand beside its log, so nothing is asked of it"
    if name in suite.described:
        return
    for scenario, steps, alerts in _benign(suite, recording, seen):
        which = f"the benign step {steps[0]}" if len(steps) == 1 else f"{len(steps)} benign steps of {scenario}"
        rules = ", ".join(f"{count:,} {rule}" for rule, count in alerts.most_common())
        yield f"{name}: {alerts.total():,} alerts in {which}: {rules}"
    if recording.steps and (outside := len(seen.get("", ()))):
        yield f"{name}: matches that belong to no step: {outside:,}"


def _benign(
    suite: Suite, recording: Recording, seen: Mapping[str, Sequence[Seen]]
) -> Iterator[tuple[str, list[str], Counter[str]]]:
    """Scenario, benign steps that alert, and their alerts by rule."""
    found: dict[str, tuple[list[str], Counter[str]]] = {}
    for step in recording.steps:
        alerts = Counter(suite.stems[match.finding.rule.id] for match in seen.get(step.name, ()) if not match.by)
        if step.label == "benign" and alerts:
            steps, together = found.setdefault(step.scenario, ([], Counter()))
            steps.append(step.name)
            together.update(alerts)
    return ((scenario, *of) for scenario, of in found.items())

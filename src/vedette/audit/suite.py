"""A pack made ready for its trial: its recordings, its exclusions, and all that is expected of them."""

from __future__ import annotations

import dataclasses
import time as clock
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from vedette.audit.description import Description, read_description
from vedette.audit.expectation import ANY, Expectation, of_every_pack, of_exclusion, read_expectations
from vedette.audit.recording import Recording, folder_recordings, pack_recordings
from vedette.errors import ContentError, PackError
from vedette.hunt.exclusion import Exclusion, Exclusions, judge, read_exclusion
from vedette.sigma.correlation import Correlation
from vedette.sigma.filter import Filter
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load


@dataclasses.dataclass(frozen=True)
class Suite:
    """What a trial needs; nothing has been hunted yet.

    Attributes:
        folder: the pack's.
        description: of the pack.
        recordings: its own, and those of further evidence; each name once.
        rules: what the rules and correlations can be called, by file name without ending and by id, to their ids.
        stems: id of each of them to its file name without ending.
        exclusions: those that a hunt would apply, and those that it would not.
        expectations: recording to what is expected of it, as written and as implied, in the order of its steps.
        described: the recordings of which something is written.
        problems: evidence that can't be read, expectations that can't be judged.
        rule_problems: rules and exclusions that were refused.
    """

    folder: str
    description: Description
    recordings: tuple[Recording, ...]
    rules: Mapping[str, frozenset[str]]
    stems: Mapping[str, str]
    exclusions: Exclusions
    expectations: Mapping[str, tuple[Expectation, ...]]
    described: frozenset[str]
    problems: tuple[ContentError, ...]
    rule_problems: tuple[ContentError, ...]


def read_suite(folder: str, *, evidence: Sequence[str] = (), now: float | None = None) -> Suite:
    """Read a pack and all that it is to be tried on.

    Args:
        folder: with a `pack.yml`.
        evidence: folders of further recordings.
        now: UTC epoch seconds to which the expiry of exclusions is held; None for the present.

    Raises:
        PackError: its description, or a folder of evidence, can't be read.
        UsageError: the pack's folder is not there.
    """
    description = read_description(folder)
    recordings, problems = _recordings(folder, evidence, description)
    loaded = load((folder,))
    exclusions = judge(loaded.filters, loaded.rules, now=clock.time() if now is None else now)
    readable = _readable(loaded.filters)
    parts: tuple[Rule | Correlation, ...] = (*loaded.rules, *loaded.correlations)
    rules = _rules(parts)
    steps: dict[str, frozenset[str] | None] = dict.fromkeys(description.hosts)
    steps |= {one.name: frozenset(step.name for step in one.steps) for one in recordings}
    written: tuple[Expectation, ...] = ()
    if description.expectations is not None:
        written, faults = read_expectations(description.expectations, steps, rules, _called(readable))
        problems += faults
    problems += [fault for one in readable for fault in _astray(one, steps)]
    expectations = {}
    for recording in recordings:
        listed = tuple(one for one in written if one.recording == recording.name)
        cases = (case for one in readable for case in of_exclusion(one, recording))
        order = {step.name: number for number, step in enumerate(recording.steps)}
        asked = (*listed, *of_every_pack(recording, listed), *cases)
        expectations[recording.name] = tuple(sorted(asked, key=lambda one: order.get(one.step, len(order))))
    return Suite(
        folder,
        description,
        recordings,
        rules,
        {part.id: _stem(part) for part in parts},
        exclusions,
        expectations,
        frozenset(one.recording for one in written),
        tuple(problems),
        (*loaded.problems, *exclusions.problems),
    )


def _recordings(
    folder: str, evidence: Sequence[str], description: Description
) -> tuple[tuple[Recording, ...], list[ContentError]]:
    """All recordings, each name once."""
    found: dict[str, Recording] = {}
    problems: list[ContentError] = []
    for recordings, faults in (pack_recordings(folder), *map(folder_recordings, evidence)):
        problems += faults
        for one in recordings:
            if one.name in found:
                cause = f"a second recording is called {one.name}: {one.log}"
                problems.append(PackError(cause, description.location, code="evidence"))
            else:
                found[one.name] = one
    if not found and not problems:
        problems.append(PackError("the pack names no recordings", description.location, code="evidence"))
    return tuple(found.values()), problems


def _readable(filters: Iterable[Filter]) -> tuple[Exclusion, ...]:
    """The filters whose own block can be read; the others are problems of `judge`."""
    found = []
    for kept in filters:
        try:
            found.append(read_exclusion(kept))
        except ContentError:
            continue
    return tuple(found)


def _astray(exclusion: Exclusion, steps: Mapping[str, frozenset[str] | None]) -> Iterator[PackError]:
    """Cases of an exclusion that no recording could ever answer, so that they would pass or fail for nothing."""
    for case in exclusion.cases:
        asked = [steps[name] for name in steps if case.recording in (ANY, name)]
        if not any(known is None or case.step in known for known in asked):
            where = "any recording" if case.recording == ANY else f"a recording {case.recording}"
            cause = f"exclusion {exclusion.filter.title!r}: a case speaks of {case.step}, which is no step of {where}"
            yield PackError(cause, exclusion.filter.location, code="expectation")


def _rules(rules: Iterable[Rule | Correlation]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for rule in rules:
        found[_stem(rule)].add(rule.id)
        found[rule.id].add(rule.id)
    return {name: frozenset(ids) for name, ids in found.items()}


def _called(exclusions: Iterable[Exclusion]) -> dict[str, str]:
    """Id and file name without ending of each exclusion to its id; a file that holds several names none."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in exclusions:
        found[_stem(one.filter)].add(one.id)
        found[one.id].add(one.id)
    return {name: min(ids) for name, ids in found.items() if len(ids) == 1}


def _stem(part: Rule | Correlation | Filter) -> str:
    return Path(part.location.path).stem

"""Replay: which matches of labelled recordings, and of unlabelled history, each exclusion covers."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from vedette.audit.recording import Recording, Step
from vedette.event import Event, View
from vedette.hunt.cover import Cover, Key
from vedette.hunt.exclusion import Exclusion
from vedette.hunt.finding import Finding
from vedette.hunt.hunt import Hunt, OnProgress
from vedette.hunt.joining import MakeJoining
from vedette.hunt.options import Options
from vedette.hunt.summary import Summary
from vedette.predicate import Value


class Seen(msgspec.Struct, frozen=True):
    """One match.

    Attributes:
        recording: name of the recording.
        step: the step that it belongs to, or None.
        finding: the match.
        values: the columns that rules and exclusions read; empty for rules without exclusions.
        by: ids of all exclusions that cover it.
    """

    recording: str
    step: Step | None
    finding: Finding
    values: dict[str, Value]
    by: tuple[str, ...]


class Recorder(Cover):
    """Notes for every match all exclusions that cover it, where a hunt asks for the first."""

    def __init__(self, bound: Mapping[str, tuple[Exclusion, ...]], further: frozenset[str] = frozenset()) -> None:
        super().__init__(bound)
        self._further = further
        self.noted: deque[tuple[str, dict[str, Value], tuple[str, ...]]] = deque()

    def reads(self, rule: str) -> frozenset[str]:
        """As `Cover.reads`, with the further fields that were asked for."""
        return super().reads(rule) | self._further

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
        """As `Cover.of`; in the order in which findings are put out."""
        held = self.held(rule, key, matched, values, event)
        covering = tuple(exclusion for exclusion in held if exclusion.scope.covers(host, time))
        self.noted.append((rule, dict(values()), tuple(exclusion.id for exclusion in covering)))
        return covering[0] if covering else None


def replay(
    recordings: Sequence[Recording],
    rules: Sequence[str | Path],
    bound: Mapping[str, tuple[Exclusion, ...]],
    *,
    further: frozenset[str] = frozenset(),
    joining: MakeJoining | None = None,
    on_progress: OnProgress | None = None,
    on_summary: Callable[[Recording, Summary], None] | None = None,
) -> Iterator[Seen]:
    """Hunt through recordings, and say of every match what covers it.

    Args:
        recordings: logs with their steps, or without.
        rules: files, folders or packs of the rules.
        bound: rule id to the exclusions that are to be tried on it, whether they would apply or not.
        further: fields to have the values of, beside those that rules and exclusions read.
        joining: as of `Hunt`: with it, what rules match that are only part of correlations is not put out.
        on_progress: told how far each hunt is.
        on_summary: told the account of each hunt when it is complete.

    Yields:
        The matches of each recording in the order of its log.
    """
    for recording in recordings:
        recorder = Recorder(bound, further)
        options = Options((recording.log,), tuple(map(str, rules)), show_excluded=True)
        hunt = Hunt(options, on_progress=on_progress, cover=recorder, joining=joining)
        for finding in hunt.findings():
            values: dict[str, Value] = {}
            by: tuple[str, ...] = ()
            if finding.rule.id in recorder:
                rule, values, by = recorder.noted.popleft()
                # What is only part of a correlation is noted, and not put out.
                while rule != finding.rule.id:
                    rule, values, by = recorder.noted.popleft()
            elif finding.kind == "correlation" and finding.verdict.by is not None:
                by = (finding.verdict.by,)
            time = dt.datetime.fromisoformat(finding.time).timestamp()
            yield Seen(recording.name, recording.step_of(time, finding.login_user or ""), finding, values, by)
        if on_summary is not None:
            on_summary(recording, hunt.summary)

"""The account of a hunt: what was read, what ran, and what did not."""

from __future__ import annotations

import dataclasses
from collections import Counter

from vedette.errors import ContentError
from vedette.hunt.sight import Blind


@dataclasses.dataclass
class HostCoverage:
    """What the log shows of one host.

    Attributes:
        first: UTC epoch seconds of its first record.
        last: UTC epoch seconds of its last record.
        events: events by category.
        parents_known: process starts whose parent process was known.
        covered_hours: hours of the clock in which at least one record lies.
    """

    first: float
    last: float
    events: Counter[str]
    parents_known: int = 0
    covered_hours: int = 0


@dataclasses.dataclass
class DeadRule:
    """A rule that can never match this input.

    Attributes:
        id: rule id.
        title: rule title.
        why: in words, such as `no event of category file_event in this log` or `needs OriginalFileName`.
        fields: the absent fields on which it hangs.
    """

    id: str
    title: str
    why: str
    fields: tuple[str, ...] = ()


@dataclasses.dataclass
class Summary:
    """What a hunt did; filled while it runs, complete when its findings are exhausted.

    Attributes:
        rules_loaded: rules that were asked for and lowered.
        rules_live: rules that can match at least one kind of event of this input.
        dead: rules that can never match this input.
        rule_problems: rules refused, with location and remedy.
        log_problems: logs that could not be read or only in part.
        rejected: lines that are no records, by reason.
        rejected_examples: first example of each reason as `file:offset`.
        hosts: coverage by host.
        bytes_read: bytes of decompressed log.
        seconds: wall seconds.
        cpu_seconds: CPU seconds of this process.
        alerts: findings that alert, by level.
        excluded: findings that an exclusion covers, by exclusion id.
        correlations: correlations that were applied.
        joined: matches that gave no finding of their own, since their rule is only part of correlations, by rule id.
        incidents: incidents by level, where they were asked for.
        notes: further loud remarks, such as `5 events outside --since/--until`.
        blind: spans in which the log did not see, where that was looked for.
        interrupted: the user stopped the hunt; the findings so far are complete up to that point.
    """

    rules_loaded: int = 0
    rules_live: int = 0
    dead: list[DeadRule] = dataclasses.field(default_factory=list)
    rule_problems: list[ContentError] = dataclasses.field(default_factory=list)
    log_problems: list[ContentError] = dataclasses.field(default_factory=list)
    rejected: Counter[str] = dataclasses.field(default_factory=Counter)
    rejected_examples: dict[str, str] = dataclasses.field(default_factory=dict)
    hosts: dict[str, HostCoverage] = dataclasses.field(default_factory=dict)
    bytes_read: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    alerts: Counter[str] = dataclasses.field(default_factory=Counter)
    excluded: Counter[str] = dataclasses.field(default_factory=Counter)
    correlations: int = 0
    joined: Counter[str] = dataclasses.field(default_factory=Counter)
    incidents: Counter[str] = dataclasses.field(default_factory=Counter)
    notes: list[str] = dataclasses.field(default_factory=list)
    blind: list[Blind] = dataclasses.field(default_factory=list)
    interrupted: bool = False

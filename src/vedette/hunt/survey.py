"""What a log can show, host by host, and which rules it leaves blind."""

from __future__ import annotations

import msgspec


class Firing(msgspec.Struct, frozen=True):
    """A rule that can match events of this host's log.

    Attributes:
        id: rule id.
        title: rule title.
    """

    id: str
    title: str


class Blind(msgspec.Struct, frozen=True):
    """A rule that can never match this host's log.

    Attributes:
        id: rule id.
        title: rule title.
        why: in words, such as `no event of category network_connection in this log`.
        enable: lines of audit.rules that would record what the rule needs; empty where auditd never can.
    """

    id: str
    title: str
    why: str
    enable: tuple[str, ...] = ()


class Gap(msgspec.Struct, frozen=True):
    """A stretch of at least an hour without any record, as UTC epoch seconds."""

    start: float
    end: float


class HostSurvey(msgspec.Struct, frozen=True):
    """What the log shows of one host.

    Attributes:
        host: node name, or the empty text where the log has none.
        first: UTC epoch seconds of its first record.
        last: UTC epoch seconds of its last record.
        covered_hours: hours of the clock in which at least one record lies.
        gaps: stretches without records, earliest first.
        events: events by category.
        record_types: records by type, such as `SYSCALL`.
        parents_known: share of process starts whose parent process was known, 0 to 1; 1 where none started.
        can_fire: rules that can match.
        cannot: rules that never can.
    """

    host: str
    first: float
    last: float
    covered_hours: int
    gaps: tuple[Gap, ...]
    events: dict[str, int]
    record_types: dict[str, int]
    parents_known: float
    can_fire: tuple[Firing, ...]
    cannot: tuple[Blind, ...]


class Survey(msgspec.Struct, frozen=True):
    """What the logs can show.

    Attributes:
        hosts: one survey a host, by name.
        rules_loaded: rules that were asked for and lowered.
        problems: rules and logs that could not be read, each in one line with its location.
    """

    hosts: tuple[HostSurvey, ...]
    rules_loaded: int = 0
    problems: tuple[str, ...] = ()

"""The account of a hunt as the last line of its NDJSON, so that a report can say what was covered and what was not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import BinaryIO, Final

import msgspec

from vedette.hunt.exclusion import Exclusion
from vedette.hunt.summary import HostCoverage, Summary
from vedette.report.ndjson import encode
from vedette.report.summary import instant

#: Value of `schema`; the number grows when a field changes its meaning or goes.
SCHEMA: Final = "vedette.summary/1"


class Covered(msgspec.Struct, frozen=True):
    """What the logs show of one host.

    Attributes:
        host: node name, or the empty text.
        first: time of its first record, RFC 3339.
        last: of its last.
        hours: hours of the clock in which at least one record lies.
        span: hours of the clock from first to last.
        events: events by category.
        parents_known: process starts whose parent process was known.
    """

    host: str
    first: str
    last: str
    hours: int
    span: int
    events: dict[str, int]
    parents_known: int = 0


class Dead(msgspec.Struct, frozen=True):
    """A rule that can never match these logs, and why."""

    id: str
    title: str
    why: str


class Silenced(msgspec.Struct, frozen=True):
    """How many findings an exclusion covers.

    Attributes:
        id: of the exclusion.
        title: its title, or the empty text.
        why: its reason, or the empty text.
        owner: who answers for it, or the empty text.
        findings: how many.
    """

    id: str
    title: str
    why: str
    owner: str
    findings: int


class Blind(msgspec.Struct, frozen=True):
    """A time in which a host was not seen, wholly or in part.

    Attributes:
        host: node name.
        first: RFC 3339.
        last: RFC 3339; as `first` where only a moment is known.
        why: in words, such as `auditd was stopped`.
    """

    host: str
    first: str
    last: str
    why: str


class SummaryLine(msgspec.Struct, frozen=True):
    """The account of a hunt.

    Attributes:
        schema: `SCHEMA`.
        kind: always `summary`.
        hosts: what was covered.
        rules_loaded: rules that were asked for and read.
        rules_live: rules that can match at least one kind of event of these logs.
        dead: the others, each with the reason.
        refused: rules, filters and logs that could not be read, one line each.
        rejected: lines of the logs that are no records, by reason.
        alerts: findings that alert, by level.
        excluded: findings that an exclusion covers, by exclusion.
        blind: when a host was not seen.
        notes: further remarks.
        bytes_read: bytes of log, decompressed.
        interrupted: the hunt was stopped before the end of the logs.
    """

    schema: str
    kind: str
    hosts: tuple[Covered, ...] = ()
    rules_loaded: int = 0
    rules_live: int = 0
    dead: tuple[Dead, ...] = ()
    refused: tuple[str, ...] = ()
    rejected: dict[str, int] = {}
    alerts: dict[str, int] = {}
    excluded: tuple[Silenced, ...] = ()
    blind: tuple[Blind, ...] = ()
    notes: tuple[str, ...] = ()
    bytes_read: int = 0
    interrupted: bool = False


def summary_line(
    summary: Summary, bound: Mapping[str, Iterable[Exclusion]] | None = None, blind: Iterable[Blind] = ()
) -> SummaryLine:
    """The line of a hunt that is complete.

    Args:
        summary: its account.
        bound: rule id to the exclusions that applied (`Exclusions.bound`), for their titles and reasons.
        blind: when hosts were not seen.
    """
    known = {kept.id: kept for of_rule in (bound or {}).values() for kept in of_rule}
    return SummaryLine(
        SCHEMA,
        "summary",
        tuple(_covered(host, coverage) for host, coverage in sorted(summary.hosts.items())),
        summary.rules_loaded,
        summary.rules_live,
        tuple(Dead(dead.id, dead.title, dead.why) for dead in summary.dead),
        tuple(str(problem) for problem in (*summary.rule_problems, *summary.log_problems)),
        dict(summary.rejected),
        dict(summary.alerts),
        tuple(_silenced(name, count, known.get(name)) for name, count in summary.excluded.most_common()),
        tuple(blind),
        tuple(summary.notes),
        summary.bytes_read,
        summary.interrupted,
    )


def write(line: SummaryLine, out: BinaryIO) -> None:
    """Write the line behind the findings."""
    out.write(encode(line) + b"\n")
    out.flush()


def _covered(host: str, coverage: HostCoverage) -> Covered:
    span = int(coverage.last // 3600) - int(coverage.first // 3600) + 1
    first, last = (f"{instant(moment).replace(' ', 'T')}Z" for moment in (coverage.first, coverage.last))
    return Covered(host, first, last, coverage.covered_hours, span, dict(coverage.events), coverage.parents_known)


def _silenced(name: str, count: int, kept: Exclusion | None) -> Silenced:
    if kept is None:
        return Silenced(name, "", "", "", count)
    return Silenced(name, kept.filter.title, kept.reason, kept.owner, count)

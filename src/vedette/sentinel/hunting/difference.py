"""What a log shows and a workspace does not, and the other way round: matches of both, held against each other."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from vedette.hunt.finding import Finding, RuleHeader

#: `both`; `local`: only the log shows it, which is the gap of the workspace's telemetry; `workspace`: only that shows
#: it; `verdict`: both do, and an exclusion covers it in one of them alone.
Side: TypeAlias = Literal["both", "local", "workspace", "verdict"]
#: Seconds by which the clocks of two sources may tell the same event apart.
APART: Final = 2.0
#: Findings tell milliseconds.
_ROUNDING: Final = 0.001
SCHEMA: Final = "vedette.difference/1"


class Difference(msgspec.Struct, frozen=True):
    """One match, and where it was seen.

    Attributes:
        schema: `SCHEMA`.
        side: see `Side`.
        rule: the rule's header.
        host: its name, as the log has it where the log shows the match.
        time: RFC 3339, of the log where that shows it.
        pid: process id, or null.
        command_line: or null.
        why: why only one side shows it, as far as that can be told; else the empty text.
        log: where it stands in the log, or null.
        row: where it stands in the workspace, or null.
    """

    schema: str
    side: Side
    rule: RuleHeader
    host: str
    time: str
    pid: int | None
    command_line: str | None
    why: str = ""
    log: str | None = None
    row: str | None = None


class Hosts:
    """The hosts of a log. A workspace may have the domain behind their names, or other letters.

    Args:
        spans: name to the UTC epoch seconds of the host's first and last record.
    """

    def __init__(self, spans: Mapping[str, tuple[float, float]]) -> None:
        self._spans = dict(spans)
        self._whole = {name.lower(): name for name in spans}
        short: dict[str, set[str]] = defaultdict(set)
        for name in self._whole.values():
            short[_short(name)].add(name)
        self._short = {key: next(iter(found)) for key, found in short.items() if len(found) == 1}

    def known(self, name: str) -> str | None:
        """The log's name of a host of the workspace, or None if the log has no such host."""
        return self._whole.get(name.lower()) or (self._short.get(_short(name)) if name else None)

    def covers(self, finding: Finding) -> bool:
        """Whether the log could show a match of the workspace: it has the host, and records before and after."""
        if finding.correlation is not None and not finding.host:
            return True  # it joins events of several hosts, which are looked at one by one
        name = self.known(finding.host)
        if name is None:
            return False
        first, last = self._spans[name]
        return first - _ROUNDING <= seconds(finding) <= last + _ROUNDING


def compare(
    local: Sequence[Finding], remote: Sequence[Finding], hosts: Hosts
) -> tuple[list[tuple[Finding, Finding]], list[Finding], list[Finding]]:
    """Which matches both sides show.

    Args:
        local: of the log.
        remote: of the workspace; matches of hosts and times that the log does not cover are left out.
        hosts: the log's.

    Returns:
        Pairs of the same match, those of the log alone, and those of the workspace alone. Two are the same if rule,
        host, process id and command line agree, and the time too, or, of what is left, if it is at most `APART` away.
    """
    waiting: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for finding in remote:
        if hosts.covers(finding):
            waiting[key_of(finding, hosts.known(finding.host) or "")].append(finding)
    pairs: list[tuple[Finding, Finding]] = []
    alone: list[Finding] = []
    for finding in local:  # what agrees to the millisecond first, so that nothing else takes its place
        found = waiting.get(key_of(finding, finding.host), [])
        same = next((other for other in found if other.time == finding.time), None)
        if same is None:
            alone.append(finding)
        else:
            found.remove(same)
            pairs.append((finding, same))
    left: list[Finding] = []
    for finding in alone:
        found = waiting.get(key_of(finding, finding.host), [])
        near = min(found, key=lambda other: abs(seconds(other) - seconds(finding)), default=None)
        if near is None or abs(seconds(near) - seconds(finding)) > APART:
            left.append(finding)
        else:
            found.remove(near)
            pairs.append((finding, near))
    return pairs, left, [finding for found in waiting.values() for finding in found]


def key_of(finding: Finding, host: str) -> tuple[object, ...]:
    """What names a match but for its time."""
    process = finding.process
    if finding.correlation is not None:
        group = sorted(finding.correlation.group.items())
        return finding.rule.id, host, finding.kind, repr(group)
    told = (process.pid, process.command_line) if process is not None else (None, repr(sorted(finding.event.items())))
    return finding.rule.id, host, finding.kind, *told


def both(pairs: Iterable[tuple[Finding, Finding]]) -> Iterator[Difference]:
    """Pairs as what they are."""
    for here, there in pairs:
        side: Side = "both"
        why = ""
        if here.verdict.decision != there.verdict.decision:
            side = "verdict"
            one = "the log" if here.verdict.decision == "excluded" else "the workspace"
            by = here.verdict.by or there.verdict.by
            why = f"the exclusion {by} covers it in {one} alone: the other lacks a field that it reads"
        yield of(here, side, why, log=place(here), row=there.origin.file)


def of(
    finding: Finding, side: Side, why: str, *, host: str | None = None, log: str | None = None, row: str | None = None
) -> Difference:
    """A match as a difference."""
    process = finding.process
    return Difference(
        SCHEMA,
        side,
        finding.rule,
        finding.host if host is None else host,
        finding.time,
        process.pid if process is not None else None,
        process.command_line if process is not None else None,
        why,
        log,
        row,
    )


def place(finding: Finding) -> str:
    """Where a finding stands in a log."""
    return f"{finding.origin.file}:{finding.origin.offset}"


def seconds(finding: Finding) -> float:
    """Epoch seconds of a finding."""
    return dt.datetime.fromisoformat(finding.time).timestamp()


def _short(name: str) -> str:
    return name.lower().partition(".")[0]

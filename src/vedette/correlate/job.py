"""A job: all that a hunt keeps of a session, or of what one process started, once it has touched the packet filter."""

from __future__ import annotations

import dataclasses
from typing import Any, Final, Literal

from vedette.correlate.held import Held
from vedette.correlate.tie import Key
from vedette.hunt.finding import Finding
from vedette.predicate import Value
from vedette.telemetry.auditd.process import Process

#: Of each sort of thing a job keeps so many first and so many last ones.
MOST: Final = 500


def _held() -> Held[Any]:
    return Held(MOST)


@dataclasses.dataclass(frozen=True)
class Link:
    """One network event of a job.

    Attributes:
        sort: what was done.
        time: UTC epoch seconds.
        process: who did it.
        address: of the peer; of the listener; of who came in.
        port: likewise.
        new: no such connection was seen before.
        file, offset, serial: where it stands.
    """

    sort: Literal["bind", "listen", "accept", "connect", "failed"]
    time: float
    process: Process
    address: str
    port: int
    descriptor: int
    new: bool
    file: str
    offset: int
    serial: int


@dataclasses.dataclass(frozen=True)
class Change:
    """One `netfilter_change` event of a job.

    Attributes:
        time: UTC epoch seconds of its first record.
        process: who did it.
        scope: `process` or `job`.
        outcome: drop, gain, none or undeterminable.
        table, family: of the packet filter.
        legacy: the backend keeps sizes.
        net: entries gained or lost, or None.
        rules: rules gained or lost where proved, or None.
        file, offset, serial: where it stands.
    """

    time: float
    process: Process | None
    scope: str
    outcome: str
    table: str
    family: str
    legacy: bool
    net: int | None
    rules: int | None
    file: str
    offset: int
    serial: int


@dataclasses.dataclass
class Job:
    """What is kept of a job.

    Attributes:
        key: what it is known by.
        since: UTC epoch seconds at which it first touched the packet filter.
        process: who did that.
        came_from: address behind it, or the empty text.
        recorded: the kernel's records of the packet filter are at hand, as in a log; no workspace holds them.
        findings: its findings, in the order of the log.
        by_process: what the kernel recorded of single processes.
        by_job: what they come to together; kept apart, so that no number of processes crowds it out.
        links: network events since then.
    """

    key: Key
    since: float
    process: Process
    came_from: str = ""
    recorded: bool = True
    findings: Held[tuple[float, Process | None, Finding]] = dataclasses.field(default_factory=_held)
    by_process: Held[Change] = dataclasses.field(default_factory=_held)
    by_job: Held[Change] = dataclasses.field(default_factory=_held)
    links: Held[Link] = dataclasses.field(default_factory=_held)

    @property
    def changes(self) -> tuple[Change, ...]:
        """All that the kernel recorded, as far as it is kept."""
        return (*self.by_process, *self.by_job)

    @property
    def held(self) -> int:
        """How many things are kept."""
        return sum(len(part) for part in self._parts)

    @property
    def left_out(self) -> int:
        """How many things are not kept."""
        return sum(part.left_out for part in self._parts)

    @property
    def _parts(self) -> tuple[Held[tuple[float, Process | None, Finding]], Held[Change], Held[Change], Held[Link]]:
        return self.findings, self.by_process, self.by_job, self.links


def change_of(
    process: Process | None, fields: dict[str, Value], *, time: float, file: str, offset: int, serial: int
) -> Change:
    """A `netfilter_change` event as a job keeps it."""

    def whole(name: str) -> int | None:
        value = fields.get(name)
        return value if isinstance(value, int) else None

    return Change(
        time,
        process,
        str(fields.get("Scope", "")),
        str(fields.get("Outcome", "")),
        str(fields.get("Table", "")),
        str(fields.get("Family", "")),
        "EntriesBefore" in fields or "EntriesAfter" in fields,
        whole("EntriesNet"),
        whole("RulesNet"),
        file,
        offset,
        serial,
    )

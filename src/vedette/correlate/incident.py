"""Incidents: what a hunt's findings and the events around them come to, in the shape of their NDJSON."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from vedette.hunt.finding import FindingOrigin, RuleHeader, Session

#: Value of `schema` in every line; the number grows when a field changes its meaning or goes.
SCHEMA: Final = "vedette.incident/1"

#: `flush`: a finding that opened the incident; `loss`: the kernel recorded that a table lost entries; `listener`: a
#: process listens; `connection`: a new peer; `ssh`: ssh to another host; `scan`: three or more ports of one peer;
#: `restore`: the same job filled the table again; `recovery`: another session did; `finding`: any other finding of the
#: same session or ancestry.
FactKind: TypeAlias = Literal[
    "flush", "loss", "listener", "connection", "ssh", "scan", "restore", "recovery", "finding"
]
#: How a fact hangs together with the flush.
Tie: TypeAlias = Literal["same process", "same session", "same ancestry", "same login", "same host"]
#: `confirmed`: the kernel's records show a net drop; `no drop seen`: they show none; `undeterminable`: they can't tell.
KernelVerdict: TypeAlias = Literal["confirmed", "no drop seen", "undeterminable"]
#: `open`: nothing filled the tables again; `restored`: the same job or session did; `recovered`: another one did.
State: TypeAlias = Literal["open", "restored", "recovered"]


class Fact(msgspec.Struct, frozen=True):
    """One thing that happened.

    Attributes:
        kind: see `FactKind`.
        time: RFC 3339, UTC, milliseconds.
        text: one line for people.
        tie: how it hangs together with the flush.
        user: effective user, or null.
        login_user: who logged in, or null.
        session: the audit session, or null if unset.
        pid: process id, or null.
        image: the program's path, or null.
        command_line: of the process, or null.
        address: of the peer or of the listener, or null.
        port: likewise.
        rule: header of the rule that found it, or null.
        excluded_by: id of the exclusion that covers the finding, or null.
        origin: where it stands in the log.
    """

    kind: FactKind
    time: str
    text: str
    tie: Tie
    user: str | None
    login_user: str | None
    session: Session | None
    pid: int | None
    image: str | None
    command_line: str | None
    address: str | None
    port: int | None
    rule: RuleHeader | None
    excluded_by: str | None
    origin: FindingOrigin


class TableLoss(msgspec.Struct, frozen=True):
    """What the kernel recorded of one table.

    Attributes:
        table: its name.
        family: ipv4, ipv6, inet, ...
        backend: nft or legacy.
        net: entries gained (+) or lost (-), or null where that can't be told.
        rules: rules gained or lost where records of their own prove it, or null.
    """

    table: str
    family: str
    backend: Literal["nft", "legacy"]
    net: int | None
    rules: int | None


class Kernel(msgspec.Struct, frozen=True):
    """The kernel's own evidence.

    Attributes:
        verdict: see `KernelVerdict`.
        text: one line with the figures.
        tables: by table and family.
    """

    verdict: KernelVerdict
    text: str
    tables: tuple[TableLoss, ...]


class NextStep(msgspec.Struct, frozen=True):
    """What to do now.

    Attributes:
        title: in words.
        command: to copy, or the empty text.
        where: `log` (ausearch), `kql` (a query scoped to the incident) or `host`.
    """

    title: str
    command: str
    where: Literal["log", "kql", "host"]


class Decision(msgspec.Struct, frozen=True):
    """What an analyst made of an incident; kept by its id.

    Attributes:
        verdict: `benign` or `malicious`.
        note: as written.
        by: who.
        time: RFC 3339.
    """

    verdict: Literal["benign", "malicious"]
    note: str = ""
    by: str = ""
    time: str = ""


class Incident(msgspec.Struct, frozen=True):
    """A flush and what followed it.

    Attributes:
        schema: `SCHEMA`.
        kind: always `incident`.
        id: stable over re-runs and longer logs.
        title: one line: who did what, from where, to where.
        level: severity, one of Sigma's levels.
        reasons: why it is that severe, one line each.
        hosts: names of the hosts.
        first: time of the first fact.
        last: time of the last fact.
        user: effective user of the flush, or null.
        login_user: who had logged in, or null.
        session: the session of the flush, or null if unset.
        came_from: address from which the session was opened, or null where the log does not show it.
        state: whether the firewall stayed open.
        kernel: the kernel's own evidence.
        facts: in order of time.
        findings: how many findings are part of it.
        excluded: how many of them an exclusion covers.
        raised: it was raised again although an exclusion covers the flush, since a pivot followed.
        next_steps: what to do now.
        decision: what an analyst made of it, or null.
    """

    schema: str
    kind: str
    id: str
    title: str
    level: str
    reasons: tuple[str, ...]
    hosts: tuple[str, ...]
    first: str
    last: str
    user: str | None
    login_user: str | None
    session: Session | None
    came_from: str | None
    state: State
    kernel: Kernel
    facts: tuple[Fact, ...]
    findings: int
    excluded: int
    raised: bool
    next_steps: tuple[NextStep, ...]
    decision: Decision | None = None

"""Jobs into incidents: a loss that the kernel recorded, or can't deny, and the pivot that followed it."""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from vedette.correlate.evidence import Fills, evidence_of, fills_of, loss_time, state_of
from vedette.correlate.incident import SCHEMA, Fact, FactKind, Incident, Kernel, State, Tie
from vedette.correlate.job import Change, Job
from vedette.correlate.pivot import Pivot, name_of, pivots
from vedette.correlate.steps import next_steps
from vedette.hunt.finding import Finding, FindingOrigin, Session
from vedette.hunt.render import Clock, session_of
from vedette.telemetry.auditd.process import Process

#: One login user who takes the packet filter down on several hosts within so many seconds is one incident.
ACROSS: Final = 3600.0
_MOST_FACTS: Final = 200


def incidents(jobs: Sequence[Job], log: str) -> Iterator[Incident]:
    """The incidents of a hunt, in order of time.

    Args:
        jobs: all that touched the packet filter.
        log: the log, or the first of several, for the commands that go on from here.
    """
    fills = fills_of(jobs)
    found = [one for job in jobs if (one := _incident(job, fills, log)) is not None]
    found += _across(jobs, log)
    yield from sorted(found, key=lambda one: (one.first, one.id))


def _incident(job: Job, fills: Fills, log: str) -> Incident | None:
    kernel = evidence_of(job)
    since = _since(job, kernel)
    if since is None:
        return None
    steps = pivots(job, since)
    if not steps:
        return None
    state, filled = state_of(job, kernel, fills)
    clock = Clock()
    facts = [*_flushes(job, clock), *_losses(job, clock), *(_fact_of(pivot, job, clock) for pivot in steps)]
    if filled is not None and filled.process is not None:
        surely = "was" if filled.outcome == "gain" else "may have been"
        text = f"the {filled.family} {filled.table} table {surely} filled again by {name_of(filled.process)}"
        facts.append(_change_fact("recovery", filled, text, "same host", clock))
    facts, cut = _kept(facts)
    covered = sum(finding.verdict.decision == "excluded" for _, _, finding in job.findings)
    raised = bool(job.findings) and covered == len(job.findings)
    level, reasons = _severity(kernel, state, steps, raised=raised)
    if cut or job.left_out:
        reasons += (f"{cut + job.left_out:,} more findings, changes or connections are not shown",)
    process = _opener(job, since)
    last = max((pivot.link.time for pivot in steps), default=since)
    return Incident(
        SCHEMA,
        "incident",
        _identity(job, facts),
        _title(job, process, kernel, steps),
        level,
        reasons,
        (job.key[0],) if job.key[0] else (),
        facts[0].time,
        facts[-1].time,
        process.tail.user or None,
        process.tail.login_user or None,
        session_of(process),
        job.came_from or None,
        state,
        kernel,
        tuple(facts),
        len(job.findings),
        covered,
        raised,
        next_steps(job, facts, since, last, log),
    )


def _kept(facts: Sequence[Fact]) -> tuple[list[Fact], int]:
    """The facts in order of time, and how many are too many: findings and losses of many go before what followed."""
    ordered = sorted(dict.fromkeys(facts), key=lambda fact: (fact.time, fact.origin.offset))
    first = {fact.kind: fact for fact in reversed(ordered)}
    many = ("flush", "finding", "loss")
    chosen = sorted(ordered, key=lambda fact: fact.kind in many and fact is not first[fact.kind])[:_MOST_FACTS]
    return sorted(chosen, key=lambda fact: (fact.time, fact.origin.offset)), len(ordered) - len(chosen)


def _across(jobs: Sequence[Job], log: str) -> Iterator[Incident]:
    """One login user who took the packet filter down on several hosts within an hour, as the kernel recorded it."""
    by_login: dict[str, list[tuple[float, Job]]] = {}
    for job in jobs:
        login = job.process.tail.login_user
        since = loss_time(job)
        if login and since is not None and evidence_of(job).verdict == "confirmed":
            by_login.setdefault(login, []).append((since, job))
    for login, losses in by_login.items():
        losses.sort(key=lambda one: (one[0], str(one[1].key)))
        start = 0
        while start < len(losses):
            end = bisect.bisect_right(losses, losses[start][0] + ACROSS, key=lambda one: one[0])
            window = [job for _, job in losses[start:end]]
            if len({job.key[0] for job in window}) > 1 and any(True for job in window for _ in _losses(job, Clock())):
                yield _of_several(login, window, log)
            start = end


def _of_several(login: str, jobs: Sequence[Job], log: str) -> Incident:
    clock = Clock()
    facts, _ = _kept([msgspec.structs.replace(fact, tie="same login") for job in jobs for fact in _losses(job, clock)])
    hosts = tuple(dict.fromkeys(job.key[0] for job in jobs))
    first, kernel = jobs[0], evidence_of(jobs[0])
    times = [change.time for job in jobs for change in job.changes if change.outcome == "drop"]
    text = f"the kernel recorded a net drop on {_joined([host or 'a host without a name' for host in hosts])}"
    return Incident(
        SCHEMA,
        "incident",
        _identity(first, facts, salt="several"),
        f"{login} took the packet filter down on {len(hosts)} hosts: {_joined(hosts)}",
        "critical",
        (text, f"one login user on {len(hosts)} hosts within {ACROSS / 60:.0f} minutes"),
        hosts,
        facts[0].time,
        facts[-1].time,
        first.process.tail.user or None,
        login,
        session_of(first.process),
        first.came_from or None,
        "open",
        Kernel("confirmed", text, kernel.tables),
        tuple(facts),
        sum(len(job.findings) for job in jobs),
        sum(finding.verdict.decision == "excluded" for job in jobs for _, _, finding in job.findings),
        False,
        next_steps(first, facts, min(times), max(times), log),
    )


def _since(job: Job, kernel: Kernel) -> float | None:
    """When the loss began: as the kernel recorded it, or where it can't tell, as a rule saw the command."""
    if kernel.verdict == "confirmed":
        return loss_time(job)
    if kernel.verdict == "undeterminable":
        return min((time for time, _, finding in job.findings if _is_flush(finding)), default=None)
    return None


def _opener(job: Job, since: float) -> Process:
    """The process that took the rules out first, or the one with which the job began."""
    changed = [change for change in job.changes if change.time >= since and change.outcome == "drop" and change.process]
    first = min(changed, key=lambda change: change.time, default=None)
    return first.process if first is not None and first.process is not None else job.process


def _flushes(job: Job, clock: Clock) -> Iterator[Fact]:
    for time, process, finding in job.findings:
        what = finding.process.command_line if finding.process and finding.process.command_line else finding.rule.title
        by = finding.verdict.by if finding.verdict.decision == "excluded" else None
        text = f"{finding.rule.title}: {what}" + (f" (excluded by {by}: {finding.verdict.why})" if by else "")
        yield _fact(
            "flush" if _is_flush(finding) else "finding",
            time,
            text,
            _tie(job, process),
            process,
            finding.origin,
            clock,
            finding=finding,
        )


def _is_flush(finding: Finding) -> bool:
    return not {"T1562.004", "T1686"}.isdisjoint(finding.rule.attack)


def _losses(job: Job, clock: Clock) -> Iterator[Fact]:
    for change in job.changes:
        if change.outcome == "drop" and change.scope == "process" and change.process is not None:
            count = -change.net if change.net is not None else 0
            figure = f"{count:,} {'entry' if count == 1 else 'entries'}" if count else "an unknown number of entries"
            text = f"{name_of(change.process)} took {figure} out of the {change.family} {change.table} table"
            yield _change_fact("loss", change, text, _tie(job, change.process), clock)


def _change_fact(kind: FactKind, change: Change, text: str, tie: Tie, clock: Clock) -> Fact:
    origin = FindingOrigin(change.file, change.offset, change.serial)
    return _fact(kind, change.time, text, tie, change.process, origin, clock)


def _fact_of(pivot: Pivot, job: Job, clock: Clock) -> Fact:
    link = pivot.link
    origin = FindingOrigin(link.file, link.offset, link.serial)
    port = pivot.port if pivot.port >= 0 else None
    return _fact(
        pivot.kind, link.time, pivot.text, _tie(job, link.process), link.process, origin, clock, pivot.address, port
    )


def _fact(
    kind: FactKind,
    time: float,
    text: str,
    tie: Tie,
    process: Process | None,
    origin: FindingOrigin,
    clock: Clock,
    address: str | None = None,
    port: int | None = None,
    finding: Finding | None = None,
) -> Fact:
    session: Session | None = session_of(process) if process is not None else None
    return Fact(
        kind,
        clock.text(time),
        text,
        tie,
        (process.tail.user or None) if process else None,
        (process.tail.login_user or None) if process else None,
        session,
        process.pid if process else None,
        (process.program.invoked or process.program.resolved or None) if process else None,
        process.command.text if process and process.command else None,
        address,
        port,
        finding.rule if finding else None,
        finding.verdict.by if finding and finding.verdict.decision == "excluded" else None,
        origin,
    )


def _tie(job: Job, process: Process | None) -> Tie:
    if process is None:
        return "same host"
    if process.identity == job.process.identity:
        return "same process"
    return "same session" if job.key[2] == "session" and process.tail.ses == job.key[3] else "same ancestry"


def _severity(kernel: Kernel, state: State, steps: Sequence[Pivot], *, raised: bool) -> tuple[str, tuple[str, ...]]:
    """Level, and why: a pivot after a loss is high; more of them, or a filter left open, make it critical."""
    kinds = dict.fromkeys(pivot.kind for pivot in steps)
    reasons = [kernel.text, f"followed by {_joined([_told(kind, steps) for kind in kinds])}"]
    if state == "open":
        reasons.append("nobody filled the tables again as far as the log goes")
    elif state == "recovered":
        reasons.append("another session filled the tables again, which shows recovery and no innocence")
    if raised:
        reasons.append("exclusions cover what the rules found; it is raised again since a pivot followed")
    strong = len(kinds) > 1 or "scan" in kinds or "ssh" in kinds
    if kernel.verdict == "confirmed":
        return ("critical" if strong else "high"), tuple(reasons)
    return ("high" if strong else "medium"), tuple(reasons)


def _told(kind: FactKind, steps: Sequence[Pivot]) -> str:
    """The pivots of one kind in words."""
    of_kind = [pivot for pivot in steps if pivot.kind == kind]
    if kind == "listener":
        ports = sorted({pivot.port for pivot in of_kind})
        return f"{'listeners' if len(ports) > 1 else 'a listener'} on {_joined([str(port) for port in ports])}"
    what = {"ssh": "ssh to", "scan": "a scan of", "connection": "a connection that is new to"}[kind]
    return f"{what} {_joined(sorted({pivot.address for pivot in of_kind}))}"


def _title(job: Job, process: Process, kernel: Kernel, steps: Sequence[Pivot]) -> str:
    who = process.tail.login_user or process.tail.user or "a service"
    lost = [table for table in kernel.tables if table.net is not None and table.net < 0]
    entries = -sum(table.net or 0 for table in lost)
    what = f"took {entries:,} entries out of the packet filter" if lost else "flushed the packet filter"
    ports = sorted({pivot.port for pivot in steps if pivot.kind == "listener"})
    peers = sorted({pivot.address for pivot in steps if pivot.kind != "listener"})
    then = []
    if ports:
        then.append(f"listened on {_joined([str(port) for port in ports])}")
    if peers:
        then.append(f"reached {_joined(peers)}")
    origin = f", from {job.came_from}," if job.came_from else ""
    return f"{who}{origin} {_joined([what, *then])}"


def _joined(texts: Sequence[str]) -> str:
    shown = [*texts[:5], *([f"{len(texts) - 5} more"] if len(texts) > 5 else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _identity(job: Job, facts: Sequence[Fact], salt: str = "") -> str:
    """Twelve hex digits of the host and of the job's first change of the packet filter.

    That record is the same in a longer log, with other rules, and once a later record tells what could not be told.
    """
    first = min(job.changes, key=lambda change: (change.time, change.serial), default=None)
    opening = (Clock().text(first.time), first.serial) if first is not None else (facts[0].time, facts[0].origin.serial)
    text = f"{job.key[0]}\n{opening[0]}\n{opening[1]}{salt}"
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

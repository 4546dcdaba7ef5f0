"""The tracker: watches a hunt go by and keeps what hangs together with changes of the packet filter."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from vedette.correlate.held import Held
from vedette.correlate.job import Job, Link, change_of
from vedette.correlate.peer import Origins, Peers
from vedette.correlate.tie import key_of
from vedette.event import LogSource
from vedette.event.logsource import (
    NETFILTER_CHANGE,
    NETFILTER_CONFIG,
    NETWORK_CONNECTION,
    NETWORK_FAILED,
    NETWORK_LISTEN,
    PROCESS_CREATION,
)
from vedette.hunt.finding import Finding
from vedette.telemetry.auditd.happening import Batch, Happening
from vedette.telemetry.auditd.process import Process

T = TypeVar("T")

#: Jobs that are kept; the longest untouched goes first, and is judged then.
MAX_JOBS: Final = 10_000
#: Findings, changes and connections of all jobs together.
MAX_HELD: Final = 400_000
_SORTS: Final = {"bind": "bind", "listen": "listen", "accept": "accept", "accept4": "accept"}


class Tracker:
    """Is shown all events and findings of a hunt, in the order of the log.

    Args:
        recorded: whether the hunt sees the kernel's records of the packet filter.

    Attributes:
        sources: the kinds of events that it must be shown.
        left_out: jobs that went before the hunt ended.
    """

    sources: tuple[LogSource, ...] = (
        PROCESS_CREATION,
        NETWORK_CONNECTION,
        NETWORK_FAILED,
        NETWORK_LISTEN,
        NETFILTER_CONFIG,
        NETFILTER_CHANGE,
    )

    def __init__(self, *, recorded: bool = True) -> None:
        self._recorded = recorded
        self.left_out = 0
        self._jobs: OrderedDict[object, Job] = OrderedDict()
        self._peers = Peers()
        self._origins = Origins()
        self._gone: deque[Job] = deque(maxlen=MAX_JOBS)
        self._held = 0

    def see(self, batches: Sequence[Batch]) -> None:
        """One chunk's events, before its findings."""
        wanted = [
            (happening.offset, order, batch.source, happening)
            for order, batch in enumerate(batches)
            if batch.source in self.sources
            for happening in batch.happenings
        ]
        wanted.sort(key=lambda one: one[:2])
        for _, _, source, happening in wanted:
            process = happening.process
            if source == NETFILTER_CHANGE:
                self._changed(happening, process)
            elif process is None:
                continue
            elif source == PROCESS_CREATION:
                self._origins.started(process)
            elif source == NETFILTER_CONFIG:
                self._touched(process, happening.time)
            else:
                self._linked(source, happening, process)

    def found(self, happening: Happening, finding: Finding) -> None:
        """One finding; those of the packet filter's rules touch it, whatever the kernel recorded."""
        process = happening.process
        if process is None or finding.category == NETFILTER_CHANGE.category:
            return
        # Of interest only joined with others; the connections among them are followed without any rule.
        if finding.rule.level == "informational":
            return
        job = self._jobs.get(key_of(process))
        if job is None:
            if not _of_the_filter(finding):
                return
            job = self._touched(process, happening.time)
        self._keep(job.findings, (happening.time, process, finding))

    def jobs(self) -> Iterator[Job]:
        """All jobs that touched the packet filter, in the order in which they did."""
        yield from sorted((*self._gone, *self._jobs.values()), key=lambda job: (job.since, str(job.key)))

    def _touched(self, process: Process, time: float) -> Job:
        key = key_of(process)
        job = self._jobs.get(key)
        if job is None:
            job = self._jobs[key] = Job(key, time, process, self._origins.of(process), self._recorded)
            while len(self._jobs) > MAX_JOBS or (self._held > MAX_HELD and len(self._jobs) > 1):
                self._dismiss(self._jobs.popitem(last=False)[1])
        else:
            self._jobs.move_to_end(key)
        return job

    def _dismiss(self, job: Job) -> None:
        """A job that goes early is kept only if the kernel recorded a loss."""
        self._held -= job.held
        if any(change.outcome == "drop" for change in job.changes):
            self._gone.append(job)
        self.left_out += 1

    def _changed(self, happening: Happening, process: Process | None) -> None:
        if process is None:
            return
        job = self._touched(process, happening.time)
        job.since = min(job.since, happening.time)
        change = change_of(
            process,
            dict(happening.fields),
            time=happening.time,
            file=happening.file,
            offset=happening.offset,
            serial=happening.serial,
        )
        self._keep(job.by_job if change.scope == "job" else job.by_process, change)

    def _linked(self, source: LogSource, happening: Happening, process: Process) -> None:
        fields = happening.fields
        leaves = source in (NETWORK_CONNECTION, NETWORK_FAILED)
        address = str(fields.get("DestinationIp" if leaves else "SourceIp", ""))
        port = fields.get("DestinationPort" if leaves else "SourcePort", -1)
        port = port if isinstance(port, int) else -1
        sort = _SORTS.get(str(fields.get("Syscall", "")), "connect" if source == NETWORK_CONNECTION else "failed")
        new = leaves and self._peers.is_new(process, address, port)
        if sort == "accept":
            self._origins.took(process, address, happening.time)
        job = self._jobs.get(key_of(process))
        if job is None:
            return
        descriptor = fields.get("FileDescriptor", -1)
        link = Link(
            sort,  # type: ignore[arg-type]  # one of its literals
            happening.time,
            process,
            address,
            port,
            descriptor if isinstance(descriptor, int) else -1,
            new,
            happening.file,
            happening.offset,
            happening.serial,
        )
        self._keep(job.links, link)

    def _keep(self, held: Held[T], one: T) -> None:
        before = len(held)
        held.add(one)
        self._held += len(held) - before


def _of_the_filter(finding: Finding) -> bool:
    """Whether a rule looks for the packet filter being taken down, by either number of the technique."""
    return not {"T1562.004", "T1686"}.isdisjoint(finding.rule.attack)

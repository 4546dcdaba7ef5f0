"""What the kernel recorded of a job's changes, added up by table, and who filled the tables again."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from vedette.correlate.incident import Kernel, State, TableLoss
from vedette.correlate.job import Change, Job


class Table(NamedTuple):
    """A table of a family of one host."""

    node: str
    family: str
    name: str


def evidence_of(job: Job) -> Kernel:
    """The kernel's evidence on a job: what its session, or the service and all that it started, took out in the end.

    Chains that a job lays and takes away again cancel out.
    """
    if not job.recorded:
        return Kernel("undeterminable", "the kernel's records of the packet filter are not at hand", ())
    by_table: dict[Table, list[Change]] = {}
    for change in job.changes:
        if change.scope == "job":
            by_table.setdefault(Table(job.key[0], change.family, change.table), []).append(change)
    tables = tuple(_loss(table, changes) for table, changes in sorted(by_table.items()))
    lost = [table for table in tables if table.net is not None and table.net < 0]
    if lost:
        figures = ", ".join(_told(table) for table in lost)
        return Kernel("confirmed", f"the kernel recorded a net drop: {figures}", tables)
    open_ones = [table for table in tables if table.net is None]
    if open_ones:
        names = ", ".join(f"{table.family} {table.table}" for table in open_ones)
        why = (
            "the table's next record, which tells its size, has not come" if _legacy(open_ones) else "a batch that adds"
        )
        return Kernel("undeterminable", f"the kernel's records can't tell for {names}: {why}", tables)
    return Kernel("no drop seen", "the kernel recorded no net drop", tables)


def _loss(table: Table, changes: Sequence[Change]) -> TableLoss:
    nets = [change.net for change in changes]
    rules = [change.rules for change in changes]
    net = None if any(one is None for one in nets) else sum(one for one in nets if one is not None)
    if net is None:
        # What can't be told of one change does not undo what is proved of the others.
        known = sum(one for one in nets if one is not None)
        net = known if known < 0 else None
    proved = None if any(one is None for one in rules) else sum(one for one in rules if one is not None)
    backend = "legacy" if any(change.legacy for change in changes) else "nft"
    return TableLoss(table.name, table.family, backend, net, proved)  # type: ignore[arg-type]  # one of two literals


def _told(table: TableLoss) -> str:
    rules = f", {-table.rules:,} of them rules" if table.rules else ""
    return f"{table.family} {table.table} {table.net:+,} entries{rules}"


def _legacy(tables: Sequence[TableLoss]) -> bool:
    return any(table.backend == "legacy" for table in tables)


def loss_time(job: Job) -> float | None:
    """When a job first took something out, or None."""
    return min((change.time for change in job.changes if change.outcome == "drop"), default=None)


#: Node, family and table to the changes that may have filled it, each with its job, in order of time.
Fills: TypeAlias = dict[tuple[str, str, str], list[tuple[Change, Job]]]


def fills_of(jobs: Sequence[Job]) -> Fills:
    """What may have filled tables again, of all jobs."""
    found: Fills = {}
    for job in jobs:
        for change in job.changes:
            # An nft batch that adds may delete as well, so what it put in can't be told; a size of legacy tables can.
            if change.outcome in ("gain", "undeterminable") and change.scope == "job":
                found.setdefault((job.key[0], change.family, change.table), []).append((change, job))
    for changes in found.values():
        changes.sort(key=_time_of)
    return found


def state_of(job: Job, kernel: Kernel, fills: Fills) -> tuple[State, Change | None]:
    """Whether the tables were filled again, by the job itself or by another one, and by which change."""
    if not job.recorded:
        return "open", None  # nothing says that it was closed again
    lost = {(table.family, table.table) for table in kernel.tables if table.net is None or table.net < 0}
    if not lost:
        return "restored", None
    since = loss_time(job) or job.since
    filled = []
    for family, table in sorted(lost):
        changes = fills.get((job.key[0], family, table), [])
        start = bisect.bisect_right(changes, since, key=_time_of)
        later = (changes[place] for place in range(start, len(changes)))
        filled += [change for change, _ in itertools.islice((one for one in later if one[1] is not job), 1)]
    first = min(filled, key=lambda change: change.time, default=None)
    return ("open", None) if first is None else ("recovered", first)


def _time_of(fill: tuple[Change, Job]) -> float:
    return fill[0].time

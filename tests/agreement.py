"""The fast reader's events and the oracle's in one form, to compare them event by event on every column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tests.oracle_auditd import Image, Oracle, changes

from vedette.event import LogSource
from vedette.event.logsource import (
    AUDIT_RECORD,
    NETFILTER_CHANGE,
    NETFILTER_CONFIG,
    NETWORK_CONNECTION,
    NETWORK_FAILED,
    NETWORK_LISTEN,
    PROCESS_CREATION,
    PROCESS_FAILED,
)
from vedette.telemetry.auditd.accounts import Accounts
from vedette.telemetry.auditd.columns import process_values, supplied
from vedette.telemetry.auditd.happening import Batch, Happening
from vedette.telemetry.auditd.process import Process
from vedette.telemetry.auditd.reader import AuditReader

KINDS = (PROCESS_CREATION, PROCESS_FAILED, NETWORK_CONNECTION, NETWORK_FAILED, NETWORK_LISTEN, NETFILTER_CONFIG)
COLUMNS: Mapping[LogSource, tuple[str, ...]] = {kind: supplied(kind) for kind in (*KINDS, NETFILTER_CHANGE)}
RECORDS = {**COLUMNS, AUDIT_RECORD: ("type",)}


class Reading:
    """What the fast reader gives: facts by event, net changes, and single records, each in the order of the log."""

    def __init__(self, *, accounts: Accounts | None = None, columns: Mapping[LogSource, tuple[str, ...]] = COLUMNS):
        self.reader = AuditReader(columns, accounts=accounts)
        self.facts: list[tuple[Any, ...]] = []
        self.changes: list[dict[str, Any]] = []
        self.records: list[tuple[Any, ...]] = []
        self.places: list[tuple[str, int, str, int, float]] = []

    def read(self, file: str, chunks: Iterable[bytes], *, more: bool = False) -> None:
        for batches in self.reader.read(file, chunks, more=more):
            self._take(batches)

    def close(self) -> Reading:
        self._take(self.reader.close())
        return self

    def _take(self, batches: list[Batch]) -> None:
        found = []
        for batch in batches:
            for number, happening in zip(batch.numbers, batch.happenings, strict=True):
                process = happening.process
                if batch.source == AUDIT_RECORD:
                    kind = happening.fields["type"]
                    identity = None if process is None else process.identity
                    self.records.append((happening.node, happening.time, happening.serial, kind, identity))
                    continue
                if batch.source == NETFILTER_CHANGE:
                    self.changes.append(change_facts(happening))
                    continue
                values = {**(process_values(process) if process else {}), **happening.fields}
                values = {name: value for name, value in values.items() if value != ""}
                shape = batch.shapes.values(number)
                assert all(values[column] == value for column, value in shape.items())
                assert set(batch.shapes.columns) & set(values) == set(shape)
                fact = (
                    batch.source.category,
                    happening.node,
                    happening.time,
                    happening.serial,
                    tuple(sorted(values.items(), key=lambda pair: pair[0])),
                    *_process_facts(process),
                )
                order = (happening.file, happening.offset)
                found.append((order, fact))
                kind = "NETFILTER_CFG" if batch.source == NETFILTER_CONFIG else "SYSCALL"
                self.places.append((*order, kind, happening.serial, happening.time))
        self.facts += [fact for _, fact in sorted(found, key=lambda pair: pair[0])]


def change_facts(happening: Happening) -> dict[str, Any]:
    """A net change with where it stands and whose it is."""
    process = happening.process
    owner = None
    if process is not None:
        owner = (process.pid, process.time, process.serial, process.program.resolved, process.program.invoked)
    place = {"node": happening.node, "time": happening.time, "serial": happening.serial, "process": owner}
    return {**happening.fields, **place}


def _process_facts(process: Process | None) -> tuple[Any, ...]:
    if process is None:
        return ()
    ancestors = tuple(ancestor.identity for ancestor in process.ancestors())
    cut = None if process.command is None else process.command.cut
    return process.boot, ancestors, cut, process.program.guessed


def _image_facts(image: Image | None) -> tuple[Any, ...]:
    if image is None:
        return ()
    ancestors: list[Any] = []
    parent = image.parent
    while parent is not None and len(ancestors) < 64:
        ancestors.append((parent.pid, parent.since[1], parent.since[0]))
        parent = parent.parent
    return image.boot, tuple(ancestors), image.cut if image.line is not None else None, image.guessed


def fast(data: bytes, *, size: int = 8 << 20, **options: Any) -> Reading:
    """A log in one piece, read in chunks of `size` bytes."""
    reading = Reading(**options)
    reading.read("log", (data[start : start + size] for start in range(0, len(data), size)))
    return reading.close()


def oracle_facts(oracle: Oracle) -> list[tuple[Any, ...]]:
    """The oracle's events as facts."""
    return [
        (
            seen.category,
            seen.node,
            seen.time,
            seen.serial,
            tuple(sorted(seen.values.items(), key=lambda pair: pair[0])),
            *_image_facts(seen.image),
        )
        for seen in oracle.seen
    ]


def oracle_records(oracle: Oracle) -> list[tuple[Any, ...]]:
    """The oracle's single records as the fast reader gives them."""
    found = []
    for record, image in oracle.records:
        goes_on = record.type == "EXECVE" and not record.body.startswith(b"argc=")
        if not goes_on:
            identity = None if image is None else (image.pid, image.since[1], image.since[0])
            found.append((record.node, record.time, record.serial, record.type, identity))
    return found


def counted(rows: Iterable[Any]) -> Counter[Any]:
    """Rows without their order."""
    return Counter(tuple(sorted(row.items())) if isinstance(row, dict) else row for row in rows)


def assert_agree(reading: Reading, oracle: Oracle) -> None:
    """Both saw the same events with the same columns, and the same net changes."""
    assert_same(reading.facts, oracle_facts(oracle))
    assert_same(reading.changes, changes(oracle.entries))


def assert_same(seen: Iterable[Any], known: Iterable[Any]) -> None:
    """The same rows, whatever their order; a failure shows the first two of each side that the other has not."""
    ours, theirs = counted(seen), counted(known)
    odd, missing = list((ours - theirs).elements()), list((theirs - ours).elements())
    assert not odd + missing, f"only the reader: {odd[:2]}; only the oracle: {missing[:2]}"

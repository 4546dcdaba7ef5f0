"""The processes of a dataset, as the reader of logs would have kept them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, Final

import polars as pl

from vedette.lake.columns import seconds
from vedette.lake.dataset import Dataset
from vedette.lake.entry import Entry
from vedette.lake.scan import scan
from vedette.telemetry.auditd.process import Command, Process, Program, Script, Tail

#: Processes that are kept; they come again when they are asked for.
_MOST: Final = 200_000


class Lineage:
    """Gives the processes of entries by their number."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._held: dict[str, dict[int, Process]] = {}
        self._size = 0

    def load(self, entry: Entry, numbers: Iterable[int | None]) -> Mapping[int, Process]:
        """Processes with all their ancestors.

        Args:
            entry: whose processes they are.
            numbers: theirs; None is passed over.
        """
        if self._size > _MOST:
            self._held, self._size = {}, 0
        held = self._held.setdefault(entry.id, {})
        wanted = {number for number in numbers if number is not None and number not in held}
        rows: dict[int, dict[str, Any]] = {}
        for _ in range(2):
            # First those that were asked for, then their ancestors, all of which they name.
            rows |= {row["number"]: row for row in self._rows(entry, wanted)}
            wanted = {one for row in rows.values() for one in row["above"]} - rows.keys() - held.keys()
        for number in sorted(rows):  # a parent's number is below its child's
            row = rows[number]
            above = row["above"]
            held[number] = _process(row, held.get(above[0]) if above else None)
        self._size += len(rows)
        return held

    def _rows(self, entry: Entry, numbers: set[int]) -> Iterable[dict[str, Any]]:
        if not numbers:
            return
        low, high = min(numbers), max(numbers)
        sought = pl.Series(sorted(numbers), dtype=pl.Int32()).implode()
        for part in entry.processes:
            if part.start <= high and part.end >= low:
                file = scan(self._dataset.file(part))
                found = file.filter(pl.col("number").is_in(sought)).with_columns(pl.col("time").cast(pl.Int64))
                yield from found.collect().iter_rows(named=True)


def start(row: Mapping[str, Any], parent: Process | None) -> Process:
    """The process that a row of a process start is."""
    return _process({**row, "executed": True}, parent)


_TAIL: Final = ("User", "UserId", "LoginUser", "LoginUserId", "LogonId", "ProcessName", "Tty", "AuditKey")
_PROGRAM: Final = (
    *("Image.resolved", "Image.invoked"),
    *("Script", "ScriptInode", "ScriptDevice", "ScriptOwnerId", "ScriptMode"),
)
_tail_of: Final = itemgetter(*_TAIL)
_program_of: Final = itemgetter(*_PROGRAM)


def _process(row: Mapping[str, Any], parent: Process | None) -> Process:
    cut = row["cut"]
    command = None if cut is None else Command(row["CommandLine"] or "", (), cut=cut)
    return Process(
        row["node"],
        row["boot"],
        row["pid"],
        row["ppid"],
        parent,
        _tail(*_tail_of(row)),
        _program(*_program_of(row)),
        command,
        row["CurrentDirectory"] or "",
        seconds(row["time"]),
        row["serial"],
        row["offset"],
        row["log"],
        row["executed"],
        0 if parent is None else parent.depth + 1,
    )


@functools.lru_cache(maxsize=20_000)
def _tail(
    user: str | None,
    euid: str | None,
    login_user: str | None,
    auid: str | None,
    ses: str | None,
    comm: str | None,
    tty: str | None,
    key: str | None,
) -> Tail:
    """Who runs it; most processes share that with others."""
    tail = Tail()
    tail.user, tail.euid = user or "", _number(euid)
    tail.login_user, tail.auid = login_user or "", _number(auid)
    tail.ses = _number(ses)
    tail.comm, tail.tty, tail.key = comm or "", tty or "", key or ""
    return tail


@functools.lru_cache(maxsize=20_000)
def _program(
    resolved: str | None,
    invoked: str | None,
    path: str | None,
    inode: str | None,
    device: str | None,
    owner: str | None,
    mode: str | None,
) -> Program:
    """What runs; likewise."""
    script = None if path is None else Script(path, _number(inode), device or "", _number(owner), mode or "")
    return Program(resolved or "", invoked or "", script)


def _number(text: str | None) -> int:
    """A number as the reader keeps it: -1 where it is absent."""
    return -1 if text is None else int(text)

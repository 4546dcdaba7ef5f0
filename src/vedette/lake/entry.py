"""What a dataset's account says of one log: an entry, which is what makes the log's files a part of the dataset."""

from __future__ import annotations

import msgspec

#: Value of `format` in every entry and in the dataset's mark; the number grows when older readers would misread it.
FORMAT = 1


class Part(msgspec.Struct, frozen=True):
    """One Parquet file.

    Attributes:
        path: below the dataset, with `/`.
        kind: name of the kind of event, or `process` for the processes that events refer to.
        day: UTC day of its events, `2026-11-24`; empty for processes.
        host: node name of its events, which may be empty; empty for processes.
        rows: how many.
        start: microseconds since the epoch of its first event; of processes the first number.
        end: the same of its last.
        size: bytes of the file.
    """

    path: str
    kind: str
    day: str
    host: str
    rows: int
    start: int
    end: int
    size: int


class Coverage(msgspec.Struct, frozen=True):
    """What one log shows of one host.

    Attributes:
        host: node name, or empty.
        first: UTC epoch seconds of its first record.
        last: UTC epoch seconds of its last record.
        events: events by category, process starts not among them.
        execs: process starts.
        parents_known: process starts whose parent was known.
        hours: first and last of each unbroken stretch of hours since the epoch that hold an event.
    """

    host: str
    first: float
    last: float
    events: dict[str, int]
    execs: int
    parents_known: int
    hours: tuple[tuple[int, int], ...]


class Hole(msgspec.Struct, frozen=True):
    """A span in which a log did not see; see `vedette.hunt.sight.Blind`."""

    host: str
    start: float
    end: float | None
    cause: str
    text: str
    events: int | None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One log as it was read.

    Attributes:
        format: `FORMAT`.
        id: digest of its decompressed content.
        file: the log as the user named it.
        number: place among all logs of the dataset in the order in which they were read.
        size: decompressed bytes.
        head: digest of its first bytes, at most `identity.HEAD` of them.
        last: nothing was read after it, so what was open was closed at its end.
        records: whether single records were kept.
        replaces: ids of entries that are void now, since this one holds what they held.
        parts: the files with its events.
        processes: the files with the processes that its events refer to.
        hosts: what it shows of each host.
        types: single records by type, where they were kept.
        rejected: lines that are no records, by reason.
        examples: first example of each reason.
        problems: what went wrong while it was read.
        holes: spans in which the logs of one run did not see; with the last of them.
        users: names of users by id, as they were told when it was read.
        groups: the same of groups.
        ingested: UTC epoch seconds.
    """

    format: int = FORMAT
    id: str
    file: str
    number: int
    size: int
    head: str
    last: bool
    records: bool
    replaces: tuple[str, ...]
    parts: tuple[Part, ...]
    processes: tuple[Part, ...]
    hosts: tuple[Coverage, ...]
    types: dict[str, int]
    rejected: dict[str, int]
    examples: dict[str, str]
    problems: tuple[str, ...]
    holes: tuple[Hole, ...]
    users: dict[int, str]
    groups: dict[int, str]
    ingested: float

    @property
    def rows(self) -> int:
        """Events of all kinds."""
        return sum(part.rows for part in self.parts)

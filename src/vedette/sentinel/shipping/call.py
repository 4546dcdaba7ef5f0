"""Calls: rows of one stream that are sent together, within the service's limit of bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from vedette.sentinel.shipping.row import Row

#: Bytes of JSON in one call: "1 MB, both compressed and uncompressed data", read in the stricter way.
MAX_CALL: Final = 1_000_000


def body_of(rows: Sequence[Row]) -> bytes:
    """The rows of a call as a JSON array."""
    return b"[" + b",".join([row.data for row in rows]) + b"]"


def size_of(rows: Sequence[Row]) -> int:
    """Bytes of `body_of`."""
    return sum(len(row.data) for row in rows) + max(2, len(rows) + 1)


class Group(msgspec.Struct, frozen=True):
    """Rows that follow each other in the logs, as at most one call for each kind.

    Attributes:
        calls: kind to its rows, each list within the limit; none is empty.
        last: log to its last row, up to which everything is acknowledged once all calls are.
        oversized: rows that fit into no call.
    """

    calls: dict[str, list[Row]]
    last: dict[str, Row]
    oversized: tuple[Row, ...] = ()

    @property
    def latest(self) -> float:
        """UTC epoch seconds of its latest event."""
        return max(row.time for rows in (*self.calls.values(), self.oversized) for row in rows)

    @property
    def rows(self) -> int:
        """How many rows it has, of any size."""
        return sum(map(len, self.calls.values())) + len(self.oversized)


def groups(rows: Iterable[Row], most: int = MAX_CALL) -> Iterator[Group]:
    """Rows parted into groups.

    Once the call of one kind is full, those of the other kinds are sent too, however small: so that everything before a
    group's last row is acknowledged with it.

    Args:
        rows: in the order of the logs.
        most: bytes of one call.
    """
    calls: dict[str, list[Row]] = {}
    sizes: dict[str, int] = {}
    oversized: list[Row] = []
    last: dict[str, Row] = {}
    for row in rows:
        size = len(row.data) + 1
        if size + 1 > most:
            oversized.append(row)
        else:
            if last and sizes.get(row.kind, 1) + size > most:
                yield Group(calls, last, tuple(oversized))
                calls, sizes, oversized, last = {}, {}, [], {}
            calls.setdefault(row.kind, []).append(row)
            sizes[row.kind] = sizes.get(row.kind, 1) + size
        last[row.file] = row
        if len(oversized) >= _MOST_OVERSIZED:
            yield Group(calls, last, tuple(oversized))
            calls, sizes, oversized, last = {}, {}, [], {}
    if last:
        yield Group(calls, last, tuple(oversized))


#: Rows that fit into no call are not gathered by the thousand, since each has a megabyte.
_MOST_OVERSIZED: Final = 8

"""An event as a row of a table, encoded and within the service's limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from vedette.hunt.render import Clock
from vedette.kql.check.schema import shipped
from vedette.sentinel.shipping.mapping import ADDITIONAL, Table
from vedette.sentinel.shipping.source import EVENT_SOURCES, PROCESS_SOURCES, Host, Subject, cut, host_of
from vedette.telemetry.auditd.happening import Happening

#: Bytes of a field's text; the service cuts those of more than 64 KB and does not say so.
MAX_FIELD: Final = 64_000
#: Bytes of AdditionalFields as JSON. Cut by the service it would be no JSON any more.
MAX_ADDITIONAL: Final = 24_000
#: Bytes of one text in AdditionalFields; no path of the kernel's is longer.
MAX_ADDITIONAL_TEXT: Final = 4_096
#: Host names are few; what a forged log has of them must not fill the memory.
_MOST_HOSTS: Final = 10_000


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row, ready to be sent.

    Attributes:
        kind: category of the event, which says the table.
        data: the row as JSON.
        uid: what tells the event again.
        event: its time and serial, as records have them.
        file: the log it stands in.
        offset: byte offset of its SYSCALL record in the decompressed log.
        time: UTC epoch seconds of the event.
        cut: the columns whose text was cut.
    """

    kind: str
    data: bytes
    uid: str
    event: str
    file: str
    offset: int
    time: float
    cut: tuple[str, ...] = ()


class RowMaker:
    """Makes rows of one table.

    Args:
        table: how.
        host: the host of logs whose records name none.
    """

    def __init__(self, table: Table, host: str = "") -> None:
        self._table = table
        self._host = host
        self._clock = Clock()
        self._hosts: dict[str, Host] = {}
        types = shipped().tables[table.name]
        self._constants = dict(table.constants)
        named = [
            (column, name, types[column] == "string", table.beside.get(column, {}))
            for column, name in table.columns.items()
        ]
        # What the process tells is asked of it at once: rows are made by the million.
        self._of_event = [
            (column, EVENT_SOURCES[name], is_text, more)
            for column, name, is_text, more in named
            if name in EVENT_SOURCES
        ]
        self._of_process = [
            (column, PROCESS_SOURCES[name], is_text, more)
            for column, name, is_text, more in named
            if name in PROCESS_SOURCES
        ]
        beside = table.additional.items()
        self._beside_event = [(key, EVENT_SOURCES[name]) for key, name in beside if name in EVENT_SOURCES]
        self._beside_process = [(key, PROCESS_SOURCES[name]) for key, name in beside if name in PROCESS_SOURCES]

    def row(self, happening: Happening) -> Row:
        """The row of an event; a text that is too long is cut, and AdditionalFields say of which columns."""
        host = self._named(happening.node or self._host)
        subject = Subject(self._table.kind, happening, host, self._clock)
        row: dict[str, Any] = dict(self._constants)
        shortened: dict[str, int] = {}
        process = happening.process
        told = [(column, source(subject), is_text, more) for column, source, is_text, more in self._of_event]
        beside = {key: source(subject) for key, source in self._beside_event}
        if process is not None:
            told += [(column, source(process), is_text, more) for column, source, is_text, more in self._of_process]
            beside |= {key: source(process) for key, source in self._beside_process}
        for column, value, is_text, more in told:
            if value == "":
                continue
            if is_text:
                value = str(value)
                # A letter takes at most four bytes.
                if len(value) * 4 > MAX_FIELD and (size := len(value.encode())) > MAX_FIELD:
                    shortened[column] = size
                    value = cut(value, MAX_FIELD)
            row[column] = value
            if more:
                row.update(more)
        additional, dropped = bounded(beside, shortened)
        row[ADDITIONAL] = additional
        return Row(
            self._table.kind,
            msgspec.json.encode(row),
            row["EventOriginalUid"],
            f"{happening.time:.3f}:{happening.serial}",
            happening.file,
            happening.offset,
            happening.time,
            (*shortened, *dropped),
        )

    def _named(self, name: str) -> Host:
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) > _MOST_HOSTS:
                self._hosts.clear()
            host = self._hosts[name] = host_of(name)
        return host


def bounded(given: Mapping[str, object], shortened: Mapping[str, int]) -> tuple[dict[str, object], tuple[str, ...]]:
    """AdditionalFields within their limit.

    Args:
        given: all of them; what is empty is left out, except what both readings are told by.
        shortened: columns of the row that were cut, and how many bytes each had.

    Returns:
        What fits, and the keys that were cut. Under `Cut` stand the columns and keys, each with the bytes that it had.
        Ancestors go first, the farthest of them before the nearest, then the longest of the other texts.
    """
    kept = {key: value for key, value in given.items() if value != "" or key.startswith("Resolved")}
    marks = dict(shortened)
    for key, value in kept.items():
        if isinstance(value, str) and len(value) * 4 > MAX_ADDITIONAL_TEXT:
            size = len(value.encode())
            if size > MAX_ADDITIONAL_TEXT:
                kept[key], marks[key] = cut(value, MAX_ADDITIONAL_TEXT), size
    # Most rows are far below the limit, which the texts alone tell.
    size = _size(kept, marks)
    ancestors = kept.get("Ancestors")
    if size > MAX_ADDITIONAL and isinstance(ancestors, list):
        whole = len(msgspec.json.encode(ancestors))
        while ancestors and size > MAX_ADDITIONAL:
            ancestors = ancestors[:-1]
            kept["Ancestors"], marks["Ancestors"] = ancestors, whole
            size = _size(kept, marks)
    while size > MAX_ADDITIONAL and (longest := _longest(kept)):
        text = str(kept[longest])
        marks.setdefault(longest, len(text.encode()))
        kept[longest] = text[: len(text) // 2]
        size = _size(kept, marks)
    if marks:
        kept["Cut"] = marks
    return kept, tuple(key for key in marks if key not in shortened)


def _longest(kept: Mapping[str, object]) -> str:
    """The key of the longest text; empty if there is none left."""
    lengths = {key: len(value) for key, value in kept.items() if isinstance(value, str) and value}
    return max(lengths, key=lengths.__getitem__, default="")


def _size(kept: Mapping[str, object], marks: Mapping[str, int]) -> int:
    return len(msgspec.json.encode(kept)) + len(msgspec.json.encode(marks)) + 8

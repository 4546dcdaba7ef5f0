"""Which reader reads which format."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from vedette.telemetry.events.plain import Plain
from vedette.telemetry.events.rejects import Rejects


class Read(Protocol):
    """The reader of a format."""

    def __call__(self, chunks: Iterable[bytes], file: str, rejects: Rejects, /) -> Iterator[list[Plain]]:
        """The events of a log in bounded lists, in its order.

        Args:
            chunks: the decompressed log.
            file: its name, for origins and rejects.
            rejects: takes what is no event.

        Raises:
            TelemetryError: the log can't be read at all.
        """


_READERS: Final[dict[str, str]] = {
    "evtx": "evtx:read_evtx",
    "evtx-json": "evtx:read_json",
    "sysmon-linux": "sysmon_linux:read",
    "defender": "tabular:read",
    "asim": "tabular:read",
    "auditbeat": "tabular:read",
    "ndjson": "tabular:read",
    "csv": "tabular:read",
    "parquet": "tabular:read",
}


def reader_of(form: str) -> Read:
    """The reader of a format, by the name that `vedette.telemetry.format` gives it.

    Raises:
        KeyError: no reader reads it.
    """
    module, _, name = _READERS[form].partition(":")
    read: Read = getattr(importlib.import_module(f"vedette.telemetry.events.{module}"), name)
    return read

"""The audit records of a log, whatever carries them."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from vedette.telemetry.carrier.wholeness import Wholeness
from vedette.telemetry.places import Places

_CARRIERS: Final[dict[str, str]] = {
    "syslog": "vedette.telemetry.carrier.syslog:Syslog",
    "journal": "vedette.telemetry.carrier.journal:Journal",
    "laurel": "vedette.telemetry.carrier.laurel:Laurel",
}
_FORWARDED: Final = frozenset({"syslog", "journal"})


class Carrier(Protocol):
    """Reads the audit records of one log.

    Attributes:
        places: where the records stand in the file.
    """

    places: Places

    def stream(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The records as auditd writes them, in chunks of whole lines.

        Args:
            chunks: the decompressed bytes of the file.
        """

    def remarks(self) -> Iterable[str]:
        """What its user must know of how it was read; complete once the stream is."""


class Carried:
    """The records of one log, as auditd writes them.

    Attributes:
        chunks: the records, chunk by chunk; read once.
        places: where they stand in the file, or None if the chunks are the file's own bytes.
        forwarded: others had the records in hand on their way: some may be missing, and others may have been added.
    """

    def __init__(self, name: str, chunks: Iterable[bytes]) -> None:
        """Read a log's records.

        Args:
            name: its format; one that carries no records is read as auditd's own log.
            chunks: its decompressed bytes.
        """
        self.chunks: Iterator[bytes] = iter(chunks)
        self.places: Places | None = None
        self.forwarded = name in _FORWARDED
        self._carrier: Carrier | None = None
        self._wholeness: Wholeness | None = None
        if name in _CARRIERS:
            module, _, kind = _CARRIERS[name].partition(":")
            carrier: Carrier = getattr(importlib.import_module(module), kind)()
            self._carrier = carrier
            self.places = carrier.places
            self.chunks = carrier.stream(chunks)
            if self.forwarded:
                self._wholeness = Wholeness()
                self.chunks = self._wholeness.through(self.chunks)

    def remarks(self) -> tuple[str, ...]:
        """What its user must know of how it was read; complete once the chunks are."""
        remarks = () if self._carrier is None else tuple(self._carrier.remarks())
        if self._wholeness is None or not self._wholeness.incomplete:
            return remarks
        return (*remarks, f"{self._wholeness.incomplete:,} events lack records that got lost on their way")

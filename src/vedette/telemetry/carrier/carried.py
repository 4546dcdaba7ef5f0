"""The audit records of a log, whatever carries them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from vedette.telemetry.carrier.journal import Journal
from vedette.telemetry.carrier.laurel import Laurel
from vedette.telemetry.carrier.syslog import Syslog
from vedette.telemetry.places import Places

#: Formats whose records others had in hand on their way; some may be missing, and anyone may have added some.
FORWARDED: Final = frozenset({"syslog", "journal"})


class Carried:
    """The records of one log, as auditd writes them.

    Attributes:
        chunks: the records, chunk by chunk; read once.
        places: where they stand in the file, or None if the chunks are the file's own bytes.
    """

    def __init__(self, name: str, chunks: Iterable[bytes]) -> None:
        """Read a log's records.

        Args:
            name: its format; one that carries no records is read as auditd's own log.
            chunks: its decompressed bytes.
        """
        self.chunks: Iterator[bytes] = iter(chunks)
        self.places: Places | None = None
        self._carrier: Syslog | Journal | Laurel | None = None
        if name in _CARRIERS:
            self._carrier = _CARRIERS[name]()
            self.places = self._carrier.places
            self.chunks = self._carrier.stream(chunks)

    def remarks(self) -> tuple[str, ...]:
        """What its user must know of how it was read; complete once the chunks are."""
        carrier = self._carrier
        if isinstance(carrier, Syslog):
            return tuple(_of_syslog(carrier))
        if isinstance(carrier, Journal):
            return tuple(_of_journal(carrier))
        if isinstance(carrier, Laurel) and carrier.broken:
            return (f"{carrier.broken:,} lines are no events of LAUREL",)
        return ()


_CARRIERS: Final[dict[str, type[Syslog | Journal | Laurel]]] = {
    "syslog": Syslog,
    "journal": Journal,
    "laurel": Laurel,
}


def _of_syslog(carrier: Syslog) -> Iterator[str]:
    yield (
        f"syslog: {carrier.records:,} audit records, {carrier.others:,} other lines left out; whoever may write to "
        "syslog can write such records too, and records can be missing"
    )
    if carrier.too_long:
        yield f"syslog: {carrier.too_long:,} lines are too long and were left out"


def _of_journal(carrier: Journal) -> Iterator[str]:
    yield f"journal: {carrier.records:,} audit records, {carrier.others:,} other entries left out"
    if carrier.twice:
        yield f"journal: {carrier.twice:,} records are there twice, by auditd and by journald or the kernel; read once"
    if carrier.foreign:
        yield (
            f"journal: {carrier.foreign:,} entries pose as auditd's, but their sender was not root; they were left out "
            "and are worth a look"
        )
    if carrier.broken or carrier.cut:
        ends = ", and the file ends in the middle of one" if carrier.cut else ""
        yield f"journal: {carrier.broken:,} entries are damaged or too long{ends}"

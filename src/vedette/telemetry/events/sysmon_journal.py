"""The entries of Sysmon for Linux in an export of a journal (`journalctl -o export`), told by what journald says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from vedette.telemetry.carrier.journal import Journal

_SENSOR: Final = b"sysmon"
_BEGIN: Final = b"<Event>"


class Entry(NamedTuple):
    """One entry that holds an event.

    Attributes:
        offset: bytes before it in the file.
        host: the host's name, or nothing.
        message: the event.
        own: the sensor wrote it: under its name, and as root.
    """

    offset: int
    host: bytes
    message: bytes
    own: bool


class SensorJournal(Journal):
    """Reads an export field by field, so that no text inside a message can pose as an entry of the sensor's."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[Entry] = []

    def entries(self, chunks: Iterable[bytes]) -> Iterator[list[Entry]]:
        """The entries whose message is an event, whoever wrote them, as the file is read.

        Args:
            chunks: the decompressed bytes of the file.
        """
        for _ in self._export(iter(chunks)):
            found, self._found = self._found, []
            yield found

    def _entry(self, fields: dict[bytes, bytes], start: int) -> None:
        message = fields.get(b"MESSAGE", b"")
        if self._damaged:
            self.broken += 1
            self._damaged = False
        elif message.startswith(_BEGIN):
            own = is_own(fields.get(b"SYSLOG_IDENTIFIER"), fields.get(b"_UID"))
            self._found.append(Entry(start, fields.get(b"_HOSTNAME", b""), message, own))
            self._lines.append(b"")

    def _portion(self) -> bytes:
        self._lines = []
        return b""


def is_own(identifier: bytes | None, user: bytes | None) -> bool:
    """Whether the sensor wrote an entry; a field that is not there says nothing against it."""
    return (identifier is None or identifier.lower() == _SENSOR) and user in (None, b"0")

"""Which log a file holds: told by its beginning, so that a renamed, packed or copied log is known again."""

from __future__ import annotations

import hashlib
import re
from typing import Final

import msgspec

from vedette.telemetry.source import Source

#: Bytes of the decompressed beginning that tell a log; one line of any event is far shorter.
HEAD: Final = 4_096
_RECORD: Final = re.compile(rb"(?:node=[^ \n]+ )?type=[A-Z0-9_]+ msg=audit\((\d{1,12}\.\d{3}:\d{1,10})\):")


class Identity(msgspec.Struct, frozen=True):
    """A file and the log that it holds.

    Attributes:
        device, inode: of the file.
        length: decompressed bytes that `digest` is of: `HEAD`, or all of a log that had fewer.
        digest: SHA-256 of the log's first bytes, in hexadecimal.
    """

    device: int
    inode: int
    length: int
    digest: str


def digest_of(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def beginning(path: str) -> bytes:
    """The first `HEAD` decompressed bytes of a log, or all of them.

    Raises:
        TelemetryError: it can't be opened.
    """
    with Source(path) as source:
        return next(source.chunks(HEAD), b"")[:HEAD]


def line_at(path: str, offset: int) -> bytes | None:
    """What stands at a decompressed offset, at most `HEAD` bytes; None if the log ends before it.

    Raises:
        TelemetryError: it can't be opened.
    """
    with Source(path) as source:
        chunks = source.chunks()
        for chunk in chunks:
            start = offset - (source.produced - len(chunk))
            if start < len(chunk):
                found = chunk[start : start + HEAD]
                return found if len(found) == HEAD else found + next(chunks, b"")[: HEAD - len(found)]
    return None


def holds(path: str, offset: int, event: str, *, same: bool) -> bool:
    """Whether a record of an event stands at an offset.

    Args:
        path: the log.
        offset: decompressed.
        event: `time:serial`.
        same: the file is the one that was read before. What carries records otherwise than auditd writes them may have
            the serial alone, or as numbers of letters; there the same file is believed if it reaches so far.

    Raises:
        TelemetryError: it can't be opened.
    """
    found = line_at(path, offset) or b""
    record = _RECORD.match(found)
    if record is not None:
        return record[1] == event.encode()
    if same and found:
        return True
    serial = event.rpartition(":")[2].encode()
    return re.search(rb"(?<![0-9])%s(?![0-9])" % re.escape(serial), found) is not None

"""Which log a file holds: told by its beginning, so that a renamed, packed or copied log is known again."""

from __future__ import annotations

import hashlib
import re
from typing import Final

import msgspec

from vedette.sentinel.shipping.mapping import KINDS
from vedette.sentinel.shipping.source import uid_of
from vedette.telemetry.source import Source

#: Bytes of the decompressed beginning that tell a log; one line of any event is far shorter.
HEAD: Final = 4_096
_RECORD: Final = re.compile(rb"(?:node=([^ \n]+) )?type=[A-Z0-9_]+ msg=audit\((\d{1,12}\.\d{3}):(\d{1,10})\):")


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


def holds(path: str, offset: int, uid: str, host: str) -> bool:
    """Whether the record of an event stands at an offset.

    Args:
        path: the log.
        offset: decompressed.
        uid: what tells the event.
        host: the host of logs whose records name none.

    Raises:
        TelemetryError: it can't be opened.
    """
    found = _RECORD.match(line_at(path, offset) or b"")
    if found is None:
        return False
    node = (found[1] or b"").decode("utf-8", "replace") or host
    return uid in {uid_of(kind, node, float(found[2]), int(found[3])) for kind in KINDS}

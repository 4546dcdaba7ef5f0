"""One SYSCALL record as the search found it: where it lies, whose it is, and what varies from event to event."""

from __future__ import annotations

from typing import Final

import msgspec

from vedette.telemetry.auditd.node import Node
from vedette.telemetry.auditd.process import Tail

#: Records of one event lie within this many bytes of its SYSCALL record.
WINDOW: Final = 64 * 1024
#: Most lie within this many.
NEAR: Final = 1536


class Anchor(msgspec.Struct, gc=False):
    """One SYSCALL record.

    Attributes:
        node: whose it is.
        start, end: positions in the buffer of its line's first byte and of its newline.
        identity: `SEC.MS:SERIAL): ` as every record of the event spells it.
        time: UTC epoch seconds.
        serial, pid, ppid: as logged.
        tail: users, session, comm, exe.
    """

    node: Node
    start: int
    end: int
    identity: bytes
    time: float
    serial: int
    pid: int
    ppid: int
    tail: Tail


def sibling(buffer: bytes, head: bytes, near: int, *, window: int = WINDOW) -> tuple[int, int]:
    """Where the body of the next record with this head lies, searched from `near` on.

    Args:
        buffer: the chunk.
        head: newline, prefix, type and identity.
        near: position of a newline at or behind which the record is expected.
        window: how far to search.

    Returns:
        Start and end of the body; -1 and `near` where there is none, or where the buffer ends before the record does.
    """
    if buffer.startswith(head, near):
        at = near
    else:
        at = buffer.find(head, near, near + NEAR)
        if at < 0:
            at = buffer.find(head, near, near + window) if window > NEAR else -1
            if at < 0:
                return -1, near
    start = at + len(head)
    end = buffer.find(b"\n", start)
    return (start, end) if end >= 0 else (-1, near)

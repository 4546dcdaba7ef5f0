"""One SYSCALL record as the search found it, and the records of its event found from there."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from vedette.telemetry.auditd.node import Node
from vedette.telemetry.auditd.process import Tail
from vedette.telemetry.auditd.window import NEAR, WINDOW

_ITEMS: Final = re.compile(rb" items=(\d{1,6}) ppid=")


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

    def body(self, buffer: bytes, head: bytes, near: int) -> tuple[bytes, int]:
        """The body of the event's next record of a type.

        Args:
            buffer: the chunk.
            head: newline, prefix and type, as in `Node`.
            near: position of a newline from which on it is searched.

        Returns:
            Body, empty if there is none, and where to search on.
        """
        start, end = sibling(buffer, head + self.identity, near)
        return (buffer[start:end].removesuffix(b"\r") if start >= 0 else b""), end

    def further(self, buffer: bytes, head: bytes, near: int) -> tuple[list[bytes], int]:
        """The bodies of all further records of a type, as of an EXECVE record that goes on in others."""
        bodies: list[bytes] = []
        while True:
            start, end = sibling(buffer, head + self.identity, near)
            if start < 0:
                return bodies, near
            bodies.append(buffer[start:end])
            near = end

    def paths(self, buffer: bytes, near: int) -> tuple[bytes, bytes]:
        """The bodies of the PATH records with item 0 and 1, without `item=`; empty where there is none."""
        head = self.node.path + self.identity
        start, end = sibling(buffer, head + b"item=0 ", near)
        if start < 0:
            return b"", b""
        second = second_path(buffer, self.start, self.end, head, end)
        return buffer[start:end], second


def second_path(buffer: bytes, line: int, line_end: int, head: bytes, near: int) -> bytes:
    """The body of the PATH record with item 1; it is searched only if the SYSCALL record counts more than one item.

    Args:
        buffer: the chunk.
        line: where the SYSCALL record's line begins.
        line_end: where it ends.
        head: newline, prefix, type and identity of the event's PATH records.
        near: position of a newline from which on it is searched.
    """
    items = _ITEMS.search(buffer, line, line_end)
    if items is not None and int(items[1]) < 2:
        return b""
    start, end = sibling(buffer, head + b"item=1 ", near)
    return buffer[start:end] if start >= 0 else b""


def sibling(buffer: bytes, head: bytes, near: int) -> tuple[int, int]:
    """Where the body of the next record with this head lies, searched from `near` on within the window.

    Args:
        buffer: the chunk.
        head: newline, prefix, type and identity.
        near: position of a newline at or behind which the record is expected.

    Returns:
        Start and end of the body; -1 and `near` where there is none, or where the buffer ends before the record does.
    """
    if buffer.startswith(head, near):
        at = near
    else:
        at = buffer.find(head, near, near + NEAR)
        if at < 0:
            at = buffer.find(head, near, near + WINDOW)
            if at < 0:
                return -1, near
    start = at + len(head)
    end = buffer.find(b"\n", start)
    return (start, end) if end >= 0 else (-1, near)

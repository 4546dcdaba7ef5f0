r"""LAUREL's JSON lines as the audit records that they were made of.

::

    {"ID":"1795509332.471:59366","NODE":"gw","SYSCALL":{"arch":"0xc000003e",...},"EXECVE":{"argc":1,"ARGV":["id"]},...}

LAUREL writes one event a line, numbers with a prefix of their base, and bytes that JSON has no place for as `%xx`. What
it adds of its own (`PID`, `PPID`, labels, containers, environment) is not read: the records tell the process tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from vedette.telemetry.block import split_blocks
from vedette.telemetry.carrier.laurel_record import body_of, syscall_of
from vedette.telemetry.places import Places

#: Bytes of records that are kept to be written again without being parsed again.
MEMO_BYTES: Final = 24 << 20

_ID: Final = re.compile(r"\d{1,12}\.\d{3}:\d{1,10}", re.ASCII)
_NODE: Final = re.compile(r"[^\s\x00-\x1f\x7f]{1,255}")
_TYPE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}|UNKNOWN\[\d{1,5}\]", re.ASCII)
_BEGIN: Final = re.compile(rb'(?:@cee: ?)?\{"ID":"(\d{1,12}\.\d{3}):\d{1,10}"(?:,"NODE":"([^"\\\s]{1,255})")?')
_PREFIX: Final = re.compile(rb"@cee: ?")
#: What LAUREL adds beside the records.
_ADDED: Final = frozenset({"ID", "NODE", "PARENT_INFO", "CONTAINER_INFO"})
#: Records that stand behind SYSCALL in an audit log, in their order; the kernel writes all others before it.
_BEHIND: Final = ("BPRM_FCAPS", "SOCKETCALL", "SOCKADDR", "EXECVE", "CWD", "PATH", "PROCTITLE")


class Laurel:
    """Reads the events of one log of LAUREL.

    Attributes:
        places: where the events' lines stand in the file.
        records: records given.
        broken: lines that are no event, or too long.
    """

    def __init__(self) -> None:
        self.places = Places()
        self.records = self.broken = 0
        self._given = 0
        self._decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
        self._memo: dict[tuple[str, bytes], tuple[bytes, ...]] = {}
        self._size = 0

    def stream(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The records as auditd writes them.

        Args:
            chunks: the decompressed bytes of the file.
        """
        for block in split_blocks(chunks):
            if block.too_long:
                self.broken += 1
            start = block.offset
            events: list[bytes] = []
            starts: list[int] = []
            for line in block.data.split(b"\n"):
                event = self._event(line)
                if event:
                    events.append(event)
                    starts.append(start)
                elif line.strip():
                    self.broken += 1
                start += len(line) + 1
            if events:
                at, places = self._given, []
                for event in events:
                    places.append(at)
                    at += len(event)
                self._given = at
                self.places.add(places, starts)
                yield b"".join(events)

    def remarks(self) -> Iterator[str]:
        """What its user must know of how it was read."""
        if self.broken:
            yield f"LAUREL: {self.broken:,} lines are no events, or cut or too long"

    def _event(self, line: bytes) -> bytes:
        """The records of one event, or nothing if the line is none."""
        if line[:1] == b"@":
            line = _PREFIX.sub(b"", line, count=1)
        try:
            event = self._decoder.decode(line)
            identity = msgspec.json.decode(event.get("ID", b"0"))
            node = msgspec.json.decode(event.get("NODE", b'""'))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return b""
        if not isinstance(identity, str) or not isinstance(node, str) or not _ID.fullmatch(identity):
            return b""
        kinds = [kind for kind in event if kind not in _ADDED]
        if "SYSCALL" in event:
            first = [kind for kind in kinds if kind != "SYSCALL" and kind not in _BEHIND]
            kinds = [*first, "SYSCALL", *(kind for kind in _BEHIND if kind in event)]
        head = f"node={node} " if _NODE.fullmatch(node) else ""
        lines: list[bytes] = []
        for kind in kinds:
            raw = bytes(event[kind])
            body = syscall_of(raw) if kind == "SYSCALL" else None
            bodies = self._bodies(kind, raw) if body is None else (body,)
            start = f"{head}type={kind} msg=audit({identity}): ".encode()
            lines += [start + body for body in bodies]
        self.records += len(lines)
        return b"\n".join(lines) + b"\n" if lines else b""

    def _bodies(self, kind: str, raw: bytes) -> tuple[bytes, ...]:
        """The records of one type of one event; what was written once is remembered."""
        known = self._memo.get((kind, raw))
        if known is None:
            try:
                value: Any = msgspec.json.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                value = None
            records = value if isinstance(value, list) else [value]
            known = ()
            if _TYPE.fullmatch(kind):
                known = tuple(body_of(kind, record) for record in records if isinstance(record, dict))
            if self._size > MEMO_BYTES:
                self._memo.clear()
                self._size = 0
            self._memo[kind, raw] = known
            self._size += 200 + 2 * len(raw)
        return known


def recognise(head: bytes) -> bool:
    """Whether the first line is an event of LAUREL, or the one behind a first line that is cut."""
    return _first(head) is not None


def first_record(head: bytes) -> tuple[str, float] | None:
    """Host and time of the first event."""
    found = _first(head)
    return None if found is None else ((found[2] or b"").decode("utf-8", "replace"), float(found[1]))


def _first(head: bytes) -> re.Match[bytes] | None:
    return _BEGIN.match(head) or _BEGIN.match(head, head.find(b"\n") + 1)

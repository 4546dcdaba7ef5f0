"""Single records as events, for rules of `service: auditd`.

SYSCALL's `a0` is a register and EXECVE's is an argument, so these rules are held against one record at a time. The raw
text that their keywords search is the record's type and body, `type=EXECVE argc=2 a0="ls" ...`: the id is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from vedette.predicate import Value
from vedette.telemetry.auditd.accounts import Accounts, enrich
from vedette.telemetry.auditd.argv import parse_argv
from vedette.telemetry.auditd.record import LINE_LIMIT, Record
from vedette.telemetry.auditd.value import text
from vedette.telemetry.auditd.window import WINDOW

#: Column that holds what keywords search.
RAW: Final = "raw"
_MULTIPART: Final = re.compile(rb" a\d+\[\d+\]=| a\d+_len=")


def record_values(record: Record, bodies: tuple[bytes, ...], accounts: Accounts) -> dict[str, Value]:
    """All fields of one record, as rules name them.

    Args:
        record: the record, the first of its kind where an EXECVE record goes on in others.
        bodies: the bodies of those, this record's included.
        accounts: user names for what RAW logs leave as numbers.

    Fields inside `msg='...'` never override the kernel's own.
    """
    values: dict[str, Value] = {**record.inner, **enrich(record, accounts), **record.fields, "type": record.type}
    if record.type == "EXECVE":
        values = {name: value for name, value in values.items() if not re.fullmatch(r"a\d+(\[\d+\]|_len)?", name)}
        for index, argument in enumerate(parse_argv(bodies).args):
            values[f"a{index}"] = argument
    values[RAW] = f"type={record.type} " + " ".join(text(body) for body in bodies)
    return {name: value for name, value in values.items() if value != ""}


class Found(NamedTuple):
    """A record as the search found it: where, whose, of which type, and what it holds."""

    start: int
    end: int
    node: str
    time: float
    serial: int
    kind: str
    bodies: tuple[bytes, ...]


def records_between(buffer: bytes, stop: int, types: frozenset[str] | None) -> Iterator[Found]:
    """The records of the asked types in `buffer[:stop]`, in order.

    Args:
        buffer: the chunk; parts of a record are searched beyond `stop` too.
        stop: position of the newline to end at.
        types: record types, or None for all.

    Yields:
        Records; an EXECVE record that goes on in others is put out once, with all its bodies.
    """
    names = rb"[A-Z0-9_]+(?:\[\d+\])?"
    if types is not None:
        names = b"|".join(re.escape(name.encode()) for name in sorted(types)) or rb"(?!)"
    wanted = re.compile(
        rb"\n(?:node=([^\s\x00-\x1f\x7f]{1,255}) )?type=(%s) msg=audit\((\d{1,12}\.\d{3}):(\d{1,10})\): ?([^\n]*)"
        % names
    )
    for match in wanted.finditer(buffer, 0, stop + 1):
        node, kind, time, serial, body = match.groups()
        if b"\0" in body or len(body) > LINE_LIMIT:
            continue
        bodies: tuple[bytes, ...] = (body.removesuffix(b"\r"),)
        if kind == b"EXECVE":
            if not body.startswith(b"argc="):
                continue
            if _MULTIPART.search(body):
                bodies += tuple(_further(buffer, match.start(), match.start(5), match.end()))
        yield Found(
            match.start() + 1,
            match.end(),
            node.decode("utf-8", "replace") if node else "",
            float(time),
            int(serial),
            kind.decode("ascii"),
            bodies,
        )


def _further(buffer: bytes, line: int, body: int, end: int) -> Iterator[bytes]:
    """The bodies of the records with the same head that follow."""
    head = buffer[line:body]
    while (at := buffer.find(head, end, end + WINDOW)) >= 0:
        end = buffer.find(b"\n", at + len(head))
        if end < 0:
            return
        yield buffer[at + len(head) : end]

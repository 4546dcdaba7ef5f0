"""Single records as events, for rules of `service: auditd`.

SYSCALL's `a0` is a register and EXECVE's is an argument, so these rules are held against one record at a time. The raw
text that their keywords search is the record's type and body, `type=EXECVE argc=2 a0="ls" ...`: the id is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from vedette.predicate import Value
from vedette.telemetry.auditd.accounts import Accounts, enrich
from vedette.telemetry.auditd.argv import parse_argv
from vedette.telemetry.auditd.record import Record, Reject, parse_record
from vedette.telemetry.auditd.value import text

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


def records_between(
    buffer: bytes, start: int, stop: int, types: frozenset[str] | None
) -> Iterator[tuple[int, Record, tuple[bytes, ...]]]:
    """The records of the asked types in `buffer[start:stop]`, in order.

    Args:
        buffer: the chunk; parts of a record are searched beyond `stop` too.
        start: position of a newline.
        stop: position of the newline to end at.
        types: record types, or None for all.

    Yields:
        Position, record and bodies; an EXECVE record that goes on in others is put out once, with all its bodies.
    """
    if types is None:
        wanted = re.compile(rb"\n(?:node=[^\s\x00-\x1f\x7f]{1,255} )?type=")
    else:
        names = b"|".join(re.escape(name.encode()) for name in sorted(types))
        wanted = re.compile(rb"\n(?:node=[^\s\x00-\x1f\x7f]{1,255} )?type=(?:%s) " % names)
    for match in wanted.finditer(buffer, start, stop):
        begin = match.start() + 1
        end = buffer.find(b"\n", begin)
        record = parse_record(buffer[begin:end])
        if isinstance(record, Reject):
            continue
        bodies: tuple[bytes, ...] = (record.body,)
        if record.type == "EXECVE":
            if not record.body.startswith(b"argc="):
                continue
            if _MULTIPART.search(record.body):
                head = b"\n" + record.raw[: record.raw.index(b"): ") + 3]
                at = end
                while (at := buffer.find(head, at, at + 65536)) >= 0:
                    stop_at = buffer.find(b"\n", at + len(head))
                    bodies = (*bodies, buffer[at + len(head) : stop_at])
                    at = stop_at
        yield begin, record, bodies

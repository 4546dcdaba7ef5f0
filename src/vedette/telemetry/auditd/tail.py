"""The part of a SYSCALL record from `auid=` on: users, session, terminal, comm, exe, key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from vedette.telemetry.auditd.process import Tail
from vedette.telemetry.auditd.value import audit_keys, trusted, untrusted

#: The kernel's -1: never set.
UNSET: Final = 4294967295
_ENRICHED: Final = 0x1D


def parse_tail(raw: bytes, names: Mapping[int, str]) -> Tail:
    """Decode a tail.

    Args:
        raw: bytes from ` auid=` to the end of the line, ENRICHED or RAW.
        names: user names by uid for logs that carry none; 0 is root in any case.

    A field that stands twice keeps its first value: comm, exe and key come last and are kernel-quoted, so what a
    process writes into them can't be taken for a user or a session.
    """
    body, _, extra = raw.rpartition(b"\x1d") if _ENRICHED in raw else (raw, b"", b"")
    fields = _words(body)
    enriched = _words(extra)
    tail = Tail()
    tail.auid = _number(fields.get(b"auid", b""))
    tail.uid = _number(fields.get(b"uid", b""))
    tail.euid = _number(fields.get(b"euid", b""))
    tail.ses = _number(fields.get(b"ses", b""))
    tail.user = _name(tail.euid, enriched.get(b"EUID"), names)
    tail.login_user = "" if tail.auid < 0 else _name(tail.auid, enriched.get(b"AUID"), names)
    tail.tty = trusted(fields.get(b"tty", b""))
    tail.comm = untrusted(fields.get(b"comm", b""))
    tail.exe = untrusted(fields.get(b"exe", b""))
    tail.key = ",".join(audit_keys(untrusted(fields.get(b"key", b""))))
    return tail


def face_of(columns: frozenset[str]) -> Callable[[Tail], tuple[object, ...]]:
    """What of a tail the asked columns can tell apart."""
    getters: list[Callable[[Tail], object]] = [lambda tail: tail.exe]
    if columns & {"User", "ParentUser", "UserId"}:
        getters.append(lambda tail: (tail.user, tail.euid))
    if columns & {"LoginUser", "LoginUserId"}:
        getters.append(lambda tail: (tail.login_user, tail.auid))
    for column, getter in (
        ("LogonId", lambda tail: tail.ses),
        ("ProcessName", lambda tail: tail.comm),
        ("Tty", lambda tail: tail.tty),
        ("AuditKey", lambda tail: tail.key),
    ):
        if column in columns:
            getters.append(getter)
    return lambda tail: tuple(getter(tail) for getter in getters)


def _words(text: bytes) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for word in text.split():
        name, equals, value = word.partition(b"=")
        if equals:
            fields.setdefault(name, value)
    return fields


def _number(text: bytes) -> int:
    if not text.isdigit():
        return -1
    number = int(text[:20])
    return -1 if number == UNSET else number


def _name(number: int, enriched: bytes | None, names: Mapping[int, str]) -> str:
    if enriched is not None:
        name = trusted(enriched)
        if name and not name.startswith("unknown("):
            return name
    if number == 0:
        return "root"
    return "" if number < 0 else names.get(number, str(number))

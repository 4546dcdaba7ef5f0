"""How audit records write a value: plain, quoted, or in hexadecimal where the text is a stranger's.

The kernel quotes an untrusted string if it holds only printable ASCII without blank and quote, and writes it in
hexadecimal otherwise. Which fields it treats so is known by name, never by what a value looks like: `a2=3132` of an
EXECVE record is the text `12`, while `a2=3132` of a SYSCALL record is a register.
"""

from __future__ import annotations

import re
from typing import Final

#: What stands unquoted where there is no value; a real text like these is quoted.
UNSET: Final = frozenset({b"(null)", b"(none)", b"?"})

#: Fields that hold untrusted text in every record type.
ENCODED: Final = frozenset(
    b"acct apparmor cgroup cmd comm cwd denied_mask device dir exe file grp info invalid_context key name new-disk"
    b" new-fs new-net new-vm old-disk old-fs old-net old-vm operation path proctitle profile requested_mask root_dir"
    b" sw vm watch".split()
)

#: Fields that hold untrusted text in some record types only.
ENCODED_IN: Final[dict[str, re.Pattern[bytes]]] = {
    "EXECVE": re.compile(rb"a\d+(?:\[\d+\])?"),
    "TTY": re.compile(rb"data"),
    "USER_TTY": re.compile(rb"data"),
}

_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_HEX_UPPER: Final = re.compile(rb"(?:[0-9A-F]{2})+")


def text(raw: bytes) -> str:
    """Bytes as text: UTF-8, each ill-formed part as U+FFFD, so that no surrogate ever arises."""
    return raw.decode("utf-8", "replace")


def is_encoded(record_type: str, field: bytes) -> bool:
    """Whether records of this type write this field as untrusted text: quoted, or else hexadecimal."""
    if field in ENCODED:
        return True
    pattern = ENCODED_IN.get(record_type)
    return pattern is not None and pattern.fullmatch(field) is not None


def unhex(raw: bytes, *, upper_only: bool = False) -> bytes | None:
    """The bytes that hexadecimal digits stand for, or None if `raw` is anything else.

    Args:
        raw: the value as written, without quotes.
        upper_only: take only capital digits, as the kernel and libaudit write them, for text of sloppy programs.
    """
    pattern = _HEX_UPPER if upper_only else _HEX
    return bytes.fromhex(raw.decode("ascii")) if pattern.fullmatch(raw) else None


def untrusted_bytes(raw: bytes, *, upper_only: bool = False) -> bytes:
    """The bytes of an untrusted string as written: quoted, hexadecimal, or unset (empty); anything else is kept."""
    if len(raw) > 1 and raw[:1] == b'"' and raw[-1:] == b'"':
        return raw[1:-1]
    if raw in UNSET:
        return b""
    decoded = unhex(raw, upper_only=upper_only)
    return raw if decoded is None else decoded


def untrusted(raw: bytes, *, upper_only: bool = False) -> str:
    """The text of an untrusted string as written; see `untrusted_bytes`.

    >>> untrusted(b'"-F"'), untrusted(b"3132"), untrusted(b"(null)")
    ('-F', '12', '')
    """
    return text(untrusted_bytes(raw, upper_only=upper_only))


def trusted(raw: bytes) -> str:
    """The text of any other field: quotes taken off, unset as the empty text, never hexadecimal.

    >>> trusted(b"3132"), trusted(b"(none)"), trusted(b'"unset"')
    ('3132', '', 'unset')
    """
    if len(raw) > 1 and raw[:1] == b'"' and raw[-1:] == b'"':
        return text(raw[1:-1])
    return "" if raw in UNSET else text(raw)


def audit_keys(value: str) -> tuple[str, ...]:
    r"""The keys of a decoded `key` field: the kernel joins those of several rules with byte 1.

    >>> audit_keys("exec\x01firewall")
    ('exec', 'firewall')
    """
    return tuple(key for key in value.split("\x01") if key)

"""Text that auditd writes in hexadecimal: kept as it is, or decoded by the query.

The kernel writes a stranger's text so if it holds a blank, a quote, a control or anything but ASCII. Which fields hold
such text is known by name. Kusto has no function for hexadecimal digits, but one for `%2F`: pairs of digits become
that first. A plus sign is `%2B` then, so that none is taken for a blank.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from vedette.kql.strings import quote
from vedette.kql.target import Target
from vedette.telemetry.auditd.value import ENCODED, ENCODED_IN

#: As the kernel and libaudit write them.
_DIGITS: Final = "^(?:[0-9A-F]{2})+$"
_KEPT: Final = "text that auditd writes in hexadecimal"
_DECODED: Final = (
    "text in hexadecimal is decoded as UTF-8 by url_decode(), in all fields but the raw event that keywords search"
)


def with_hex(target: Target, choice: Literal["keep", "decode"]) -> Target:
    """The target whose queries keep or decode text in hexadecimal; as it is where it has no records."""
    if choice == "keep" or not any(table.parser == "audit" for table in target.tables):
        return target
    tables = [
        msgspec.structs.replace(
            table,
            decoded=True,
            declared=tuple(_DECODED if line.startswith(_KEPT) else line for line in table.declared),
        )
        for table in target.tables
    ]
    return msgspec.structs.replace(target, tables=tuple(tables))


def encoded_in(field: str) -> tuple[str, ...] | None:
    """The types of record in which a field is text of a stranger: none named means all, None not any."""
    name = field.encode()
    if name in ENCODED:
        return ()
    return tuple(kind for kind, pattern in ENCODED_IN.items() if pattern.fullmatch(name)) or None


def decode(written: str, types: tuple[str, ...]) -> str:
    """The text of a value as it is written in a column; digits are text of a stranger only in records of `types`."""
    condition = f"{written} matches regex {quote(_DIGITS)}"
    if types:
        condition += f" and SigmaType in ({', '.join(map(quote, types))})"
    pairs = f'replace_regex({written}, "(..)", "%\\\\1")'
    return f'iff({condition}, url_decode({pairs}), trim("\\"", {written}))'

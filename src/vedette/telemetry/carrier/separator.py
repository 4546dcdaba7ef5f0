r"""The byte 0x1D before what auditd interpreted, put back where a carrier has a blank or `#035` in its place.

What stands behind it begins with a name in capitals. The kernel writes no such name on its own, and no blank inside a
value that a stranger chose; only the text of a user-space message may hold anything, and that ends with a quote.
"""

from __future__ import annotations

import re
from typing import Final

SEPARATOR: Final = b"\x1d"
#: The first name that is interpreted in the records that make up nearly all of a log.
_USUAL: Final = (b" ARCH=", b" OUID=", b" SADDR=")
#: Lines of other types that may have a tail; EXECVE, CWD, PROCTITLE and the like have none.
_OTHERS: Final = re.compile(
    rb"\n(?:node=[^ \n]++ )?type="
    rb"(?!(?:SYSCALL|PATH|SOCKADDR|EXECVE|CWD|PROCTITLE|BPRM_FCAPS|EOE|NETFILTER_CFG|MMAP|FD_PAIR) )[^\n]*+"
)
_TAIL: Final = re.compile(rb" (?=[A-Z][A-Z0-9_-]*=)")
_MESSAGE: Final = b" msg='"
_ESCAPED: Final = re.compile(rb"#035(?=[A-Z][A-Z0-9_-]*=)")


def restored(records: bytes) -> bytes:
    r"""Records as auditd would have written them; as long as before, and every line where it was.

    Args:
        records: lines `type=...` or `node=NAME type=...`, the first with a `\n` before it.
    """
    if SEPARATOR in records:  # on these lines the carrier kept it
        lines = records[1:].split(b"\n")
        return b"".join(b"\n" + line if SEPARATOR in line else restored(b"\n" + line) for line in lines)
    for name in _USUAL:
        records = records.replace(name, SEPARATOR + name[1:])
    changes: dict[int, int] = {}
    for found in _OTHERS.finditer(records):
        start, line = found.start(), found[0]
        at = line.find(SEPARATOR)
        while at >= 0:
            changes[start + at] = 0x20
            at = line.find(SEPARATOR, at + 1)
        place = _tail_of(line.replace(SEPARATOR, b" "))
        if place >= 0:
            changes[start + place] = 0x1D
    if not changes:
        return records
    array = bytearray(records)
    for at, byte in changes.items():
        array[at] = byte
    return bytes(array)


def unescaped(line: bytes) -> bytes:
    r"""One record with `#035` before what auditd interpreted made 0x1D again; `#035` elsewhere is text and stays."""
    found = next(reversed(list(_ESCAPED.finditer(line))), None)
    # Inside quotes it is a stranger's text: the kernel writes a text with a quote in hexadecimal.
    if found is None or line.count(b'"', 0, found.start()) % 2:
        return line
    return line[: found.start()] + SEPARATOR + line[found.end() :]


def _tail_of(line: bytes) -> int:
    """Where the blank before the interpreted names stands, or -1."""
    start = line.find(_MESSAGE)
    if start >= 0:
        # The message ends with a quote; what is interpreted never holds one.
        start = line.rfind(b"'", start + len(_MESSAGE)) + 1
        found = _TAIL.match(line, start) if start else None
        return -1 if found is None else found.start()
    found = _TAIL.search(line)
    return -1 if found is None else found.start()

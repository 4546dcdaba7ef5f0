"""Where in a dataset a file lies: by kind, day and host, whatever a log calls its host."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from typing import Final

#: Longest name of a host in a path; a longer one is cut, and told from others by a digest.
_LONGEST: Final = 80
_UNSAFE: Final = re.compile(rb"[^A-Za-z0-9_.-]")
_DAY: Final = 86_400_000_000
#: Stands for the host of logs that name none.
NAMELESS: Final = "_"
#: Days that a calendar can't tell, and whatever comes after the `MOST` days and hosts of one log.
OTHER: Final = "other"
#: Days times hosts of one log that get folders of their own; times and names of a damaged log are without end.
MOST: Final = 4096


def day_of(microseconds: int) -> str:
    """The UTC day, `2026-11-24`.

    >>> day_of(1795509330_164000)
    '2026-11-24'
    """
    try:
        return (dt.date(1970, 1, 1) + dt.timedelta(days=microseconds // _DAY)).isoformat()
    except OverflowError:
        return OTHER


def safe(host: str) -> str:
    """A host's name as the name of a folder: what is not plain is written `%XX`.

    >>> safe("../../etc"), safe("gw-nft-01"), safe("")
    ('%2E%2E%2F%2E%2E%2Fetc', 'gw-nft-01', '_')
    """
    if not host:
        return NAMELESS
    raw = host.encode("utf-8", "surrogatepass")
    name = _UNSAFE.sub(_quoted, raw).decode("ascii")
    if host.strip(".") != host or ".." in host:
        name = name.replace(".", "%2E")
    if name in (NAMELESS, OTHER):
        return f"%{raw[0]:02X}{name[1:]}"
    if len(name) > _LONGEST:
        name = f"{name[: _LONGEST - 20]}~{hashlib.sha256(raw).hexdigest()[:16]}"
    return name


def folder(kind: str, day: str, host: str) -> str:
    """The folder of events, below the dataset; `host` is safe already."""
    return f"kind={kind}/day={day}/host={host}"


def _quoted(match: re.Match[bytes]) -> bytes:
    return b"%%%02X" % match[0][0]

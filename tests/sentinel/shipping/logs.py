"""Logs and rows for the tests of shipping."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from tests.auditlog import execution, line, syscall

from vedette.hunt.hunt import built_in_pack
from vedette.sentinel.shipping.account import Account
from vedette.sentinel.shipping.log import Logs
from vedette.sentinel.shipping.mapping import Table, shipped_mapping
from vedette.sentinel.shipping.row import Row

PROCESS: Final = "ASimProcessEventLogs"
NETWORK: Final = "ASimNetworkSessionLogs"
#: When the first event happens, in seconds since the epoch.
START: Final = 1795509330.0
RECORDINGS: Final = Path(built_in_pack("linux-firewall")) / "evidence"


def tables() -> tuple[Table, ...]:
    """The mapping's tables."""
    return shipped_mapping().tables


def commands(count: int, *, first: int = 1, text: str = "") -> str:
    """A log of a shell and the commands that it starts, one a second; each tells its number."""
    lines = execution(first * 10, ["/bin/bash"], pid=900, ppid=1, time=START) if first == 1 else []
    for number in range(first, first + count):
        args = ["/usr/sbin/iptables", "-A", f"n{number}", *([text] if text else [])]
        exe = "/usr/sbin/xtables-nft-multi"
        lines += execution(
            number * 10 + 1, args, pid=1000 + number, ppid=900, exe=exe, name=args[0], time=START + number
        )
    return "".join(lines)


def connection(serial: int, *, pid: int = 1001, time: float = START) -> str:
    """A connect to 10.0.0.5, port 443."""
    return line("SYSCALL", serial, syscall(42, pid=pid, ppid=900, exe="/usr/bin/curl"), time=time) + line(
        "SOCKADDR", serial, "saddr=020001BB0A0000050000000000000000", time=time
    )


def written(path: Path, text: str, *, fresh: bool = False) -> Path:
    """A log that nobody writes to any more, unless it is `fresh`; packed if its name ends in `.gz`."""
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    if not fresh:
        old = time.time() - 3600
        os.utime(path, (old, old))
    return path


def recording(path: Path, size: int, name: str = "gw-nft-01") -> Path:
    """The first bytes of a shipped recording, up to a line's end."""
    with gzip.open(RECORDINGS / f"{name}.audit.log.gz") as stream:
        data = stream.read(size)
    return written(path, data[: data.rfind(b"\n") + 1].decode())


def rows_of(paths: Sequence[Path], account: Account | None = None, **options: Any) -> list[Row]:
    """All rows of logs."""
    return list(Logs([str(path) for path in paths], tables(), account or Account(), **options).rows())


def decoded(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as data."""
    return [msgspec.json.decode(row.data) for row in rows]

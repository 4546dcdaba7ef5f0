"""Pivots: what a job does on the network after it took something out of the packet filter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from vedette.correlate.incident import FactKind
from vedette.correlate.job import Job, Link
from vedette.telemetry.auditd.process import Process

#: So many ports of one peer are a scan.
SCAN_PORTS: Final = 3
_SSH: Final = frozenset({"ssh", "scp", "sftp", "slogin", "dbclient", "autossh"})
_SSH_PORT: Final = 22
_LOOPBACK: Final = ("127.", "::1")


class Pivot(NamedTuple):
    """One step of a pivot.

    Attributes:
        kind: listener, connection, ssh or scan.
        link: the event that shows it first.
        text: one line.
        address: of the peer or of the listener.
        port: likewise; -1 for a scan.
    """

    kind: FactKind
    link: Link
    text: str
    address: str
    port: int


def pivots(job: Job, since: float) -> list[Pivot]:
    """The steps after `since`, UTC epoch seconds, in order of time, each once."""
    links = [link for link in job.links if link.time >= since]
    found = [*_listeners(list(job.links), since), *_scans(links), *_connections(links)]
    return sorted(found, key=lambda pivot: (pivot.link.time, pivot.link.offset))


def _listeners(links: Sequence[Link], since: float) -> Iterator[Pivot]:
    """A bind joined with a listen by process and descriptor; who came in is added, however late its record comes."""
    bound: dict[tuple[int, int], Link] = {}
    for link in links:
        place = (link.process.pid, link.descriptor)
        if link.sort == "bind" and link.time >= since and link.port > 0:
            bound[place] = link
        elif link.sort == "listen" and (bind := bound.pop(place, None)) is not None:
            # An accept has the time at which the call began.
            guests = dict.fromkeys(
                one.address for one in links if one.sort == "accept" and one.process.pid == link.process.pid
            )
            came = f"; {', '.join(guest for guest in guests if guest)} came in" if any(guests) else ""
            text = f"{name_of(link.process)} listens on {_place(bind.address, bind.port)}{came}"
            yield Pivot("listener", bind, text, bind.address, bind.port)


def _scans(links: Sequence[Link]) -> Iterator[Pivot]:
    ports: dict[str, dict[int, Link]] = {}
    for link in links:
        if link.sort in ("connect", "failed") and not _is_local(link.address):
            ports.setdefault(link.address, {}).setdefault(link.port, link)
    for address, found in ports.items():
        if len(found) >= SCAN_PORTS:
            shown = ", ".join(map(str, sorted(found)[:12]))
            first = min(found.values(), key=lambda link: link.time)
            yield Pivot("scan", first, f"{len(found)} ports of {address} tried: {shown}", address, -1)


def _connections(links: Sequence[Link]) -> Iterator[Pivot]:
    seen: set[tuple[str, str, int]] = set()
    for link in links:
        if link.sort != "connect" or _is_local(link.address):
            continue
        name = name_of(link.process)
        is_ssh = link.port == _SSH_PORT and name in _SSH
        if not (link.new or is_ssh) or (name, link.address, link.port) in seen:
            continue
        seen.add((name, link.address, link.port))
        kind: FactKind = "ssh" if is_ssh else "connection"
        text = f"{name} connects to {_place(link.address, link.port)}{'' if not link.new else ', not seen before'}"
        yield Pivot(kind, link, text, link.address, link.port)


def name_of(process: Process) -> str:
    """The program as it was called."""
    path = process.program.invoked or process.program.resolved
    return path.rpartition("/")[2] or process.tail.comm or "a process"


def _place(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _is_local(address: str) -> bool:
    return address.startswith(_LOOPBACK) or not address

"""What columns are filled from: the reader's own columns, and what only rows that leave the host need."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

import msgspec

from vedette.hunt.render import Clock
from vedette.telemetry.auditd.columns import PER_EVENT, PROCESS
from vedette.telemetry.auditd.happening import Happening
from vedette.telemetry.auditd.process import Process

#: Ancestors that a row tells, nearest first, and bytes of each one's command line.
MAX_ANCESTORS: Final = 12
MAX_ANCESTOR_COMMAND: Final = 512


class Host(NamedTuple):
    """A host's name as ASIM takes it apart; what does not apply is empty.

    Attributes:
        name: as the log has it.
        short: without its domain.
        domain: the domain.
        long: with its domain.
        address: where the log has an address for a name.
    """

    name: str
    short: str
    domain: str
    long: str
    address: str


class Subject(NamedTuple):
    """An event to be shipped.

    Attributes:
        kind: its category.
        happening: the event.
        host: where it happened.
        clock: writes times.
    """

    kind: str
    happening: Happening
    host: Host
    clock: Clock


#: What an event tells, and what its process tells; the empty text is what is not told.
EventSource: TypeAlias = Callable[[Subject], object]
ProcessSource: TypeAlias = Callable[[Process], object]


def host_of(name: str) -> Host:
    """A host's name taken apart.

    >>> host_of("gw.example.com")[1:4]
    ('gw', 'example.com', 'gw.example.com')
    """
    try:
        return Host(name, "", "", "", str(ipaddress.ip_address(name)))
    except ValueError:
        short, dot, domain = name.partition(".")
        if not (short and dot and domain):
            return Host(name, name, "", "", "")
        return Host(name, short, domain, name, "")


def uid_of(kind: str, host: str, time: float, serial: int) -> str:
    """What tells an event again however often it is sent: 32 hexadecimal digits of host, time, serial and kind."""
    told = msgspec.json.encode((kind, host, round(time * 1000), serial))
    return hashlib.sha256(told).hexdigest()[:32]


def _field(name: str) -> EventSource:
    return lambda subject: subject.happening.fields.get(name, "")


def _grandparent_image(process: Process) -> object:
    above = process.parent.parent if process.parent is not None else None
    return "" if above is None else above.program.invoked


def _above_parent(process: Process) -> object:
    parent = process.parent
    return "" if parent is None or parent.ppid <= 0 else parent.ppid


def _ancestor(process: Process) -> dict[str, object]:
    program, command = process.program, process.command
    text = "" if command is None else command.text
    told = {
        "ProcessId": process.pid,
        "Image": program.resolved,
        "InvokedImage": program.invoked if program.invoked != program.resolved else "",
        "Script": program.script.path if program.script else "",
        "CommandLine": text if len(text.encode()) <= MAX_ANCESTOR_COMMAND else cut(text, MAX_ANCESTOR_COMMAND),
    }
    return {name: value for name, value in told.items() if value != ""}


def _version(subject: Subject) -> object:
    address = str(subject.happening.fields.get("DestinationIp", ""))
    return "" if not address else "IPv6" if ":" in address else "IPv4"


def _uid(subject: Subject) -> str:
    event = subject.happening
    return uid_of(subject.kind, subject.host.name, event.time, event.serial)


def cut(text: str, most: int) -> str:
    """The beginning of a text that takes at most `most` bytes of UTF-8."""
    return text.encode()[:most].decode("utf-8", "ignore")


#: Source by name: of the event, and of the process.
EVENT_SOURCES: Final[Mapping[str, EventSource]] = {
    "Host": lambda subject: subject.host.name,
    "HostShort": lambda subject: subject.host.short,
    "HostDomain": lambda subject: subject.host.domain,
    "HostLong": lambda subject: subject.host.long,
    "HostAddress": lambda subject: subject.host.address,
    "Time": lambda subject: subject.clock.text(subject.happening.time),
    "Uid": _uid,
    "Serial": lambda subject: subject.happening.serial,
    "IpVersion": _version,
    **{name: _field(name) for name in ("Syscall", "ExitCode", "DestinationIp", "DestinationPort")},
}
PROCESS_SOURCES: Final[Mapping[str, ProcessSource]] = {
    **PROCESS,
    **PER_EVENT,
    "Boot": lambda process: process.boot,
    "GrandParentImage": _grandparent_image,
    "GrandParentProcessId": _above_parent,
    "Guessed": lambda process: process.program.guessed or "",
    "CommandLineCut": lambda process: (process.command is not None and process.command.cut) or "",
    "Ancestors": lambda process: [_ancestor(each) for each in process.ancestors(MAX_ANCESTORS)] or "",
}

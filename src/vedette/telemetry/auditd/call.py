"""Network and netfilter records as events: what they say beyond their process."""

from __future__ import annotations

import contextlib
import functools
from typing import Final

from vedette.event import LogSource
from vedette.event.logsource import NETWORK_CONNECTION, NETWORK_FAILED, NETWORK_LISTEN
from vedette.predicate import Value
from vedette.telemetry.auditd.memo import Action, Kind
from vedette.telemetry.auditd.netfilter import NetfilterChange
from vedette.telemetry.auditd.sockaddr import Sockaddr, is_peer, sockaddr_of

#: A connect that goes on in the background, as every non-blocking one does.
EINPROGRESS: Final = -115
_SOCKET_CALLS: Final = {b"2": "bind", b"3": "connect", b"4": "listen", b"5": "accept", b"12": "accept4"}


def network_event(kind: Kind, address: bytes, descriptor: bytes) -> tuple[LogSource | None, dict[str, Value]]:
    """What a socket call says.

    Args:
        kind: the system call and its end.
        address: body of the SOCKADDR record, or empty where there is none (`listen` has none).
        descriptor: `a0` in hex.

    Returns:
        The kind of event and its fields; None where the call shows no peer and opens nothing to one.
    """
    fields: dict[str, Value] = {"Syscall": kind.name, "ExitCode": kind.exit}
    with contextlib.suppress(ValueError):
        fields["FileDescriptor"] = int(descriptor[:16], 16)
    peer, leaves = _address(address)
    if kind.action is Action.CONNECT:
        if peer is None or not leaves:
            return None, fields
        fields["DestinationIp"] = peer.address
        fields["DestinationPort"] = peer.port
        fields["DestinationIsIpv6"] = "true" if ":" in peer.address else "false"
        fields["Initiated"] = "true"
        return (NETWORK_CONNECTION if kind.exit in (0, EINPROGRESS) else NETWORK_FAILED), fields
    if not kind.success:
        return None, fields
    if peer is not None:
        if not peer.address:
            return None, fields
        fields["SourceIp"] = peer.address
        fields["SourcePort"] = peer.port
    return NETWORK_LISTEN, fields


@functools.lru_cache(4096)
def _address(body: bytes) -> tuple[Sockaddr | None, bool]:
    """The address of a SOCKADDR body, and whether a connect to it leaves the host for a named peer."""
    address = sockaddr_of(body)
    return address, address is not None and is_peer(address)


def socket_call(kind: Kind, number: bytes, arguments: bytes) -> tuple[Kind, bytes]:
    """What one of the calls is that i386 and s390 make through `socketcall`.

    Args:
        kind: the system call and its end.
        number: `a0` in hex, which says what is called.
        arguments: body of the SOCKETCALL record, or empty.

    Returns:
        The call itself, `OTHER` for those that open nothing; and its descriptor in hex, empty if not recorded.
    """
    name = _SOCKET_CALLS.get(number, "")
    if not name:
        return kind._replace(action=Action.OTHER), b""
    action = Action.CONNECT if name == "connect" else Action.LISTEN
    words = dict(word.partition(b"=")[::2] for word in arguments.split())
    return kind._replace(action=action, name=name), words.get(b"a0", b"")


def netfilter_fields(change: NetfilterChange) -> dict[str, Value]:
    """The fields of a NETFILTER_CFG record."""
    return {
        "Table": change.table,
        "Family": change.family,
        "Operation": change.op,
        "Entries": change.entries,
    }

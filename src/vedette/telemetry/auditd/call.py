"""Network and netfilter records as events: what they say beyond their process."""

from __future__ import annotations

import contextlib
from typing import Final

from vedette.event import LogSource
from vedette.event.logsource import NETWORK_CONNECTION, NETWORK_FAILED, NETWORK_LISTEN
from vedette.predicate import Value
from vedette.telemetry.auditd.memo import Action, Kind
from vedette.telemetry.auditd.netfilter import NetfilterChange
from vedette.telemetry.auditd.sockaddr import is_peer, parse_sockaddr

#: A connect that goes on in the background, as every non-blocking one does.
EINPROGRESS: Final = -115


def network_event(kind: Kind, address: bytes, descriptor: bytes) -> tuple[LogSource | None, dict[str, Value]]:
    """What a socket call says.

    Args:
        kind: the system call and its end.
        address: hex of the SOCKADDR record, or empty where there is none (`listen` has none).
        descriptor: `a0` in hex.

    Returns:
        The kind of event and its fields; None where the call shows no peer and opens nothing to one.
    """
    fields: dict[str, Value] = {"Syscall": kind.name, "ExitCode": kind.exit}
    with contextlib.suppress(ValueError):
        fields["FileDescriptor"] = int(descriptor[:16], 16)
    peer = parse_sockaddr(address.partition(b"\x1d")[0]) if address else None
    if kind.action is Action.CONNECT:
        if peer is None or not is_peer(peer):
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


def netfilter_fields(change: NetfilterChange) -> dict[str, Value]:
    """The fields of a NETFILTER_CFG record."""
    return {
        "Table": change.table,
        "Family": change.family,
        "Operation": change.op,
        "Entries": change.entries,
    }

"""Socket addresses as SOCKADDR records hold them: the bytes of the C structure in hexadecimal."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

import msgspec

from vedette.telemetry.auditd.value import text, unhex

#: Address families by number, with the names that Linux documents.
FAMILIES: Final[dict[int, str]] = {
    0: "unspec",
    1: "unix",
    2: "ipv4",
    3: "ax25",
    4: "ipx",
    5: "appletalk",
    9: "x25",
    10: "ipv6",
    15: "key",
    16: "netlink",
    17: "packet",
    21: "rds",
    24: "pppox",
    29: "can",
    30: "tipc",
    31: "bluetooth",
    38: "alg",
    39: "nfc",
    40: "vsock",
    42: "qipcrtr",
    43: "smc",
    44: "xdp",
    45: "mctp",
}

_STORAGE: Final = 128  # sizeof(struct sockaddr_storage)
_HIGHEST_FAMILY: Final = 64
_SADDR: Final = re.compile(rb"(?:^| )saddr=([0-9A-Fa-f]+)(?=[ \x1d]|$)")


class Sockaddr(msgspec.Struct, frozen=True):
    """One socket address.

    Attributes:
        family: name of the address family, or `af-N` for one without a name here.
        address: IPv4 or IPv6 address, an IPv4 address mapped into IPv6 shown as IPv4; else empty.
        port: TCP or UDP port; -1 for families without.
        path: path of a unix socket, an abstract one with `@` before it; else empty.
    """

    family: str
    address: str = ""
    port: int = -1
    path: str = ""


def parse_sockaddr(value: bytes) -> Sockaddr | None:
    """Decode the value of a `saddr` field.

    Args:
        value: hexadecimal digits.

    Returns:
        The address; None where it is unset, not hexadecimal, or shorter than its family demands.
    """
    if len(value) > 2 * _STORAGE:
        return None
    data = unhex(value)
    if data is None or len(data) < 2:
        return None
    family = int.from_bytes(data[:2], "little")
    if family > _HIGHEST_FAMILY and data[0] == 0:
        family = data[1]  # written on a big-endian host
    if family == 1:
        return Sockaddr("unix", path=_unix_path(data[2:]))
    if family == 2:
        if len(data) < 8:
            return None
        return Sockaddr("ipv4", str(ipaddress.IPv4Address(data[4:8])), int.from_bytes(data[2:4], "big"))
    if family == 10:
        if len(data) < 24:
            return None
        port = int.from_bytes(data[2:4], "big")
        address = ipaddress.IPv6Address(data[8:24])
        mapped = address.ipv4_mapped
        return Sockaddr("ipv6", str(address), port) if mapped is None else Sockaddr("ipv4", str(mapped), port)
    return Sockaddr(FAMILIES.get(family, f"af-{family}"))


def sockaddr_of(body: bytes) -> Sockaddr | None:
    """Decode the address of a SOCKADDR body, that is of what follows `msg=audit(...): `; None as `parse_sockaddr`."""
    found = _SADDR.search(body)
    return parse_sockaddr(found[1]) if found else None


def _unix_path(data: bytes) -> str:
    """The path of a unix socket: up to the first NUL, or an abstract name, which may hold any byte."""
    if data[:1] == b"\0":
        name = data[1:].rstrip(b"\0")
        return "@" + text(name) if name else ""
    return text(data.partition(b"\0")[0])


def is_peer(address: Sockaddr) -> bool:
    """Whether a connect to this address leaves the host for a named peer.

    No peers are unix, netlink and other local families; the unspecified addresses; loopback; and port 0, to which no
    connection can be made: programs connect datagram sockets to it to learn which local address they would use.
    """
    if address.family not in ("ipv4", "ipv6") or address.port == 0:
        return False
    ip = ipaddress.ip_address(address.address)
    return not (ip.is_loopback or ip.is_unspecified)

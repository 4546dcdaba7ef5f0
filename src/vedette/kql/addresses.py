"""Networks: Kusto's own functions, guarded, since they answer null for what is no address.

IPv4 and IPv6 have a function each. The one for IPv6 reads an IPv4 address as one mapped into IPv6, which the law does
not: hence its second guard.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from vedette.kql.strings import quote


def network_condition(column: str, networks: Sequence[str]) -> str:
    """The address in a text column is inside one of `networks`; networks of both families may be mixed."""
    fours = [network for network in networks if _version(network) == 4]
    sixes = [network for network in networks if _version(network) == 6]
    parts = []
    if fours:
        parts.append(_guarded("ipv4", column, fours))
    if sixes:
        parts.append(f'({column} contains ":" and {_guarded("ipv6", column, sixes)})')
    return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"


def _guarded(family: str, column: str, networks: Sequence[str]) -> str:
    function = f"{family}_is_in_range" if len(networks) == 1 else f"{family}_is_in_any_range"
    return f"coalesce({function}({column}, {', '.join(map(quote, networks))}), false)"


def _version(network: str) -> int:
    return ipaddress.ip_network(network, strict=False).version

"""Patterns on numbers, addresses and times, all answered for one value at once."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterable

from vedette.predicate import Cidr, Compare, Pattern, Value, holds


class TypedScan:
    """Finds which of many typed patterns hold on a value.

    Equalities and networks are looked up, whatever else is left is tried one by one.
    """

    def __init__(self, patterns: Iterable[tuple[int, Pattern]]) -> None:
        """Sort `patterns`, each with its number, by how they are found."""
        self._equal: dict[int | float, list[int]] = {}
        self._networks: dict[tuple[int, int], dict[int, list[int]]] = {}
        self._others: list[tuple[int, Pattern]] = []
        for number, pattern in patterns:
            match pattern:
                case Compare(order="eq", number=wanted) if not math.isnan(wanted):
                    self._equal.setdefault(wanted, []).append(number)
                case Cidr(network=text):
                    network = ipaddress.ip_network(text, strict=False)
                    shift = network.max_prefixlen - network.prefixlen
                    prefixes = self._networks.setdefault((network.version, shift), {})
                    prefixes.setdefault(int(network.network_address) >> shift, []).append(number)
                case _:
                    self._others.append((number, pattern))

    def find(self, value: Value) -> list[int]:
        """The numbers of all patterns that hold on `value`."""
        found = [number for number, pattern in self._others if holds(pattern, value)]
        if self._equal:
            # The law's own comparison says which text counts as a number.
            if not isinstance(value, str):
                found += self._equal.get(value, ())
            elif holds(_DECIMAL, value):
                found += self._equal.get(int(value), ())
        if self._networks and isinstance(value, str):
            try:
                address = ipaddress.ip_address(value)
            except ValueError:
                return found
            bits = int(address)
            for (version, shift), prefixes in self._networks.items():
                if version == address.version:
                    found += prefixes.get(bits >> shift, ())
        return found


#: Holds on every text that counts as a number.
_DECIMAL = Compare("lte", math.inf)

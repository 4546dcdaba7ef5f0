"""Networks as intervals of addresses, IPv4 and IPv6 apart."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Sequence
from typing import Final, TypeAlias

from vedette.predicate.pattern import Cidr
from vedette.predicate.solve.automaton import Automaton, Positions
from vedette.predicate.solve.letters import EVERY, Letters
from vedette.predicate.solve.syntax import Any, Node, Repeat, Set, single
from vedette.predicate.solve.syntax import Sequence as Row

#: Version, first and last address.
Span: TypeAlias = tuple[int, int, int]

_ALL: Final[tuple[Span, ...]] = ((4, 0, 2**32 - 1), (6, 0, 2**128 - 1))
#: Addresses kept for examples, as witnesses.
_EXAMPLES: Final = ("192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "10.0.0.1", "127.0.0.1")
_HEX: Final[Letters] = ((0x2E, 0x2E), (0x30, 0x3A), (0x41, 0x46), (0x61, 0x66))
_COLON: Final = single(":", cased=True)
_DIGIT: Final[Letters] = ((0x30, 0x39),)


@functools.lru_cache(maxsize=4096)
def span(network: str) -> Span:
    """The addresses of a network."""
    found = ipaddress.ip_network(network, strict=False)
    return found.version, int(found.network_address), int(found.broadcast_address)


def free(inside: Sequence[str], outside: Sequence[str]) -> tuple[Span, ...]:
    """The addresses that are inside of all of `inside` and of none of `outside`, in order."""
    spans = _ALL
    for network in inside:
        version, low, high = span(network)
        spans = tuple(
            (v, max(first, low), min(last, high))
            for v, first, last in spans
            if v == version and first <= high and last >= low
        )
    for network in outside:
        version, low, high = span(network)
        left: list[Span] = []
        for v, first, last in spans:
            if v != version or last < low or first > high:
                left.append((v, first, last))
                continue
            if first < low:
                left.append((v, first, low - 1))
            if last > high:
                left.append((v, high + 1, last))
        spans = tuple(left)
    return spans


def clash(inside: Sequence[tuple[int, str]], outside: Sequence[tuple[int, str]]) -> tuple[int, ...]:
    """Literals whose networks leave no address, as few as can be; each comes with its network."""
    for place, (one, network) in enumerate(inside):
        for other, second in inside[place + 1 :]:
            if not free([network, second], []):
                return one, other
        for other, second in outside:
            if not free([network], [second]):
                return one, other
    kept_in, kept_out = list(inside), list(outside)
    for kept in (kept_in, kept_out):
        for item in list(kept):
            kept.remove(item)
            if not kept_in or free([n for _, n in kept_in], [n for _, n in kept_out]):
                kept.append(item)
    return tuple(literal for literal, _ in kept_in + kept_out)


def witnesses(spans: Sequence[Span]) -> list[str]:
    """A few addresses out of the spans, those that are made for examples first."""
    chosen = []
    for text in _EXAMPLES:
        address = ipaddress.ip_address(text)
        if any(address.version == v and first <= int(address) <= last for v, first, last in spans):
            chosen.append(text)
    for version, first, last in spans[:4]:
        far = first + (1 << max(0, (last - first).bit_length() - 1))
        make = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
        chosen += [str(make(number)) for number in (first, min(far, last), last)]
    return chosen


def canonical(text: str) -> bool:
    """Whether the text is an address as readers print it."""
    try:
        return str(ipaddress.ip_address(text)) == text and "%" not in text
    except ValueError:
        return False


@functools.lru_cache(maxsize=1024)
def automaton(pattern: Cidr) -> Automaton:
    """The texts of the addresses of a network: exact for IPv4, for IPv6 all texts that could be an address."""
    version, low, high = span(pattern.network)
    tree = _dotted(low, high) if version == 4 else _COLONS
    return Positions(tree, open_start=False, open_end=False, written="0123456789.", size=1000)


@functools.lru_cache(maxsize=1)
def domain() -> Automaton:
    """All texts that a reader could print for an address, and the empty one; for IPv6 some more."""
    quad = _dotted(0, 2**32 - 1)
    mapped = Row((*(single(character, cased=True) for character in "::ffff:"), quad))
    tree = Any((quad, Row((_LOWER, _COLON, _LOWER)), mapped, Row(())))
    return Positions(tree, open_start=False, open_end=False, written="0123456789.:", size=1000)


_HEXES: Final = Repeat(Set(_HEX), 0, None)
_LOWER: Final = Repeat(Set(((0x30, 0x3A), (0x61, 0x66))), 0, None)
_SCOPE: Final = Repeat(Row((single("%", cased=True), Repeat(Set(EVERY), 0, None))), 0, 1)
_COLONS: Final = Row((_HEXES, _COLON, _HEXES, _SCOPE))


def _dotted(low: int, high: int) -> Node:
    """Dotted quads of a network: whole octets, one in part, the rest free."""
    nodes: list[Node] = []
    for shift in (24, 16, 8, 0):
        if nodes:
            nodes.append(single(".", cased=True))
        nodes.append(_octet(low >> shift & 255, high >> shift & 255))
    return Row(tuple(nodes))


def _octet(low: int, high: int) -> Node:
    if (low, high) == (0, 255):
        digit = Set(_DIGIT)
        first = Set(((0x31, 0x39),))
        return Any(
            (
                digit,
                Row((first, digit)),
                Row((single("1", cased=True), digit, digit)),
                Row((single("2", cased=True), Set(((0x30, 0x34),)), digit)),
                Row((single("2", cased=True), single("5", cased=True), Set(((0x30, 0x35),)))),
            )
        )
    numbers = [Row(tuple(single(digit, cased=True) for digit in str(number))) for number in range(low, high + 1)]
    return numbers[0] if len(numbers) == 1 else Any(tuple(numbers))

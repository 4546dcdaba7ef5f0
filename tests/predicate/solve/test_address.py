"""Networks by intervals, and as texts."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import ADDRESSES

from vedette.predicate import Cidr
from vedette.predicate.evaluate import holds
from vedette.predicate.solve.address import automaton, canonical, clash, domain, free, span, witnesses

NETWORKS = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
    lambda pair: str(ipaddress.ip_network(pair, strict=False))
) | st.sampled_from(["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "0.0.0.0/0", "::/0", "fe80::/10", "fe80::/64"])
TEXTS = st.ip_addresses().map(str) | st.sampled_from(ADDRESSES) | st.text("0123456789.:af", max_size=12)


@given(st.lists(NETWORKS, max_size=3), st.lists(NETWORKS, max_size=3))
def test_free_addresses(inside: list[str], outside: list[str]):
    spans = free(inside, outside)
    for text in witnesses(spans):
        assert all(holds(Cidr(network), text) for network in inside)
        assert not any(holds(Cidr(network), text) for network in outside)
    for network in inside + outside:
        for point in span(network)[1:]:
            address = (ipaddress.IPv4Address if span(network)[0] == 4 else ipaddress.IPv6Address)(point)
            obeys = all(holds(Cidr(n), str(address)) for n in inside) and not any(
                holds(Cidr(n), str(address)) for n in outside
            )
            assert obeys == any(v == address.version and low <= point <= high for v, low, high in spans)
    if not spans and inside:
        numbered = list(enumerate([*inside, *outside], 1))
        literals = clash(numbered[: len(inside)], numbered[len(inside) :])
        assert not free(
            [n for i, n in numbered[: len(inside)] if i in literals],
            [n for i, n in numbered[len(inside) :] if i in literals],
        )


@given(NETWORKS, TEXTS)
def test_texts_of_a_network(network: str, text: str):
    found, expected = automaton(Cidr(network)).matches(text), holds(Cidr(network), text)
    assert found == expected if span(network)[0] == 4 else found >= expected


@given(st.ip_addresses())
def test_what_a_reader_can_print(address: ipaddress.IPv4Address | ipaddress.IPv6Address):
    assert canonical(str(address))
    assert domain().matches(str(address))
    if isinstance(address, ipaddress.IPv6Address):
        assert not canonical(address.exploded.upper())


def test_two_networks_that_clash():
    assert clash([(1, "10.0.0.0/8"), (2, "10.1.0.0/16"), (3, "11.0.0.0/8")], [(4, "12.0.0.0/8")]) == (1, 3)
    assert clash([(1, "10.0.0.0/8")], [(2, "10.0.0.0/9"), (3, "11.0.0.0/8"), (4, "10.128.0.0/9")]) == (1, 2, 4)

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.telemetry.auditd.sockaddr import Sockaddr, is_peer, parse_sockaddr, sockaddr_of

PORTS = st.integers(0, 65535)


def written(data: bytes) -> bytes:
    return data.hex().upper().encode()


@given(st.ip_addresses(v=4), PORTS, st.sampled_from(["little", "big"]))
def test_ipv4(address, port, order):
    data = (2).to_bytes(2, order) + port.to_bytes(2, "big") + address.packed + bytes(8)
    assert parse_sockaddr(written(data)) == Sockaddr("ipv4", str(address), port)


@given(st.ip_addresses(v=6), PORTS, st.sampled_from(["little", "big"]))
def test_ipv6(address, port, order):
    data = (10).to_bytes(2, order) + port.to_bytes(2, "big") + bytes(4) + address.packed + bytes(4)
    mapped = address.ipv4_mapped
    expected = Sockaddr("ipv4", str(mapped), port) if mapped else Sockaddr("ipv6", str(address), port)
    assert parse_sockaddr(written(data)) == expected


@given(st.ip_addresses(v=4), PORTS)
def test_a_mapped_address_is_shown_as_ipv4(address, port):
    data = b"\x0a\0" + port.to_bytes(2, "big") + bytes(4) + bytes(10) + b"\xff\xff" + address.packed + bytes(4)
    assert parse_sockaddr(written(data)) == Sockaddr("ipv4", str(address), port)


@given(st.binary(max_size=140))
def test_any_bytes_give_an_address_or_none(data):
    address = parse_sockaddr(written(data))
    if address is not None:
        is_peer(address)
        if address.address:
            ipaddress.ip_address(address.address)


@given(st.binary(max_size=60))
def test_any_value_gives_an_address_or_none(value):
    assert parse_sockaddr(value) is None or len(value) % 2 == 0


def test_the_body_of_a_record_is_taken_too():
    body = b"saddr=02007A69C6336401\x1dSADDR={ saddr_fam=inet laddr=198.51.100.1 lport=31337 }"
    assert sockaddr_of(body) == Sockaddr("ipv4", "198.51.100.1", 31337)
    assert sockaddr_of(b"xsaddr=02007A69C6336401") is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (Sockaddr("ipv4", "198.51.100.1", 80), True),
        (Sockaddr("ipv6", "2001:db8::1", 443), True),
        (Sockaddr("ipv4", "10.66.9.2", 22), True),
        (Sockaddr("ipv4", "198.51.100.1", 0), False),
        (Sockaddr("ipv4", "0.0.0.0", 80), False),
        (Sockaddr("ipv6", "::", 80), False),
        (Sockaddr("ipv4", "127.5.0.1", 80), False),
        (Sockaddr("ipv6", "::1", 80), False),
        (Sockaddr("unix", path="/run/x"), False),
        (Sockaddr("netlink"), False),
        (Sockaddr("packet"), False),
    ],
)
def test_who_is_a_peer(address, expected):
    assert is_peer(address) is expected

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from tests.strategies_auditd import hostile

from vedette.telemetry.auditd.netfilter import NetfilterChange, parse_netfilter
from vedette.telemetry.auditd.record import Record, parse_record


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"table=filter family=2 entries=4", NetfilterChange("filter", -1, "ipv4", 4, "", -1, "", "")),
        (
            b'table=nat family=10 entries=5 op=xt_replace pid=11 subj=unconfined comm="ip6tables"',
            NetfilterChange("nat", -1, "ipv6", 5, "xt_replace", 11, "unconfined", "ip6tables"),
        ),
        (
            b'table=filter:12 family=2 entries=3 op=nft_unregister_rule pid=11 comm="iptables"',
            NetfilterChange("filter", 12, "ipv4", 3, "nft_unregister_rule", 11, "", "iptables"),
        ),
        (
            b"table=f family=99 entries=0 op=nft_register_table pid=1 subj=? comm=6120622E",
            NetfilterChange("f", -1, "99", 0, "nft_register_table", 1, "", "a b."),
        ),
        # A legacy table may hold a colon; only nft appends a generation.
        (
            b"table=f:12 family=2 entries=0 op=xt_register",
            NetfilterChange("f:12", -1, "ipv4", 0, "xt_register", -1, "", ""),
        ),
        (
            b'table=x\x1dA=1 family=2 entries=1 op=nft_register_table pid=1 comm="nft"\x1dUID="root"',
            NetfilterChange("x\x1dA=1", -1, "ipv4", 1, "nft_register_table", 1, "", "nft"),
        ),
    ],
)
def test_forms(body, expected):
    assert parse_netfilter(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"table=filter",
        b"table=filter family=x entries=1",
        b"family=2 entries=1",
        b"table=f family=2 entries=1 pid=1 x=1",
    ],
)
def test_other_bodies_are_none(body):
    assert parse_netfilter(body) is None


@given(hostile)
def test_any_body_gives_a_change_or_none(body):
    assert parse_netfilter(body) is None or b"table=" in body


@pytest.mark.parametrize("host", ["gw-nft-01", "gw-legacy-01"])
def test_every_change_of_the_recordings_is_read(shared, host):
    with gzip.open(shared / "data" / "linux-firewall" / f"{host}.audit.log.gz") as log:
        lines = [raw for raw in log if b"type=NETFILTER_CFG" in raw]
    for raw in lines:
        record = parse_record(raw)
        assert isinstance(record, Record)
        change = parse_netfilter(record.body)
        assert change is not None
        assert change.op.startswith("nft_" if host == "gw-nft-01" else "xt_")
        assert (change.generation >= 0) == (host == "gw-nft-01")
        assert str(change.pid) == record.fields["pid"]

from __future__ import annotations

import collections
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies_auditd import execs, hostile, hostile_line, kernel_string, line

from vedette.telemetry.auditd.netfilter import parse_netfilter
from vedette.telemetry.auditd.record import LINE_LIMIT, Record, Reject, parse_record, split_fields


def record(raw: bytes) -> Record:
    parsed = parse_record(raw)
    assert isinstance(parsed, Record), parsed
    return parsed


TAILS = st.sampled_from([b"", b'\x1dUID="ops" AUID="ops"'])


@given(execs())
def test_arguments_never_become_lines_or_foreign_fields(written):
    args, bodies = written
    for body in bodies:
        raw = line("EXECVE", body)
        assert raw.count(b"\n") == 0
        parsed = record(raw)
        assert (parsed.type, parsed.serial, parsed.inner, parsed.enriched) == ("EXECVE", 1, {}, {})
        for field, value in parsed.fields.items():
            assert field == "argc" or field.startswith("a")
            number = field[1:].removesuffix("_len").partition("[")[0]
            assert field == "argc" or int(number) < len(args)
            if field[1:].isdigit():
                assert value == args[int(number)].decode("utf-8", "replace")


@given(hostile, TAILS.map(lambda tail: tail.replace(b"UID", b"OUID").partition(b" ")[0]))
def test_a_file_name_stays_one_field(name, tail):
    raw = line("PATH", b"item=0 name=" + kernel_string(name) + b" inode=1 ouid=1000 nametype=NORMAL" + tail)
    parsed = record(raw)
    assert list(parsed.fields) == ["item", "name", "inode", "ouid", "nametype"]
    assert parsed.fields["name"] == name.decode("utf-8", "replace")
    assert parsed.enriched == ({"OUID": "ops"} if tail else {})


@given(hostile_line, TAILS)
def test_a_message_never_reaches_the_kernels_fields(text, tail):
    raw = line("USER", b"pid=7 uid=1000 auid=1000 ses=3 msg='" + text + b"'" + tail, node=b"gw")
    parsed = record(raw)
    assert (parsed.node, parsed.type, parsed.serial) == ("gw", "USER", 1)
    assert parsed.fields == {"pid": "7", "uid": "1000", "auid": "1000", "ses": "3"}
    assert parsed.enriched == ({"UID": "ops", "AUID": "ops"} if tail else {})
    assert parsed.raw == raw


@given(hostile_line.filter(bool))
def test_a_table_name_never_becomes_a_field(name):
    raw = line("NETFILTER_CFG", b"table=" + name + b':7 family=10 entries=3 op=nft_unregister_rule pid=99 comm="nft"')
    parsed = record(raw)
    name_text = name.decode("utf-8", "replace")
    assert parsed.fields == {
        "table": name_text + ":7",
        "family": "10",
        "entries": "3",
        "op": "nft_unregister_rule",
        "pid": "99",
        "comm": "nft",
    }
    assert (parsed.inner, parsed.enriched) == ({}, {})
    change = parse_netfilter(parsed.body)
    assert change is not None
    assert (change.table, change.generation, change.family, change.entries) == (name_text, 7, "ipv6", 3)
    assert (change.op, change.pid, change.comm) == ("nft_unregister_rule", 99, "nft")


@given(hostile)
def test_lines_of_any_bytes_give_a_record_or_a_reason(data):
    parsed = parse_record(data)
    assert isinstance(parsed, Record | Reject)


@given(st.binary(max_size=64), st.integers(0, 60), st.integers(0, 8))
def test_a_damaged_line_gives_a_record_or_a_reason(noise, at, lost):
    raw = line("SYSCALL", b'arch=c000003e comm="ls" key=(null)\x1dARCH=x86_64', node=b"gw")
    assert isinstance(parse_record(raw[:at] + noise + raw[at + lost :]), Record | Reject)


@given(hostile)
def test_fields_and_values_are_parts_of_the_body_in_order(body):
    position = 0
    for key, value in split_fields(body):
        position = body.index(key + b"=" + value, position) + len(key + value) + 1


def test_time_is_exact():
    parsed = record(line("EOE", b"", millisecond=123))
    assert (parsed.sec, parsed.ms, parsed.time) == (1700000000, 123, 1700000000.123)


def test_line_ends_are_no_part_of_the_record():
    assert record(b'type=CWD msg=audit(1.000:1): cwd="/"\r\n').raw == b'type=CWD msg=audit(1.000:1): cwd="/"'


def test_the_longest_line_is_parsed_and_a_longer_one_is_not():
    head = line("USER", b"msg='")
    longest = head + b"x" * (LINE_LIMIT - len(head))
    assert isinstance(parse_record(longest), Record)
    rejected = parse_record(longest + b"x")
    assert isinstance(rejected, Reject)
    assert (rejected.reason, rejected.length, len(rejected.shown)) == ("too-long", LINE_LIMIT + 1, 200)


@pytest.mark.parametrize(
    "token", [b"a={ ", b'a="', b"a= ", b"a b ", b"\x1dA=", b"' msg='", b"=", b" family=1 entries=1 subj="]
)
@pytest.mark.parametrize("record_type", ["USER", "NETFILTER_CFG", "EXECVE"])
def test_long_hostile_lines_take_linear_time(record_type, token):
    head = line(record_type, b"table=x msg='")
    raw = head + token * ((LINE_LIMIT - len(head)) // len(token))
    parsed = record(raw)
    if record_type == "NETFILTER_CFG":
        parse_netfilter(parsed.body)


@pytest.mark.parametrize("host", ["gw-nft-01", "gw-legacy-01"])
def test_every_line_of_the_recordings_is_a_record(shared, host):
    with gzip.open(shared / "data" / "linux-firewall" / f"{host}.audit.log.gz") as log:
        types = collections.Counter(record(raw).type for raw in log)
    readme = (shared / "data" / "linux-firewall" / "README.md").read_text(encoding="utf-8")
    assert f"{types.total()} records" in readme
    assert types["EXECVE"] > 6000

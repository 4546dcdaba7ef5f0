from __future__ import annotations

import gzip

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies_auditd import line

from vedette.errors import TelemetryError
from vedette.telemetry.auditd.accounts import Accounts, enrich, load_accounts
from vedette.telemetry.auditd.record import Record, parse_record


def record(record_type: str, body: bytes) -> Record:
    parsed = parse_record(line(record_type, body))
    assert isinstance(parsed, Record)
    return parsed


def test_a_raw_record_gets_the_names_of_an_enriched_one():
    raw = record("SYSCALL", b"arch=c000003e syscall=59 auid=4294967295 uid=0 gid=1000 euid=1000 tty=(none)")
    assert enrich(raw, Accounts({0: "root", 1000: "ops"})) == {
        "ARCH": "x86_64",
        "SYSCALL": "execve",
        "AUID": "unset",
        "UID": "root",
        "GID": "1000",
        "EUID": "ops",
    }


def test_what_the_log_says_comes_first():
    enriched = record("SYSCALL", b'arch=c000003e syscall=59 uid=1000\x1dARCH=x86_64 SYSCALL=execve UID="alice"')
    assert enrich(enriched, Accounts({1000: "bob"}))["UID"] == "alice"


def test_a_message_supplies_no_names():
    forged = record("USER", b"pid=1 uid=1000 msg='uid=0 gid=0 syscall=59 arch=c000003e'")
    assert enrich(forged, Accounts()) == {"UID": "1000"}


@pytest.mark.parametrize(
    ("saddr", "expected"),
    [
        (b"02007A69C6336401", "{ saddr_fam=inet laddr=198.51.100.1 lport=31337 }"),
        (b"0A000016000000000000000000000000000000000000000000000000", "{ saddr_fam=inet6 laddr=:: lport=22 }"),
        (b"01002F61", "{ saddr_fam=local path=/a }"),
        (b"100000000000000000000000", "{ saddr_fam=netlink }"),
    ],
)
def test_addresses(saddr, expected):
    assert enrich(record("SOCKADDR", b"saddr=" + saddr), Accounts()) == {"SADDR": expected}


@given(
    st.sampled_from(["uid", "syscall", "saddr", "arch"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), max_size=12),
)
def test_odd_values_never_raise(field, value):
    enrich(record("SYSCALL", f"{field}={value}".encode()), Accounts())


def test_names_from_a_copy_of_passwd(tmp_path):
    passwd = tmp_path / "passwd"
    passwd.write_bytes(
        b"root:x:0:0:root:/root:/bin/bash\nops:x:1000:1000::/home/ops:/bin/bash\ntoor:x:0:0::/:/bin/sh\n"
        b"# comment:x:7:7:\n+::::::\nbroken\nneg:x:-1:0:::\nn\xffme:x:8:8:::\n"
    )
    group = tmp_path / "group"
    group.write_text("wheel:x:10:ops\n")
    accounts = load_accounts(str(passwd), str(group))
    assert accounts.users == {0: "root", 1000: "ops", 8: "n\ufffdme"}
    assert accounts.groups == {10: "wheel"}
    assert (accounts.user(1000), accounts.user(77), accounts.user(4294967295)) == ("ops", "77", "unset")


def test_a_file_without_accounts_is_refused(tmp_path):
    empty = tmp_path / "passwd"
    empty.write_text("hello\n")
    with pytest.raises(TelemetryError, match="holds no account"):
        load_accounts(str(empty))
    with pytest.raises(TelemetryError, match="can't be read"):
        load_accounts(str(tmp_path / "absent"))
    with pytest.raises(TelemetryError, match="can't be read"):
        load_accounts(str(tmp_path))


def test_names_derived_from_numbers_equal_those_of_the_recorded_host(shared):
    accounts = Accounts({0: "root", 1000: "ops", 1001: "deploy"}, {0: "root", 1000: "ops", 1001: "deploy"})
    known = {"unset", "ops", "deploy"}
    compared = 0
    with gzip.open(shared / "data" / "linux-firewall" / "gw-nft-01.audit.log.gz") as log:
        for raw in log:
            parsed = parse_record(raw)
            assert isinstance(parsed, Record)
            derived = enrich(msgspec.structs.replace(parsed, enriched={}), accounts)
            for name, value in parsed.enriched.items():
                if value in known or name in ("ARCH", "SYSCALL") or "inet" in value:
                    assert derived[name] == value
                    compared += 1
    assert compared > 30_000

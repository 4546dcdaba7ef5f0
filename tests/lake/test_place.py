from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from vedette.lake.place import OTHER, day_of, folder, safe


@given(st.text(max_size=300))
def test_a_host_never_leaves_its_folder(host):
    name = safe(host)
    assert re.fullmatch(r"[A-Za-z0-9_.~%-]{1,100}", name)
    assert name not in (".", "..", OTHER)
    assert not name.startswith(".")


@given(st.text(max_size=120), st.text(max_size=120))
def test_two_hosts_have_two_folders(one, other):
    assert (safe(one) == safe(other)) == (one == other)


def test_hosts_that_differ_behind_the_cut_have_two_folders():
    assert safe("a" * 200) != safe("a" * 199 + "b")


def test_reserved_names_are_quoted():
    assert len({safe(""), safe("_"), safe("other"), safe("%5F")}) == 4


def test_days_are_those_of_utc():
    assert day_of(86_400_000_000 - 1) == "1970-01-01"
    assert day_of(86_400_000_000) == "1970-01-02"
    assert day_of(10**18) == OTHER
    assert folder("auditd", "1970-01-01", "gw") == "kind=auditd/day=1970-01-01/host=gw"

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest
from tests.sentinel.hunting.samples import NOON, planned, row, shipped, write

from vedette.hunt.finding import Finding, Verdict
from vedette.sentinel.hunting.difference import Hosts, both, compare
from vedette.sentinel.hunting.judge import Judge
from vedette.sentinel.hunting.plan import Ask
from vedette.sentinel.hunting.presence import Presence, lookup, survey
from vedette.sentinel.hunting.row import Reader
from vedette.sentinel.hunting.seen import Seen
from vedette.sentinel.hunting.told import columns


@dataclasses.dataclass
class Made:
    ask: Ask
    reader: Reader

    def seen(self, pid: int, command: str, at: float = NOON, **more: Any) -> Seen:
        found = self.reader.seen(row(shipped(pid, command, at=at, **more)))
        assert found is not None
        return found

    def finding(self, pid: int, command: str = "iptables -F", at: float = NOON, **more: Any) -> Finding:
        return Judge({}, "both", "ws").judged(self.ask, self.seen(pid, command, at, **more)).finding


@pytest.fixture
def made(tmp_path):
    write(tmp_path / "rules", "flush")
    ask = planned(tmp_path / "rules").asks[0]
    return Made(ask, Reader(ask.columns, columns("asim"), ask.query.table, "process_creation", None))


SPAN = (NOON - 10, NOON + 10)
HOSTS = Hosts({"gw": SPAN, "web.example.com": SPAN})


@pytest.mark.parametrize(
    ("name", "known"),
    [
        *(("gw", "gw"), ("GW", "gw"), ("gw.corp.local", "gw"), ("web", "web.example.com"), ("", None)),
        *(("gw2", None), ("Web.Example.com", "web.example.com")),
    ],
)
def test_a_host_is_known_by_its_whole_or_short_name(name, known):
    assert HOSTS.known(name) == known


def test_short_names_that_two_hosts_share_name_none():
    assert Hosts({"a.one": SPAN, "a.two": SPAN}).known("a") is None


def test_the_same_match_is_of_both(made):
    pairs, here, there = compare([made.finding(1)], [made.finding(1)], HOSTS)
    assert (len(pairs), here, there) == (1, [], [])
    assert [one.side for one in both(pairs)] == ["both"]


def test_a_host_with_a_domain_and_a_clock_a_second_off_are_the_same(made):
    other = made.finding(1, at=NOON + 1.5, DvcHostname="gw.corp.local")
    pairs, here, there = compare([made.finding(1)], [other], HOSTS)
    assert (len(pairs), here, there) == (1, [], [])


def test_of_two_the_nearer_is_the_same_and_the_exact_one_before_all(made):
    local = [made.finding(1, at=NOON + 1), made.finding(1)]
    remote = [made.finding(1, at=NOON), made.finding(1, at=NOON + 1.25)]
    pairs, here, there = compare(local, remote, HOSTS)
    assert (here, there) == ([], [])
    assert {(one.time, other.time) for one, other in pairs} == {
        (local[1].time, remote[0].time),
        (local[0].time, remote[1].time),
    }


@pytest.mark.parametrize("change", [{"pid": 2}, {"command": "iptables -F x"}, {"at": NOON + 3}])
def test_another_process_command_or_time_is_another_match(made, change):
    pairs, here, there = compare([made.finding(1)], [made.finding(**{"pid": 1, **change})], HOSTS)
    assert (pairs, len(here), len(there)) == ([], 1, 1)


def test_a_host_or_a_time_that_the_log_does_not_cover_is_no_difference(made):
    others = [made.finding(1, DvcHostname="elsewhere"), made.finding(1, at=NOON + 11), made.finding(1, at=NOON - 11)]
    assert compare([], others, HOSTS) == ([], [], [])
    assert not any(HOSTS.covers(one) for one in others)
    assert len(compare([], [made.finding(1, at=NOON + 10)], HOSTS)[2]) == 1


def test_a_match_that_is_excluded_in_one_alone_is_told(made):
    here = made.finding(1)
    there = msgspec.structs.replace(here, verdict=Verdict("excluded", "id-1", "why"))
    (one,) = both([(here, there)])
    assert (one.side, one.why) == (
        "verdict",
        "the exclusion id-1 covers it in the workspace alone: the other lacks a field that it reads",
    )


def test_why_a_match_is_missing_is_told_as_far_as_the_rows_tell(made):
    missed = made.finding(1)
    sources = {"gw": {"Linux auditd": 5}}
    key = ("gw", 1)
    assert "no row at all" in Presence({}, {}, empty=True).why(missed)
    assert "no row of this host" in Presence({"web": {"a": 1}}, {}).why(missed)
    assert "from Linux auditd (5), and not this event" in Presence(sources, {}, {key}).why(missed)
    assert "could not be asked: x" in Presence(sources, {}, wrong="x").why(missed)
    other = Presence(sources, {key: [made.seen(1, "iptables -L")]}, {key})
    assert "another command line: 'iptables -L'" in other.why(missed)
    far = Presence(sources, {key: [made.seen(1, "iptables -F", NOON + 60)]}, {key})
    assert "not this event" in far.why(missed)
    values = {"Image.resolved": "/usr/sbin/xtables-nft-multi", "CommandLine": "iptables -F", "ProcessId": 1}
    one_path = msgspec.structs.replace(made.seen(1, "iptables -F"), values=values)
    told = Presence(sources, {key: [one_path]}, {key}).why(missed)
    assert told.startswith("the event is there, and tells one path alone, /usr/sbin/xtables-nft-multi")
    assert "the view invoked" in told
    same = Presence(sources, {key: [made.seen(1, "iptables -F")]}, {key})
    assert "does not select it" in same.why(missed)


def test_what_is_asked_of_a_table_holds_no_text_of_the_log(made):
    text = lookup(made.ask, [made.finding(7, 'x"; drop')])
    assert text == 'imProcessCreate\n| where TargetProcessId in ("7")'
    assert lookup(made.ask, []) == ""
    assert survey(made.ask, columns("asim")) == (
        "imProcessCreate\n| summarize Rows = count() by Host = Dvc, Source1 = EventVendor, Source2 = EventProduct"
    )

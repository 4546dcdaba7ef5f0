from __future__ import annotations

import msgspec
import pytest
from tests.report.samples import FLUSH, UFW_RESET, ancestor, make_finding

from vedette.hunt.finding import Session, Verdict
from vedette.report.group import MAX_DEEDS, group


def test_one_ufw_reset_is_one_row():
    findings = [make_finding(f"iptables -F chain-{number}") for number in range(32)]
    (row,) = group(findings)
    assert (row.count, row.via, row.deed, len(row.deeds)) == (32, "ufw-init force-stop", "iptables -F chain-0", 32)


@pytest.mark.parametrize(
    "other",
    [
        {"time": "2026-11-24T08:36:00.000Z"},
        {"rule": msgspec.structs.replace(FLUSH, id="other")},
        {"host": "gw-nft-02"},
        {"user": "www-data"},
        {"login_user": None},
        {"session": Session("gw-nft-01", 0, 344)},
        {"verdict": Verdict("excluded", "mf_x", "why")},
        {"ancestors": UFW_RESET[1:]},
    ],
    ids=lambda other: next(iter(other)),
)
def test_rows_part_where_the_findings_differ(other):
    assert [row.count for row in group([make_finding(), make_finding(**other)])] == [1, 1]


@pytest.mark.parametrize("other", [{"command_line": "id"}, {"time": "2026-11-24T08:35:59.999Z"}, {"views": ()}])
def test_rows_do_not_part_where_it_does_not_matter(other):
    assert [row.count for row in group([make_finding(), make_finding(**other)])] == [2]


def test_two_runs_of_the_same_command_share_a_row():
    again = tuple(msgspec.structs.replace(above, pid=above.pid + 100) for above in UFW_RESET)
    assert [row.count for row in group([make_finding(), make_finding(ancestors=again)])] == [2]


def test_rows_stand_by_time_and_show_their_earliest_finding():
    late = make_finding("late", time="2026-11-24T08:35:40.000Z", raw=("late",))
    early = make_finding("early", time="2026-11-24T08:35:10.000Z", raw=("early",))
    before = make_finding("before", time="2026-11-23T08:35:10.000Z")
    first, second = group([late, early, before])
    assert first.deed == "before"
    assert (second.deed, second.time, second.raw) == ("early", early.time, ("early",))


def test_deeds_are_bounded():
    rows = group(make_finding(str(number)) for number in range(MAX_DEEDS + 50))
    assert [(row.count, len(row.deeds)) for row in rows] == [(MAX_DEEDS + 50, MAX_DEEDS)]


def test_a_finding_without_process_has_no_ancestor():
    (row,) = group([make_finding(process=None)])
    assert (row.via, row.deed) == ("", "")


def test_findings_without_meaningful_ancestor_part_by_session():
    shell = (ancestor(1, "-bash"),)
    rows = group([make_finding(ancestors=shell), make_finding(ancestors=shell, session=None)])
    assert [row.via for row in rows] == ["", ""]


def test_a_row_says_where_it_came_from():
    shell = (ancestor(1, "-bash"),)
    findings = [
        make_finding(),
        make_finding(ancestors=shell),
        make_finding(ancestors=shell, session=None),
        make_finding(ancestors=(), session=None),
        make_finding(process=None, session=None, user="x"),
    ]
    assert [row.origin for one in findings for row in group([one])] == [
        "via ufw-init force-stop",
        "session 343",
        "",
        "parent not in the log",
        "parent not in the log",
    ]

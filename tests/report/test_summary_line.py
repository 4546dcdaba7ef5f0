from __future__ import annotations

import io
from collections import Counter

import msgspec
from tests.report.html.samples import make_summary

from vedette.hunt.hunt import Hunt, built_in_pack
from vedette.hunt.options import Options
from vedette.hunt.summary import DeadRule, HostCoverage, Summary
from vedette.report.summary_line import SummaryLine, summary_line, write


def test_the_account_of_a_hunt_becomes_a_line():
    summary = Summary(rules_loaded=3, rules_live=2, dead=[DeadRule("i", "t", "needs X")], notes=["note"])
    summary.hosts["gw"] = HostCoverage(0.0, 7200.5, Counter(process_creation=4), 3, 2)
    summary.excluded["e1"] = 5
    summary.alerts["high"] = 1
    line = summary_line(summary)
    (host,) = line.hosts
    assert (host.host, host.first, host.last) == ("gw", "1970-01-01T00:00:00Z", "1970-01-01T02:00:00Z")
    assert (host.hours, host.span, host.events, host.parents_known) == (2, 3, {"process_creation": 4}, 3)
    assert [(dead.id, dead.why) for dead in line.dead] == [("i", "needs X")]
    assert [(one.id, one.findings) for one in line.excluded] == [("e1", 5)]
    assert (line.alerts, line.notes) == ({"high": 1}, ("note",))


def test_it_is_written_as_one_line_and_read_back():
    out = io.BytesIO()
    write(make_summary(), out)
    (text,) = out.getvalue().splitlines()
    assert msgspec.json.decode(text, type=SummaryLine) == make_summary()


def test_exclusions_are_told_with_title_owner_and_reason():
    log = f"{built_in_pack('linux-firewall')}/evidence/gw-nft-01.audit.log.gz"
    hunt = Hunt(Options(logs=(log,)))
    assert sum(1 for _ in hunt.findings())
    line = summary_line(hunt.summary, hunt.exclusions.bound)
    assert line.excluded
    assert all(one.title and one.why and one.owner for one in line.excluded)
    assert line.hosts[0].host == "gw-nft-01"

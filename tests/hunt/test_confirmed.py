"""Rules that a row of columns can't decide: keywords in the raw event, and fields that differ from event to event."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.auditlog import execution

from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options

RULE = """
title: Confirmed
id: 11111111-1111-4111-8111-111111111111
status: test
level: low
author: Vedette
logsource: {product: linux, category: process_creation}
detection:
"""
#: 2026-11-24T08:35:30Z and two minutes later.
FIRST, SECOND = 1795509330.0, 1795509450.0


def serials(tmp_path, detection: str) -> list[int]:
    rule, log = tmp_path / "rule.yml", tmp_path / "audit.log"
    rule.write_text(RULE + detection)
    lines = execution(5, ["/bin/ls", "-F"], pid=20, ppid=10, time=FIRST)
    lines += execution(6, ["/bin/ls", "-F"], pid=21, ppid=10, time=SECOND)
    lines += execution(7, ["/bin/cat", "x"], pid=22, ppid=10, time=SECOND)
    log.write_text("".join(lines))
    hunt = Hunt(Options((str(log),), rules=(str(rule),)))
    found = [finding.origin.serial for finding in hunt.findings()]
    assert not hunt.summary.dead
    assert not hunt.summary.rule_problems
    return found


@pytest.mark.parametrize(
    ("detection", "found"),
    [
        ("  words: ['A0=\"/bin/ls\"']\n  condition: words", [5, 6]),
        ("  words: ['no such text']\n  condition: words", []),
        ("  words: ['no such text']\n  s: {Image|endswith: /cat}\n  condition: words or s", [7]),
        ("  words: ['a0=\"/bin/ls\"']\n  s: {Image|endswith: /cat}\n  condition: words and s", []),
        ("  words: ['a0=\"/bin/ls\"']\n  s: {Image|startswith: /bin}\n  condition: s and not words", [7]),
        ("  s: {ProcessId: 21}\n  condition: s", [6]),
        ("  s: {ProcessId|gt: 20, CommandLine|contains: ls}\n  condition: s", [6]),
        ("  s: {EventTime|minute: 35}\n  condition: s", [5]),
        ("  s: {EventTime|minute|gte: 37}\n  condition: s", [6, 7]),
    ],
)
def test_what_rows_leave_open_is_confirmed_on_the_event(tmp_path, detection, found):
    assert dt.datetime.fromtimestamp(FIRST, dt.UTC).minute == 35
    assert serials(tmp_path, detection) == found


def test_a_keyword_is_found_though_its_row_was_seen_before_without_it(tmp_path):
    rules, log = tmp_path / "rules", tmp_path / "audit.log"
    rules.mkdir()
    (rules / "words.yml").write_text(RULE + "  words: ['pid=21 ']\n  condition: words")
    other = RULE.replace("1111", "2222").replace("Confirmed", "Plain")
    (rules / "plain.yml").write_text(other + "  s: {CommandLine|contains: ls}\n  condition: s")
    each = (execution(pid - 15, ["/bin/ls", "-F"], pid=pid, ppid=10, time=FIRST) for pid in (20, 21, 22))
    lines = "".join(line for event in each for line in event)
    log.write_text(lines)
    found = [(one.origin.serial, one.rule.title) for one in Hunt(Options((str(log),), rules=(str(rules),))).findings()]
    assert sorted(found) == [(5, "Plain"), (6, "Confirmed"), (6, "Plain"), (7, "Plain")]

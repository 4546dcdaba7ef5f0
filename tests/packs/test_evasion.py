"""Attacks of the recordings, respelled as an attacker could have had them recorded: which of them no rule finds."""

from __future__ import annotations

from collections import Counter

import pytest

from vedette.audit.mutate import distinct, matching, unseen
from vedette.audit.suite import read_suite
from vedette.event.logsource import PROCESS_CREATION
from vedette.hunt.hunt import Hunt, built_in_pack
from vedette.hunt.options import Options
from vedette.sigma.ruleset import load

PACK = built_in_pack("linux-firewall")
#: Operator to why no rule on process starts can find it; the kernel's records tell of all but the last.
BLIND = {
    "own-netlink": "a program that speaks netlink itself says nothing of it on its command line",
    "nft-from-file": "without a terminal nft -f is what every boot does",
    "nft-from-input": "the same",
    "restore-empty": "without a terminal iptables-restore is what every boot does",
    "restore-from-file": "the same",
    "cron-job": "iptables-restore without a terminal",
    "systemd-run": "iptables-restore without a terminal",
    "copy": "where only root writes, of nft, systemctl and shells; and of the script ufw",
    "hard-link": "where only root writes, of nft, systemctl and shells",
    "exec-a": "the multi-call binary of an nft host, where ufw's own calls have the same image",
    "accept-first": "in the tables nat and mangle, where it lets nothing in",
    "zero-all": "only counters are lost",
}


@pytest.mark.parametrize("host", ["gw-nft-01", "gw-legacy-01"])
def test_what_no_rule_finds_is_known(host):
    rules = [rule for rule in load((f"{PACK}/rules",)).rules if rule.logsource.covers(PROCESS_CREATION)]
    (recording,) = [one for one in read_suite(PACK).recordings if one.name == host]
    windows = [(step.start, step.end) for step in recording.steps if step.label == "attack"]
    starts = distinct(
        event.values
        for event in Hunt(Options((recording.log,))).events()
        if event.source.category == "process_creation" and any(low <= event.time <= high for low, high in windows)
    )
    positives = [values for values in starts if any(matching(rule, values) for rule in rules)]
    total: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for one in unseen(rules, positives):
        total[one.operator] += one.total
        missed[one.operator] += one.missed
    assert len(positives) > 90
    assert set(missed) <= set(BLIND)
    assert {"own-netlink", "zero-all", "restore-empty"} <= set(missed)
    for operator in ("copy", "hard-link", "exec-a", "accept-first"):
        # Few of many.
        assert missed[operator] * 20 <= total[operator]

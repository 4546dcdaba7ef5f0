"""A pack that is damaged does not pass its test: each part of what it promises is really asked."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import pytest

from vedette.audit.suite import read_suite
from vedette.audit.trial import Attempt, attempt
from vedette.hunt.hunt import built_in_pack

HOST = "gw-nft-01"
BLINDING = """
title: Root does it
id: 7c1f6f0e-2b0d-4f5e-9a57-1d0c5c7f6a11
logsource: {product: linux}
filter:
  rules: any
  selection: {Image|startswith: /usr/sbin/}
  condition: not selection
"""


@pytest.fixture
def copy(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))
    return Path(shutil.copytree(built_in_pack("linux-firewall"), tmp_path / "pack"))


def tried(folder: Path) -> Attempt:
    suite = read_suite(str(folder))
    assert not suite.problems
    assert not suite.rule_problems
    return attempt(suite, next(one for one in suite.recordings if one.name == HOST))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    changed = re.sub(old, new, text, count=1, flags=re.MULTILINE)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


def test_a_blinding_exclusion_fails_every_attack_that_it_covers(copy):
    (copy / "exclusions" / "accepted").mkdir(parents=True, exist_ok=True)
    (copy / "exclusions" / "accepted" / "blinding.yml").write_text(BLINDING)
    failed = tried(copy).failed
    silenced = {case.step for case in failed if case.expect == "not silence"}
    assert len(silenced) >= 12
    assert {"attack_flush_all", "attack_long_options", "attack_cron"} <= silenced
    assert {case.expect for case in failed} <= {"detect", "not silence"}, "matches count as before"


def test_a_rule_that_finds_less_fails_where_it_must_fire(copy):
    change(copy / "rules" / "proc_creation_lnx_nft_flush.yml", "endswith: '/nft'", "endswith: '/nothing'")
    failed = tried(copy).failed
    assert {(case.step, case.found) for case in failed} == {("attack_nft", 0)}
    # And with it the correlation that awaits its match.
    assert {case.rule for case in failed} == {"proc_creation_lnx_nft_flush", "correlation_lnx_firewall_flush_connect"}
    assert {case.expect for case in failed} == {"must"}


def test_a_rule_that_finds_more_fails_where_it_is_not_listed(copy):
    change(
        copy / "rules" / "proc_creation_lnx_nft_flush.yml",
        "^    condition: .+$",
        "    everything: {Image|contains: /}\n    condition: everything",
    )
    quiet = {case.step for case in tried(copy).failed if case.expect == "must not"}
    assert {"admin_noise_1", "ufw_rules", "attack_flush_all"} <= quiet


def test_attackers_that_are_someone_else_leave_attacks_undetected(copy):
    change(copy / "pack.yml", r"logins: \[deploy, 1001\]", "logins: [nobody]")
    failed = tried(copy).failed
    assert {case.expect for case in failed} == {"detect"}
    # What the web server ran and what cron ran are told by other means.
    assert {"attack_flush_ufw_web", "attack_pivot_web", "attack_cron"}.isdisjoint(case.step for case in failed)
    assert len(failed) == 14


def test_a_shorter_log_fails_the_steps_that_it_lacks(copy):
    path = copy / "evidence" / f"{HOST}.audit.log.gz"
    whole = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(whole[: whole.rindex(b"\n", 0, len(whole) // 2) + 1]))
    undetected = {case.step for case in tried(copy).failed if case.expect == "detect"}
    assert {"attack_pivot", "attack_cron"} <= undetected

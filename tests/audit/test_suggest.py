"""Suggestions: the narrowest exclusion for everyday work, accepted by the audit, or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from click.testing import CliRunner

from vedette.audit.audit import Request, audit
from vedette.audit.forging import built_in
from vedette.audit.recording import folder_recordings
from vedette.audit.replay import replay
from vedette.audit.suggest import FIELDS, suggest
from vedette.cli.main import main
from vedette.event import LogSource
from vedette.hunt.hunt import built_in_pack
from vedette.sigma.ruleset import load

PACK = built_in_pack("linux-firewall")
LOG = f"{PACK}/evidence/gw-nft-01.audit.log.gz"


def suggested(*arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    run = CliRunner().invoke(main, ["exclude", "suggest", *arguments])
    assert run.exception is None or isinstance(run.exception, SystemExit)
    return run.exit_code, [one for one in yaml.safe_load_all(run.stdout) if one], run.stderr


def test_a_script_of_root_s_is_excluded_by_its_path_and_the_audit_accepts_it(tmp_path):
    code, documents, told = suggested("--step", "maintenance_job", "--owner", "ops", PACK)
    assert code == 0
    (document,) = documents
    assert document["filter"]["selection"]["ParentScript"] == "/opt/maint/firewall-maintenance.sh"
    assert document["vedette"]["owner"] == "ops"
    assert "suggested" in told
    path = tmp_path / "mf.yml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    found = audit(Request((PACK,), (str(path),)))
    (one,) = [one for one in found.judgements if one.exclusion.filter.location.path == str(path)]
    assert one.in_force
    assert (one.replayed.attack_silenced, one.replayed.benign_silenced) == (0, 25)
    assert one.forging is not None
    assert one.forging.grade == "B"
    assert set(document["vedette"]["proved"]) == set(one.rules)


RULE = """
title: Any flush {number}
id: 11111111-1111-4111-8111-{number:012}
logsource: {source}
detection: {{s: {{CommandLine|contains: iptables}}, condition: s}}
---
"""


def written(folder: Path, *sources: str) -> str:
    """A file with a rule for each log source."""
    path = folder / "rules.yml"
    text = "".join(RULE.format(number=number, source=source) for number, source in enumerate(sources))
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("first", ["{category: process_creation}", "{product: linux, category: process_creation}"])
def test_what_is_suggested_is_for_the_rules_whatever_their_log_source(tmp_path, first):
    rules, path = written(tmp_path, first, "{category: process_creation}"), tmp_path / "mf.yml"
    code, documents, _ = suggested("--step", "maintenance_job", "--evidence", f"{PACK}/evidence", rules)
    path.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    judged = audit(Request((rules,), (str(path),), (f"{PACK}/evidence",))).judgements
    assert code in (0, 1)
    assert [one.decision for one in judged] == ["ACCEPTED"] * len(documents)
    assert all(len(one.rules) == 2 for one in judged)
    assert documents


def test_rules_that_share_no_log_source_get_none(tmp_path):
    path = written(tmp_path, "{category: process_creation}", "{category: process_creation}")
    first, second = load((path,)).rules
    bound = {rule.id: () for rule in (first, second)}
    recordings, _ = folder_recordings(f"{PACK}/evidence")
    seen = tuple(replay(recordings[:1], (path,), bound, further=frozenset(FIELDS)))
    benign = [one for one in seen if one.step is not None and one.step.name == "maintenance_job"]
    rules = (first, msgspec.structs.replace(second, logsource=LogSource(product="linux")))
    found = suggest(benign, seen, rules, built_in())
    assert found
    assert all("share no log source" in one.refusal and not one.accepted for one in found)


@pytest.mark.parametrize("log", ["gone.log", "-", "a\0b"])
def test_a_log_that_is_not_there_is_told(tmp_path, log):
    path = tmp_path / "benign.ndjson"
    path.write_text(json.dumps({"origin": {"offset": 1, "file": log}, "rule": {"id": "x"}}), encoding="utf-8")
    run = CliRunner().invoke(main, ["exclude", "suggest", "--findings", str(path), PACK])
    assert run.exit_code == 3
    assert "benign.ndjson:1 names the log" in run.stderr


def test_what_only_a_user_has_in_common_is_no_exclusion():
    code, documents, told = suggested("--step", "ufw_reload", PACK)
    assert code == 1
    assert all("ParentScript" in one["filter"]["selection"] for one in documents)
    assert "have in common who did it" in told


def test_marked_findings_of_an_attacker_s_disguise_get_none(tmp_path):
    """Someone marks the attack under a fake puppet as benign: the recordings know better."""
    hunt = CliRunner().invoke(main, ["hunt", LOG, "-f", "ndjson"])
    lines = [line for line in hunt.stdout.splitlines() if '"/tmp/puppet"' in line]
    assert lines
    path = tmp_path / "benign.ndjson"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    code, documents, told = suggested("--findings", str(path), PACK)
    assert (code, documents) == (1, [])
    assert "attack matches" in told
    assert "no exclusion is suggested" in told


def test_marked_findings_of_a_log_without_labels_count_as_benign(tmp_path):
    log = tmp_path / "own.audit.log.gz"
    log.write_bytes(Path(LOG).read_bytes())
    hunt = CliRunner().invoke(main, ["hunt", str(log), "-f", "ndjson", "--no-exclusions"])
    lines = [line for line in hunt.stdout.splitlines() if "/etc/libvirt/hooks/network" in line]
    assert len(lines) == 8
    path = tmp_path / "benign.ndjson"
    path.write_text("\n".join(lines), encoding="utf-8")
    code, (document,), told = suggested(
        "--findings", str(path), f"{PACK}/rules/proc_creation_lnx_iptables_flush_ufw.yml"
    )
    assert code == 0
    assert document["filter"]["selection"]["ParentScript"] == "/etc/libvirt/hooks/network"
    assert "one run only" not in told or "benign 8/8" in told


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        ([], "name the everyday work"),
        (["--step", "no_such_step"], "no match of the rules"),
        (["--findings", "no-such-file"], "can't read"),
    ],
)
def test_what_cannot_be_done_is_told(arguments, cause):
    code, _, told = suggested(*arguments)
    assert code == 3
    assert cause in told


def test_a_line_that_is_no_finding_is_named(tmp_path):
    path = tmp_path / "x.ndjson"
    path.write_text(json.dumps({"a": 1}), encoding="utf-8")
    code, _, told = suggested("--findings", str(path))
    assert code == 3
    assert "x.ndjson:1 is no finding" in told

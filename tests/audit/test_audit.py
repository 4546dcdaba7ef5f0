"""The audit of the pack over its recordings: what the page words is rejected, what is in force is proved."""

from __future__ import annotations

import io
import json
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from vedette.audit.audit import Audit, Request, audit
from vedette.audit.forging import read_table
from vedette.audit.judgement import Judgement
from vedette.cli.main import main
from vedette.errors import UsageError
from vedette.hunt.hunt import Hunt, built_in_pack
from vedette.hunt.options import Options
from vedette.report import judgement, sarif
from vedette.report.line import Glyphs

PACK = built_in_pack("linux-firewall")
SEED = "3be619f4-d9ec-4ea8-a173-18fdd01996ab"


@pytest.fixture(scope="module")
def judged() -> Audit:
    return audit(Request((PACK,), now=1795564800.0))


def by_stem(judged: Audit) -> dict[str, Judgement]:
    return {Path(one.exclusion.filter.location.path).stem: one for one in judged.judgements}


def test_what_is_in_force_is_accepted(judged):
    assert not judged.problems
    in_force = [one for one in judged.judgements if one.in_force]
    assert len(in_force) == 4
    for one in in_force:
        assert (one.decision, one.reasons, one.verdict) == ("ACCEPTED", (), "PARTIAL")
        assert one.forging is not None
        assert one.forging.grade <= one.exclusion.floor == "B"
        assert one.replayed.attack_silenced == 0 < one.replayed.attack
        assert one.replayed.benign_silenced > 0
        assert one.score is not None
        assert one.score.without_root_writes.lost == 0 < one.score.without_root_writes.alert_without


PAGE = {
    "automated_security_policy_update": ("PARTIAL", "D", 0, 4),
    "live_migration_or_virtualization_event": ("INERT", None, 0, 0),
    "scheduled_firewall_maintenance_task": ("PARTIAL", "D", 0, 0),
    "scheduled_firewall_maintenance_task_2": ("INERT", None, 0, 0),
    "ufw_uncomplicated_firewall_reset_command": ("BLINDING", "F", 480, 106),
    "ufw_uncomplicated_firewall_reset_command_2": ("INERT", None, 0, 0),
}


def test_not_one_of_the_page_is_both_useful_and_safe(judged):
    stems = by_stem(judged)
    for stem, (verdict, grade, benign, attack) in PAGE.items():
        one = stems[stem]
        found = (one.verdict, one.forging.grade if one.forging else None)
        assert found == (verdict, grade), stem
        assert (one.replayed.benign_silenced, one.replayed.attack_silenced) == (benign, attack), stem
        assert (one.replayed.benign, one.replayed.attack) == (480, 106)
        assert one.decision == "REJECTED"
        assert not one.in_force


def test_proofs_and_witnesses_stand_with_the_verdicts(judged):
    for one in judged.judgements:
        for reached in one.reaches:
            assert (reached.silenced is not None) is (reached.verdict in ("PARTIAL", "BLINDING"))
            assert (reached.seen is not None) is (reached.verdict == "PARTIAL")
            assert (reached.clauses > 0) is (reached.verdict in ("INERT", "BLINDING")) or "carries" in reached.why


def test_where_the_genuine_tool_is_the_attack_there_is_a_window_and_no_more(judged):
    stems = by_stem(judged)
    own = stems["mf_lnx_firewall_ufw_own_chains"]
    assert own.decision == "REJECTED"
    assert own.forging is not None
    assert own.forging.grade == "D"
    window = stems["mf_lnx_firewall_ufw_reset_window"]
    assert (window.decision, window.in_force) == ("ACCEPTED", False)
    assert window.aside.startswith("EXPIRED")
    assert {(step.recording, step.step) for step in window.replayed.steps if step.silenced} == {
        ("gw-nft-01", "ufw_reset")
    }


def test_templates_of_what_was_not_recorded_are_not_accepted(judged):
    stems = by_stem(judged)
    for name in ("docker_daemon", "fail2ban_server", "firewalld_daemon", "kube_proxy", "package_upgrade"):
        one = stems[f"mf_lnx_firewall_{name}"]
        assert one.decision != "ACCEPTED"
        assert any("recorded" in reason for reason in one.reasons)


def test_a_hunt_silences_no_attack_and_what_the_audit_says(judged):
    for recording in judged.recordings:
        hunt = Hunt(Options((recording.log,), show_excluded=True))
        steps: dict[str | None, set[str]] = {}
        for finding in hunt.findings():
            if finding.verdict.decision == "excluded":
                import datetime as dt

                time = dt.datetime.fromisoformat(finding.time).timestamp()
                step = recording.step_of(time, finding.login_user or "")
                assert step is not None
                assert step.label == "benign"
                steps.setdefault(finding.verdict.by, set()).add(step.name)
        for one in judged.judgements:
            wanted = {s.step for s in one.replayed.steps if s.recording == recording.name and s.silenced}
            if one.in_force:
                assert steps[one.exclusion.id] == wanted


def test_table_json_and_sarif_say_the_same(judged):
    lines = ["".join(text for text, _ in line) for line in judgement.lines(judged, 100, Glyphs("utf-8"))]
    text = "\n".join(lines)
    assert all(one.exclusion.filter.title[:30] in text for one in judged.judgements)
    brief = list(judgement.lines(judged, 100, Glyphs("utf-8"), brief=True))
    assert len(brief) == len(judged.judgements) + 10
    assert "refutes, does not certify" in text
    assert max(map(len, lines)) <= 100
    stream = io.BytesIO()
    judgement.document(judged, stream)
    content = json.loads(stream.getvalue())
    assert [one["decision"] for one in content["exclusions"]] == [one.decision for one in judged.judgements]
    assert len(stream.getvalue()) < 2_000_000
    assert list(judgement.results(judged)) == []
    sarif.write(judgement.results(judged), judgement.KINDS, io.BytesIO())


FILTER = """
title: Root's own
logsource: {product: linux, category: process_creation}
filter:
  rules: any
  selection: {User: root}
  condition: %s
"""


@pytest.mark.parametrize(
    ("condition", "kind", "verdict"),
    [("not selection", "exclusion-rejected", "PARTIAL"), ("selection", "exclusion-rejected", "INVERTED")],
)
def test_a_bad_one_in_force_fails_the_gate(tmp_path, condition, kind, verdict):
    path = tmp_path / "mf.yml"
    path.write_text(FILTER % condition, encoding="utf-8")
    rule = f"{PACK}/rules/proc_creation_lnx_iptables_flush_ufw.yml"
    run = CliRunner().invoke(main, ["audit", rule, "--filters", str(path), "-f", "json"])
    assert run.exit_code == 0
    (one,) = json.loads(run.stdout)["exclusions"]
    assert (one["verdict"], one["decision"], one["in_force"]) == (verdict, "REJECTED", True)
    gated = CliRunner().invoke(main, ["audit", rule, "--filters", str(path), "-f", "sarif", "--fail-below", "F"])
    assert gated.exit_code == 1
    (result,) = json.loads(gated.stdout)["runs"][0]["results"]
    assert result["ruleId"] == kind
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 2


@pytest.mark.parametrize(("broken", "code"), [("mf", 1), ("steps", 4)])
def test_what_can_not_be_read_fails_the_gate(tmp_path, broken, code):
    rule = f"{PACK}/rules/proc_creation_lnx_iptables_flush_ufw.yml"
    arguments = ["audit", rule, "--filters", str(tmp_path / "filters"), "--fail-below", "F"]
    arguments += ["--evidence", f"{PACK}/evidence", "--evidence", str(tmp_path / "evidence")]
    (tmp_path / "filters").mkdir()
    (tmp_path / "evidence").mkdir()
    recorded(tmp_path / "evidence", "own", {"backup": "benign"})
    good = (FILTER % "not selection").replace("{User: root}", "{ParentScript: /etc/libvirt/hooks/network}")
    (tmp_path / "filters" / "good.yml").write_text(good, encoding="utf-8")
    assert CliRunner().invoke(main, arguments).exit_code == 0
    if broken == "mf":
        bad = good.replace("Root's own", "Other") + "vedette: {expires: soon}\n"
        (tmp_path / "filters" / "bad.yml").write_text(bad, encoding="utf-8")
    else:
        (tmp_path / "evidence" / "own.steps.tsv").write_text("nothing\n", encoding="utf-8")
    assert CliRunner().invoke(main, arguments).exit_code == code


def test_evidence_of_ones_own(tmp_path):
    evidence = Path(PACK) / "evidence"
    (tmp_path / "host.audit.log.gz").write_bytes((evidence / "gw-nft-01.audit.log.gz").read_bytes())
    (tmp_path / "host.steps.tsv").write_bytes((evidence / "gw-nft-01.steps.tsv").read_bytes())
    (tmp_path / "mf.yml").write_text(
        textwrap.dedent(FILTER % "not selection").replace("{User: root}", "{ParentScript: /etc/libvirt/hooks/network}"),
        encoding="utf-8",
    )
    rule = f"{PACK}/rules/proc_creation_lnx_iptables_flush_ufw.yml"
    found = audit(Request((rule,), (str(tmp_path / "mf.yml"),), (str(tmp_path),)))
    (one,) = found.judgements
    assert (one.replayed.benign_silenced, one.replayed.attack_silenced, one.decision) == (8, 0, "ACCEPTED")
    assert one.blast.parents == (("/etc/libvirt/hooks/network", 8),)


def recorded(folder: Path, name: str, steps: dict[str, str]) -> None:
    """An empty log with steps of one label each."""
    (folder / f"{name}.audit.log").write_text("", encoding="utf-8")
    lines = [f"{step}\t{label}\t{number}\t{number}" for number, (step, label) in enumerate(steps.items())]
    text = "\n".join(["step\tlabel\tstart_epoch\tend_epoch", *lines, ""])
    (folder / f"{name}.steps.tsv").write_text(text, encoding="utf-8")


def test_a_case_asks_the_recordings_that_have_its_step(tmp_path):
    recorded(tmp_path, "one", {"backup": "benign"})
    recorded(tmp_path, "two", {"other": "benign"})
    cases = ", ".join(
        f"{{recording: '{name}', step: backup, expect: {expect}}}"
        for name, expect in (("*", "silenced"), ("*", "alert"), ("two", "alert"), ("none", "silenced"))
    )
    path = tmp_path / "mf.yml"
    path.write_text(FILTER % "not selection" + f"vedette: {{cases: [{cases}]}}\n", encoding="utf-8")
    rule = f"{PACK}/rules/proc_creation_lnx_iptables_flush_ufw.yml"
    (one,) = audit(Request((rule,), (str(path),), (str(tmp_path),))).judgements
    assert one.failed == ("one: backup: expected silenced, but it silences nothing", "two: it has no step backup")


@pytest.mark.parametrize(
    ("other", "redundant"),
    [
        ("{expires: 2020-01-01}", False),
        ("{expires: 2099-01-01}", False),
        ("{expires: 2100-01-01, enforce: [hunt]}", False),
        ("{expires: 2100-01-01}", True),
        ("{}", True),
    ],
)
def test_one_is_redundant_to_what_lasts_as_long_and_stands_in_all_its_places(tmp_path, other, redundant):
    narrow = (FILTER % "not selection").replace("{User: root}", "{User: root, ParentUser: root}")
    text = narrow + "vedette: {expires: 2099-12-31}\n---" + FILTER % "not selection" + f"vedette: {other}\n"
    (tmp_path / "mf.yml").write_text(text, encoding="utf-8")
    rule = f"{PACK}/rules/proc_creation_lnx_iptables_flush_ufw.yml"
    one, _ = audit(Request((rule,), (str(tmp_path / "mf.yml"),), now=1795564800.0)).judgements
    assert (one.verdict == "REDUNDANT") is redundant


def test_the_last_lines_say_what_they_are_about(tmp_path):
    """An exclusion in force that touches an attack is not hidden behind one that is asked of more attacks."""
    wide = (FILTER % "not selection").replace("{User: root}", "{ParentScript: /etc/libvirt/hooks/network}")
    (tmp_path / "one.yml").write_text(wide, encoding="utf-8")
    (tmp_path / "two.yml").write_text(
        (FILTER % "not selection").replace("rules: any", "rules: [3be619f4-d9ec-4ea8-a173-18fdd01996ab]"),
        encoding="utf-8",
    )
    (tmp_path / "own.toml").write_text('as_of = "2001-01-01"\n', encoding="utf-8")
    rules = ("iptables_flush_ufw", "iptables_flush_all", "nft_flush")
    request = Request(
        tuple(f"{PACK}/rules/proc_creation_lnx_{name}.yml" for name in rules),
        (str(tmp_path),),
        (f"{PACK}/evidence",),
        read_table(tmp_path / "own.toml"),
    )
    text = ["".join(part for part, _ in line) for line in judgement.lines(audit(request), 200, Glyphs("utf-8"))]
    (told,) = [line for line in text if "attack runs touched" in line]
    assert told.startswith("in force, ")
    assert not told.startswith("in force, 0 ")
    assert "2 exclusions: " in "\n".join(text)
    assert "as judged on 2001-01-01" in text[-1]


def test_what_a_hunt_would_apply_is_in_force_whatever_it_is_called(tmp_path):
    path = tmp_path / "mf.yml"
    path.write_text(FILTER % "not selection" + "vedette: {decision: candidate}\n", encoding="utf-8")
    rule = f"{PACK}/rules/proc_creation_lnx_iptables_flush_ufw.yml"
    log = f"{PACK}/evidence/gw-nft-01.audit.log.gz"
    hunt = Hunt(Options((log,), rules=(rule,), filters=(str(path),), show_excluded=True))
    assert any(finding.verdict.decision == "excluded" for finding in hunt.findings())
    run = CliRunner().invoke(main, ["audit", rule, "--filters", str(path), "--fail-below", "F"])
    assert run.exit_code == 1


def test_nothing_to_judge_is_told():
    with pytest.raises(UsageError, match="no exclusion to judge"):
        audit(Request((f"{PACK}/rules",)))

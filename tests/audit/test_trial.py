"""Trials: each kind of expectation met and missed, and what holds for every pack."""

from __future__ import annotations

import os

import pytest
from tests.audit.packs import BACKUP, DESCRIPTION, EXCLUSION, FLUSH, MET, log, pack, steps

from vedette.audit.trial import SHOWN, Case, Trial, try_pack
from vedette.errors import PackError, UsageError
from vedette.report.deed import deed


def failed(trial: Trial) -> list[tuple[str, str, str, int]]:
    return [(case.step, case.rule, case.expect, case.found) for case in trial.failed]


def case_of(trial: Trial, step: str, expect: str, rule: str = "*") -> Case:
    (case,) = [case for case in trial.cases if (case.step, case.expect, case.rule) == (step, expect, rule)]
    return case


def test_a_pack_that_keeps_its_word_passes_every_case(tmp_path):
    trial = try_pack(pack(tmp_path))
    assert [trial.failed, trial.problems, trial.rule_problems, trial.notes] == [()] * 4
    assert [case.step for case in trial.cases] == [
        *["quiet"],
        *["backup"] * 3,
        *["flush"] * 5,
        *["between"],
        "",
    ]
    assert all(case.passed and not case.examples for case in trial.cases)
    assert case_of(trial, "backup", "silence").found == 2
    assert case_of(trial, "flush", "detect").found == 2


@pytest.mark.parametrize(
    ("line", "missed"),
    [
        ("gw\tbackup\tflush\tmust\t3\t-\tx\t", ("backup", "flush", "must", 2)),
        ("gw\tbackup\tflush\tmust\t1\t1\tx\t", ("backup", "flush", "must", 2)),
        ("gw\tbackup\tflush\tmay\t0\t1\tx\t", ("backup", "flush", "may", 2)),
        ("gw\tbackup\tflush\tmust not\t0\t0\tx\t", ("backup", "flush", "must not", 2)),
        ("gw\tbackup\t*\tmust not\t0\t0\tx\t", ("backup", "*", "must not", 2)),
        (f"gw\tbackup\t{FLUSH}\tmust\t3\t3\tx\t", ("backup", FLUSH, "must", 2)),
    ],
)
def test_a_rule_that_fires_too_often_or_too_seldom_fails_its_case(tmp_path, line, missed):
    trial = try_pack(pack(tmp_path, line, *MET[1:]))
    assert failed(trial) == [missed]
    assert len(trial.failed[0].examples) == min(2, SHOWN)
    assert trial.failed[0].location
    assert trial.failed[0].location.line == 2


@pytest.mark.parametrize(
    ("line", "missed"),
    [
        ("gw\tbackup\t*\tsilence\t1\t1\tx\tbackup", ("backup", "*", "silence", 2)),
        (f"gw\tbackup\tflush\tsilence\t3\t-\tx\t{BACKUP}", ("backup", "flush", "silence", 2)),
        ("gw\tbackup\tpolicy\tsilence\t1\t-\tx\tbackup", ("backup", "policy", "silence", 0)),
        ("gw\tflush\t*\tsilence\t1\t-\tx\tbackup", ("flush", "*", "silence", 0)),
    ],
)
def test_an_exclusion_that_covers_too_much_or_too_little_fails_its_case(tmp_path, line, missed):
    assert failed(try_pack(pack(tmp_path, MET[0], line, *MET[2:]))) == [missed]


def test_what_is_not_listed_must_not_fire(tmp_path):
    trial = try_pack(pack(tmp_path, *MET[1:], more=((["/sbin/iptables", "-F"], 1000, 102.0),)))
    assert failed(trial) == [("quiet", "*", "must not", 1), ("backup", "*", "must not", 2)]
    assert [deed(finding) for finding in trial.failed[0].examples] == ["/sbin/iptables -F"]


def test_what_belongs_to_no_step_must_not_fire(tmp_path):
    trial = try_pack(pack(tmp_path, more=((["/sbin/iptables", "-F"], 1000, 150.0),)))
    assert failed(trial) == [("", "*", "must not", 1)]


@pytest.mark.parametrize(
    ("told", "detected"),
    [("{logins: [1001]}", 2), ("{logins: [eve]}", 0), ("{users: [www-data]}", 0), ("{}", 2)],
    ids=["the attackers'", "someone else's", "none of a service", "not told apart"],
)
def test_an_attack_is_detected_by_an_alert_on_an_event_of_its_own(tmp_path, told, detected):
    text = DESCRIPTION.replace("{logins: [eve, 1001]}", told)
    assert case_of(try_pack(pack(tmp_path, description=text)), "flush", "detect").found == detected


def test_the_login_of_a_step_tells_whose_it_is(tmp_path):
    folder = pack(tmp_path, description=DESCRIPTION.replace("{logins: [eve, 1001]}", "{users: [www-data]}"))
    written = steps().splitlines()
    rows = [f"{row}\t{'login' if not number else '1001' * ('attack' in row)}" for number, row in enumerate(written)]
    (folder / "evidence/gw.steps.tsv").write_text("\n".join(rows) + "\n")
    assert case_of(try_pack(folder), "flush", "detect").found == 2


def test_an_attack_whose_matches_are_excluded_is_neither_detected_nor_spared(tmp_path):
    blinding = EXCLUSION.replace("CommandLine|endswith: backup", "CommandLine|contains: iptables")
    trial = try_pack(pack(tmp_path, exclusion=blinding))
    assert failed(trial) == [("flush", "*", "detect", 0), ("flush", "*", "not silence", 2)]
    assert all(finding.verdict.decision == "excluded" for finding in trial.failed[1].examples)


def test_an_exclusion_that_no_hunt_applies_silences_nothing_and_is_named(tmp_path):
    trial = try_pack(pack(tmp_path, exclusion=EXCLUSION + "vedette: {expires: 2026-11-01}\n"), now=1795509000.0)
    assert failed(trial) == [("backup", "*", "silence", 0)]
    assert len(trial.notes) == 1
    assert "EXPIRED" in trial.notes[0]
    assert not try_pack(pack(tmp_path), now=1700000000.0).failed


def test_an_exclusion_is_held_to_its_own_cases(tmp_path):
    block = (
        "vedette:\n  cases:\n    - {recording: gw, step: quiet, expect: silenced}\n"
        "    - {recording: '*', step: backup, expect: alert}\n"
    )
    trial = try_pack(pack(tmp_path, exclusion=EXCLUSION + block))
    assert failed(trial) == [("quiet", "*", "silence", 0), ("backup", "*", "not silence", 2)]
    assert trial.problems == ()


@pytest.mark.parametrize(
    ("case", "cause"),
    [
        ("{recording: '*', step: elsewhere, expect: alert}", "elsewhere, which is no step of any recording"),
        ("{recording: gw, step: elsewhere, expect: alert}", "elsewhere, which is no step of a recording gw"),
        ("{recording: other, step: backup, expect: alert}", "backup, which is no step of a recording other"),
    ],
)
def test_a_case_that_nothing_could_answer_is_a_problem(tmp_path, case, cause):
    trial = try_pack(pack(tmp_path, exclusion=f"{EXCLUSION}vedette: {{cases: [{case}]}}\n"))
    (problem,) = trial.problems
    assert cause in problem.cause
    assert problem.location.path.endswith("backup.yml")


def test_of_recordings_that_nothing_is_written_of_only_attacks_are_asked(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more/other.log").write_text(log((["/sbin/iptables", "-F"], 1000, 150.0)))
    (tmp_path / "more/other.steps.tsv").write_text(steps())
    (tmp_path / "more/plain.log").write_text(log())
    trial = try_pack(pack(tmp_path / "pack"), evidence=[str(tmp_path / "more")])
    assert not trial.failed
    assert [(case.step, case.expect) for case in trial.cases if case.recording == "other"] == [
        ("flush", "detect"),
        ("flush", "not silence"),
    ]
    assert trial.notes == (
        "other: matches that belong to no step: 1",
        "plain: no steps stand beside its log, so nothing is asked of it",
    )


def test_benign_steps_that_still_alert_are_noted_where_nothing_is_written(tmp_path):
    folder = pack(tmp_path, exclusion=EXCLUSION.replace("endswith: backup", "endswith: nothing"))
    (folder / "pack.yml").write_text(DESCRIPTION.replace("    expectations: expectations.tsv\n", ""))
    trial = try_pack(folder)
    assert trial.notes == ("gw: 2 alerts in the benign step backup: 2 flush",)
    assert not trial.failed


def test_benign_steps_of_one_scenario_are_noted_together(tmp_path):
    more = ((["/sbin/iptables", "-F"], 1000, 102.0), (["/sbin/iptables", "-P"], 1000, 103.0))
    folder = pack(tmp_path, exclusion=EXCLUSION.replace("endswith: backup", "endswith: nothing"), more=more)
    (folder / "pack.yml").write_text(DESCRIPTION.replace("    expectations: expectations.tsv\n", ""))
    head, *rows = steps().splitlines()
    text = "\n".join([f"{head}\tscenario", *(f"{row}\teveryday" for row in rows)])
    (folder / "evidence/gw.steps.tsv").write_text(text)
    assert try_pack(folder).notes == ("gw: 4 alerts in 2 benign steps of everyday: 3 flush, 1 policy",)


def test_rules_that_can_t_match_are_noted(tmp_path):
    folder = pack(tmp_path)
    path = folder / "rules/policy.yml"
    path.write_text(path.read_text().replace("CommandLine|contains", "OriginalFileName|contains"))
    assert "gw: 'Policy' can't match: needs OriginalFileName" in try_pack(folder).notes


def test_refused_rules_and_exclusions_are_problems(tmp_path):
    folder = pack(tmp_path, exclusion=EXCLUSION + "vedette: {floor: Z}\n")
    (folder / "rules/bad.yml").write_text("title: bad\n")
    trial = try_pack(folder)
    assert sorted(problem.location.path.rpartition("/")[2] for problem in trial.rule_problems) == [
        "backup.yml",
        "bad.yml",
    ]


def test_evidence_that_can_t_be_read_is_a_problem(tmp_path):
    folder = pack(tmp_path)
    (folder / "evidence/gw.audit.log").write_bytes(b"\x1f\x8bno gzip")
    assert [problem.location.path.rpartition("/")[2] for problem in try_pack(folder).problems] == ["gw.audit.log"]
    (folder / "evidence/gw.audit.log").unlink()
    (problem,) = try_pack(folder).problems
    assert "no recording gw.audit.log" in problem.cause


def test_a_pack_without_recordings_has_nothing_to_pass(tmp_path):
    trial = try_pack(pack(tmp_path, description="name: bare\nrules: rules\n"))
    assert trial.cases == ()
    assert [problem.cause for problem in trial.problems] == ["the pack names no recordings"]


def test_two_recordings_of_one_name_are_told_and_the_first_is_tried(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more/gw.log").write_text(log())
    trial = try_pack(pack(tmp_path / "pack"), evidence=[str(tmp_path / "more")])
    assert len(trial.attempts) == 1
    assert "a second recording is called gw" in trial.problems[0].cause


def test_a_folder_that_is_no_pack_is_an_error(tmp_path):
    with pytest.raises(PackError):
        try_pack(tmp_path)
    (tmp_path / "pack.yml").write_text("name: x\nrules: gone\n")
    trial = try_pack(tmp_path)
    assert trial.attempts == ()
    assert trial.rule_problems


def test_evidence_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises((PackError, UsageError)):
        try_pack(pack(tmp_path), evidence=[str(tmp_path / "gone")])


@pytest.mark.parametrize("name", ["expectations.tsv", "evidence/gw.steps.tsv", "evidence/gw.audit.log"])
def test_no_pipe_is_waited_for(tmp_path, name):
    folder = pack(tmp_path)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert try_pack(folder).problems

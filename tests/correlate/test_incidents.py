"""Incidents on the recordings: each pivot of an attacker is one, no benign step makes any, and ids are stable."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from vedette.audit.recording import Recording, pack_recordings
from vedette.cli.main import main
from vedette.correlate.incident import Incident
from vedette.correlate.judging import _kept, incidents
from vedette.correlate.steps import next_steps
from vedette.correlate.tracker import Tracker
from vedette.hunt.hunt import Hunt, built_in_pack
from vedette.hunt.options import Options

PACK = built_in_pack("linux-firewall")
RECORDINGS = {recording.name: recording for recording in pack_recordings(PACK)[0]}
#: Attack steps that reach another host after they took rules out, in the recordings' own words.
PIVOTS = {
    "attack_flush_all", "attack_flush_ufw", "attack_flush_ufw_web", "attack_maint_name", "attack_python_child",
    "attack_pivot", "attack_pivot_web",
}  # fmt: skip


def found(log: str, **options: object) -> list[Incident]:
    tracker = Tracker()
    hunt = Hunt(Options((log,), **options), watch=tracker)  # type: ignore[arg-type]  # options of a test
    for _ in hunt.findings():
        pass
    return list(incidents(list(tracker.jobs()), log))


def step_of(recording: Recording, incident: Incident) -> str:
    step = recording.step_of(dt.datetime.fromisoformat(incident.first).timestamp(), incident.login_user or "")
    return step.name if step is not None else ""


@pytest.fixture(scope="module", params=sorted(RECORDINGS))
def recording(request) -> Recording:
    return RECORDINGS[request.param]


@pytest.fixture(scope="module")
def made(recording) -> dict[str, Incident]:
    all_of_them = found(recording.log)
    by_step = {step_of(recording, one): one for one in all_of_them}
    assert len(by_step) == len(all_of_them), "two incidents of one step"
    return by_step


def test_each_pivot_is_one_incident_and_no_benign_step_makes_one(recording, made):
    assert set(made) == PIVOTS
    benign = {step.name for step in recording.steps if step.label == "benign"}
    assert {"admin_noise_3", "admin_noise_4", "ufw_reset", "networkmanager"} <= benign
    assert not benign & set(made)


def test_the_pivot_names_the_flush_both_listeners_and_the_peer(recording, made):
    one = made["attack_pivot"]
    peer = "10.66.1.12" if recording.name == "gw-nft-01" else "10.66.1.11"
    kinds = {fact.kind for fact in one.facts}
    assert {"flush", "loss", "listener", "scan", "ssh"} <= kinds
    assert {fact.port for fact in one.facts if fact.kind == "listener"} == {4445, 8099}
    assert {fact.address for fact in one.facts if fact.kind in ("scan", "ssh", "connection")} == {peer}
    assert any("iptables -F" in fact.text for fact in one.facts if fact.kind == "flush")
    assert f"listened on 4445 and 8099 and reached {peer}" in one.title
    assert (one.level, one.kernel.verdict, one.came_from) == ("critical", "confirmed", "10.66.9.2")
    assert all(f"{peer} came in" in fact.text for fact in one.facts if fact.kind == "listener")
    assert one.login_user in ("deploy", "1001")


def test_the_web_server_s_pivot_has_no_listener_and_no_login(made):
    one = made["attack_pivot_web"]
    kinds = {fact.kind for fact in one.facts}
    assert {"flush", "loss", "ssh", "scan"} <= kinds
    assert "listener" not in kinds
    assert one.login_user is None
    assert one.session is None
    assert all(fact.tie in ("same process", "same ancestry", "same host") for fact in one.facts)


def test_an_id_is_the_same_in_a_shorter_log(recording, made, tmp_path):
    one = made["attack_flush_all"]
    lines = gzip.decompress(Path(recording.log).read_bytes()).splitlines(keepends=True)
    end = dt.datetime.fromisoformat(one.last).timestamp() + 120
    kept = [line for line in lines if float(line.split(b"audit(", 1)[1][:14]) < end]
    assert len(kept) < len(lines)
    path = tmp_path / "part.log"
    path.write_bytes(b"".join(kept))
    part = {step_of(recording, other): other for other in found(str(path))}
    assert part["attack_flush_all"].id == one.id
    assert len({other.id for other in made.values()}) == len(made)


def test_what_can_not_be_told_yet_is_an_incident_whose_id_stays(tmp_path):
    """Legacy tables tell their size with the next record: cut before it, the pivot is undeterminable, and the same."""
    recording = RECORDINGS["gw-legacy-01"]
    whole = {step_of(recording, one): one for one in found(recording.log)}["attack_pivot"]
    lines = gzip.decompress(Path(recording.log).read_bytes()).splitlines(keepends=True)
    end = next(step.end for step in recording.steps if step.name == "attack_pivot")
    path = tmp_path / "cut.log"
    path.write_bytes(b"".join(line for line in lines if float(line.split(b"audit(", 1)[1][:14]) <= end))
    cut = {step_of(recording, one): one for one in found(str(path))}["attack_pivot"]
    assert (whole.kernel.verdict, cut.kernel.verdict) == ("confirmed", "undeterminable")
    assert cut.id == whole.id
    assert (whole.level, cut.level) == ("critical", "high")
    assert cut.state == "open"


def test_other_rules_make_the_same_incidents(recording, made):
    loss = str(Path(PACK) / "rules" / "netfilter_lnx_change_drop_job.yml")
    others = found(recording.log, rules=(loss,))
    assert {one.id for one in others} == {one.id for one in made.values()}


def test_an_excluded_flush_that_is_followed_by_a_pivot_is_raised_again(recording, tmp_path):
    path = tmp_path / "mf.yml"
    path.write_text(
        "title: Everything of the stolen account\nid: 00000000-0000-4000-8000-000000000001\n"
        "logsource: {product: linux}\nfilter:\n  rules: any\n  selection: {LoginUserId: 1001}\n"
        "  condition: not selection\nvedette: {reason: we trust deploy}\n",
        encoding="utf-8",
    )
    by_step = {step_of(recording, one): one for one in found(recording.log, filters=(str(path),))}
    one = by_step["attack_pivot"]
    assert one.raised
    assert one.excluded == one.findings > 0
    assert any("we trust deploy" in fact.text and fact.excluded_by for fact in one.facts)
    assert any("raised again" in reason for reason in one.reasons)
    assert not by_step["attack_pivot_web"].raised


def test_one_login_on_several_hosts_is_an_incident(tmp_path):
    """The same stolen account on a second gateway, whose log says another node name."""
    recording = RECORDINGS["gw-nft-01"]
    step = next(step for step in recording.steps if step.name == "attack_xtables_multi")
    lines = gzip.decompress(Path(recording.log).read_bytes()).splitlines(keepends=True)
    part = [line for line in lines if step.start - 5 <= float(line.split(b"audit(", 1)[1][:14]) <= step.end + 1]
    path = tmp_path / "two.log"
    path.write_bytes(b"".join(part) + b"".join(line.replace(b"gw-nft-01", b"gw-nft-02") for line in part))
    (one,) = [other for other in found(str(path)) if len(other.hosts) > 1]
    assert one.hosts == ("gw-nft-01", "gw-nft-02")
    assert one.title.startswith("deploy took the packet filter down on 2 hosts")
    assert {fact.tie for fact in one.facts} == {"same login"}
    assert one.level == "critical"


def test_what_is_excluded_on_several_hosts_is_counted(tmp_path):
    recording = RECORDINGS["gw-nft-01"]
    step = next(step for step in recording.steps if step.name == "attack_flush_all")
    lines = gzip.decompress(Path(recording.log).read_bytes()).splitlines(keepends=True)
    part = [line for line in lines if step.start - 5 <= float(line.split(b"audit(", 1)[1][:14]) <= step.end + 1]
    path, trusted = tmp_path / "two.log", tmp_path / "mf.yml"
    path.write_bytes(b"".join(part) + b"".join(line.replace(b"gw-nft-01", b"gw-nft-02") for line in part))
    trusted.write_text(
        "title: All\nlogsource: {product: linux}\nfilter:\n  rules: any\n  selection: {LoginUserId: 1001}\n"
        "  condition: not selection\n",
        encoding="utf-8",
    )
    (one,) = [other for other in found(str(path), filters=(str(trusted),)) if len(other.hosts) > 1]
    assert one.excluded == one.findings > 0


def test_jobs_beyond_the_bound_are_told(monkeypatch):
    monkeypatch.setattr("vedette.correlate.tracker.MAX_JOBS", 1)
    run = CliRunner().invoke(main, ["hunt", RECORDINGS["gw-nft-01"].log, "--incidents", "-f", "csv"])
    assert run.exit_code == 0
    assert "were more than is kept; what they did next is in no incident" in run.stderr


def test_next_steps_quote_what_stands_in_the_log(made):
    for one in made.values():
        places = [step.where for step in one.next_steps]
        assert places[0] == "log"
        assert "kql" in places
        assert "host" in places
        assert all(step.command for step in one.next_steps)


def test_many_findings_hide_no_pivot(made):
    """A flush in a loop, and the listener behind it."""
    one = made["attack_pivot"]
    loud = [
        msgspec.structs.replace(fact, text=f"{fact.text} {number}") for number in range(500) for fact in one.facts[:1]
    ]
    kept, cut = _kept([*loud, *one.facts])
    assert [fact for fact in one.facts if fact.kind in ("listener", "ssh", "connection")] == [
        fact for fact in kept if fact.kind in ("listener", "ssh", "connection")
    ]
    assert len(kept) + cut == 500 + len(one.facts)
    assert kept == sorted(kept, key=lambda fact: (fact.time, fact.origin.offset))


@pytest.mark.parametrize(
    ("log", "file", "wanted"),
    [
        ("one.log", "one.log", "ausearch -i --input one.log --node"),
        ("one.log", "the other.log", "ausearch -i --input 'the other.log' --node"),
        ("logs/", "logs/audit.log", "ausearch -i --input logs/ --node"),
        ("logs", "logs/audit.log.2.gz", "zcat -- logs/audit.log.2.gz | ausearch -i --node"),
        ("-", "-", "ausearch -i --node"),
        ("-x.log", "-x.log", "ausearch -i --input ./-x.log --node"),
    ],
)
def test_the_search_reads_the_log_that_shows_it(log, file, wanted):
    tracker = Tracker()
    hunt = Hunt(Options((RECORDINGS["gw-nft-01"].log,)), watch=tracker)
    for _ in hunt.findings():
        pass
    jobs = list(tracker.jobs())
    one = next(one for one in incidents(jobs, log) if one.login_user == "deploy")
    job = next(job for job in jobs if job.process.tail.ses == (one.session.ses if one.session else -1))
    origin = msgspec.structs.replace(one.facts[0].origin, file=file)
    facts = (msgspec.structs.replace(one.facts[0], origin=origin), *one.facts[1:])
    steps = next_steps(job, facts, 0.0, 1e15, log)
    assert steps[0].command.startswith(wanted)
    assert "9999-12-31T23:59:59Z" in steps[1].command
    assert any(step.command == "last -Faiw -- deploy" for step in steps)

"""A pack's description as a test reads it, and whose events an attack's are."""

from __future__ import annotations

import pytest
from tests.report.samples import ancestor, make_finding

from vedette.audit.description import Attackers, read_description
from vedette.audit.recording import Step
from vedette.errors import PackError


def step(name: str = "s", scenario: str = "scenario", login: str = "") -> Step:
    return Step(name, "attack", scenario, 0.0, 1.0, login)


CRON = (ancestor(2, "/bin/sh -c iptables -F"), ancestor(1, "/usr/sbin/cron -f"))
WEB = (ancestor(2, "sudo iptables -F"), ancestor(1, "/usr/sbin/apache2", user="www-data"))


@pytest.mark.parametrize(
    ("attackers", "of", "finding", "own"),
    [
        (Attackers(), step(), make_finding(), True),
        (Attackers(logins=frozenset({"ops"})), step(), make_finding(), True),
        (Attackers(logins=frozenset({"eve"})), step(), make_finding(), False),
        (Attackers(logins=frozenset({"eve"})), step(login="ops"), make_finding(), True),
        (Attackers(), step(login="eve"), make_finding(), False),
        (Attackers(), step(login="eve"), make_finding(login_user=None), False),
        (Attackers(users=frozenset({"www-data"})), step(), make_finding(login_user=None, ancestors=WEB), True),
        (Attackers(users=frozenset({"www-data"})), step(), make_finding(login_user="ops", ancestors=WEB), False),
        (Attackers(users=frozenset({"www-data"})), step(), make_finding(login_user=None, ancestors=CRON), False),
        (Attackers(users=frozenset({"www-data"})), step(), make_finding(login_user=None, process=None), False),
        (Attackers(commands={"s": ("iptables -F",)}), step(), make_finding(ancestors=CRON), True),
        (Attackers(commands={"scenario": ("iptables -F",)}), step(), make_finding(ancestors=CRON), True),
        (Attackers(commands={"s": ("nft",)}), step(), make_finding(ancestors=CRON), False),
        (Attackers(frozenset({"eve"}), commands={"t": ("iptables -F",)}), step(), make_finding(ancestors=CRON), False),
    ],
)
def test_whose_event_it_is(attackers, of, finding, own):
    assert attackers.own(of, finding) is own


def described(folder, evidence: str, head: str = "name: p\n"):
    (folder / "pack.yml").write_text(f"{head}evidence: {evidence}\n", encoding="utf-8")
    return read_description(folder)


def test_a_description_is_read_numbers_as_text(tmp_path):
    found = described(
        tmp_path,
        "{expectations: e.tsv, attackers: {logins: [eve, 1001], users: ['33'], commands: {a: [b]}}, "
        "recordings: [{host: gw, log: gw.log, steps: s, backend: nft}, {log: other.audit.log, steps: t}]}",
    )
    assert (found.name, found.hosts) == ("p", {"gw", "other"})
    assert found.expectations == str(tmp_path / "e.tsv")
    assert found.attackers == Attackers(frozenset({"eve", "1001"}), frozenset({"33"}), {"a": ("b",)})


def test_a_pack_without_evidence_or_name_is_called_as_its_folder(tmp_path):
    found = described(tmp_path, "", head="title: x\n")
    assert (found.name, found.expectations, found.hosts) == (tmp_path.name, None, frozenset())
    assert not found.attackers.known_in(step())


@pytest.mark.parametrize(
    ("evidence", "cause"),
    [
        ("[a]", "evidence"),
        ("{expectation: e.tsv}", "unknown field `expectation`"),
        ("{expectations: ../e.tsv}", "leads out of the pack"),
        ("{expectations: /e.tsv}", "leads out of the pack"),
        ("{attackers: {login: [a]}}", "unknown field `login`"),
        ("{attackers: {logins: a}}", "Expected `array`"),
        ("{attackers: {commands: {a: ['']}}}", "empty text"),
        (f"{{attackers: {{logins: [{', '.join('a' * 1001)}]}}}}", "more than 1,000"),
        ("{recordings: [{host: [a]}]}", "Expected `str`"),
    ],
)
def test_what_is_wrong_in_it_is_told(tmp_path, evidence, cause):
    with pytest.raises(PackError) as raised:
        described(tmp_path, evidence)
    assert cause in raised.value.cause
    assert raised.value.location.path == str(tmp_path / "pack.yml")


@pytest.mark.parametrize("content", [b"\xff", b"a: [", b"", b"- a", b"a: 1\n---\nb: 2\n"])
def test_a_description_that_can_t_be_read_is_an_error(tmp_path, content):
    (tmp_path / "pack.yml").write_bytes(content)
    with pytest.raises(PackError):
        read_description(tmp_path)

"""Rules of `service: auditd` select the records that the law selects, on recorded lines and on lines made for each."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.engine.instances import instances
from tests.kql.probe import item, probe
from tests.kql.syslog.messages import as_seen, recorded, rows
from tests.strategies_auditd import kernel_string, line

from vedette.kql import Query, convert, read_target
from vedette.predicate import Keyword, Value, atoms, evaluate
from vedette.predicate.fold import DISPUTED
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load
from vedette.telemetry.auditd.records import RAW

#: What the words of an enriched record are in one that has numbers alone.
ORDER = ("arch", "argc", "item", "pid", "uid")


class Records:
    """Records in the Syslog table, and what the law reads of them."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.held = rows([one.decode("utf-8", "replace") for one in lines], ProcessName="audispd")
        self.seen = [as_seen(one) for one in lines]

    def selected(self, query: Query) -> tuple[list[int], list[int]]:
        """Places of the records that the engine selects, and of those that the law does."""
        assert isinstance(query.rule, Rule)
        assert query.text, query.errors
        law = [place for place, row in enumerate(self.seen) if evaluate(query.rule.predicate, row, str(row[RAW]))]
        return self.held.ids(query.text), law


@pytest.fixture(scope="module")
def logged() -> Records:
    """Recorded lines."""
    return Records(recorded())


def record(row: dict[str, Value]) -> bytes:
    """A record with these fields, as the kernel writes it."""
    kind = str(row.get("type", "SYSCALL")) or "SYSCALL"
    names = sorted((name for name in row if name != "type"), key=lambda name: (name.isupper(), name not in ORDER, name))
    body = b""
    for name in names:
        text = str(row[name]).encode("utf-8", "replace").replace(b"\0", b"")
        separator = b"\x1d" if name.isupper() and b"\x1d" not in body else b" " if body else b""
        body += separator + name.encode() + b"=" + kernel_string(text)
    return line(kind, body)


def made(rule: Rule, count: int = 4) -> list[bytes]:
    """Records for a rule: matches and near misses, its keywords among the arguments."""
    chance = random.Random(7)
    words = [atom.pattern for atom in atoms(rule.predicate) if isinstance(atom, Keyword)]
    found = []
    for built in instances(rule.predicate, chance, count):
        row = {name: value for name, value in built.items() if not DISPUTED & set(str(value))}
        some = chance.sample(words, min(len(words), chance.randint(0, 3)))
        for number, word in enumerate(some, 20):
            row[f"a{number}"] = getattr(word, "literal", "x")
        kind = str(row.get("type", "SYSCALL"))
        if kind.isascii() and kind.isupper() and kind.replace("_", "").isalnum():
            found.append(record(row))
    return found


@pytest.mark.parametrize("every", [pytest.param(6), pytest.param(1, marks=pytest.mark.long)])
def test_public_rules_select_what_the_law_selects(every, sigmahq):
    rules = load([sigmahq / "rules" / "linux" / "auditd"]).rules[::every]
    records = Records([*recorded(1, 0), *(one for rule in rules for one in made(rule))])
    idle = []
    for rule in rules:
        answer, law = records.selected(convert(rule, read_target("syslog")))
        assert answer == law, rule.location
        if not answer:
            idle.append(rule.title)
    assert len(idle) <= len(rules) / 5, idle


PROBES = {
    "a value": ("type: EXECVE\na0: iptables", None),
    "an argument": ("type: EXECVE\na1|startswith: '-'\na0|endswith: tables", None),
    "a program": ("type: SYSCALL\nexe|endswith: /iptables\ncomm|contains: table", 0),
    "a call by its name": ("type: SYSCALL\nSYSCALL: execve\nsuccess: 'no'", 0),
    "some calls by their names": ("SYSCALL: [bind, listen, accept4]\nexe|endswith: sshd", None),
    "a call by a part of its name": ("SYSCALL|startswith: acc", None),
    "a user by name": ("type: SYSCALL\nAUID: unset\nEUID: root\ncomm: iptables", None),
    "an architecture": ("ARCH: x86_64\ncomm: sudo", None),
    "no key": ("type: SYSCALL\nkey: null", None),
    "a key": ("key: net_listen", None),
    "a path": ("type: PATH\nname|startswith: /usr/sbin/\nnametype: NORMAL", None),
    "a service": ("type: [SERVICE_STOP, SERVICE_START]\nunit|contains: ufw", 0),
    "a table": ("type: NETFILTER_CFG\nop: nft_unregister_table", 0),
    "a number": ("type: SYSCALL\nuid|lt: 1000\nexit|gte: 1", None),
    "two fields": ("type: SYSCALL\nuid|fieldref: euid\nsuccess: yes", None),
    "an expression": ("type: EXECVE\na0|re: '^/(usr/)?s?bin/'", None),
    "a message of a program": ("type: USER_LOGIN\nres: failed\nexe|endswith: sshd", 0),
}


@pytest.mark.parametrize("name", PROBES)
def test_recorded_lines_are_selected_as_the_law_selects_them(name, tmp_path, logged):
    detection, least = PROBES[name]
    query = probe(tmp_path, item(detection), "syslog", category="", service="auditd")
    answer, law = logged.selected(query)
    assert answer == law
    assert len(answer) > (1 if least is None else least - 1)


def test_keywords_search_type_and_body_alone(tmp_path, logged):
    keyword = "k: ['SYSCALL', 'iptables*-F', 'gw-nft']\nn: ['audit(', 'success=no']\ncondition: k and not n"
    query = probe(tmp_path, keyword, "syslog", category="", service="auditd")
    answer, law = logged.selected(query)
    assert answer == law
    assert 0 < len(answer) < len(logged.seen) / 2


def test_shipped_rules_of_records(tmp_path: Path):
    query = probe(
        tmp_path, item("type: EXECVE\na0|contains: iptables\na1: -F"), "syslog", category="", service="auditd"
    )
    assert query.text.splitlines()[-1] == (
        '| where SigmaType =~ "EXECVE" and Sigma_a0 contains "iptables" and Sigma_a1 =~ "-F"'
    )
    assert all(f"// {note}" in query.text.splitlines() for note in query.notes)
    assert len(query.notes) == 3

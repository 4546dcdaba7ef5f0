from __future__ import annotations

import re

import pytest

from vedette.sentinel.limits import read_limits
from vedette.sentinel.technique import read_attack, read_tags


@pytest.mark.parametrize(
    ("tags", "tactics", "techniques", "unknown"),
    [
        (["attack.defense-evasion", "attack.t1562.004"], ("DefenseEvasion",), ("T1562.004",), ()),
        (["attack.defense-impairment", "attack.t1686"], ("DefenseEvasion",), ("T1562.004",), ()),
        (["attack.t1562.004", "attack.t1686"], ("DefenseEvasion",), ("T1562.004",), ()),
        (["attack.t1686.003"], ("DefenseEvasion",), ("T1562.004",), ()),
        (["attack.t1685.005"], ("DefenseEvasion",), ("T1070.001",), ()),
        (["attack.stealth"], ("DefenseEvasion",), (), ()),
        (
            ["attack.persistence", "attack.t1053.003"],
            ("Execution", "Persistence", "PrivilegeEscalation"),
            ("T1053.003",),
            (),
        ),
        (["attack.command_and_control"], ("CommandAndControl",), (), ()),
        (["attack.t1620", "attack.execution"], ("Execution",), (), ("T1620",)),
        (["attack.invented", "attack.s0002", "attack.g0139", "cve.2021-44228", "car.2013"], (), (), ("invented",)),
        ([], (), (), ()),
    ],
)
def test_tags_become_what_sentinel_names(tags, tactics, techniques, unknown):
    found = read_tags(tags)
    assert (found.tactics, found.techniques, found.unknown) == (tactics, techniques, unknown)


def test_what_is_new_is_known_by_what_was():
    attack = read_attack()
    assert all(attack.of(former) for former in attack.former.values())
    assert not any(attack.of(today) for today in attack.former)


def test_every_tactic_is_one_that_the_limits_allow():
    allowed = read_limits().limit("tactic-value").allowed
    assert {tactic for tactics in read_attack().techniques.values() for tactic in tactics} == set(allowed)
    assert set(read_attack().tactics.values()) == set(allowed)


def test_the_data_have_whole_techniques_alone():
    assert all(re.fullmatch("T[0-9]{4}", technique) for technique in read_attack().techniques)


def test_most_of_public_rules_have_techniques_that_are_known(sigmahq):
    tags = {
        tag.group()
        for path in sorted(sigmahq.glob("rules*/**/*.yml"))
        for tag in re.finditer(r"attack\.t[0-9]{4}(?:\.[0-9]{3})?\b", path.read_text(encoding="utf-8"))
    }
    assert set(read_tags(tags).unknown) == {"T1615", "T1619", "T1620", "T1621", "T1622", "T1649", "T1653"}

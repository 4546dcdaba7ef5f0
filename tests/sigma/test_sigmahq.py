"""Every public rule loads, or is refused with its place and cause."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from vedette.predicate import FALSE, TRUE, atoms
from vedette.sigma.cache import RuleCache
from vedette.sigma.ruleset import RuleSet, load

FOLDERS = {"rules": 3140, "rules-threat-hunting": 140, "rules-emerging-threats": 473}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> RuleCache:
    return RuleCache(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def loaded(sigmahq: Path, cache: RuleCache) -> RuleSet:
    return load([sigmahq / folder for folder in FOLDERS], cache=cache)


def test_every_rule_loads_or_says_why_not(loaded: RuleSet) -> None:
    assert loaded.files == sum(FOLDERS.values()) == 3753
    assert len(loaded.rules) == 3751
    assert Counter(problem.code for problem in loaded.problems) == {"placeholder": 2}
    for problem in loaded.problems:
        assert problem.location.line > 1
        assert problem.remedy
        assert "%known_cdcs%" in problem.cause
    assert not loaded.warnings


@pytest.mark.parametrize(("folder", "count"), FOLDERS.items())
def test_counts_by_folder(loaded: RuleSet, sigmahq: Path, folder: str, count: int) -> None:
    below = f"{sigmahq / folder}/"
    places = [rule.location.path for rule in loaded.rules]
    places += [problem.location.path for problem in loaded.problems]
    assert sum(place.startswith(below) for place in places) == count


def test_headers_are_whole(loaded: RuleSet) -> None:
    assert all(rule.author and rule.level and rule.license == "DRL-1.1" for rule in loaded.rules)
    assert len({rule.id for rule in loaded.rules}) == len(loaded.rules)
    sources = Counter(rule.logsource.category for rule in loaded.rules if rule.logsource.product == "linux")
    assert sources["process_creation"] == 144
    assert sum(rule.logsource.service == "auditd" for rule in loaded.rules) == 54


def test_logic_is_kept(loaded: RuleSet) -> None:
    assert all(rule.predicate not in (TRUE, FALSE) for rule in loaded.rules)
    assert all(rule.names for rule in loaded.rules)
    distinct = {atom for rule in loaded.rules for atom in atoms(rule.predicate)}
    assert 30_000 < len(distinct) < 50_000


def test_a_warm_load_is_the_same_and_quick(loaded: RuleSet, sigmahq: Path, cache: RuleCache) -> None:
    begun = time.process_time()
    warm = load([sigmahq / folder for folder in FOLDERS], cache=cache)
    took = time.process_time() - begun
    assert warm.cached
    assert warm.rules == loaded.rules
    assert took < 2, "measured 0.2 s on an idle machine"


def test_the_public_licence_is_found_from_the_deepest_folder(loaded: RuleSet) -> None:
    deepest = max(loaded.rules, key=lambda rule: rule.location.path.count("/"))
    assert deepest.license == "DRL-1.1"

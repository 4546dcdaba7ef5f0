"""Whole rules: our own corpus, the shipped packs and SigmaHQ's, on events built from each of them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from tests.engine.instances import instances
from tests.engine.parity import BACKENDS, engine, event

from vedette.engine import Query
from vedette.event import READ_FIELDS, matching_views, views
from vedette.predicate import fields
from vedette.sigma.ruleset import load

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "corpus"
#: Columns for every field that a rule of the set reads.
IMAGES = ("Image.resolved", "Image.invoked", "ParentImage.resolved", "ParentImage.invoked")


def asked(*folders: Path, category: str = "") -> list[Query]:
    """The rules of some folders as queries."""
    rules = load([str(folder) for folder in folders]).rules
    return [
        Query(rule.id, rule.logsource, rule.predicate)
        for rule in rules
        if not category or rule.logsource.category == category
    ]


def compare(monkeypatch, cache, several, rows, owners, others, columns=None, raws=()):
    """Reference against both back ends: the rule that a row was made from, what the engine found, and a sample."""
    read = sorted(set().union(*(fields(query.predicate) for query in several)) - {"Image", "ParentImage"})
    known = dict.fromkeys(IMAGES, "path") | {name: name for name in read}
    known |= {"CommandLine": "command", "ParentCommandLine": "command", "CurrentDirectory": "path"}
    monkeypatch.setattr("tests.engine.parity.VOCABULARIES", known)
    columns = tuple(known) if columns is None else columns
    visible = [{name: value for name, value in row.items() if name in columns} for row in rows]
    by_key = {query.key: query for query in several}
    chance = random.Random(7)
    raws = raws or [" ".join(map(str, row.values())) for row in rows]
    found = [engine(several, visible, "both", backend, cache, raws, columns) for backend in BACKENDS]
    for row, raw, owner, *answers in zip(visible, raws, owners, *found, strict=True):
        one = event(row, raw)
        keys = {owner, *(key for answer in answers for key in answer), *chance.sample(sorted(by_key), others)}
        for key in keys:
            expected = matching_views(by_key[key].predicate, one, views("both"))
            for backend, answer in zip(BACKENDS, answers, strict=True):
                assert answer.get(key, ()) == expected, (backend, key, row)
    return {key for answer in found[0] for key in answer}


def built(several, count, seed):
    chance = random.Random(seed)
    rows, owners = [], []
    for query in several:
        for row in instances(query.predicate, chance, count):
            rows.append(row)
            owners.append(query.key)
    return rows, owners


def test_the_corpus_on_its_own_events(cache, monkeypatch):
    several = asked(CORPUS)
    cases = [case for path in sorted(CORPUS.glob("*.events.json")) for case in json.loads(path.read_text())]
    rows = [
        {name if name not in READ_FIELDS else f"{name}.resolved": value for name, value in case.get("row", {}).items()}
        | case.get("columns", {})
        for case in cases
    ]
    raws = [case.get("raw", "") for case in cases]
    fired = compare(monkeypatch, cache, several, rows, [several[0].key] * len(rows), len(several), raws=raws)
    assert len(fired) > len(several) * 3 // 4


def test_the_corpus_on_built_events(cache, monkeypatch):
    several = asked(CORPUS)
    rows, owners = built(several, 10, 1)
    assert len(compare(monkeypatch, cache, several, rows, owners, min(40, len(several)))) > len(several) * 3 // 4


def test_the_packs_on_built_events(cache, monkeypatch):
    several = asked(ROOT / "src" / "vedette" / "packs")
    rows, owners = built(several, 20, 2)
    assert len(compare(monkeypatch, cache, several, rows, owners, len(several))) >= len(several) - 1


@pytest.mark.parametrize("supplied", ["all", "audit"])
def test_the_linux_rules_on_built_events(sigmahq, cache, monkeypatch, supplied):
    several = asked(sigmahq / "rules" / "linux", category="process_creation")
    rows, owners = built(several, 4, 3)
    columns = None if supplied == "all" else (*IMAGES, "CommandLine", "ParentCommandLine", "User", "CurrentDirectory")
    fired = compare(monkeypatch, cache, several, rows, owners, 10, columns)
    assert len(fired) > len(several) * 9 // 10


@pytest.mark.long
@pytest.mark.parametrize("supplied", ["all", "audit"])
def test_all_rules_on_built_events(sigmahq, cache, monkeypatch, supplied):
    folders = ("rules", "rules-threat-hunting", "rules-emerging-threats")
    several = asked(*(sigmahq / folder for folder in folders), category="process_creation")
    rows, owners = built(several, 3, 4)
    columns = None if supplied == "all" else (*IMAGES, "CommandLine", "ParentCommandLine", "User", "CurrentDirectory")
    fired = compare(monkeypatch, cache, several, rows, owners, 25, columns)
    assert len(fired) > len(several) * (9 if supplied == "all" else 7) // 10

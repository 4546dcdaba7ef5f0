"""The public rules: each verdict held against events made of the rules' own values."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from vedette.audit.logic.condition import Frame
from vedette.audit.logic.judge import Judged, judge
from vedette.predicate import FALSE, Glob, Match, Predicate, atoms, evaluate
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def judged(sigmahq: Path) -> Judged:
    return judge(load(sorted(path for path in sigmahq.glob("rules*") if path.is_dir())).rules)


def events(predicates: list[Predicate], count: int) -> list[dict[str, str]]:
    """Events out of the values that predicates ask for, joined as they come."""
    chance = random.Random(5)
    values: dict[str, list[str]] = {}
    for atom in itertools.chain.from_iterable(map(atoms, predicates)):
        if isinstance(atom, Match) and isinstance(atom.pattern, Glob):
            text = "".join(token if isinstance(token, str) else "" for token in atom.pattern.tokens)
            values.setdefault(atom.field, [""]).append(text)
    made = []
    for _ in range(count):
        row = {
            field: "".join(chance.choice(some) for _ in range(chance.randint(1, 2))) for field, some in values.items()
        }
        made.append({field: value for field, value in row.items() if value})
    return made


def test_nearly_all_is_decided(judged):
    assert len(judged.rules) > 3_500
    assert judged.filters["named"] > 1_600
    assert judged.count()["undecided"] <= 5
    assert judged.count()["inert-filter"] > 10


def test_no_event_contradicts_what_is_proved(judged):
    rules = {rule.id: rule for rule in judged.rules}
    tried = 0
    for fault in judged.faults:
        rule = rules[fault.rule]
        if fault.kind in ("inert-filter", "redundant-filter"):
            without = Frame(rule).filled({fault.name: FALSE})
            for row in events([rule.predicate], 200):
                tried += 1
                assert not evaluate(without, row) or evaluate(rule.predicate, row)
        elif fault.kind == "implied-rule":
            other: Rule = rules[fault.other]
            assert fault.witness
            assert evaluate(other.predicate, fault.witness.values, fault.witness.raw)
            assert not evaluate(rule.predicate, fault.witness.values, fault.witness.raw)
            for row in events([rule.predicate, other.predicate], 100):
                tried += evaluate(rule.predicate, row)
                assert not evaluate(rule.predicate, row) or evaluate(other.predicate, row)
    assert tried > 1_000

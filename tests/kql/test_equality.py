"""What the generated text selects, by somebody else's engine, equals what the law says of the rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.kql.differences import differences
from tests.kql.oracle import engine

from vedette.kql import convert, read_target
from vedette.sigma.ruleset import load

#: Targets whose tables have a column a field; the other reads raw lines.
TARGETS = ("asim", "xdr")
PACKS = Path(__file__).resolve().parents[2] / "src" / "vedette" / "packs"


@pytest.mark.parametrize("name", TARGETS)
def test_shipped_rules_select_what_the_law_says(name):
    engine()
    queries = [convert(rule, read_target(name)) for rule in load([PACKS / "linux-firewall"]).rules]
    answer = differences([query for query in queries if query.text], 12)
    assert answer.wrong == []
    assert answer.idle == []
    assert answer.selected > 20


@pytest.mark.parametrize("category", ["process_creation", "network_connection", "file_event"])
@pytest.mark.parametrize("name", TARGETS)
def test_public_rules_select_what_the_law_says(name, category, sigmahq):
    public(name, category, sigmahq, every=24 if category == "process_creation" else 6, count=2)


@pytest.mark.long
@pytest.mark.parametrize("category", ["process_creation", "network_connection", "file_event"])
@pytest.mark.parametrize("name", TARGETS)
def test_every_public_rule_selects_what_the_law_says(name, category, sigmahq):
    public(name, category, sigmahq, every=1, count=3, workers=0)


def public(name: str, category: str, sigmahq: Path, *, every: int, count: int, workers: int = 1) -> None:
    """One public rule of a category in so many."""
    engine()
    rules = [rule for rule in load(sorted(sigmahq.glob("rules*"))).rules if rule.logsource.category == category]
    queries = [convert(rule, read_target(name)) for rule in rules[::every]]
    converted = [query for query in queries if query.text]
    answer = differences(converted, count, workers=workers)
    assert answer.wrong == []
    assert answer.asked == len(converted)
    assert len(answer.idle) <= len(converted) / 200
    assert answer.selected > len(converted)

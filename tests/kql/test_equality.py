"""What the generated text selects, by somebody else's engine, equals what the law says of the rule."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pytest
from tests.engine.instances import instances
from tests.kql.oracle import Rows, engine
from tests.kql.rows import Unfillable, canonical, column_row, complete, types_of

from vedette.kql import COLUMNAR, Query, convert, read_target
from vedette.predicate import Value, evaluate
from vedette.predicate.fold import DISPUTED
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load

PACKS = Path(__file__).resolve().parents[2] / "src" / "vedette" / "packs"
#: So many queries share the rows that are made for them.
AT_ONCE = 25
#: The transpiler recurses once a term; longer queries than this end in its RecursionError, which is a defect of its.
LONGEST = 200_000


def rows_for(rule: Rule, chance: random.Random, count: int) -> list[dict[str, Value]]:
    """Single-valued rows for a rule: matches, near misses, absent fields."""
    found = []
    for built in instances(rule.predicate, chance, count):
        row = {name.partition(".")[0]: value for name, value in built.items() if not name.endswith(".invoked")}
        row = {name: value for name, value in row.items() if not DISPUTED & set(str(value)) and "\0" not in str(value)}
        if canonical(row):
            found.append(row)
    return found


def differences(queries: list[Query], count: int, seed: int = 5) -> tuple[list[str], int]:
    """Queries that select other rows than the law, and how many rows were selected at all."""
    groups: dict[tuple[str, str], list[Query]] = defaultdict(list)
    for query in queries:
        groups[query.table, query.rule.logsource.product].append(query)
    wrong, selected = [], 0
    chance = random.Random(seed)
    for members in groups.values():
        for start in range(0, len(members), AT_ONCE):
            told, hits = compare(members[start : start + AT_ONCE], chance, count)
            wrong += told
            selected += hits
    return wrong, selected


def compare(members: list[Query], chance: random.Random, count: int) -> tuple[list[str], int]:
    """Each of some queries of one table over the rows of all of them."""
    name, product = members[0].table, members[0].rule.logsource.product
    table = next(table for table in read_target(members[0].target).tables if table.name == name)
    given, filled = [], []
    for query in members:
        for row in rows_for(query.rule, chance, count):
            try:
                full = complete(table, row)
                filled.append(column_row(table, product, full))
            except Unfillable:
                continue
            given.append(full)
    held = Rows(name, types_of(table, product), filled)
    wrong, selected = [], 0
    for query in members:
        expected = [place for place, row in enumerate(given) if evaluate(query.rule.predicate, row)]
        answer = held.ids(query.text)
        selected += len(answer)
        if answer != expected:
            place = min(set(answer) ^ set(expected))
            wrong.append(f"{query.rule.location}: {place in expected} {given[place]}\n{query.text}")
    return wrong, selected


@pytest.mark.parametrize("name", COLUMNAR)
def test_shipped_rules_select_what_the_law_says(name):
    engine()
    queries = [convert(rule, read_target(name)) for rule in load([PACKS / "linux-firewall"]).rules]
    wrong, selected = differences([query for query in queries if query.text], 12)
    assert wrong == []
    assert selected > 20


@pytest.mark.parametrize("category", ["process_creation", "network_connection", "file_event"])
@pytest.mark.parametrize("name", COLUMNAR)
def test_public_rules_select_what_the_law_says(name, category, sigmahq):
    public(name, category, sigmahq, every=24 if category == "process_creation" else 6, count=2)


@pytest.mark.long
@pytest.mark.parametrize("category", ["process_creation", "network_connection", "file_event"])
@pytest.mark.parametrize("name", COLUMNAR)
def test_every_public_rule_selects_what_the_law_says(name, category, sigmahq):
    public(name, category, sigmahq, every=1, count=3)


def public(name: str, category: str, sigmahq: Path, *, every: int, count: int) -> None:
    """One public rule of a category in so many."""
    engine()
    rules = [rule for rule in load(sorted(sigmahq.glob("rules*"))).rules if rule.logsource.category == category]
    queries = [convert(rule, read_target(name)) for rule in rules[::every]]
    wrong, selected = differences([query for query in queries if 0 < len(query.text) < LONGEST], count)
    assert wrong == []
    assert selected > len(rules) / every

"""What generated text selects, held against the law: rows for each rule, many queries over the rows of all of them."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple, Protocol

from tests.engine.instances import instances
from tests.kql.oracle import Rows
from tests.kql.rows import Unfillable, canonical, column_row, complete, types_of
from tests.kql.second_reader import ClickHouse, unreadable

from vedette.kql import Query, Table, read_target
from vedette.predicate import Value, evaluate
from vedette.predicate.fold import DISPUTED
from vedette.sigma.rule import Rule

#: So many queries share the rows that are made for them.
AT_ONCE = 25
#: So often a match is tried to be built for a rule that has none among its rows.
TRIES = 1_000


class Reader(Protocol):
    """A table whose rows queries select."""

    def ids(self, query: str) -> list[int]:
        """Which rows a query selects."""


class Asked(NamedTuple):
    """A query as another process takes it."""

    rule: Rule
    target: str
    table: str
    text: str


class Answer(NamedTuple):
    """What came of some queries.

    Attributes:
        wrong: a text for each query that selects other rows than the law.
        asked: how many queries were run.
        selected: how many rows they selected.
        idle: rules for which no row matches; their queries were held against rows that must not match alone.
        skipped: reason to how many queries the reader can't be asked.
    """

    wrong: list[str]
    asked: int
    selected: int
    idle: list[str]
    skipped: dict[str, int]


def rows_for(
    rule: Rule, table: Table, chance: random.Random, count: int
) -> list[tuple[dict[str, Value], dict[str, Any]]]:
    """Rows for a rule, each once: matches, near misses, absent fields.

    Args:
        rule: as loaded.
        table: where the rows are to stand.
        chance: what varies them.
        count: how many matches are built; about five rows come of each, and more until one matches.

    Returns:
        Sigma's fields, and the same as the table has them.
    """
    built = itertools.chain.from_iterable(instances(rule.predicate, chance, 1) for _ in itertools.count())
    found: dict[frozenset[tuple[str, Value]], tuple[dict[str, Value], dict[str, Any]]] = {}
    matched = False
    for tried, columns in enumerate(itertools.islice(built, TRIES)):
        if tried >= 5 * count and matched:
            break
        row = {name.partition(".")[0]: value for name, value in columns.items() if not name.endswith(".invoked")}
        row = {name: value for name, value in row.items() if not DISPUTED & set(str(value)) and "\0" not in str(value)}
        if not canonical(row):
            continue
        try:
            full = complete(table, row)
            filled = column_row(table, rule.logsource.product, full)
        except Unfillable:
            continue
        matches = evaluate(rule.predicate, full)
        if tried < 5 * count or matches:
            found[frozenset(full.items())] = full, filled
            matched = matched or matches
    return list(found.values())


def differences(queries: Sequence[Query], count: int, *, workers: int = 1, reader: str = "duckdb") -> Answer:
    """Run queries over rows that are made for them.

    Args:
        queries: converted ones.
        count: how many matches are built a rule; about five rows come of each.
        workers: processes that share the work; 0 means one a core.
        reader: whose engine runs the text, `duckdb` or `clickhouse`.
    """
    groups: dict[tuple[str, str, str], list[Asked]] = defaultdict(list)
    for query in queries:
        assert isinstance(query.rule, Rule)
        asked = Asked(query.rule, query.target, query.table, query.text)
        groups[query.target, query.table, query.rule.logsource.product].append(asked)
    shares = [
        members[start : start + AT_ONCE] for members in groups.values() for start in range(0, len(members), AT_ONCE)
    ]
    work = [(share, number, count, reader) for number, share in enumerate(shares)]
    workers = min(workers or os.cpu_count() or 1, len(work))
    if workers <= 1:
        answers = [compare(*one) for one in work]
    else:
        context = multiprocessing.get_context("spawn")  # the engines' threads don't outlive a fork
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            answers = list(pool.map(compare, *zip(*work, strict=True)))
    skipped: dict[str, int] = defaultdict(int)
    for answer in answers:
        for reason, number in answer.skipped.items():
            skipped[reason] += number
    return Answer(
        [text for answer in answers for text in answer.wrong],
        sum(answer.asked for answer in answers),
        sum(answer.selected for answer in answers),
        [text for answer in answers for text in answer.idle],
        dict(skipped),
    )


def compare(members: Sequence[Asked], seed: int, count: int, reader: str) -> Answer:
    """Each of some queries of one table over the rows of all of them."""
    name, product = members[0].table, members[0].rule.logsource.product
    table = next(table for table in read_target(members[0].target).tables if table.name == name)
    chance = random.Random(seed)
    rows = [row for query in members for row in rows_for(query.rule, table, chance, count)]
    given, filled = [full for full, _ in rows], [as_held for _, as_held in rows]
    held: Reader
    if reader == "duckdb":
        held = Rows(name, types_of(table, product), filled)
    else:
        held = ClickHouse(name, types_of(table, product), filled)
    wrong, idle, selected, asked = [], [], 0, 0
    skipped: dict[str, int] = defaultdict(int)
    for query in members:
        reason = unreadable(query.text) if reader == "clickhouse" else ""
        if reason:
            skipped[reason] += 1
            continue
        expected = [place for place, row in enumerate(given) if evaluate(query.rule.predicate, row)]
        asked += 1
        try:
            answer = held.ids(query.text)
        except Exception as error:
            error.add_note(f"{query.rule.location}\n{query.text[:2000]}")
            raise
        selected += len(answer)
        if not expected:
            idle.append(str(query.rule.location))
        if answer != expected:
            place = min(set(answer) ^ set(expected))
            wrong.append(f"{query.rule.location}: {place in expected} {given[place]}\n{query.text}")
    return Answer(wrong, asked, selected, idle, dict(skipped))

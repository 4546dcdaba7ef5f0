"""The same text by a second reader, so that no fault of the first hides one of ours."""

from __future__ import annotations

import pytest
from tests.kql.differences import differences
from tests.kql.second_reader import UNREADABLE, ClickHouse, interpreter, unreadable

from vedette.kql import convert, read_target
from vedette.predicate import Value
from vedette.sigma.ruleset import load

TYPES = {"Text": "string", "Port": "int"}
ROWS: list[dict[str, Value]] = [{"Text": "x", "Port": 22}, {"Text": "a\nb"}, {}]
#: Kusto's answer, and what this reader makes of it; the order is that of `UNREADABLE`.
OTHERWISE = [
    ('T | where tostring(parse_json(Text).a) == ""', [0, 1, 2], "parse_json"),
    ("T | where not(Port == 5)", [0, 1, 2], [0]),
]

pytestmark = pytest.mark.long


@pytest.mark.parametrize("category", ["process_creation", "network_connection", "file_event"])
@pytest.mark.parametrize("name", ["asim", "xdr"])
def test_every_public_rule_selects_what_the_law_says_by_a_second_reader(name, category, sigmahq):
    interpreter()
    rules = [rule for rule in load(sorted(sigmahq.glob("rules*"))).rules if rule.logsource.category == category]
    converted = [query for query in (convert(rule, read_target(name)) for rule in rules) if query.text]
    answer = differences(converted, 2, workers=0, reader="clickhouse")
    assert answer.wrong == []
    assert answer.asked + sum(answer.skipped.values()) == len(converted)
    assert sum(answer.skipped.values()) <= len(converted) * (0.5 if category == "network_connection" else 0.01)
    assert answer.selected > answer.asked


@pytest.mark.parametrize(("query", "kusto", "here"), OTHERWISE, ids=list(UNREADABLE))
def test_what_is_not_asked_is_read_otherwise(query, kusto, here):
    interpreter()
    held = ClickHouse("T", TYPES, ROWS)
    assert unreadable(query)
    if isinstance(here, list):
        assert held.ids(query) == here != kusto
    else:
        with pytest.raises(ValueError, match=here):
            held.ids(query)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ('T | where Text == ""', [2]),
        ('T | where Text matches regex "(?s)a.b"', [1]),
        ("T | where isnull(Port)", [1, 2]),
        ("T | where isnotnull(Port) and Port > 5", [0]),
    ],
)
def test_the_reader_reads(query, ids):
    interpreter()
    assert unreadable(query) == ""
    assert ClickHouse("T", TYPES, ROWS).ids(query) == ids

"""The baseline: it finds what the hunt finds, row by row, so that a race between them means something."""

from __future__ import annotations

import contextlib

import pytest
from benchmarks.baseline import tally as baseline
from benchmarks.corpus import PACK
from benchmarks.count import tally as count
from benchmarks.grow import RECORDING, grow, read_recording
from benchmarks.join import COLUMNS, Start, starts
from benchmarks.sql import Database
from benchmarks.tally import Tally, differences
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import predicates, texts

from vedette.event import VIEWS
from vedette.event.event import single_valued
from vedette.event.logsource import PROCESS_CREATION
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options
from vedette.predicate import Keyword, contains, evaluate, has_keyword

LEGACY = RECORDING.with_name("gw-legacy-01.audit.log.gz")


@pytest.fixture(scope="module", params=[RECORDING, LEGACY], ids=["nft, enriched", "legacy, raw"])
def log(request, tmp_path_factory):
    """A grown part of a recording, with interleaved records, in which firewall rules match."""
    recording = read_recording(request.param)
    start = recording.index(b"\n", 9_000_000) + 1
    path = tmp_path_factory.mktemp("grown") / "audit.log"
    with path.open("wb") as out:
        grow(recording[start : start + 1_500_000], out, 2_000_000, swapped=0.3)
    return path


def test_the_join_gives_the_events_of_the_reader(log):
    hunt = Hunt(Options(logs=(str(log),)))
    read = {
        event.origin.serial: {name: str(value) for name, value in event.values.items() if name in COLUMNS}
        for event in hunt.events()
        if event.source == PROCESS_CREATION
    }
    joined = {
        start.serial: {name: value for name, value in zip(COLUMNS, start.values, strict=True) if value}
        for start in starts(log)
    }
    assert len(read) > 500
    assert joined == read


@pytest.mark.parametrize("routing", [True, False])
def test_the_baseline_finds_the_rows_of_the_hunt(log, routing):
    rules = str(PACK / "rules")
    hunt = Hunt(Options(logs=(str(log),), rules=(rules,), routing=routing))
    found, total = count(hunt.findings(), len(hunt.rules.rules))
    other = baseline(log, rules, routing=routing)
    assert found.account()["matches"] > 50
    assert total >= found.account()["matches"]
    assert differences(found.account(), other.account() | {"rules": 0}) == []


def test_a_different_row_is_a_difference():
    one, other, third = Tally(1), Tally(1), Tally(1)
    one.add("a", 1, "1.000")
    other.add("a", 2, "1.000")
    third.add("a", 1, "1.000")
    third.add("a", 2, "1.000")
    assert differences(one.account(), one.account()) == []
    assert differences(one.account(), other.account()) == ["as many matches by rule, but on other events"]
    assert differences(one.account(), third.account()) == ["rule a: 1 against 2 matches"]


READ = ("Image", "ParentImage", "CommandLine", "User", "OriginalFileName")
#: SQLite's text ends at a NUL, which no argument and no path can hold.
text = texts().map(lambda value: value.replace("\0", ""))
starts_at_random = st.lists(
    st.builds(lambda values: Start(1, "1.000", values), st.tuples(*[text] * len(COLUMNS))), max_size=4
)


@given(predicates(READ), starts_at_random)
def test_sql_answers_as_the_law_does(predicate, events):
    database = Database(iter(events))
    if has_keyword(predicate):
        with contextlib.suppress(NotImplementedError):
            database.ask(predicate)
        return
    expected = []
    for number, start in enumerate(events):
        values = {name: value for name, value in zip(COLUMNS, start.values, strict=True) if value}
        if any(evaluate(predicate, single_valued(values, view)) for view in VIEWS):
            expected.append(number)
    assert database.ask(predicate) == expected


def test_what_searches_the_raw_event_is_refused():
    with pytest.raises(NotImplementedError, match="raw event"):
        Database([]).ask(Keyword(contains("a")))


def test_a_value_that_sqlite_would_cut_is_refused():
    with pytest.raises(ValueError, match="NUL"):
        Database([Start(1, "1.000", ("a\0b",) * len(COLUMNS))])

from __future__ import annotations

import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.parity import BACKENDS, COLUMNS, add, check, compile_plan, new_shapes, queries
from tests.engine.strategies_predicate import predicates, rows

from vedette.engine import Matcher
from vedette.engine.batch import Batch
from vedette.errors import UsageError
from vedette.event import INVOKED, RESOLVED, VIEWS, View
from vedette.predicate import TRUE, And, Compare, Match, Not, Or, Present, Reference, contains, endswith, equals


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(predicates, min_size=1, max_size=5),
    st.lists(rows, min_size=1, max_size=12),
    st.sampled_from(["both", "resolved", "invoked"]),
    st.sampled_from([1, 3, 1000]),
    st.sampled_from([0, 2, 100]),
    st.sampled_from([0, 3, 100_000]),
)
def test_all_engines_answer_alike(cache, asked, events, choice, batch, few, remembered):
    raws = [" ".join(str(value) for value in row.values()) for row in events]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vedette.engine.matcher._FEW", few)
        patch.setattr("vedette.engine.outcome._FEW", few)
        patch.setattr("vedette.engine.matcher._BATCH", 5)
        patch.setattr("vedette.engine.evaluate._REMEMBERED_CODES", remembered)
        patch.setattr("vedette.engine.evaluate._REMEMBERED_PAIRS", remembered)
        check(queries(*asked), events, cache, choice, raws, batch=batch)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(predicates, min_size=1, max_size=4),
    st.lists(rows, min_size=1, max_size=6),
    st.sets(st.sampled_from(COLUMNS), min_size=1),
)
def test_all_engines_answer_alike_whatever_the_reader_supplies(cache, asked, events, columns):
    check(queries(*asked), events, cache, columns=tuple(sorted(columns)))


def test_hits_name_every_view_in_which_the_query_matched(tmp_path):
    image = Match("Image", endswith("/iptables"))
    parent = Match("ParentImage", endswith("/ufw"))
    row = {"Image.resolved": "/usr/sbin/xtables-nft-multi", "Image.invoked": "/usr/sbin/iptables"}
    row |= {"ParentImage.resolved": "/usr/bin/python3", "ParentImage.invoked": "/usr/sbin/ufw", "User": "root"}
    (answers,) = check(
        queries(image, parent, And((image, parent)), Not(image), Match("User", equals("ROOT"))), [row], tmp_path
    )
    assert answers == {
        "0": (INVOKED, View("invoked", "resolved")),
        "1": (INVOKED, View("resolved", "invoked")),
        "2": (INVOKED,),
        "3": (RESOLVED, View("resolved", "invoked")),
        "4": VIEWS,
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_shapes_are_evaluated_as_they_come(backend, tmp_path):
    shapes = new_shapes()
    matcher = Matcher(
        compile_plan(queries(Match("CommandLine", contains("evil")))), shapes, backend=backend, cache_dir=tmp_path
    )
    matcher.update()
    assert matcher.hits == []
    add(shapes, {"CommandLine": "so evil"})
    matcher.update()
    add(shapes, {"CommandLine": "so evil", "User": "root"})
    add(shapes, {"CommandLine": "good"})
    matcher.update()
    assert [len(hits) for hits in matcher.hits] == [1, 1, 0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_cleared_shapes_start_over(backend, tmp_path):
    shapes = new_shapes()
    asked = queries(Match("CommandLine", contains("evil")), And((TRUE, Match("User", equals("root")))))
    matcher = Matcher(compile_plan(asked), shapes, backend=backend, cache_dir=tmp_path)
    add(shapes, {"CommandLine": "evil"})
    add(shapes, {"CommandLine": "good"})
    matcher.update()
    shapes.clear()
    add(shapes, {"CommandLine": "good"})
    add(shapes, {"CommandLine": "better", "User": "root"})
    add(shapes, {"CommandLine": "evil"})
    matcher.update()
    assert [[hit.query for hit in hits] for hits in matcher.hits] == [[], [1], [0]]


def test_a_vocabulary_cleared_under_its_shapes_is_an_error(tmp_path):
    shapes = new_shapes()
    matcher = Matcher(compile_plan(queries(Match("User", equals("root")))), shapes, cache_dir=tmp_path)
    add(shapes, {"User": "root"})
    matcher.update()
    shapes.vocabularies[COLUMNS.index("User")].clear()
    with pytest.raises(ValueError, match="without its shapes"):
        matcher.update()


def test_only_rows_that_hit_all_guards_are_evaluated(tmp_path):
    common = And((Match("CommandLine", contains("/tmp/")), Match("Image", endswith("/bash"))))
    compiled = compile_plan(queries(common))
    assert compiled.queries[0].guards == 2
    shapes = new_shapes()
    matcher = Matcher(compiled, shapes, cache_dir=tmp_path)
    for image in ("/bin/bash", "/bin/dash"):
        for command in ("ls", "ls /tmp/"):
            add(shapes, {"Image.resolved": image, "Image.invoked": image, "CommandLine": command})
    candidates = matcher._candidates(Batch(shapes.rows, matcher._layout))
    assert {query: rows.tolist() for query, rows in candidates.items()} == {0: [1]}
    candidates = matcher._candidates(Batch([shapes.rows[0], shapes.rows[2]], matcher._layout))
    assert candidates == {}


def test_cleared_to_more_rows_than_before_is_noticed_too(tmp_path):
    shapes = new_shapes()
    matcher = Matcher(compile_plan(queries(Match("User", equals("root")))), shapes, cache_dir=tmp_path)
    for round_ in range(3):
        for number in range(round_ + 1):
            add(shapes, {"User": "root" if number == round_ else f"user{round_}{number}"})
        matcher.update()
        assert [bool(hits) for hits in matcher.hits] == [False] * round_ + [True]
        shapes.clear()


def test_more_rows_than_one_batch(tmp_path):
    asked = queries(Match("CommandLine", endswith("7")), Not(Match("CommandLine", Present())))
    events = [{"CommandLine": f"run {number}"} for number in range(40_000)]
    answers = check(asked, events, tmp_path, batch=100_000)
    assert sum("0" in answer for answer in answers) == 4000


def test_a_plan_for_other_columns_is_refused(tmp_path):
    compiled = compile_plan(queries(TRUE), COLUMNS[:3])
    with pytest.raises(ValueError, match="other columns"):
        Matcher(compiled, new_shapes(), cache_dir=tmp_path)


def test_fields_of_single_events_make_candidates(tmp_path):
    asked = queries(
        And((Match("Image", endswith("/sh")), Match("ProcessId", Compare("lt", 100)))),
        And((Match("Image", endswith("/sh")), Not(Match("ProcessId", Compare("lt", 100))))),
        Or((Match("Image", endswith("/sh")), Match("ProcessId", Compare("eq", 7)))),
    )
    events = [{"Image.resolved": image, "ProcessId": pid} for image in ("/bin/sh", "/bin/ls") for pid in (7, 700)]
    answers = check(asked, events, tmp_path)
    assert [sorted(answer) for answer in answers] == [["0", "2"], ["1", "2"], ["2"], []]


def test_references_across_readings(tmp_path):
    asked = queries(Match("Image", Reference("ParentImage")), Not(Match("Image", Reference("ParentImage", "endswith"))))
    events = [
        {"Image.resolved": "/bin/sh", "ParentImage.invoked": "/BIN/SH"},
        {"Image.resolved": "/bin/sh", "Image.invoked": "/bin/ls", "ParentImage.resolved": "/bin/ls"},
        {"Image.resolved": "/usr/bin/sh", "ParentImage.resolved": "/sh"},
        {},
    ]
    check(asked, events, tmp_path)


def matches(backend, folder):
    shapes = new_shapes()
    add(shapes, {"User": "the root"})
    compiled = compile_plan(queries(Match("User", endswith("root"))))
    matcher = Matcher(compiled, shapes, backend=backend, cache_dir=folder)
    matcher.update()
    return bool(matcher.hits[0])


def test_polars_takes_over_where_hyperscan_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vedette.engine.hyperscan_scan", None)
    assert matches("auto", tmp_path)
    with pytest.raises(UsageError, match="not installed"):
        matches("hyperscan", tmp_path)


def test_polars_takes_over_where_hyperscan_does_not_work(tmp_path, monkeypatch):
    monkeypatch.setattr("vedette.engine.hyperscan_scan._build", lambda patterns: None if patterns else b"")
    assert matches("auto", tmp_path)
    with pytest.raises(UsageError, match="choose the polars"):
        matches("hyperscan", tmp_path)


def test_polars_takes_over_where_hyperscan_cannot_load(tmp_path, monkeypatch):
    monkeypatch.setattr("vedette.engine.hyperscan_scan._load", lambda _: None)
    assert matches("auto", tmp_path)

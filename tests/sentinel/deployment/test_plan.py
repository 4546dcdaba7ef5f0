"""What is compared, and what is not, without a workspace."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.sentinel.deployment.difference import differences
from vedette.sentinel.deployment.estimate import Estimate, noisy
from vedette.sentinel.deployment.objection import joined, lacking
from vedette.sentinel.deployment.plan import Intent, plan, removal, touched
from vedette.sentinel.deployment.resource import Mark, Resource, marked, resource_of, seconds_of

INTENT = Intent("pack", ("asim",))
BODY: dict[str, Any] = {
    "displayName": "Eve",
    "description": "Somebody.",
    "severity": "High",
    "query": "T\n| where x",
    "queryFrequency": "PT60M",
    "queryPeriod": "PT75M",
    "tactics": ["Execution", "DefenseEvasion"],
    "customDetails": {"b": "B", "a": "A"},
}


def made(body: dict[str, Any] = BODY, *, pack: str = "pack", etag: str = "", name: str = "one") -> Resource:
    bare = resource_of("rule", name, body)
    told = {**body, "description": f"{body.get('description', '')}\n\n{Mark(pack, 'asim', bare.digest)}"}
    return resource_of("rule", name, told, etag=etag, rule="r")


@pytest.mark.parametrize(
    "changed",
    [
        {"queryFrequency": "PT1H", "queryPeriod": "P0DT1H15M"},
        {"tactics": ["DefenseEvasion", "Execution"]},
        {"customDetails": {"a": "A", "b": "B"}},
        {"query": "T\r\n| where x\r\n"},
        {"entityMappings": None, "alertDetailsOverride": None},
        {"lastModifiedUtc": "2026-11-24", "enabled": True, "suppressionEnabled": True},
    ],
)
def test_what_the_service_does_to_an_object_is_no_difference(changed):
    assert resource_of("rule", "one", {**BODY, **changed}).digest == resource_of("rule", "one", BODY).digest


@pytest.mark.parametrize("changed", [{"query": "T"}, {"severity": "Low"}, {"queryPeriod": "PT76M"}, {"tactics": []}])
def test_what_a_hand_does_is_one(changed):
    live = made()
    touched_by_hand = resource_of("rule", "one", {**live.body, **changed})
    assert touched(touched_by_hand)
    assert not touched(live)
    (step,) = plan([touched_by_hand], [live], INTENT).steps
    assert step.action == "drift"


@given(st.text(max_size=40))
def test_a_mark_is_found_behind_any_text_and_reads_back(text):
    mark = Mark("pack", "asim", "0" * 32)
    assert marked(f"{text}\n\n{mark}") == (text.rstrip(), mark)
    assert marked(f"{text}x")[1] is None


@given(st.integers(1, 20_160))
def test_minutes_and_days_are_one_span(minutes):
    days, rest = divmod(minutes, 1440)
    assert seconds_of(f"PT{minutes}M") == seconds_of(f"P{days}DT{rest}M") == minutes * 60


def test_the_same_hand_that_did_what_is_wanted_leaves_its_mark_to_be_set():
    wanted = made({**BODY, "severity": "Low"})
    live = resource_of("rule", "one", {**made().body, "severity": "Low"})
    (step,) = plan([live], [wanted], INTENT).steps
    assert (step.action, step.differences) == ("change", ())


def test_a_rule_that_is_refused_is_neither_changed_nor_deleted():
    (step,) = plan([made()], [made({**BODY, "severity": "Low"})], INTENT, refused={"r": "why"}).steps
    assert (step.action, step.why) == ("refused", "why")


def test_only_what_is_ours_is_removed():
    state = [made(name="a"), made(name="b", pack="other"), resource_of("rule", "c", BODY)]
    assert [step.subject.name for step in removal(state, INTENT).steps] == ["a"]
    assert [step.subject.name for step in removal(state, INTENT, everything=True).steps] == ["a", "b"]


def test_a_fingerprint_follows_the_etag_and_the_wish():
    first = plan([made({**BODY, "severity": "Low"}, etag="1")], [made()], INTENT).fingerprint
    assert first == plan([made({**BODY, "severity": "Low"}, etag="1")], [made()], INTENT).fingerprint
    assert first != plan([made({**BODY, "severity": "Low"}, etag="2")], [made()], INTENT).fingerprint


def test_a_query_differs_line_by_line_and_a_list_row_by_row():
    (one,) = differences({"query": "a\nb"}, {"query": "a\nc"})
    assert one.lines[-2:] == ("-b", "+c")
    (two,) = differences({"rows": [{"a": "1"}, {"a": "2"}]}, {"rows": [{"a": "2"}, {"a": "3"}]})
    assert two.lines == ('- {"a":"1"}', '+ {"a":"3"}')


def test_what_is_noisy_on_its_busiest_day_is_refused_with_all_reasons():
    estimates = {"loud": Estimate(14, 7, 9, "logs"), "quiet": Estimate(14, 7, 3, "logs")}
    found = noisy(estimates, 8)
    assert list(found) == ["loud"]
    assert found["loud"].startswith("about 2.0 alerts a day, 9 on the busiest of 7 days of logs; more than 8")
    assert joined(found, lacking([("loud", "no column")]))["loud"].endswith("ships the rule without it")


def test_a_noisy_rule_is_not_put_in_place_and_its_hunting_query_is():
    search = resource_of("search", "two", {"displayName": "Eve", "query": "T"}, rule="r")
    steps = plan([], [made(), search], INTENT, noisy={"r": "too many"}).steps
    assert [(step.action, step.why) for step in steps] == [("refused", "too many"), ("create", "")]
    (step,) = plan([made()], [made()], INTENT, noisy={"r": "too many"}).steps
    assert step.action == "same"


def test_a_list_whose_rows_are_still_on_their_way_is_not_taken_for_one_changed_by_hand():
    body = {"displayName": "l", "provider": "Vedette", "itemsSearchKey": "a"}
    wanted = resource_of("watchlist", "l", body, items={"1": {"a": "1"}})
    live = resource_of("watchlist", "l", {**body, "uploadStatus": "InProgress"})
    (step,) = plan([live], [wanted], INTENT).steps
    assert (step.action, step.why) == ("refused", "its rows are still being uploaded; plan again in a while")

"""The text of correlations, and why some have none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.kql.correlated import converted, document
from tests.sigma.joined import FLUSH, MANY, PIVOT, REACH, SUDO, write_set

from vedette.errors import UsageError
from vedette.kql import Options, convert_all, read_target
from vedette.kql.convert import MAX_QUERY
from vedette.kql.selection import joined_only
from vedette.kql.windows import OURS, duration
from vedette.sigma.ruleset import load

MANY_TEXT = """\
let Events = materialize(DeviceProcessEvents
| where FolderPath endswith "/sudo"
| project EventTime = Timestamp, User = AccountName
| where isnotempty(User));
Events
| summarize by User, WindowEnd = EventTime, Bucket = bin(EventTime, 1h)
| join kind=inner (union (Events | extend Bucket = bin(EventTime, 1h)), (Events | extend Bucket = bin(EventTime, 1h) + 1h)) on User, Bucket
| where EventTime between ((WindowEnd - 1h) .. WindowEnd)
| summarize Count = count(), WindowStart = min(EventTime) by User, WindowEnd
| where Count >= 10
| project User, WindowStart, WindowEnd, Count"""  # noqa: E501 (a line of the query)
MANY_BINS = """\
let Events = DeviceProcessEvents
| where FolderPath endswith "/sudo"
| project EventTime = Timestamp, User = AccountName
| where isnotempty(User);
Events
| summarize Count = count(), WindowStart = min(EventTime), WindowEnd = max(EventTime) by User, Bucket = bin(EventTime, 1h)
| where Count >= 10
| project User, WindowStart, WindowEnd, Count"""  # noqa: E501 (a line of the query)


def refusals(folder: Path, *documents: str, target: str = "asim", **settings: str) -> list[tuple[str, int]]:
    query = converted(folder, *documents, target=target, **settings)
    assert query.text == ""
    return [(error.code, error.location.line) for error in query.errors]


def test_sliding_windows(tmp_path):
    query = converted(tmp_path, MANY, target="xdr")
    assert query.text == MANY_TEXT
    assert (query.table, query.errors, query.notes) == ("DeviceProcessEvents", (), ())


def test_bins(tmp_path):
    query = converted(tmp_path, MANY, target="xdr", window="bin")
    assert query.text == MANY_BINS
    assert query.notes == ("fixed bins of 1h: what lies across the edge of one is missed",)


@pytest.mark.parametrize("target", ["asim", "xdr", "syslog"])
def test_the_queries_of_the_rules_are_the_rules_own(tmp_path, target):
    query = converted(tmp_path, PIVOT, target=target)
    loaded = load([write_set(tmp_path / "alone", FLUSH, REACH)], cache=False)
    for alone in convert_all(loaded, read_target(target)):
        assert f"({alone.text}\n| project EventTime = Time" in query.text


@pytest.mark.parametrize(("seconds", "written"), [(45, "45s"), (5400, "90m"), (86400, "1d"), (90000, "25h")])
def test_durations(seconds, written):
    assert duration(seconds) == written


@pytest.mark.parametrize(
    ("kind", "keys", "column"),
    [
        ("value_sum", {"condition": "{field: SourcePort, lt: -5}"}, "Sum < -5"),
        ("value_avg", {"condition": "{field: SourcePort, gt: 1.5}"}, "Average > 1.5"),
        ("event_count", {"condition": "{gt: 3, neq: 8}"}, "Count > 3 and Count != 8"),
        ("event_count", {"condition": "{eq: 3}"}, "Count == 3"),
    ],
)
def test_conditions(tmp_path, kind, keys, column):
    assert f"\n| where {column}\n" in converted(tmp_path, document(kind, ["reach"], **keys)).text


def test_a_name_that_is_no_plain_name_gets_one(tmp_path):
    names = ["who is", "where", "EventTime", "by", "By_by", "WindowEnd"]
    aliases = ", ".join(f"{name}: {{sudo: User}}" for name in names)
    text = document(
        "event_count", ["sudo"], group_by=f"[{', '.join(names)}]", aliases=f"{{{aliases}}}", condition="{gte: 2}"
    )
    shown = re.search(r"\| project EventTime = TimeGenerated, (.*)", converted(tmp_path, text).text)
    assert shown
    columns = [part.split(" = ")[0] for part in shown[1].split(", ")]
    assert columns == ["By_who_is", "By_where", "EventTime_2", "By_by", "By_by_2", "WindowEnd_2"]
    assert not OURS & set(columns)


def test_a_reference_can_t_end_its_literal(tmp_path):
    evil = SUDO.replace("name: sudo", 'name: "a\\"; print 1 //"')
    text = document("temporal", ['"a\\"; print 1 //"', "flush"])
    loaded = load([write_set(tmp_path, text, evil, FLUSH)], cache=False)
    assert loaded.problems == ()
    (query,) = convert_all(loaded, read_target("asim"))
    assert 'Rule = "a\\"; print 1 //",' in query.text


def test_columns_of_different_types_become_text(tmp_path):
    text = document(
        "temporal",
        ["sudo", "reach"],
        group_by="[what]",
        aliases="{what: {sudo: ProcessGuid, reach: DestinationPort}}",
    )
    query = converted(tmp_path, text)
    assert "what = TargetProcessGuid" in query.text
    assert "what = tostring(DstPortNumber)" in query.text
    assert "isnotempty(By_what)" in query.text


def test_numbers_stay_numbers(tmp_path):
    text = document(
        "value_sum",
        ["sudo", "reach"],
        group_by="[Computer]",
        aliases="{what: {sudo: ProcessId, reach: DestinationPort}}",
        condition="{field: what, gt: 3}",
    )
    query = converted(tmp_path, text, target="xdr")
    assert "By_what = ProcessId" in query.text
    assert "By_what = tolong(iff(" in query.text
    assert "isnotempty(Computer) and isnotnull(By_what)" in query.text


@pytest.mark.parametrize(("target", "column"), [("asim", "Dvc"), ("xdr", "DeviceName"), ("syslog", "Computer")])
@pytest.mark.parametrize("field", ["Computer", "ComputerName", "Hostname"])
def test_the_host_has_a_column_everywhere(tmp_path, target, column, field):
    text = document("temporal", ["flush", "reach"], group_by=f"[{field}]")
    assert converted(tmp_path, text, target=target).text.count(f" {field} = {column}") == 2


def test_a_condition_that_one_event_meets_is_told(tmp_path):
    text = document("event_count", ["sudo"], condition="{lt: 5}")
    assert any("one event alone" in note for note in converted(tmp_path, text).notes)
    assert converted(tmp_path, text.replace("lt", "gt")).notes == converted(tmp_path, MANY).notes


def test_a_query_beyond_the_limit_is_told(tmp_path):
    more = "".join(f"            - a program with a rather long name, number {number}\n" for number in range(250))
    rule = SUDO.replace("Image|endswith: /sudo", f"Image:\n{more.rstrip()}")
    (query,) = convert_all(load([write_set(tmp_path, MANY, rule)], cache=False), read_target("asim"))
    assert len(query.text) > MAX_QUERY
    assert any("10,000" in note for note in query.notes)
    loaded = load([write_set(tmp_path, MANY, rule)], cache=False)
    (query,) = convert_all(loaded, read_target("asim"), Options(long="refuse"))
    assert query.text == ""
    assert {error.code for error in query.errors} == {"joined", "too-long"}


@pytest.mark.parametrize(
    ("keys", "code", "line"),
    [
        ({"group_by": "[Tty]"}, "no-column", 5),
        ({"group_by": "[Hashes]"}, "value", 5),
        ({"group_by": "[who]", "aliases": "{who: {sudo: Tty}}"}, "no-column", 5),
        ({"kind": "value_count", "condition": "{field: Tty, gte: 2}"}, "no-column", 7),
        ({"kind": "value_sum", "condition": "{field: CommandLine, gte: 2}"}, "column-type", 7),
    ],
    ids=str,
)
def test_a_field_without_a_fitting_column_is_an_error_at_its_line(tmp_path, keys, code, line):
    keys = {"condition": "{gte: 2}", **keys}
    text = document(keys.pop("kind", "event_count"), ["sudo"], **keys)
    assert refusals(tmp_path, text) == [(code, line)]


def test_what_is_held_in_another_form_tells_no_events_apart(tmp_path):
    text = document("event_count", ["reach"], group_by="[Initiated]", condition="{gte: 2}")
    assert refusals(tmp_path, text) == [("value", 5)]
    text = document("event_count", ["sudo"], group_by="[GrandParentImage]", condition="{gte: 2}")
    assert refusals(tmp_path, text, target="xdr") == [("value", 5)]


def test_a_missing_field_can_t_be_read_as_absent_by_a_group(tmp_path):
    text = document("event_count", ["sudo"], group_by="[Tty]", condition="{gte: 2}")
    assert refusals(tmp_path, text, missing="absent") == [("no-column", 5)]


def test_a_rule_that_can_t_be_converted_refuses_what_joins_it(tmp_path):
    rule = SUDO.replace("Image|endswith: /sudo", "Tty: tty1")
    loaded = load(
        [write_set(tmp_path, "name: above\n" + document("temporal", ["many", "flush"]), MANY, rule, FLUSH)], cache=False
    )
    assert loaded.problems == ()
    (query,) = convert_all(loaded, read_target("asim"))
    assert query.text == ""
    assert [(error.code, error.location.line) for error in query.errors] == [("joined", 13), ("no-column", 27)]
    assert "Sudo" in query.errors[0].cause


def test_a_sum_over_a_chain_needs_a_number(tmp_path):
    inner = "name: inner\n" + document("event_count", ["sudo"], condition="{gte: 2}")
    outer = document("value_sum", ["inner"], condition="{field: User, gte: 2}")
    assert refusals(tmp_path, outer, inner) == [("column-type", 7)]


def test_a_correlation_that_two_join_is_written_once(tmp_path):
    inner = "name: inner\n" + document("event_count", ["sudo"], condition="{gte: 2}")
    middle = "name: middle\n" + document("temporal", ["inner", "flush"])
    outer = document("temporal", ["inner", "middle"])
    text = converted(tmp_path, outer, inner, middle).text
    assert text.count("let Matches_2 = ") == text.count("let Matches_3 = ") == 1
    assert text.count('TargetProcessName endswith "/sudo"') == 1
    assert len(re.findall(r"^let (\w+) = ", text, re.MULTILINE)) == len(set(re.findall(r"let (\w+) = ", text))) == 5


@pytest.mark.parametrize("setting", ["", "hop", "BIN"])
@pytest.mark.parametrize("option", ["window", "style"])
def test_what_an_option_does_not_know_is_refused(option, setting):
    with pytest.raises(UsageError, match=option):
        Options.of({option: setting}, read_target("asim"))


def test_an_unset_session_ties_no_audit_records(tmp_path):
    rule = SUDO.replace("    category: process_creation", "    service: auditd").replace(
        "Image|endswith: /sudo", "type: USER_CMD"
    )
    text = document("value_count", ["sudo"], group_by="[ses, tty]", condition="{field: auid, gte: 2}")
    loaded = load([write_set(tmp_path, text, rule)], cache=False)
    (query,) = convert_all(loaded, read_target("syslog"))
    guards = 'isnotempty(By_auid) and By_ses != "4294967295" and By_auid != "4294967295");'
    assert f"| where isnotempty(By_ses) and isnotempty(By_tty) and {guards}" in query.text


def test_text_in_hexadecimal_is_decoded_in_groups_too(tmp_path):
    rule = SUDO.replace("    category: process_creation", "    service: auditd").replace(
        "Image|endswith: /sudo", "type: SYSCALL"
    )
    text = document("event_count", ["sudo"], group_by="[exe]", condition="{gte: 2}")
    loaded = load([write_set(tmp_path, text, rule)], cache=False)
    kept, decoded = (
        convert_all(loaded, read_target("syslog"), Options(hex=choice))[0].text for choice in ("keep", "decode")
    )
    assert "url_decode" not in kept
    assert "By_exe = iff(Sigma" in decoded or "By_exe = iff(extract(" in decoded
    assert "url_decode" in decoded


SCAN = """
Events
| extend Step = case(Rule == "flush", 1, Rule == "reach", 2, 3)
| sort by User asc, EventTime asc, Step asc
| scan declare (Start1: datetime, Start2: datetime, Start3: datetime) with (
    step s: true => Start1 = iff(Step == 1, EventTime, iff(User == s.User, s.Start1, datetime(null))), \
Start2 = iff(User == s.User, iff(Step == 2, s.Start1, s.Start2), datetime(null)), \
Start3 = iff(User == s.User, iff(Step == 3, s.Start2, s.Start3), datetime(null));
)
| where Step == 3 and EventTime - Start3 <= 10s
| summarize WindowStart = max(Start3) by User, WindowEnd = EventTime
| project User, WindowStart, WindowEnd"""


def test_one_pass_over_sorted_events(tmp_path):
    ordered = document("temporal_ordered", ["flush", "reach", "sudo"])
    assert converted(tmp_path, ordered, style="scan").text.endswith(SCAN)


TOGETHER = """
| extend Step = case(Rule == "flush", 1, 2)
| sort by EventTime asc, Step asc
| scan declare (Last1: datetime, Last2: datetime) with (
    step s: true => Last1 = iff(Step == 1, EventTime, s.Last1), Last2 = iff(Step == 2, EventTime, s.Last2);
)
| extend Count = iff(EventTime - Last1 <= 10s, 1, 0) + iff(EventTime - Last2 <= 10s, 1, 0), \
WindowStart = min_of(iff(EventTime - Last1 <= 10s, Last1, EventTime), iff(EventTime - Last2 <= 10s, Last2, EventTime))
| summarize Count = max(Count), WindowStart = max(WindowStart) by WindowEnd = EventTime
| where Count >= 2
| project WindowStart, WindowEnd, Count"""
COUNTED = """
Events
| sort by User asc, EventTime asc
| extend WindowStart = iff(User == prev(User, 9), prev(EventTime, 9), datetime(null))
| where EventTime - WindowStart <= 1h
| summarize WindowStart = max(WindowStart) by User, WindowEnd = EventTime
| project User, WindowStart, WindowEnd"""


def test_one_pass_for_rules_in_any_order(tmp_path):
    text = document("temporal", ["flush", "reach"], group_by="[]")
    assert converted(tmp_path, text, style="scan").text.endswith(TOGETHER)


@pytest.mark.parametrize("condition", ["gte: 10", "gt: 9"])
def test_one_pass_for_counts(tmp_path, condition):
    assert converted(tmp_path, MANY.replace("gte: 10", condition), style="scan").text.endswith(COUNTED)


@pytest.mark.parametrize(
    ("kind", "window", "written"),
    [
        ("temporal", "bin", "{gte: 2}"),
        ("temporal_ordered", "bin", "{gte: 2}"),
        ("event_count", "bin", "{gte: 3}"),
        ("event_count", "sliding", "{gte: 1}"),
        ("event_count", "sliding", "{gte: 3, lt: 9}"),
        ("event_count", "sliding", "{eq: 3}"),
        ("value_count", "sliding", "{gte: 3, field: User}"),
    ],
)
def test_where_one_pass_would_not_do_it_is_not_taken(tmp_path, kind, window, written):
    text = document(kind, ["flush", "reach"], condition=written)
    scan, classic = (converted(tmp_path, text, style=style, window=window) for style in ("scan", "classic"))
    assert scan.text == classic.text


def test_rules_that_are_only_joined_have_no_query_of_their_own(tmp_path):
    loaded = load([write_set(tmp_path, MANY, SUDO, FLUSH)], cache=False)
    assert joined_only(loaded) == {loaded.rules[0].id}
    assert [query.rule.title for query in convert_all(loaded, read_target("asim"))] == ["Firewall flushed", "Much sudo"]


def test_one_that_generates_is_enough(tmp_path):
    also = document("event_count", ["sudo"], condition="{gte: 99}", generate="true")
    loaded = load([write_set(tmp_path, MANY, also, SUDO)], cache=False)
    assert joined_only(loaded) == frozenset()
    assert [query.rule.title for query in convert_all(loaded, read_target("asim"))] == ["Sudo", "Much sudo", "probe"]

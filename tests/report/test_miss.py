from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from vedette.errors import Location
from vedette.event import RESOLVED, VIEWS, Event, LogSource, Origin, matching_views
from vedette.predicate import FALSE, TRUE, And, Keyword, Match, Not, Or, contains, endswith, equals, evaluate
from vedette.report.explanation import account
from vedette.report.line import show
from vedette.report.miss import NEVER, Judge, distance, nearest
from vedette.report.terminal import visible
from vedette.sigma.rule import Rule

IMAGE = Or((Match("Image", endswith("/iptables")), Match("Image", endswith("/ip6tables"))))
FLUSH = Match("CommandLine", contains("-F"))
CHAIN = Match("CommandLine", contains("ufw-"))
PREDICATE = And((IMAGE, FLUSH, CHAIN, Not(Match("User", equals("nobody")))))


def rule(predicate=PREDICATE, **more):
    values = {
        "id": "3be619f4", "title": "Flush", "level": "medium", "status": "test", "author": "A. Author",
        "license": "DRL-1.1", "description": "", "references": (), "tags": (), "falsepositives": (),
        "logsource": LogSource("linux", "process_creation"), "predicate": predicate, "names": {},
        "location": Location("flush.yml", 1), "digest": "",
    }  # fmt: skip
    return Rule(**(values | more))


def event(
    serial=1, resolved="/usr/sbin/xtables-nft-multi", invoked="/usr/sbin/iptables", command="iptables -F ufw-x", **more
):
    values = {"Image.resolved": resolved, "Image.invoked": invoked, "CommandLine": command, "ProcessId": 4711} | more
    source = LogSource("linux", "process_creation")
    return Event(source, 1795509330.164 + serial, "gw", values, "raw text", Origin("a.log", serial * 100, serial))


@pytest.mark.parametrize(
    ("predicate", "row", "far"),
    [
        (PREDICATE, {"Image": "/x/iptables", "CommandLine": "-F ufw-", "User": "root"}, 0),
        (PREDICATE, {"Image": "/x/nft", "CommandLine": "-F ufw-"}, 1),
        (PREDICATE, {"CommandLine": "id"}, 3),
        (PREDICATE, {"CommandLine": "id", "User": "nobody"}, 4),
        (Not(PREDICATE), {"Image": "/x/iptables", "CommandLine": "-F ufw-"}, 1),
        (Not(Or((FLUSH, CHAIN))), {"CommandLine": "-F ufw-"}, 2),
        (TRUE, {}, 0),
        (FALSE, {}, NEVER),
        (Not(TRUE), {}, NEVER),
        (Or((FALSE, FLUSH)), {}, 1),
        (And((FALSE, FLUSH)), {}, NEVER),
        (Keyword(contains("x")), {}, 1),
    ],
)
def test_the_distance_counts_what_would_have_to_change(predicate, row, far):
    assert distance(predicate, row) == far


ATOMS = st.sampled_from([FLUSH, CHAIN, *IMAGE.children, TRUE, FALSE])
TREES = st.recursive(
    ATOMS,
    lambda child: (
        st.builds(Not, child)
        | st.builds(And, st.lists(child, max_size=3).map(tuple))
        | st.builds(Or, st.lists(child, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


@given(TREES, st.sampled_from(["", "-F", "ufw-", "-F ufw-"]), st.sampled_from(["", "/iptables"]))
def test_the_distance_is_nought_exactly_where_the_law_holds(predicate, command, image):
    row = {"CommandLine": command, "Image": image}
    assert (distance(predicate, row) == 0) is evaluate(predicate, row)
    assert (distance(predicate, row, wanted=False) == 0) is not evaluate(predicate, row)


def test_the_nearest_misses_come_first_and_each_once():
    events = [
        event(1, command="id", invoked="/usr/bin/id"),
        event(2, command="iptables -L ufw-x"),
        event(3, command="iptables -L ufw-x"),
        event(4),
        event(5, command="iptables -L"),
        event(6, command="iptables -L -v"),
    ]
    found = nearest(Judge(rule(), VIEWS), events, 3, matches_too=False)
    assert (found.events, found.matches) == (6, 1)
    assert [(judged.event.origin.serial, count, judged.distance) for judged, count in found.kept] == [
        (2, 2, 1), (5, 1, 2), (6, 1, 2),
    ]  # fmt: skip
    chosen = nearest(Judge(rule(), VIEWS), events[3:4], 3, matches_too=True)
    assert [judged.distance for judged, _ in chosen.kept] == [0]


@given(
    st.lists(st.sampled_from(["id", "iptables -F", "iptables -F ufw-x", "x ufw-", "y"]), max_size=20), st.integers(1, 4)
)
def test_the_kept_are_the_nearest_of_all(commands, number):
    judge = Judge(rule(), VIEWS)
    events = [event(serial, command=command) for serial, command in enumerate(commands, 1)]
    found = nearest(judge, events, number, matches_too=True)
    first = {judge.key(e): e for e in reversed(events)}
    wanted = sorted(first.values(), key=lambda e: (judge.judge(e).distance, e.origin.serial))[:number]
    assert [judged.event for judged, _ in found.kept] == wanted
    assert found.matches == sum(bool(matching_views(PREDICATE, e, VIEWS)) for e in events)
    for judged, count in found.kept:
        same = [e for e in events if judge.key(e) == judge.key(judged.event)]
        assert count == len(same)


def test_keywords_read_the_raw_event():
    judge = Judge(rule(Keyword(contains("text"))), VIEWS)
    assert judge.judge(event()).distance == 0


def shown(found, judge, width=120):
    out = io.StringIO()
    show(lambda cells, glyphs: account(judge, found, cells, glyphs), Console(file=out, width=width, highlight=False))
    return out.getvalue()


def test_a_miss_is_told_in_its_best_view():
    judge = Judge(rule(), VIEWS)
    text = shown(nearest(judge, [event(2, command="iptables -L ufw-x")], 3, matches_too=False), judge)
    assert "Flush · medium · by A. Author · DRL-1.1 · 3be619f4 · flush.yml:1" in text
    assert "matches 0 of 1 event that it reads" in text
    assert "2026-11-24 08:35:32.164Z · gw · pid 4711 · serial 2 · a.log:200" in text
    assert "1 part short of a match · views invoked, invoked/resolved" in text
    assert "view resolved" not in text
    (line,) = [
        line for line in text.splitlines() if line.startswith("    ") and 'contains "-F"' in line and "iptables" in line
    ]
    assert line.split() == ["fails", "CommandLine", "contains", '"-F"', "iptables", "-L", "ufw-x"]


def test_a_chosen_event_is_told_in_every_view():
    judge = Judge(rule(), VIEWS)
    text = shown(nearest(judge, [event()], 3, matches_too=True), judge)
    assert "1 part short of a match · views resolved, resolved/invoked" in text
    assert "matches · views invoked, invoked/resolved" in text
    assert 'User is "nobody"' in text
    assert "(absent)" in text


def test_long_lists_of_failing_values_are_cut_short():
    many = Or(tuple(Match("Image", endswith(f"/tool{n}")) for n in range(40)))
    judge = Judge(rule(And((many, FLUSH))), (RESOLVED,))
    text = shown(nearest(judge, [event()], 1, matches_too=False), judge)
    assert "and 28 more that fail" in text


def test_alternatives_beside_one_that_holds_are_left_out():
    judge = Judge(rule(), VIEWS)
    text = shown(nearest(judge, [event(command="iptables -L ufw-x")], 1, matches_too=False), judge)
    (told,) = [part for part in text.split("1 part short") if "iptables -L" in part]
    assert 'holds     Image ends with "/iptables"' in told
    assert "/ip6tables" not in told
    assert "and 1 more that fail" in told


def test_an_empty_log_is_said():
    judge = Judge(rule(), VIEWS)
    assert "the log holds no event that this rule reads" in shown(nearest(judge, [], 1, matches_too=False), judge)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_hostile_values_have_no_power_and_lines_fit(width):
    evil = "[red]\x1b[2J\u202e日本" + "y" * 300
    judge = Judge(rule(And((Match("CommandLine", contains(evil)), FLUSH)), title=evil, author=evil), VIEWS)
    odd = event(command="-F " + evil, resolved=evil, ProcessId=1)
    lines = shown(nearest(judge, [odd, event(2, command=evil[:-1])], 3, matches_too=True), judge, width).splitlines()
    assert all(visible(character) for line in lines for character in line)
    assert all(cell_len(line) <= width for line in lines)

"""Whole filter texts: every word is read, introduces what is read, or is reported with its place and a reason."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.page import Scenario, read_page
from vedette.page.dialect import Reading, candidates, read_text
from vedette.page.dialect.clauses import MAX_TEXT, parts_of
from vedette.sigma.lower import lower_detection

PAGES = Path(__file__).parents[1] / "pages"
SEED = PAGES / "flush-iptables-ufw.txt"


def readings(text: str) -> tuple[Reading, ...]:
    return read_text(Scenario("S", "", text, 10, 11, complete=True, filter_column=19))


def only(text: str) -> Reading:
    (reading,) = readings(text)
    return reading


def selection(text: str) -> Any:
    detection = only(text).detection
    assert detection is not None
    assert detection["condition"] == "selection"
    return detection["selection"]


def reason(text: str) -> str:
    reading = only(text)
    assert reading.detection is None
    return reading.unread[0].reason


@pytest.fixture(scope="module")
def seed() -> tuple[Reading, ...]:
    return candidates(read_page(SEED.read_bytes(), SEED.name))


def test_every_text_of_the_seed_is_read_or_reported(seed):
    assert [(each.line, each.dialect, each.detection and each.detection["selection"]) for each in seed] == [
        (48, "prose", None),
        (48, "grep", {"|cased": "firewall-maintenance.sh"}),
        (48, "ecs", {"User": "root", "Image|endswith": "/bash", "CommandLine|contains": "firewall-maintenance.sh"}),
        (51, "prose", {"CommandLine|contains": "ufw"}),
        (51, "ecs", {"Image|endswith": "/ufw", "CommandLine|contains": "reset"}),
        (51, "prose", None),
        (54, "ecs", {"ParentImage|endswith": ["/ansible", "/puppet"]}),
        (54, "prose", None),
        (57, "prose", None),
        (57, "ecs", {"Image|endswith": ["/virsh", "/libvirt"]}),
        (57, "prose", None),
        (58, "prose", None),
    ]
    assert [(each.unread[0].line, each.unread[0].column, each.unread[0].reason) for each in seed if each.unread] == [
        (48, 19, "it describes ('known') and names no value to compare with"),
        (51, 128, "it describes ('related') and names no value to compare with"),
        (54, 134, "it describes ('known') and names no value to compare with"),
        (57, 19, "no sentence pattern fits: a field, a comparison and a value are needed"),
        (57, 148, "it describes ('correlate') and names no value to compare with"),
        (58, 1, "the page breaks off here; it has no description and no filter"),
    ]


def test_texts_and_places_are_the_page_s(seed):
    lines = SEED.read_text(encoding="utf-8").split("\n")
    for each in seed:
        assert each.text in lines[each.line - 1]
        for unread in each.unread:
            assert lines[unread.line - 1][unread.column - 1 :].startswith(unread.text)


def test_what_the_seed_calls_the_owner_is_told_to_be_no_field(seed):
    mapping = {each.page_field: each for each in seed[2].mapping}
    assert mapping["process.owner"].sigma_field == "User"
    assert "no field of ECS" in mapping["process.owner"].note
    assert "one argument of argv" in mapping["process.args"].note
    assert (mapping["process.name"].sigma_field, mapping["process.name"].how) == ("Image", "endswith '/bash'")
    assert seed[2].notes == ("introduced by 'or use a process owner filter like'",)


def test_all_that_was_read_means_something_to_the_loader(seed):
    for each in seed:
        if each.detection is not None:
            lower_detection(each.detection)
            assert each.mapping


def test_a_where_of_kusto_says_what_stays():
    page = read_page((PAGES / "fenced.md").read_bytes(), "fenced.md")
    first, second = candidates(page)
    assert first.detection is None
    assert second.detection == {"selection": {"ParentImage|endswith": "/ansible"}, "condition": "selection"}
    assert second.notes[-1] == "the text says what stays; excluded is its contrary"
    lines = (PAGES / "fenced.md").read_text(encoding="utf-8").split("\n")
    assert "InitiatingProcessFileName" in lines[second.line - 1]


def test_a_where_that_names_what_stays_is_refused():
    assert "keeps what it names" in reason('| where FileName == "cron"')


def test_what_a_where_drops_is_any_of_its_parts():
    found = selection('| where FileName != "cron" and AccountName != "root"')
    assert found == [{"Image|endswith": "/cron"}, {"User": "root"}]


def test_a_windows_rule_s_names_end_windows_paths():
    page = (
        "title: A\nlogsource:\nproduct: windows\ndetection:\ns:\na: 1\ncondition: s\n\n"
        'Scenario: S\nDescription: D.\nFilter: FileName = "a.exe" or FileName = "b*".\n'
    )
    (reading,) = candidates(read_page(page.encode(), "p.txt"))
    assert reading.detection == {
        "selection": [{"Image|endswith": "\\\\a.exe"}, {"Image|re|i": "\\\\b[^\\\\]*$"}],
        "condition": "selection",
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('NOT process.name = "ufw"', "a negation as a whole"),
        ('process.name != "ufw"', "a negation as a whole"),
        ('NOT process.name = "a" OR user.name = "b"', "a negation as a whole"),
        ('process.name not in ("a", "b")', "a negation as a whole"),
        ("the user is not 'root'", "a negation as a whole"),
        ('process.name = "x" AND unless run by root', "what follows may limit it"),
        ('process.name = "x" and check the owner', "what follows may limit it"),
        ('process.name = "x"\nand only at night', "what follows may limit it"),
        ('process.name = "x" during maintenance', "what follows may limit it"),
        ('process.name = "x", run at night', "what follows may limit it"),
        ("grep 'x' /var/log/syslog on weekends", "what follows may limit it"),
        ('commands run by admins where process.name = "x"', "may limit it ('admins')"),
        ('the owner is root and process.name = "x"', "'and' before it limits"),
        ('foo.bar = "x"', "the field 'foo.bar' is not known"),
        ('process.name = "x" AND foo.bar = "y"', "the field 'foo.bar' is not known"),
        ('host.name = "gw"', "scope.hosts"),
        ('process.name = "x" and not user.name = y or z', "what follows may limit it"),
        ("auid=1000 and process.name=", "a value is missing"),
        ("grep '^x' /var/log/syslog", "an end of a line"),
    ],
)
def test_what_may_mean_more_or_less_is_not_read(text, why):
    last = [each for each in readings(text) if each.unread][-1]
    assert all(each.detection is None for each in readings(text))
    assert why in " ".join(each.reason for one in readings(text) for each in one.unread)
    assert last.unread[0].text


@pytest.mark.parametrize(
    "text",
    [
        'Only alert when process.name = "x".',
        "Never exclude commands run by the root user.",
        'Do not alert unless process.name = "x".',
        "Only alert on things such as the user is 'root'.",
        "Exclude where the user is 'root'. Only during maintenance.",
        'process.name = "x". Only during maintenance.',
        'process.name = "x", but never at night.',
        "Exclude where the user is 'root', except at night.",
        'On weekends: process.name = "x"',
        'When the host is gw: process.name = "x"',
        "If the host is gw, e.g., the user is 'root'",
        "the parent process is made and, e.g., process.args = 'x'",
        'All of the following:\n- process.name = "x"\n- process.args = "y"',
        'process.name = "x" &\nprocess.args = "y"',
        'process.name = "x" unless\nprocess.args = "y"',
    ],
)
def test_a_word_that_limits_or_turns_round_stops_the_reading(text):
    assert [each.detection for each in readings(text)] == [None] * len(readings(text))


def test_an_alternative_that_is_not_read_is_left_out_and_told():
    reading = only('process.exectable = "x" OR process.name = "y"')
    assert reading.detection == {"selection": {"Image|endswith": "/y"}, "condition": "selection"}
    (unread,) = reading.unread
    assert (unread.line, unread.column) == (11, 19)
    assert "near are process.executable" in unread.reason
    assert "silences less" in reading.notes[-1]


@pytest.mark.parametrize(
    "text",
    [
        "Exclude events where `process.name` is `ufw`.",
        'Exclude processes with `process.name = "ufw"`.',
        'Use a filter like (process.name = "ufw").',
        "Add an exclusion (e.g., process.name = 'ufw').",
        'For example: process.name: "ufw"; nothing',
        "Check if the parent is a known tool, e.g., process.name = 'ufw'",
        'process.name = "ufw" during\nmaintenance\n\nprocess.name = "ufw"',
        '- process.name = "ufw" to filter out resets.',
    ],
)
def test_introductions_marks_and_purposes_change_nothing(text):
    found = [each for each in readings(text) if each.detection is not None]
    assert [each.detection for each in found] == [{"selection": {"Image|endswith": "/ufw"}, "condition": "selection"}]


def test_lines_are_texts_of_their_own():
    found = readings('process.name = "a"\nprocess.name = "b"\n\nuser.name = "c"')
    assert [each.text for each in found] == ['process.name = "a"', 'process.name = "b"', 'user.name = "c"']
    assert [each.line for each in found] == [11, 12, 14]


def test_a_text_over_the_bound_is_reported_whole():
    reading = only("process.name = 'x' or " * (MAX_TEXT // 20))
    assert reading.detection is None
    assert "more than" in reading.unread[0].reason


@pytest.mark.parametrize(
    "text",
    [
        "(" * 8000 + 'process.name = "a"',
        'process.name = "a" or ' * 700,
        "not " * 4000 + "process.name = a",
        "the user is a or " * 900,
        "a or " * 3000 + "in the command line",
        "the presence of " + "a, " * 4000 + "in the command line",
        "process.name in (" + '"a", ' * 3000 + ")",
        "grep " + "-e x " * 3000,
        '"' * 16000,
        "“" * 16000,
        "`process.name`" * 1000,
        "e.g. " * 3000,
        "| where " * 2000 + "FileName != 'x'",
        "grep 'x' | " * 1400,
        "a.b=" * 4000,
        "not (" * 3000,
        " \t" * 8000 + "x",
        "cat " + "x " * 8000,
        "x" + " " * 16_000 + "process.name = 'a'",
        "x and" + ", " * 8000 + "process.name = 'a'",
        "and " * 4000 + "process.name = 'a'",
        "x:" * 8000 + "process.name = 'a'",
        "all of " * 2000 + ": process.name = 'a'",
        "process.name" + "`" * 16_000 + "= 'a'",
        "process.name = 'a'" + " " * 16_000 + "x",
        "process.name = 'a'" + ")" * 16_000 + "x",
        "the user is 'a'" + ", " * 8000,
    ],
)
def test_hostile_texts_take_no_time(text):
    started = time.process_time()
    for each in readings(text[:MAX_TEXT]):
        assert each.detection is not None or each.unread
    assert time.process_time() - started < 5  # a bound on growth, not a figure


WORDS = st.sampled_from(
    [
        "process.name",
        "process.args",
        "foo.bar",
        "FileName",
        "comm",
        "auid",
        "=",
        "==",
        ":",
        "!=",
        "=~",
        "in",
        "not",
        "NOT",
        "and",
        "AND",
        "or",
        "(",
        ")",
        ",",
        ".",
        ";",
        '"',
        "'",
        "`",
        "“",
        "”",
        "ufw",
        "root",
        "1000",
        "--flush",
        "*a*",
        "a?b",
        "grep",
        "-E",
        "-v",
        "/var/log/syslog",
        "|",
        "where",
        "e.g.",
        "such",
        "as",
        "the",
        "user",
        "is",
        "parent",
        "process",
        "command",
        "line",
        "contains",
        "presence",
        "of",
        "check",
        "for",
        "exclude",
        "executed",
        "by",
        "ausearch",
        "-k",
        "journalctl",
        "matches",
        "/x.*/",
        "\\",
        "\\*",
        "\n",
        "\u200b",
        "\x1b",
        "&",
        "||",
        "&&",
        "{{",
        "]]",
        "!!",
        "only",
    ]
)


@given(st.one_of(st.lists(WORDS, max_size=60).map(" ".join), st.lists(WORDS, max_size=60).map("".join), st.text()))
def test_no_text_crashes_and_every_text_is_read_or_reported(text):
    for each in readings(text):
        assert each.text in text
        assert each.detection is not None or each.unread
        assert all(unread.reason and unread.line >= 11 for unread in each.unread)
        if each.detection is not None:
            lower_detection(each.detection)


@given(st.lists(WORDS, max_size=40).map(" ".join))
def test_parts_are_in_order_and_never_overlap(text):
    at = 0
    for part in parts_of(text):
        assert at <= part.start < part.end <= len(text)
        at = part.end

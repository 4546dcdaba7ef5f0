"""Shell commands, held against the real grep where there is one."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vedette.page import Scenario
from vedette.page.dialect import Reading, read_text
from vedette.page.dialect.posix import alternatives
from vedette.page.dialect.refusal import UnreadError
from vedette.page.dialect.section import section_of
from vedette.page.dialect.shell import find_command, read_command
from vedette.page.dialect.tree import RAW, Comparison, either
from vedette.predicate import evaluate
from vedette.sigma.lower import lower_detection
from vedette.sigma.refusal import RefusedError


def only(text: str) -> Reading:
    (reading,) = read_text(Scenario("S", "", text, 10, 11, complete=True, filter_column=1))
    assert reading.dialect == "grep"
    return reading


def selection(text: str) -> Any:
    detection = only(text).detection
    assert detection is not None
    assert detection["condition"] == "selection"
    return detection["selection"]


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("grep 'x y' /var/log/syslog", {"|cased": "x y"}),
        ("grep -i 'x' /var/log/syslog", ["x"]),
        ('sudo grep -rin "x" /var/log', ["x"]),
        ("grep x /var/log/syslog.", {"|cased": "x"}),
        ("grep ‘x’ /var/log/syslog", {"|cased": "x"}),  # noqa: RUF001 (quotes as pages have them)
        ('grep -E "a|b" /var/log/auth.log', {"|cased": ["a", "b"]}),
        ("egrep 'a|b' x.log", {"|cased": ["a", "b"]}),
        (r"grep 'a\|b' /x", {"|cased": ["a", "b"]}),
        ("grep 'a|b' /x", {"|cased": "a|b"}),
        ("grep -F 'a*[b' /x", {"|cased": r"a\*[b"}),
        ("grep -e a -e b /x", {"|cased": ["a", "b"]}),
        ("grep -w 'ufw' /x", {"|re": r"\bufw\b"}),
        ("grep -iE 'fire(wall|d)+' /x", {"|re|i": "fire(wall|d)+"}),
        ("grep -P 'a\\d+' /x", {"|re": "a\\d+"}),
        ("cat /var/log/syslog | grep 'x' | sort | uniq", {"|cased": "x"}),
        ("cat a.log | grep 'x' | grep -i 'y'", {"|cased": "x", "": "y"}),
        ("journalctl -xe --no-pager | grep 'x'", {"|cased": "x"}),
        ("dmesg | grep 'x'", {"|cased": "x"}),
        ("tail -n 100 /var/log/syslog | grep 'x'", {"|cased": "x"}),
        ("zgrep 'x' /var/log/syslog.*.gz", {"|cased": "x"}),
        ("grep -v 'x' /var/log/syslog", {"|cased": "x"}),
        ("grep -v 'x' a.log | grep -v 'y'", [{"|cased": "x"}, {"|cased": "y"}]),
        ("ausearch -k fw", {"AuditKey|contains|cased": "fw"}),
        ("ausearch -w -k fw -i", {"AuditKey|cased": "fw"}),
        ("ausearch -c iptables -ul 1000", {"ProcessName|contains|cased": "iptables", "LoginUserId": 1000}),
        ("ausearch --comm ufw --loginuid anna", {"ProcessName|contains|cased": "ufw", "LoginUser": "anna"}),
        ("ausearch -x /usr/sbin/ufw | grep 'reset'", {"Image|contains|cased": "/usr/sbin/ufw", "|cased": "reset"}),
    ],
)
def test_commands(text, item):
    detection = only(text).detection
    assert detection is not None
    if "" in item:
        assert detection["selection_1"] == {"|cased": "x"}
        assert detection["selection_2"] == ["y"]
        assert detection["condition"] == "selection_1 and selection_2"
    elif isinstance(item, list) and isinstance(item[0], dict):
        assert lower_detection(detection)[0] == lower_detection({"s": {"|cased": ["x", "y"]}, "condition": "s"})[0]
    else:
        assert selection(text) == item


def test_what_a_command_looks_into_is_told():
    reading = only("grep 'a.b' /var/log/syslog")
    assert reading.notes == (
        "the page looks into /var/log/syslog",
        "to grep a dot is any character; read as a dot, which silences less",
    )
    assert reading.mapping[0].sigma_field == "raw event"
    assert "raw event" in reading.mapping[0].note


def test_a_command_that_keeps_what_does_not_match_is_turned_round():
    assert "what stays" in only("grep -v 'x' /var/log/syslog").notes[-1]
    detection = only("grep 'x' a.log | grep -v 'y'").detection
    assert detection is not None
    assert detection["condition"] == "selection_1 and not selection_2"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("grep '^x' /x", "ties the pattern"),
        (r"grep '\(a\)\1' /x", "back-reference"),
        ("grep -x 'a' /x", "the option -x"),
        ("grep -f patterns /x", "the option -f"),
        ("grep --include=a 'x' /x", "the option --include=a"),
        ("grep -E 'a|' /x", "an empty alternative"),
        ("grep 'a[b' /x", "never closed"),
        ("grep 'x", "never closed"),
        ('grep "$HOME" /x', "the shell would put"),
        ("grep 'x' /x > /tmp/y", "the shell's >"),
        ("grep 'x' /x && rm y", "the shell's &&"),
        ("grep 'x' /x | awk '{print}'", "no command that searches"),
        ("grep 'x' /x | xargs rm", "no command that searches"),
        ("grep 'x'y /x", "two parts of a word"),
        ("journalctl -u ufw | grep 'x'", "limits which of the journal"),
        ("journalctl --since today | grep 'x'", "limits which of the journal"),
        ("journalctl -xe", "nothing is searched for"),
        ("ausearch -ts today -k x", "the option -ts"),
        ("ausearch -k", "lacks its value"),
        ("ausearch -i", "nothing is searched for"),
        ("grep -e", "lacks its value"),
        ("grep -i", "lacks its pattern"),
        ("grep -P 'a(?=b)' /x", "RE2"),
        ("grep -w 'a.*b' /x", "-w is read of plain patterns"),
        ("grep 'x' |", "a command is missing"),
    ],
)
def test_what_can_t_be_said_of_an_event(text, why):
    reading = only(text)
    assert reading.detection is None
    assert why in reading.unread[0].reason


@pytest.mark.parametrize(
    "text", ["look for grep in the logs", "the grep command", "pgrep -f x", "/usr/bin/grep", "a cat"]
)
def test_words_that_are_no_command(text):
    assert find_command(text, 0) == -1


def test_a_command_ends_where_the_sentence_goes_on():
    text = "e.g., grep 'x' /var/log/syslog or use a filter"
    _, end, _ = read_command(text, find_command(text, 0))
    assert text[end:] == " or use a filter"


@pytest.mark.skipif(shutil.which("grep") is None, reason="no grep on this host")
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text("ab.*+?|(){}1[]\\^$- ", min_size=1, max_size=6),
    st.lists(st.text("ab.*+?|()1-", max_size=6), min_size=1, max_size=12, unique=True),
    st.booleans(),
    st.booleans(),
)
def test_patterns_mean_what_grep_finds(pattern, lines, extended, ignoring):
    try:
        found, dotted = alternatives(pattern, 0, extended=extended)
        tree = either([Comparison(RAW, relation, (value,), not ignoring, 0) for relation, value in found])
        predicate, _ = lower_detection(section_of(tree, "/")[0])
    except (UnreadError, RefusedError):
        return
    run = subprocess.run(
        ["grep", "-n", *(["-E"] if extended else []), *(["-i"] if ignoring else []), "-e", pattern],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        env={"LC_ALL": "C"},
        check=False,
    )
    if run.returncode > 1 or run.stderr:
        return  # grep refuses the pattern, or warns of it
    printed = {int(line.partition(":")[0]) - 1 for line in run.stdout.splitlines()}
    ours = {number for number, line in enumerate(lines) if evaluate(predicate, {}, line)}
    assert ours <= printed if dotted else ours == printed

"""Sentence patterns, each with its variants, and sentences that no pattern has a place for."""

from __future__ import annotations

import pytest

from vedette.page import Scenario
from vedette.page.dialect import Reading, read_text


def only(text: str) -> Reading:
    (reading,) = read_text(Scenario("S", "", text, 10, 11, complete=True, filter_column=1))
    assert reading.dialect == "prose"
    return reading


COMMAND = "CommandLine|contains"
PARENT = "ParentImage|endswith"


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("Check for the presence of ufw in the command line.", {COMMAND: "ufw"}),
        ("Look for the presence of 'ufw reset' in the command line", {COMMAND: "ufw reset"}),
        ("Check for `ufw` in the command line arguments", {COMMAND: "ufw"}),
        ("Filter out commands with “ufw” in the command line", {COMMAND: "ufw"}),
        ("Exclude commands containing 'ufw reset'", {COMMAND: "ufw reset"}),
        ("Exclude command lines that contain ufw, nft or iptables", {COMMAND: ["ufw", "nft", "iptables"]}),
        ("exclude where the parent process is libvirtd", {PARENT: "/libvirtd"}),
        ("Exclude events where the parent process is either ansible or puppet", {PARENT: ["/ansible", "/puppet"]}),
        ("Check whether the parent process is 'ansible*'", {"ParentImage|re|i": "/ansible[^/]*$"}),
        ("Exclude children of libvirtd", {PARENT: "/libvirtd"}),
        ("Exclude child processes of the process 'cron'", {PARENT: "/cron"}),
        ("Exclude processes with 'cron' as the parent process", {PARENT: "/cron"}),
        ("Exclude processes started by the process `cron`", {PARENT: "/cron"}),
        ("commands executed by the root user", {"User": "root"}),
        ("Exclude all commands run by user 'ansible'", {"User": "ansible"}),
        ('processes initiated by the "SYSTEM" account', {"User": "SYSTEM"}),
        ("exclude all activity from user 'root'", {"User": "root"}),
        ('Exclude processes with a parent process of "cron"', {PARENT: "/cron"}),
        ("Exclude processes named ansible, puppet or chef", {"Image|endswith": ["/ansible", "/puppet", "/chef"]}),
        ("The process name is ufw", {"Image|endswith": "/ufw"}),
        ("the executable path starts with '/usr/libexec/'", {"Image|startswith": "/usr/libexec/"}),
        ("the working directory equals /root", {"CurrentDirectory": "/root"}),
        ("./run.sh in the command line", {COMMAND: "./run.sh"}),
        ("the user is _apt", {"User": "_apt"}),
        ("the parent process is ansible*", {"ParentImage|re|i": "/ansible[^/]*$"}),
        ("- **the user is `root`**", {"User": "root"}),
        ("1. the user is 'root'.", {"User": "root"}),
        (
            "Exclude where the user is root and the command line contains 'ufw reset'",
            {"User": "root", COMMAND: "ufw reset"},
        ),
        (
            "Check if the parent process is `ansible`, or if the command line contains 'site.yml'.",
            [{PARENT: "/ansible"}, {COMMAND: "site.yml"}],
        ),
    ],
)
def test_patterns(text, item):
    reading = only(text)
    assert reading.detection == {"selection": item, "condition": "selection"}
    assert reading.unread == ()
    assert reading.mapping


def test_a_value_without_quotes_is_told():
    assert only("exclude where the parent process is libvirtd").notes == ("the page gives the value without quotes",)
    assert only("exclude where the parent process is 'libvirtd'").notes == ()


def test_the_words_that_name_a_field_are_shown():
    (mapping,) = only("exclude where the parent process is libvirtd").mapping
    assert (mapping.page_field, mapping.sigma_field, mapping.how) == (
        "parent process",
        "ParentImage",
        "endswith '/libvirtd'",
    )


def test_a_contrary_within_is_read():
    detection = only("Exclude where the user is 'root' and the parent process is not 'sshd'").detection
    assert detection is not None
    assert detection["condition"] == "selection_1 and not selection_2"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Check for the presence of scripts in the command line", "'scripts' without quotes may be a word"),
        ("exclude where the parent process is trusted", "without quotes may be a word"),
        ("Exclude known maintenance scripts in the command line", "describes ('known')"),
        ("Exclude commands related to UFW", "describes ('related')"),
        ("Exclude commands run by root", "no sentence pattern fits"),
        ("Check for ufw in the command line while patching", "no sentence pattern fits"),
        ("Exclude processes named ansible unless run by root", "'unless' limits"),
        ("Exclude commands that don’t contain ufw", '"don\'t" limits'),  # noqa: RUF001 (quotes as pages have them)
        ("the user is 'a' and the user is 'b' or the user is 'c'", "'and' beside 'or'"),
        ("the command line contains 'a*'", "differs between languages"),
        ("the process name is '/usr/bin/x'", "a name holds no /"),
        ("Check for the presence of ufw in the logs", "no sentence pattern fits"),
        ("the command line contains 'x\u200by'", "which can't be seen"),
        ("ufw " * 300, "a clause of more than"),
        ("Nothing.", "no sentence pattern fits"),
    ],
)
def test_what_no_pattern_reads(text, why):
    reading = only(text)
    assert reading.detection is None
    assert why in reading.unread[0].reason

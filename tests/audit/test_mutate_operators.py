"""What each operator records: the columns that it changes, and those that it leaves alone."""

from __future__ import annotations

import pytest
from tests.audit.starts import FLUSH, changes, legacy, like, lines

from vedette.audit.mutate import mutants, unchanged


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("insert-table", "iptables -t filter -F ufw-logging-deny"),
        ("insert-wait", "iptables -w -F ufw-logging-deny"),
        ("insert-verbose", "iptables -v -F ufw-logging-deny"),
        ("insert-modprobe", "iptables --modprobe=/sbin/modprobe -F ufw-logging-deny"),
        ("insert-family", "iptables -4 -F ufw-logging-deny"),
        ("table-last", "iptables -F ufw-logging-deny -t filter"),
        ("flag-last", "iptables -F ufw-logging-deny -w"),
        ("long-option", "iptables --flush ufw-logging-deny"),
        ("abbreviated-option", "iptables --fl ufw-logging-deny"),
        ("bundled-option", "iptables -vF ufw-logging-deny"),
        ("attached-chain", "iptables -Fufw-logging-deny"),
        ("attached-chain", "iptables --flush=ufw-logging-deny"),
        ("path-of-tool", "/usr/sbin/iptables -F ufw-logging-deny"),
        ("flush-all", "iptables -F"),
        ("flush-all-long", "iptables --flush"),
        ("delete-rule-by-rule", "iptables -D ufw-logging-deny 1"),
        ("return-first", "iptables -I ufw-logging-deny -j RETURN"),
        ("accept-first", "iptables -I INPUT -j ACCEPT"),
        ("policy-accept", "iptables -P INPUT ACCEPT"),
        ("exec-a", "[kworker/0:1] iptables -F ufw-logging-deny"),
    ],
)
def test_operators_on_words_change_nothing_else(operator, expected):
    assert expected in lines(operator)
    for mutant in mutants(FLUSH):
        if mutant.operator == operator and mutant.values["CommandLine"] == expected:
            assert {**mutant.values, "CommandLine": ""} == {**FLUSH, "CommandLine": ""}


@pytest.mark.parametrize(
    ("operator", "resolved", "invoked", "line"),
    [
        ("backend-name", "/usr/sbin/xtables-nft-multi", "/usr/sbin/iptables-nft", "iptables-nft -F ufw-logging-deny"),
        (
            "multi-call",
            "/usr/sbin/xtables-nft-multi",
            "/usr/sbin/xtables-nft-multi",
            "xtables-nft-multi iptables -F ufw-logging-deny",
        ),
        (
            "multi-call-alias",
            "/usr/sbin/xtables-nft-multi",
            "/usr/sbin/xtables-nft-multi",
            "xtables-nft-multi main4 -F ufw-logging-deny",
        ),
        ("nft-flush-chain", "/usr/sbin/nft", "/usr/sbin/nft", "nft flush chain ip filter ufw-logging-deny"),
        ("nft-flush-ruleset", "/usr/sbin/nft", "/usr/sbin/nft", "nft flush ruleset"),
        ("nft-from-file", "/usr/sbin/nft", "/usr/sbin/nft", "nft -f /tmp/.r"),
        ("restore-empty", "/usr/sbin/xtables-nft-multi", "/usr/sbin/iptables-restore", "iptables-restore"),
        ("ufw-disable", "/usr/bin/python3.11", "/usr/sbin/ufw", "/usr/bin/python3 /usr/sbin/ufw disable"),
        ("ufw-init-stop", "/usr/bin/dash", "/usr/lib/ufw/ufw-init", "/bin/sh /usr/lib/ufw/ufw-init force-stop"),
        ("service-stop", "/usr/bin/systemctl", "/usr/bin/systemctl", "systemctl stop ufw"),
        ("copy", "/tmp/.x/kworker", "/tmp/.x/kworker", "/tmp/.x/kworker iptables -F ufw-logging-deny"),
        ("copy-and-link", "/tmp/.x/kworker", "/tmp/.x/iptables", "/tmp/.x/iptables -F ufw-logging-deny"),
        ("copy-flush-all", "/tmp/.x/kworker", "/tmp/.x/kworker", "/tmp/.x/kworker iptables -F"),
        ("symlink", "/usr/sbin/xtables-nft-multi", "/tmp/.x/fw", "/tmp/.x/fw iptables -F ufw-logging-deny"),
        ("hard-link", "/usr/sbin/.kworker", "/usr/sbin/.kworker", "/usr/sbin/.kworker iptables -F ufw-logging-deny"),
        (
            "path-with-dots",
            "/usr/sbin/xtables-nft-multi",
            "/usr/sbin/../sbin/iptables",
            "/usr/sbin/../sbin/iptables -F ufw-logging-deny",
        ),
        (
            "loader",
            "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            "/lib64/ld-linux-x86-64.so.2",
            "/lib64/ld-linux-x86-64.so.2 /usr/sbin/iptables -F ufw-logging-deny",
        ),
        ("from-memory", "/memfd:kworker (deleted)", "/proc/self/fd/3", "kworker iptables -F ufw-logging-deny"),
    ],
)
def test_operators_on_the_program_change_its_readings_and_words(operator, resolved, invoked, line):
    found = {
        (mutant.values["Image.resolved"], mutant.values["Image.invoked"], mutant.values["CommandLine"])
        for mutant in mutants(FLUSH)
        if mutant.operator == operator
    }
    assert (resolved, invoked, line) in found


def test_a_program_of_another_name_has_another_name():
    assert changes("copy")["ProcessName"] == "kworker"
    assert changes("copy-and-link").keys() == {"Image.resolved", "Image.invoked", "CommandLine"}
    assert "ProcessName" not in changes("copy", {n: v for n, v in FLUSH.items() if n != "ProcessName"})


def test_a_script_instead_of_the_tool_has_its_fields():
    assert changes("ufw-disable")["Script"] == "/usr/sbin/ufw"


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (
            "wrapper-script",
            {
                "ParentImage.resolved": "/usr/bin/dash",
                "ParentImage.invoked": "/tmp/puppet",
                "ParentCommandLine": "/bin/sh /tmp/puppet",
                "ParentScript": "/tmp/puppet",
                "ParentScriptInode": 152,
                "ParentScriptDevice": "00:27",
                "ParentScriptOwnerId": 1001,
                "ParentScriptMode": "0100755",
            },
        ),
        (
            "script-as-argument",
            {
                "ParentImage.invoked": "/usr/bin/bash",
                "ParentCommandLine": "bash /tmp/.m/firewall-maintenance.sh",
            },
        ),
        (
            "renamed-shell",
            {
                "ParentImage.resolved": "/tmp/.a/ansible",
                "ParentImage.invoked": "/tmp/.a/ansible",
                "ParentCommandLine": "/tmp/.a/ansible -c iptables -F ufw-logging-deny; true",
            },
        ),
        (
            "double-fork",
            {
                "ParentImage.resolved": "/usr/lib/systemd/systemd",
                "ParentImage.invoked": None,
                "ParentCommandLine": "/usr/lib/systemd/systemd",
            },
        ),
        (
            "cron-job",
            {
                "ParentImage.resolved": "/usr/bin/dash",
                "ParentImage.invoked": "/bin/sh",
                "ParentCommandLine": "/bin/sh -c iptables -F ufw-logging-deny; true",
                "LoginUser": "root",
                "LoginUserId": 0,
                "LogonId": "4194303",
                "Tty": None,
            },
        ),
        (
            "systemd-run",
            {
                "ParentImage.resolved": "/usr/lib/systemd/systemd",
                "ParentImage.invoked": None,
                "ParentCommandLine": "/usr/lib/systemd/systemd",
                "LoginUser": None,
                "LoginUserId": None,
                "LogonId": None,
                "Tty": None,
            },
        ),
        (
            "encoded",
            {
                "ParentImage.resolved": "/usr/bin/dash",
                "ParentImage.invoked": "/usr/bin/sh",
                "ParentCommandLine": "sh",
            },
        ),
        (
            "xargs",
            {
                "ParentImage.resolved": "/usr/bin/xargs",
                "ParentImage.invoked": "/usr/bin/xargs",
                "ParentCommandLine": "xargs iptables",
            },
        ),
    ],
)
def test_operators_on_the_parent_leave_the_process_alone(operator, expected):
    assert changes(operator) == expected


def test_a_parent_without_a_script_has_none_of_its_fields():
    scripted = like(ParentScript="/usr/sbin/x", ParentScriptInode=7, ParentScriptMode="0100755")
    left = changes("sudo", scripted)
    assert {left["ParentScript"], left["ParentScriptInode"], left["ParentScriptMode"]} == {None}


def test_the_backend_decides_which_tools_keep_the_effect():
    """The nft tools leave the rules of a legacy host in place: recorded in attack_nft of that host."""
    operators = {mutant.operator for mutant in mutants(legacy())}
    assert not any(operator.startswith("nft-") for operator in operators)
    assert lines("backend-name", legacy()) == ["iptables-legacy -F ufw-logging-deny"]
    unknown = mutants(like(Image__resolved="/usr/sbin/iptables"))
    assert {mutant.effect for mutant in unknown if mutant.operator.startswith("nft-")} == {"assumed"}


@pytest.mark.parametrize(
    ("line", "operator", "expected"),
    [
        ("ip6tables -F ufw6-logging-deny", "nft-flush-chain", "nft flush chain ip6 filter ufw6-logging-deny"),
        ("ip6tables -F ufw6-logging-deny", "insert-family", "ip6tables -6 -F ufw6-logging-deny"),
        ("iptables -t nat -F", "long-option", "iptables -t nat --flush"),
        ("iptables -t nat -F", "options-last", "iptables -F -t nat"),
        ("iptables -F -t nat", "options-first", "iptables -t nat -F"),
        ("iptables -t nat -F PREROUTING", "nft-flush-chain", "nft flush chain ip nat PREROUTING"),
        ("iptables -t nat -F PREROUTING", "flush-all", "iptables -t nat -F"),
        ("iptables --flush", "short-option", "iptables -F"),
        ("iptables -X ufw-logging-allow", "delete-all-chains", "iptables -X"),
        ("iptables -X ufw-logging-allow", "nft-delete-chain", "nft delete chain ip filter ufw-logging-allow"),
        ("iptables -P INPUT ACCEPT", "long-option", "iptables --policy INPUT ACCEPT"),
        ("iptables -P INPUT ACCEPT", "nft-policy", "nft chain ip filter INPUT { policy accept; }"),
        ("xtables-nft-multi iptables -F", "long-option", "xtables-nft-multi iptables --flush"),
        ("/usr/sbin/iptables -w -F x", "copy", "/tmp/.x/kworker iptables -w -F x"),
    ],
)
def test_calls_of_other_shapes_are_read(line, operator, expected):
    assert expected in lines(operator, like(CommandLine=line))


def test_what_would_not_keep_the_effect_is_not_made():
    assert lines("insert-table", like(CommandLine="iptables -t nat -F")) == []
    assert lines("return-first", like(CommandLine="iptables -F INPUT")) == []
    assert lines("flush-all", like(CommandLine="iptables -F")) == []
    assert lines("nft-flush-ruleset", like(CommandLine="iptables -Z ufw-logging-deny")) == []
    assert lines("ufw-disable", like(CommandLine="iptables -F DOCKER")) == []


def test_other_programs_get_the_operators_on_program_and_parent():
    nft = like(Image__resolved="/usr/sbin/nft", Image__invoked="/usr/sbin/nft", CommandLine="nft flush ruleset")
    operators = {mutant.operator for mutant in mutants(nft)}
    assert {"copy", "symlink", "exec-a", "loader", "wrapper-script", "sudo"} <= operators
    assert "insert-table" not in operators
    assert lines("copy", nft)[0] == "/tmp/.x/kworker flush ruleset"


OTHERS: list[tuple[str, str, str, str, str]] = [
    ("nft flush ruleset", "/usr/sbin/nft", "nft-second-line", "/usr/sbin/nft", "nft list tables\nflush ruleset"),
    ("nft flush ruleset", "/usr/sbin/nft", "nft-second-command", "/usr/sbin/nft", "nft list tables;flush ruleset"),
    ("nft delete table ip filter", "/usr/sbin/nft", "nft-tab", "/usr/sbin/nft", "nft delete\ttable ip filter"),
    ("nft delete table ip filter", "/usr/sbin/nft", "nft-from-input", "/usr/sbin/nft", "nft -f -"),
    ("systemctl stop ufw", "/usr/bin/systemctl", "unit-pattern", "/usr/bin/systemctl", "systemctl stop uf*"),
    ("systemctl stop ufw", "/usr/bin/systemctl", "init-script", "/etc/init.d/ufw", "/bin/sh /etc/init.d/ufw stop"),
    (
        "systemctl stop ufw",
        "/usr/bin/systemctl",
        "ufw-init-stop",
        "/usr/lib/ufw/ufw-init",
        "/bin/sh /usr/lib/ufw/ufw-init force-stop",
    ),
    (
        "/usr/bin/python3 /usr/sbin/ufw disable",
        "/usr/sbin/ufw",
        "ufw-through-python",
        "/usr/bin/python3",
        "python3 /usr/sbin/ufw disable",
    ),
    (
        "/bin/sh /usr/lib/ufw/ufw-init force-stop",
        "/usr/lib/ufw/ufw-init",
        "ufw-init-flush",
        "/usr/lib/ufw/ufw-init",
        "/bin/sh /usr/lib/ufw/ufw-init flush-all",
    ),
    (
        "iptables-restore",
        "/usr/sbin/iptables-restore",
        "restore-from-file",
        "/usr/sbin/iptables-restore",
        "iptables-restore /tmp/.r",
    ),
    (
        "iptables-restore",
        "/usr/sbin/iptables-restore",
        "restore-multi-call",
        "/usr/sbin/xtables-nft-multi",
        "xtables-nft-multi iptables-restore",
    ),
    ("iptables-restore", "/usr/sbin/iptables-restore", "copy", "/tmp/.x/kworker", "/tmp/.x/kworker iptables-restore"),
    ("iptables-restore", "/usr/sbin/iptables-restore", "symlink", "/tmp/.x/fw", "/tmp/.x/fw iptables-restore"),
]


@pytest.mark.parametrize(("line", "invoked", "operator", "expected", "made"), OTHERS)
def test_calls_of_other_tools_have_operators_of_their_own(line, invoked, operator, expected, made):
    start = like(CommandLine=line, Image__invoked=invoked)
    if "restore" not in line:
        start["Image.resolved"] = invoked
    found = [
        (one.values["Image.invoked"], one.values["CommandLine"]) for one in mutants(start) if one.operator == operator
    ]
    assert (expected, made) in found


def test_a_script_is_copied_as_a_script():
    ufw = like(
        Image__resolved="/usr/bin/python3.11",
        Image__invoked="/usr/sbin/ufw",
        Script="/usr/sbin/ufw",
        CommandLine="/usr/bin/python3 /usr/sbin/ufw disable",
    )
    assert changes("copy", ufw) == {
        "Image.invoked": "/tmp/.x/kworker",
        "Script": "/tmp/.x/kworker",
        "CommandLine": "/usr/bin/python3 /tmp/.x/kworker disable",
        "ProcessName": "kworker",
    }


def test_what_looks_like_an_evasion_and_is_none_has_a_reason():
    told = {entry.operator: entry.why for entry in unchanged()}
    assert {"extra-blanks", "shell-variable", "env", "letter-case", "chain-first"} <= told.keys()
    assert all(told.values())
    assert told.keys().isdisjoint(mutant.operator for mutant in mutants(FLUSH))

"""Mutants of process starts: what each operator records, and what exclusions and rules make of it."""

from __future__ import annotations

import textwrap
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.audit.forge import Claim, forge
from vedette.audit.forging import built_in
from vedette.audit.mutate import (
    EFFECTS,
    MOST,
    detected_by_any,
    distinct,
    matching,
    mutants,
    score,
    unchanged,
)
from vedette.audit.reach import given as given_by
from vedette.event import RESOLVED, VIEWS, matching_views
from vedette.event.event import Event, Origin
from vedette.event.logsource import PROCESS_CREATION
from vedette.hunt.exclusion import read_exclusion
from vedette.predicate import Value
from vedette.sigma.ruleset import load

PACK = Path(str(files("vedette"))) / "packs" / "linux-firewall"
SEED = "3be619f4-d9ec-4ea8-a173-18fdd01996ab"
FLUSH: dict[str, Value] = {
    "Image.resolved": "/usr/sbin/xtables-nft-multi",
    "Image.invoked": "/usr/sbin/iptables",
    "CommandLine": "iptables -F ufw-logging-deny",
    "CurrentDirectory": "/root",
    "ParentImage.resolved": "/usr/bin/bash",
    "ParentImage.invoked": "/bin/bash",
    "ParentCommandLine": "-bash",
    "User": "root",
    "UserId": 0,
    "LoginUser": "deploy",
    "LoginUserId": 1001,
    "LogonId": "376",
    "ProcessName": "iptables",
    "Tty": "pts1",
    "ProcessId": 11594,
}


@pytest.fixture(scope="module")
def rules():
    return {rule.id: rule for rule in load((str(PACK / "rules"),)).rules}


@pytest.fixture(scope="module")
def seed(rules):
    return rules[SEED]


def like(**changes):
    return {**FLUSH, **{name.replace("__", "."): value for name, value in changes.items()}}


def legacy():
    return like(Image__resolved="/usr/sbin/xtables-legacy-multi")


def lines(operator, values=FLUSH):
    return [mutant.values["CommandLine"] for mutant in mutants(values) if mutant.operator == operator]


def changes(operator, values=FLUSH, claims=()):
    """What the first mutant of an operator changes; None for what it leaves out."""
    mutant = next(mutant for mutant in mutants(values, claims) if mutant.operator == operator)
    names = {*values, *mutant.values}
    return {name: mutant.values.get(name) for name in names if mutant.values.get(name) != values.get(name)}


def exclusion(folder, selection):
    (folder / "mf.yml").write_text(
        textwrap.dedent(f"""
        title: An exclusion
        id: 00000000-0000-4000-8000-000000000001
        logsource: {{product: linux, category: process_creation}}
        filter:
          rules: any
          selection: {selection}
          condition: not selection
        """),
        encoding="utf-8",
    )
    return read_exclusion(load((str(folder / "mf.yml"),)).filters[0])


def judged(folder, rule, selection, positives=(FLUSH,)):
    chosen = exclusion(folder, selection)
    claims = forge(chosen.silenced, built_in(), given=lambda part: given_by(rule.predicate, part)).claims
    return score(rule, chosen, positives, claims)


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


@given(
    st.dictionaries(
        st.sampled_from([name for name, value in FLUSH.items() if isinstance(value, str)]),
        st.text(st.characters(codec="utf-8"), max_size=30)
        | st.lists(
            st.sampled_from(["iptables", "-F", "-t", "nat", "--flush=", "-vX", "xtables-nft-multi", "INPUT", "", "-"]),
            max_size=6,
        ).map(" ".join),
    )
)
def test_mutants_are_few_in_one_order_and_none_twice_whatever_the_event(values):
    claim = Claim("ParentScript", "/x.sh", True, "file_named", "C", "", "")
    made = mutants(values, (claim,))
    assert made == mutants(values, (claim,))
    assert 0 < len(made) <= MOST
    rows = [tuple(sorted(mutant.values.items())) for mutant in made]
    assert len(set(rows)) == len(rows)
    assert tuple(sorted(values.items())) not in rows
    assert all(mutant.effect in EFFECTS and mutant.basis and mutant.operator for mutant in made)


def test_the_seeds_rule_is_blind_to_these(seed):
    """Matched in no view, whatever the exclusion: the earlier findings, and those that they did not try."""
    silent = {mutant.operator for mutant in mutants(FLUSH) if not matching(seed, mutant.values)}
    earlier = {
        "flush-all",
        "backend-name",
        "nft-flush-chain",
        "nft-flush-ruleset",
        "restore-empty",
        "copy",
        "multi-call",
    }
    assert earlier <= silent
    assert {"bundled-option", "delete-rule-by-rule", "return-first", "loader", "from-memory"} <= silent
    sighted = {mutant.operator for mutant in mutants(FLUSH) if matching(seed, mutant.values)}
    assert {"insert-table", "table-last", "long-option", "abbreviated-option", "exec-a", "sudo"} <= sighted
    delete = like(CommandLine="iptables -X ufw-logging-deny")
    assert [matching(seed, {**delete, "CommandLine": line}) for line in lines("long-option", delete)] == [()]


def test_the_seeds_rule_sees_the_multi_call_binary_of_a_legacy_host(seed):
    views = {mutant.operator: matching(seed, mutant.values) for mutant in mutants(legacy())}
    assert RESOLVED in views["multi-call"]
    assert views["copy"] == ()


def test_no_rule_of_the_pack_on_process_starts_finds_these(rules):
    missed = {mutant.operator for mutant in mutants(FLUSH) if not detected_by_any(rules.values(), mutant)}
    assert missed >= {"bundled-option", "delete-rule-by-rule", "return-first", "backend-name", "loader"}
    found = next(mutant for mutant in mutants(FLUSH) if mutant.operator == "nft-flush-chain")
    assert [rules[name].title for name in detected_by_any(rules.values(), found)] == ["Nftables Flush Or Deletion"]


def test_no_rule_of_the_pack_on_process_starts_finds_these_of_other_tools(rules):
    nft = like(Image__resolved="/usr/sbin/nft", Image__invoked="/usr/sbin/nft", CommandLine="nft flush ruleset")
    unit = like(
        Image__resolved="/usr/bin/systemctl", Image__invoked="/usr/bin/systemctl", CommandLine="systemctl stop ufw"
    )
    for start, known in ((nft, {"nft-second-line", "nft-interactive"}), (unit, {"unit-pattern", "bus-call"})):
        missed = {mutant.operator for mutant in mutants(start) if not detected_by_any(rules.values(), mutant)}
        assert missed >= known


def test_rules_on_other_events_are_not_asked(rules):
    kernel = [rule for rule in rules.values() if rule.logsource.category.startswith("netfilter")]
    assert kernel
    assert all(not detected_by_any(kernel, mutant) for mutant in mutants(FLUSH))


def test_matching_is_what_the_law_says(rules):
    for mutant in mutants(FLUSH):
        event = Event(PROCESS_CREATION, 0.0, "", mutant.values, "", Origin("-", 0))
        for rule in rules.values():
            assert set(matching(rule, mutant.values)) == set(matching_views(rule.predicate, event, VIEWS))


def test_an_exclusion_by_a_scripts_name_is_bought_with_a_name(seed, tmp_path):
    found = judged(tmp_path, seed, "{ParentScript|endswith: /firewall-maintenance.sh}")
    assert {mutant.operator for mutant in found.lost} == {"spoof:ParentScript"}
    (lost,) = found.lost[:1]
    assert lost.values["ParentScript"] == "/tmp/.m/firewall-maintenance.sh"
    assert lost.values["ParentImage.invoked"] == "/tmp/.m/firewall-maintenance.sh"
    assert lost.effect == "recorded"
    assert found.lost_freely == found.lost
    assert found.alert_without - found.alert_with == found.all.lost == len(found.lost)
    assert found.by_effect["recorded"].lost == len(found.lost)
    assert found.positives == 1
    assert found.silenced == 0


def test_an_exclusion_by_a_root_only_path_and_inode_is_bought_with_roots_writes_only(seed, tmp_path):
    selection = "{ParentScript: /opt/maint/firewall-maintenance.sh, ParentScriptInode: 4711, ParentScriptOwnerId: 0}"
    found = judged(tmp_path, seed, selection)
    assert found.lost
    assert all(mutant.as_root_writes and mutant.effect == "assumed" for mutant in found.lost)
    assert found.lost_freely == ()
    assert found.without_root_writes.lost == 0
    assert found.without_root_writes.alert_without > 0
    assert found.all.lost == len(found.lost)


@pytest.mark.parametrize(
    ("selection", "operator"),
    [
        ("{ParentImage|endswith: [/ansible, /puppet]}", "spoof:ParentImage"),
        ("{ParentImage: /usr/bin/sudo}", "spoof:ParentImage"),
        ("{ParentCommandLine|contains: 'ufw --force reset'}", "spoof:ParentCommandLine"),
        ("{ParentCommandLine: python3 site.yml}", "spoof:ParentCommandLine"),
        ("{ParentCommandLine|startswith: ansible}", "spoof:ParentCommandLine"),
        ("{ParentCommandLine|endswith: site.yml}", "spoof:ParentCommandLine"),
        ("{ParentCommandLine: '*play*site?yml'}", "spoof:ParentCommandLine"),
        ("{ParentCommandLine|re: '/ansible-[a-z]+ .*[.]yml$'}", "spoof:ParentCommandLine"),
        ("{ParentScript|startswith: /opt/maint/}", "spoof:ParentScript"),
        ("{CommandLine|contains: maintenance}", "spoof:CommandLine"),
        ("{CurrentDirectory: /root/maint}", "spoof:CurrentDirectory"),
        ("{User: backup}", "spoof:User"),
        ("[maint]", "spoof:keyword"),
        ("{ParentUser: root}", "spoof:ParentUser"),
        ("{ParentImage|endswith: /ansible, CurrentDirectory: /root/maint, User: ops}", "spoof-all"),
        ("{LoginUser: ops}", "overwrite"),
        ("{LoginUser: ops, ParentImage: /usr/bin/sudo}", "overwrite-all"),
        ("{Image|startswith: /opt/}", "overwrite"),
    ],
)
def test_every_kind_of_claim_can_be_made_true(seed, tmp_path, selection, operator):
    found = judged(tmp_path, seed, selection)
    lost = {mutant.operator for mutant in found.lost}
    assert operator in lost
    assert all(mutant.as_root_writes for mutant in found.lost if mutant.operator.startswith("overwrite"))


def test_the_name_of_a_process_is_bought_where_the_rule_reads_another(seed, tmp_path):
    """The kernel takes it from the path that was executed, which is what the rule matches on an nft host."""
    assert judged(tmp_path, seed, "{ProcessName: maint}").lost == ()
    bought = judged(tmp_path, seed, "{ProcessName: maint}", [legacy()]).lost
    assert [mutant.operator for mutant in bought] == ["spoof:ProcessName"]


def test_what_must_not_hold_is_made_not_to_hold():
    claim = Claim("ParentCommandLine", "sshd", False, "other", "E", "", "")
    assert changes("spoof:ParentCommandLine", like(ParentCommandLine="sshd: ops"), (claim,)) == {
        "ParentCommandLine": "kworker"
    }
    assert "spoof:ParentCommandLine" not in {mutant.operator for mutant in mutants(FLUSH, (claim,))}


def test_a_claim_that_something_is_there_fills_it_in():
    claim = Claim("ParentScript", "", True, "present", "E", "", "")
    assert changes("spoof:ParentScript", FLUSH, (claim,))["ParentScript"] == "kworker"


def test_claims_that_cost_most_and_claims_that_hold_make_no_mutant():
    claims = [Claim("ParentScript", "/x", True, "file_exact", grade, "", "") for grade in ("A", "F")]
    assert mutants(FLUSH, claims) == mutants(FLUSH)


def test_below_a_script_the_path_executed_is_the_scripts():
    """Else an exclusion that no real event meets would look bought."""
    claims = [
        Claim("ParentScript", "/tmp/x.sh", True, "file_elsewhere", "C", "", ""),
        Claim("ParentImage", "/usr/bin/python3.11", True, "launcher", "D", "", ""),
    ]
    both = [mutant for mutant in mutants(FLUSH, claims) if mutant.operator == "spoof-all"]
    assert both
    assert all(mutant.values["ParentImage.invoked"] == mutant.values["ParentScript"] for mutant in both)


def test_an_exclusion_that_says_what_the_rule_says_loses_everything(seed, tmp_path):
    found = judged(tmp_path, seed, "{CommandLine|contains: ufw}")
    assert found.alert_with == 0
    assert found.alert_without > 0
    assert found.silenced == 1


def test_the_score_adds_up(seed, tmp_path):
    positives = [FLUSH, like(ProcessId=1), legacy(), like(CommandLine="iptables -Z ufw-logging-deny")]
    found = judged(tmp_path, seed, "{ParentScript: /opt/x.sh, User: root}", positives)
    assert found.positives == len(distinct(positives)) == 3
    totals: Counter[str] = Counter()
    for tally in found.by_effect.values():
        totals.update(total=tally.total, without=tally.alert_without, alert=tally.alert_with)
    free = found.without_root_writes
    assert totals == Counter(total=free.total, without=free.alert_without, alert=free.alert_with)
    assert found.total >= free.total
    missed = sum(one.missed for one in found.evaded)
    assert missed == found.total - found.alert_without
    assert all(one.missed <= one.total and one.example.operator == one.operator for one in found.evaded)


def test_a_rule_read_by_one_view_is_judged_by_that(seed, tmp_path):
    chosen = exclusion(tmp_path, "{User: backup}")
    found = score(seed, chosen, [FLUSH], (), views=(RESOLVED,))
    assert found.alert_without == sum(RESOLVED in matching(seed, mutant.values) for mutant in mutants(FLUSH))
    assert found.alert_without < score(seed, chosen, [FLUSH], ()).alert_without

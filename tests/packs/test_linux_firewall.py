"""The pack's own files: whole, consistent, and each rule on the spellings that it is for."""

from __future__ import annotations

import csv
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from sigma.correlations import SigmaCorrelationRule
from sigma.rule import SigmaRule

from vedette.audit.audit import Request, audit
from vedette.event import View
from vedette.event.view import VIEWS
from vedette.page import read_page
from vedette.predicate import evaluate, fields
from vedette.sigma.correlation import Correlation
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "src" / "vedette" / "packs" / "linux-firewall"
SEED = "proc_creation_lnx_iptables_flush_ufw"
SEED_ID = "3be619f4-d9ec-4ea8-a173-18fdd01996ab"
STEMS = sorted(path.stem for path in (PACK / "rules").glob("*.yml"))
OURS = [stem for stem in STEMS if stem != SEED]
LOADED = load((PACK,))
#: Correlations by file, and the rules that are of interest only as their part.
JOINED: dict[str, Correlation] = {Path(one.location.path).stem: one for one in LOADED.correlations}
PARTS = {"correlation_lnx_firewall_flush_any", "net_connection_lnx_outbound"}
#: Rules on what no recorded step does: spellings alone try them.
UNRECORDED = {
    "correlation_lnx_firewall_hosts",
    "proc_creation_lnx_firewall_service_bus",
    "proc_creation_lnx_firewall_tool_loader",
    "proc_creation_lnx_iptables_accept_first",
    "proc_creation_lnx_ufw_default_allow",
    "proc_creation_lnx_ufw_logging_off",
}
RULES: dict[str, Rule] = {Path(rule.location.path).stem: rule for rule in LOADED.rules}


def text(stem: str) -> str:
    return (PACK / "rules" / f"{stem}.yml").read_text(encoding="utf-8")


def fires(stem: str, command: str, resolved: str, invoked: str = "", **more: Any) -> bool:
    """Whether a rule matches a process start in any view."""
    images = {"resolved": resolved, "invoked": invoked or resolved}

    def row(view: View) -> dict[str, Any]:
        return {"CommandLine": command, "Image": images[view.image], **more}

    return any(evaluate(RULES[stem].predicate, row(view)) for view in VIEWS)


def test_every_rule_loads():
    assert LOADED.problems == ()
    assert sorted([*RULES, *JOINED]) == STEMS
    assert (len(RULES), len(JOINED)) == (23, 4)


def test_the_pack_names_its_files():
    pack = yaml.safe_load((PACK / "pack.yml").read_text(encoding="utf-8"))
    assert pack["name"] == PACK.name
    names = [pack["rules"], pack["audit_rules"], pack["evidence"]["expectations"], *pack["licenses"].values()]
    assert [name for name in names if not (PACK / name).exists()] == []


def test_the_seed_s_rule_is_the_page_s():
    page = read_page((ROOT / "tests" / "page" / "pages" / "flush-iptables-ufw.txt").read_bytes(), "page")
    ours, theirs = yaml.safe_load(text(SEED)), yaml.safe_load(page.rule)
    assert ours.pop("license") == "DRL-1.1"
    assert ours == theirs
    assert ours["author"] == "Joseliyo Sanchez, @Joseliyo_Jstnk"
    assert (PACK / "LICENSE-DRL").read_text(encoding="utf-8").count("Detection Rule License") > 2


@pytest.mark.parametrize("stem", STEMS)
def test_other_tools_can_read_a_rule(stem):
    if stem in JOINED:
        assert not SigmaCorrelationRule.from_yaml(text(stem)).errors
        return
    rule = SigmaRule.from_yaml(text(stem))
    assert not rule.errors
    assert rule.detection.parsed_condition[0].parsed


@pytest.mark.parametrize("stem", OURS)
def test_our_rules_carry_a_whole_header(stem):
    rule = yaml.safe_load(text(stem))
    assert uuid.UUID(rule["id"]).version == 4
    assert rule["related"] == [{"id": SEED_ID, "type": "similar"}]
    assert (rule["author"], rule["license"], rule["status"]) == ("Vedette", "Apache-2.0", "experimental")
    # A connection takes no packet filter down: with these tags it would open incidents.
    impairs = {"attack.t1562.004", "attack.t1686", "attack.defense-evasion", "attack.defense-impairment"}
    assert impairs & set(rule["tags"]) == (set() if stem == "net_connection_lnx_outbound" else impairs)
    assert rule["falsepositives"]
    levels = ("informational",) if stem in PARTS else ("low", "medium", "high")
    assert rule["level"] in levels
    assert re.fullmatch(r"(?:proc_creation|netfilter|net_connection|correlation)_lnx_[a-z_]+", stem)


def test_ids_and_titles_are_unique():
    parts: tuple[Rule | Correlation, ...] = (*LOADED.rules, *LOADED.correlations)
    assert len({part.id for part in parts}) == len({part.title for part in parts}) == len(STEMS)


def test_the_readme_lists_every_rule_with_its_level():
    readme = (PACK / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z_]+) \| (informational|low|medium|high) \|", readme, re.MULTILINE)
    assert dict(rows) == {stem: (RULES.get(stem) or JOINED[stem]).level for stem in STEMS}
    assert len(rows) == len(STEMS)


IPTABLES = ("/usr/sbin/xtables-nft-multi", "/usr/sbin/iptables")
LEGACY = ("/usr/sbin/xtables-legacy-multi", "/usr/sbin/ip6tables")
NFT = ("/usr/sbin/nft", "")
UFW = ("/usr/bin/python3.11", "/usr/sbin/ufw")
INIT = ("/usr/bin/dash", "/lib/ufw/ufw-init")
CTL = ("/usr/bin/systemctl", "")
BUS = ("/usr/bin/busctl", "")
MULTI = ("/usr/sbin/xtables-nft-multi", "")
LOADER = ("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2")
SYSTEMD = "org.freedesktop.systemd1"
BUS_PATH = "/org/freedesktop/systemd1"
MANAGER = f"{SYSTEMD} {BUS_PATH} {SYSTEMD}.Manager"


@pytest.mark.parametrize(
    ("rule", "command", "program"),
    [
        ("iptables_flush_all", "iptables -F", IPTABLES),
        ("iptables_flush_all", "ip6tables --flush", LEGACY),
        ("iptables_flush_all", "iptables --fl", IPTABLES),
        ("iptables_flush_all", "iptables -t nat -F", IPTABLES),
        ("iptables_flush_all", "iptables -F -t nat", IPTABLES),
        ("iptables_flush_all", "iptables -w 5 -vF", IPTABLES),
        ("iptables_flush_all", "iptables -F INPUT", IPTABLES),
        ("iptables_flush_all", "iptables -FINPUT", IPTABLES),
        ("iptables_flush_all", "iptables --flush=FORWARD -w", IPTABLES),
        ("iptables_flush_all", "xtables-nft-multi iptables -F", ("/usr/sbin/xtables-nft-multi", "")),
        ("iptables_delete_all_chains", "iptables -X", IPTABLES),
        ("iptables_delete_all_chains", "iptables -t nat --delete-chain", IPTABLES),
        ("iptables_delete_all_chains", "iptables --delete-c -t nat", IPTABLES),
        ("iptables_policy_accept", "iptables -P INPUT ACCEPT", IPTABLES),
        ("iptables_policy_accept", "ip6tables --policy FORWARD ACCEPT", LEGACY),
        ("iptables_policy_accept", "iptables -t filter --po INPUT ACCEPT -w", IPTABLES),
        ("nft_flush", "nft flush ruleset", NFT),
        ("nft_flush", "nft -a flush ruleset ip", NFT),
        ("nft_flush", "nft delete table inet filter", NFT),
        ("nft_flush", "nft destroy table inet filter", NFT),
        ("nft_flush", "nft flush chain ip filter INPUT", NFT),
        ("nft_flush", "nft chain ip filter INPUT { policy accept ; }", NFT),
        ("nft_flush", "nft add table ip a; flush ruleset", NFT),
        ("nft_flush", "nft list tables;flush ruleset", NFT),
        ("nft_flush", "nft list tables\nflush ruleset", NFT),
        ("nft_flush", "nft flush\truleset", NFT),
        ("nft_flush", "nft flush \\\n ruleset", NFT),
        ("nft_flush", "nft delete  table ip filter;", NFT),
        ("nft_flush", "nft add chain ip a b {type filter hook input priority 0;policy accept;}", NFT),
        ("ufw_disable_reset", "/usr/bin/python3 /usr/sbin/ufw disable", UFW),
        ("ufw_disable_reset", "/usr/bin/python3 /usr/sbin/ufw --force reset", UFW),
        ("ufw_disable_reset", "/usr/bin/python3 /usr/sbin/ufw disable", ("/usr/bin/python3.11", "")),
        ("ufw_init_stop", "/bin/sh /lib/ufw/ufw-init force-stop", INIT),
        ("ufw_init_stop", "/bin/sh ./ufw-init flush-all", INIT),
        ("ufw_init_stop", "/bin/sh /lib/ufw/ufw-init --rootdir /x stop", INIT),
        ("ufw_init_stop", "sh -c . /lib/ufw/ufw-init-functions; ufw_stop", ("/usr/bin/dash", "/bin/sh")),
        ("ufw_default_allow", "/usr/bin/python3 /usr/sbin/ufw default allow", UFW),
        ("ufw_default_allow", "/usr/bin/python3 /usr/sbin/ufw --force default allow incoming", UFW),
        ("ufw_default_allow", "/usr/bin/python3 /usr/sbin/ufw default allow routed", ("/usr/bin/python3.11", "")),
        ("ufw_logging_off", "/usr/bin/python3 /usr/sbin/ufw logging off", UFW),
        ("firewall_service_stop", "systemctl stop ufw", CTL),
        ("firewall_service_stop", "systemctl --now disable firewalld.service", CTL),
        ("firewall_service_stop", "systemctl mask cron nftables", CTL),
        ("firewall_service_stop", "systemctl kill -s KILL netfilter-persistent", CTL),
        ("firewall_service_stop", "systemctl stop uf*", CTL),
        ("firewall_service_stop", "systemctl stop cron u?w.service", CTL),
        ("firewall_service_stop", "systemctl stop [u]fw", CTL),
        ("firewall_service_stop", "systemctl stop *wall*", CTL),
        ("firewall_service_stop", "systemctl kill net*", CTL),
        ("firewall_service_bus", f"busctl call {MANAGER} StopUnit ss ufw.service replace", BUS),
        ("firewall_service_bus", f"busctl call {MANAGER} MaskUnitFiles asbb 1 nftables.service true true", BUS),
        (
            "firewall_service_bus",
            f"busctl call {SYSTEMD} {BUS_PATH}/unit/netfilter_2dpersistent_2eservice {SYSTEMD}.Unit Stop s replace",
            BUS,
        ),
        (
            "firewall_service_bus",
            f"dbus-send --dest={SYSTEMD} {BUS_PATH} {SYSTEMD}.Manager.StopUnit string:ufw.service string:replace",
            ("/usr/bin/dbus-send", ""),
        ),
        ("xtables_multi_call", "xtables-nft-multi iptables -F", ("/usr/sbin/xtables-nft-multi", "")),
        ("xtables_multi_call", "/sbin/xtables-legacy-multi ip6tables -P INPUT ACCEPT", LEGACY),
        ("xtables_multi_call", "xtables-legacy-multi iptables-restore", LEGACY),
        ("xtables_multi_call", "xtables-nft-multi main4 -Z ufw-logging-deny", MULTI),
        ("firewall_tool_writable_folder", "/tmp/.x/kworker iptables -F", ("/tmp/.x/kworker", "")),
        ("firewall_tool_writable_folder", "iptables -F", ("/dev/shm/a", "")),
        ("firewall_tool_writable_folder", "/home/a/iptables -X", (IPTABLES[0], "/home/a/iptables")),
        ("firewall_tool_writable_folder", "/tmp/ansible -c iptables -F", ("/tmp/ansible", "")),
        ("firewall_tool_writable_folder", "/tmp/nft flush ruleset", ("/tmp/nft", "")),
        ("firewall_tool_writable_folder", "/tmp/x flush ruleset", ("/tmp/x", "")),
        ("firewall_tool_writable_folder", "/tmp/x list tables;flush\truleset", ("/tmp/x", "")),
        ("firewall_tool_writable_folder", "/tmp/x stop ufw", ("/tmp/x", "")),
        ("firewall_tool_writable_folder", "/bin/sh /tmp/x force-stop", ("/usr/bin/dash", "/tmp/x")),
        ("firewall_tool_writable_folder", "x iptables -F", ("/memfd:x (deleted)", "/proc/self/fd/3")),
        ("firewall_tool_writable_folder", "iptables -X", (IPTABLES[0], "/proc/self/root/usr/sbin/iptables")),
        ("firewall_tool_loader", "/lib64/ld-linux-x86-64.so.2 /usr/sbin/iptables -F", LOADER),
        ("firewall_tool_loader", "/lib64/ld-linux-x86-64.so.2 --argv0 x /sbin/nft flush ruleset", LOADER),
        ("firewall_tool_loader", "ld.so /usr/bin/systemctl stop ufw", ("/usr/bin/ld.so", "")),
        ("firewall_tool_loader", "/lib/ld-musl-x86_64.so.1 /sbin/iptables-restore", ("/lib/ld-musl-x86_64.so.1", "")),
        ("firewall_tool_first_argument", "[kworker/0:1] iptables -F ufw-logging-deny", MULTI),
        ("firewall_tool_first_argument", "/usr/lib/.x ip6tables -t nat --flush", ("/usr/lib/.x", "")),
        ("firewall_tool_first_argument", "/usr/sbin/x main4 -w -D INPUT 1", ("/usr/sbin/x", "")),
        ("firewall_tool_first_argument", "x iptables-restore /tmp/.r", ("/usr/lib/x", "")),
        ("firewall_tool_first_argument", "sudo iptables -F", ("/usr/lib/sudo", "")),
        ("iptables_ufw_chain", "iptables -vF ufw-logging-deny", IPTABLES),
        ("iptables_ufw_chain", "iptables -w -nvX ufw-user-input", IPTABLES),
        ("iptables_ufw_chain", "ip6tables -6vZufw6-logging-deny", LEGACY),
        ("iptables_ufw_chain", "iptables --flush ufw-logging-deny", IPTABLES),
        ("iptables_ufw_chain", "iptables --delete-chain ufw-before-input", IPTABLES),
        ("iptables_ufw_chain", "iptables --delete-c=ufw-logging-deny -w", IPTABLES),
        ("iptables_ufw_chain", "iptables --zero ufw-logging-deny", IPTABLES),
        ("iptables_ufw_chain", "iptables -D ufw-logging-deny 1", IPTABLES),
        ("iptables_ufw_chain", "ip6tables --delete ufw6-user-input 12 -w", LEGACY),
        ("iptables_ufw_chain", "iptables-nft -F ufw-logging-deny", (IPTABLES[0], "/usr/sbin/iptables-nft")),
        ("iptables_ufw_chain", "/sbin/ip6tables-legacy -w -X ufw6-user-input", LEGACY),
        ("iptables_ufw_chain", "xtables-nft-multi iptables -F ufw-user-input", MULTI),
        ("iptables_accept_first", "iptables -I INPUT -j ACCEPT", IPTABLES),
        ("iptables_accept_first", "iptables -I ufw-logging-deny -j RETURN", IPTABLES),
        ("iptables_accept_first", "ip6tables -w 5 --insert ufw6-before-input 1 --jump ACCEPT", LEGACY),
        (
            "iptables_accept_first",
            "iptables -vI FORWARD 1 -p all -s 0.0.0.0/0 -j ACCEPT -m comment --comment x",
            IPTABLES,
        ),
        ("iptables_accept_first", "iptables -R ufw-user-input 1 -j ACCEPT -t filter", IPTABLES),
        ("iptables_accept_first", "xtables-nft-multi iptables -I INPUT -j ACCEPT", MULTI),
    ],
)
def test_spellings_that_a_rule_finds(rule, command, program):
    assert fires(f"proc_creation_lnx_{rule}", command, *program)


@pytest.mark.parametrize(
    ("rule", "command", "program"),
    [
        ("iptables_flush_all", "iptables -F ufw-logging-deny", IPTABLES),
        ("iptables_flush_all", "iptables --wait -t nat -F DOCKER", IPTABLES),
        ("iptables_flush_all", "iptables -f -A INPUT -j DROP", IPTABLES),
        ("iptables_flush_all", "iptables -L -n", IPTABLES),
        ("iptables_flush_all", "sudo iptables -F", ("/usr/bin/sudo", "")),
        ("iptables_delete_all_chains", "iptables -X ufw-not-local", IPTABLES),
        ("iptables_delete_all_chains", "iptables --delete INPUT 1", IPTABLES),
        ("iptables_delete_all_chains", "iptables -nvx -L", IPTABLES),
        ("iptables_policy_accept", "iptables -P INPUT DROP", IPTABLES),
        ("iptables_policy_accept", "iptables -P OUTPUT ACCEPT", IPTABLES),
        ("iptables_policy_accept", "iptables -p tcp -A INPUT -j ACCEPT", IPTABLES),
        ("nft_flush", "nft list ruleset", NFT),
        ("nft_flush", "nft delete element ip a b { 1.2.3.4 }", NFT),
        ("ufw_disable_reset", "/usr/bin/python3 /usr/sbin/ufw enable", UFW),
        ("ufw_disable_reset", "/usr/bin/python3 /usr/sbin/ufw status", UFW),
        ("ufw_disable_reset", "/usr/bin/python3 /usr/sbin/ufw allow proto tcp from any comment reset", UFW),
        ("ufw_init_stop", "/bin/sh /lib/ufw/ufw-init start", INIT),
        ("firewall_service_stop", "systemctl restart ufw", CTL),
        ("firewall_service_stop", "systemctl stop docker", CTL),
        ("firewall_service_stop", "systemctl status ufw", CTL),
        ("xtables_multi_call", "iptables -F", IPTABLES),
        ("xtables_multi_call", "xtables-nft-multi iptables -L", ("/usr/sbin/xtables-nft-multi", "")),
        ("firewall_tool_writable_folder", "/tmp/x --flush", ("/tmp/x", "")),
        ("firewall_tool_writable_folder", "iptables -F", IPTABLES),
        ("firewall_tool_writable_folder", "/tmp/make flush", ("/tmp/make", "")),
        ("firewall_tool_writable_folder", "/home/a/app stop worker", ("/home/a/app", "")),
        ("nft_flush", "nft delete rule ip filter INPUT handle 4", NFT),
        ("nft_flush", "nft add table ip flushruleset", NFT),
        ("nft_flush", "nft chain ip filter INPUT { policy drop ; }", NFT),
        ("firewall_service_stop", "systemctl stop user*", CTL),
        ("firewall_service_stop", "systemctl stop nfs*", CTL),
        ("firewall_service_stop", "systemctl list-units uf*", CTL),
        ("firewall_service_bus", f"busctl call {MANAGER} GetUnit s ufw.service", BUS),
        ("firewall_service_bus", f"busctl call {MANAGER} StopUnit ss cron.service replace", BUS),
        ("firewall_tool_loader", "/lib64/ld-linux-x86-64.so.2 --verify /usr/bin/ls", LOADER),
        ("firewall_tool_loader", "/lib64/ld-linux-x86-64.so.2 /usr/bin/systemctl status ufw", LOADER),
        ("firewall_tool_first_argument", "sudo iptables -F", ("/usr/bin/sudo", "")),
        ("firewall_tool_first_argument", "/bin/busybox iptables -F", ("/usr/bin/busybox", "/bin/busybox")),
        ("firewall_tool_first_argument", "xtables-nft-multi iptables -F", MULTI),
        ("firewall_tool_first_argument", "x iptables -L -n", ("/usr/lib/x", "")),
        ("firewall_tool_first_argument", "apt-get install iptables -F", ("/usr/bin/apt-get", "")),
        # ufw's own: each option by itself, rules deleted by what they say, inserted with a condition.
        ("iptables_ufw_chain", "/usr/sbin/iptables -F ufw-logging-deny", IPTABLES),
        ("iptables_ufw_chain", "iptables -X ufw-user-input", IPTABLES),
        ("iptables_ufw_chain", "iptables -D ufw-user-input -j RETURN", IPTABLES),
        ("iptables_ufw_chain", "iptables -L ufw-user-input -n", IPTABLES),
        ("iptables_ufw_chain", "iptables-nft -F DOCKER", IPTABLES),
        (
            "iptables_accept_first",
            "/usr/sbin/iptables -I ufw-logging-deny -m conntrack --ctstate INVALID -j RETURN -m limit --limit 3/min",
            IPTABLES,
        ),
        ("iptables_accept_first", "iptables -I INPUT -p tcp --dport 22 -j ACCEPT", IPTABLES),
        ("iptables_accept_first", "iptables -I INPUT -i lo -j ACCEPT", IPTABLES),
        ("iptables_accept_first", "iptables -I FORWARD -j DOCKER-USER", IPTABLES),
        ("iptables_accept_first", "iptables -I f2b-sshd 1 -j RETURN", IPTABLES),
        ("iptables_accept_first", "iptables -A ufw-user-input -j RETURN", IPTABLES),
        ("iptables_accept_first", "iptables -t nat -I INPUT -j ACCEPT", IPTABLES),
        ("ufw_default_allow", "/usr/bin/python3 /usr/sbin/ufw default allow outgoing", UFW),
        ("ufw_default_allow", "/usr/bin/python3 /usr/sbin/ufw default deny incoming", UFW),
        ("ufw_logging_off", "/usr/bin/python3 /usr/sbin/ufw logging low", UFW),
        ("ufw_init_stop", "sh -c . /lib/ufw/ufw-init-functions; ufw_start", ("/usr/bin/dash", "/bin/sh")),
    ],
)
def test_spellings_that_a_rule_leaves_alone(rule, command, program):
    assert not fires(f"proc_creation_lnx_{rule}", command, *program)


@pytest.mark.parametrize(
    ("command", "program", "tty", "expected"),
    [
        ("iptables-restore", IPTABLES, "pts1", True),
        ("/sbin/ip6tables-legacy-restore", LEGACY, "tty1", True),
        ("nft -f /tmp/rules", NFT, "pts0", True),
        ("nft --file rules", NFT, "pts0", True),
        ("nft -i", NFT, "pts0", True),
        ("nft --interactive", NFT, "pts0", True),
        ("nft -ni", NFT, "pts0", True),
        ("nft -I /etc list ruleset", NFT, "pts0", False),
        ("iptables-restore -n", IPTABLES, "pts1", False),
        ("iptables-restore --test", IPTABLES, "pts1", False),
        ("iptables-restore", IPTABLES, "", False),
        ("nft list ruleset", NFT, "pts0", False),
        ("iptables-save", IPTABLES, "pts1", False),
    ],
)
def test_rule_sets_loaded_from_a_terminal(command, program, tty, expected):
    more = {"Tty": tty} if tty else {}
    assert fires("proc_creation_lnx_iptables_restore_terminal", command, *program, **more) is expected


@pytest.mark.parametrize(
    ("image", "unusual", "writable"),
    [
        ("/usr/sbin/xtables-nft-multi", False, False),
        ("/sbin/iptables", False, False),
        ("/usr/sbin/ip6tables-legacy-restore", False, False),
        ("/usr/local/sbin/nft", False, False),
        ("/usr/bin/python3.11", True, False),
        ("/usr/sbin/nft2", True, False),
        ("/tmp/iptables", True, True),
        ("/root/nft", True, True),
        ("", False, False),
    ],
)
def test_programs_that_the_kernel_names(image, unusual, writable):
    row: dict[str, Any] = {"Scope": "process", "Outcome": "drop", "EntriesNet": -1}
    row |= {"Image": image} if image else {}
    assert evaluate(RULES["netfilter_lnx_change_drop_unusual_program"].predicate, row) is unusual
    assert evaluate(RULES["netfilter_lnx_config_program_writable_folder"].predicate, row) is writable


@pytest.mark.parametrize(
    ("scope", "outcome", "net", "job", "wholesale"),
    [
        ("process", "drop", -40, False, True),
        ("process", "drop", -39, False, False),
        ("job", "drop", -1, True, False),
        ("job", "drop", -100, True, False),
        ("job", "gain", 5, False, False),
        ("process", "undeterminable", "", False, False),
    ],
)
def test_losses(scope, outcome, net, job, wholesale):
    row: dict[str, Any] = {"Scope": scope, "Outcome": outcome} | ({"EntriesNet": net} if net else {})
    assert evaluate(RULES["netfilter_lnx_change_drop_job"].predicate, row) is job
    assert evaluate(RULES["netfilter_lnx_change_drop_wholesale"].predicate, row) is wholesale


def test_no_rule_rests_on_what_the_caller_alone_can_leave_out():
    for stem, rule in RULES.items():
        assert fields(rule.predicate) & {"Image", "Scope"}, stem


def test_the_audit_rules_record_what_the_rules_need():
    lines = (PACK / "audit.rules").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith(("#", "-w "))]
    form = r"-a always,exit -F arch=b(?:64|32)(?: -S [a-z0-9,]+)(?: -F (?:saddr_fam|a0)=\d+)? -F key=(\w+)"
    assert {found[1] for line in rules if (found := re.fullmatch(form, line))} == {"exec", "net_connect", "net_listen"}
    assert all(re.fullmatch(form, line) for line in rules)
    for arch in ("b64", "b32"):
        of = " ".join(line for line in rules if f"arch={arch}" in line)
        assert all(re.search(rf"\b{call}\b", of) for call in ("execve", "execveat", "connect", "bind", "listen"))
    # i386 has no accept of its own: naming it there makes auditctl refuse the whole file.
    assert not any("arch=b32" in line and re.search(r"[ ,]accept[ ,]", line) for line in rules)


def test_every_file_that_an_exclusion_in_force_rests_on_is_watched():
    lines = (PACK / "audit.rules").read_text(encoding="utf-8").splitlines()
    rested: set[str] = set()
    for path in (PACK / "exclusions" / "accepted").glob("*.yml"):
        scripts = yaml.safe_load(path.read_text(encoding="utf-8"))["filter"]["selection"]["ParentScript"]
        rested.update([scripts] if isinstance(scripts, str) else scripts)
    assert len(rested) == 5
    watches = [line for line in lines if line.startswith("-w ")]
    assert sorted(watches) == sorted(f"-w {path} -p wa -k exclusion" for path in rested)
    # auditctl stops at a watch in a folder that is missing: nothing may stand behind them.
    assert lines[-len(watches) :] == watches


def test_the_audit_names_these_watches():
    """What the grades of the exclusions in force name as what would betray a forgery."""
    judged = audit(Request((str(PACK),), now=1795564800.0))
    lines = (PACK / "audit.rules").read_text(encoding="utf-8").splitlines()
    named = set()
    for one in judged.judgements:
        if one.in_force and one.forging is not None:
            named |= {found for claim in one.forging.claims for found in re.findall(r"-w /\S+ -p wa", claim.betrayed)}
    assert named
    assert all(f"{watch} -k exclusion" in lines for watch in named)


def rows_of_expectations() -> list[dict[str, str]]:
    with (PACK / "expectations.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_expectations_are_well_formed():
    rows = rows_of_expectations()
    assert len({(row["host"], row["step"], row["rule"], row["exclusion"]) for row in rows}) == len(rows)
    for row in rows:
        assert row["rule"] in STEMS
        assert row["expect"] in ("must", "may", "silence")
        assert bool(row["exclusion"]) is (row["expect"] == "silence")
        assert row["why"]
        low = int(row["min"])
        assert (low == 0) is (row["expect"] == "may")
        assert row["max"] == "-" or int(row["max"]) >= max(low, 1)
        assert not row["step"].startswith("admin_noise")
    assert {row["rule"] for row in rows if row["expect"] == "must"} == set(STEMS) - UNRECORDED - PARTS


def test_what_an_exclusion_in_force_silences_is_written_with_its_number():
    silenced = [row for row in rows_of_expectations() if row["expect"] == "silence"]
    assert {row["exclusion"] for row in silenced} == {p.stem for p in (PACK / "exclusions" / "accepted").glob("*.yml")}
    assert all(row["min"] == row["max"] for row in silenced)
    assert not any(row["step"].startswith("attack") for row in silenced)


def test_every_benign_step_that_fires_says_what_of_it_is_excluded_and_why_not():
    rows = rows_of_expectations()
    silenced = {(row["host"], row["step"], row["rule"]) for row in rows if row["expect"] == "silence"}
    attacks = {row["why"] for row in rows if row["step"].startswith("attack")}
    benign = [row for row in rows if not row["step"].startswith("attack") and row["expect"] != "silence"]
    assert len(benign) > 100
    for row in benign:
        assert row["why"] not in attacks, "says what the rule finds, and not why it still alerts"
        assert row["why"].endswith("see below") is ((row["host"], row["step"], row["rule"]) in silenced)

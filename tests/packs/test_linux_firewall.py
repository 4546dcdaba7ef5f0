"""The pack's own files: whole, consistent, and each rule on the spellings that it is for."""

from __future__ import annotations

import csv
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from sigma.rule import SigmaRule

from vedette.event import View
from vedette.event.view import VIEWS
from vedette.page import read_page
from vedette.predicate import evaluate, fields
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "src" / "vedette" / "packs" / "linux-firewall"
SEED = "proc_creation_lnx_iptables_flush_ufw"
SEED_ID = "3be619f4-d9ec-4ea8-a173-18fdd01996ab"
STEMS = sorted(path.stem for path in (PACK / "rules").glob("*.yml"))
OURS = [stem for stem in STEMS if stem != SEED]
LOADED = load((PACK,))
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
    assert sorted(RULES) == STEMS
    assert len(STEMS) == 15


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
    rule = SigmaRule.from_yaml(text(stem))
    assert not rule.errors
    assert rule.detection.parsed_condition[0].parsed


@pytest.mark.parametrize("stem", OURS)
def test_our_rules_carry_a_whole_header(stem):
    rule = yaml.safe_load(text(stem))
    assert uuid.UUID(rule["id"]).version == 4
    assert rule["related"] == [{"id": SEED_ID, "type": "similar"}]
    assert (rule["author"], rule["license"], rule["status"]) == ("Vedette", "Apache-2.0", "experimental")
    assert {"attack.t1562.004", "attack.t1686", "attack.defense-evasion", "attack.defense-impairment"} <= set(
        rule["tags"]
    )
    assert rule["falsepositives"]
    assert rule["level"] in ("low", "medium", "high")
    assert re.fullmatch(r"(?:proc_creation|netfilter)_lnx_[a-z_]+", stem)


def test_ids_and_titles_are_unique():
    assert len({rule.id for rule in LOADED.rules}) == len({rule.title for rule in LOADED.rules}) == len(STEMS)


def test_the_readme_lists_every_rule_with_its_level():
    readme = (PACK / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z_]+) \| (low|medium|high) \|", readme, re.MULTILINE)
    assert dict(rows) == {stem: RULES[stem].level for stem in STEMS}


IPTABLES = ("/usr/sbin/xtables-nft-multi", "/usr/sbin/iptables")
LEGACY = ("/usr/sbin/xtables-legacy-multi", "/usr/sbin/ip6tables")
NFT = ("/usr/sbin/nft", "")
UFW = ("/usr/bin/python3.11", "/usr/sbin/ufw")
INIT = ("/usr/bin/dash", "/lib/ufw/ufw-init")
CTL = ("/usr/bin/systemctl", "")


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
        ("ufw_disable_reset", "/usr/bin/python3 /usr/sbin/ufw disable", UFW),
        ("ufw_disable_reset", "/usr/bin/python3 /usr/sbin/ufw --force reset", UFW),
        ("ufw_disable_reset", "/usr/bin/python3 /usr/sbin/ufw disable", ("/usr/bin/python3.11", "")),
        ("ufw_init_stop", "/bin/sh /lib/ufw/ufw-init force-stop", INIT),
        ("ufw_init_stop", "/bin/sh ./ufw-init flush-all", INIT),
        ("ufw_init_stop", "/bin/sh /lib/ufw/ufw-init --rootdir /x stop", INIT),
        ("firewall_service_stop", "systemctl stop ufw", CTL),
        ("firewall_service_stop", "systemctl --now disable firewalld.service", CTL),
        ("firewall_service_stop", "systemctl mask cron nftables", CTL),
        ("firewall_service_stop", "systemctl kill -s KILL netfilter-persistent", CTL),
        ("firewall_service_stop", "/bin/sh /usr/sbin/service ufw stop", ("/usr/bin/dash", "/usr/sbin/service")),
        ("firewall_service_stop", "/bin/sh /etc/init.d/ufw stop", ("/usr/bin/dash", "/etc/init.d/ufw")),
        ("xtables_multi_call", "xtables-nft-multi iptables -F", ("/usr/sbin/xtables-nft-multi", "")),
        ("xtables_multi_call", "/sbin/xtables-legacy-multi ip6tables -P INPUT ACCEPT", LEGACY),
        ("xtables_multi_call", "xtables-legacy-multi iptables-restore", LEGACY),
        ("firewall_tool_writable_folder", "/tmp/.x/kworker iptables -F", ("/tmp/.x/kworker", "")),
        ("firewall_tool_writable_folder", "iptables -F", ("/dev/shm/a", "")),
        ("firewall_tool_writable_folder", "/home/a/iptables -X", (IPTABLES[0], "/home/a/iptables")),
        ("firewall_tool_writable_folder", "/tmp/ansible -c iptables -F", ("/tmp/ansible", "")),
        ("firewall_tool_writable_folder", "/tmp/nft flush ruleset", ("/tmp/nft", "")),
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
    for stem in STEMS:
        assert fields(RULES[stem].predicate) & {"Image", "Scope"}, stem


def test_the_audit_rules_record_what_the_rules_need():
    lines = (PACK / "audit.rules").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    form = r"-a always,exit -F arch=b(?:64|32)(?: -S [a-z0-9,]+)(?: -F (?:saddr_fam|a0)=\d+)? -F key=(\w+)"
    assert {found[1] for line in rules if (found := re.fullmatch(form, line))} == {"exec", "net_connect", "net_listen"}
    assert all(re.fullmatch(form, line) for line in rules)
    for arch in ("b64", "b32"):
        of = " ".join(line for line in rules if f"arch={arch}" in line)
        assert all(re.search(rf"\b{call}\b", of) for call in ("execve", "execveat", "connect", "bind", "listen"))
    # i386 has no accept of its own: naming it there makes auditctl refuse the whole file.
    assert not any("arch=b32" in line and re.search(r"[ ,]accept[ ,]", line) for line in rules)


def test_the_expectations_are_well_formed():
    with (PACK / "expectations.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len({(row["host"], row["step"], row["rule"]) for row in rows}) == len(rows)
    for row in rows:
        assert row["rule"] in STEMS
        assert row["expect"] in ("must", "may")
        assert row["why"]
        low = int(row["min"])
        assert low > 0 if row["expect"] == "must" else low == 0
        assert row["max"] == "-" or int(row["max"]) >= max(low, 1)
        assert not row["step"].startswith("admin_noise")
    assert {row["rule"] for row in rows if row["expect"] == "must"} == set(STEMS)

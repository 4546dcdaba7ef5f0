"""Mutants of process starts: what exclusions and rules make of them."""

from __future__ import annotations

import textwrap
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.starts import FLUSH, changes, legacy, like, lines

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
    unseen,
)
from vedette.audit.reach import given as given_by
from vedette.event import RESOLVED, VIEWS, matching_views
from vedette.event.event import Event, Origin
from vedette.event.logsource import PROCESS_CREATION
from vedette.hunt.exclusion import read_exclusion
from vedette.sigma.ruleset import load

PACK = Path(str(files("vedette"))) / "packs" / "linux-firewall"
SEED = "3be619f4-d9ec-4ea8-a173-18fdd01996ab"


@pytest.fixture(scope="module")
def rules():
    return {rule.id: rule for rule in load((str(PACK / "rules"),)).rules}


@pytest.fixture(scope="module")
def seed(rules):
    return rules[SEED]


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


def test_rules_of_the_pack_on_process_starts_find_what_the_seeds_rule_misses(rules):
    found = {mutant.operator: detected_by_any(rules.values(), mutant) for mutant in mutants(FLUSH)}
    titles = {operator: {rules[name].title for name in ids} for operator, ids in found.items()}
    assert titles["nft-flush-chain"] == {"Nftables Flush Or Deletion"}
    unusual = "Ufw Chain Emptied Or Removed By An Unusual Spelling"
    for operator in ("bundled-option", "delete-rule-by-rule", "backend-name"):
        assert unusual in titles[operator]
    assert titles["return-first"] == {"Iptables Rule That Lets Everything Pass Put In Front"}
    assert titles["loader"] == {"Packet Filter Tool Run Through The Dynamic Loader"}


def test_no_rule_of_the_pack_on_process_starts_finds_these(rules):
    """Nothing in how they start says what they do; the kernel's records do."""
    missed = {mutant.operator for mutant in mutants(FLUSH) if not detected_by_any(rules.values(), mutant)}
    assert missed == {"own-netlink"}
    missed = {
        mutant.operator for mutant in mutants({**FLUSH, "Tty": ""}) if not detected_by_any(rules.values(), mutant)
    }
    assert missed >= {"own-netlink", "nft-from-file", "restore-empty"}


def test_no_rule_of_the_pack_on_process_starts_finds_these_of_other_tools(rules):
    nft = like(Image__resolved="/usr/sbin/nft", Image__invoked="/usr/sbin/nft", CommandLine="nft flush ruleset")
    unit = like(
        Image__resolved="/usr/bin/systemctl", Image__invoked="/usr/bin/systemctl", CommandLine="systemctl stop ufw"
    )
    for start in (nft, unit):
        missed = [mutant for mutant in mutants(start) if not detected_by_any(rules.values(), mutant)]
        assert {mutant.operator for mutant in missed} == {"copy", "hard-link"}
        assert all(mutant.as_root_writes for mutant in missed)


def test_what_a_pack_misses_is_counted_by_operator(seed):
    found = {one.operator: one for one in unseen([seed], [FLUSH, legacy(), FLUSH])}
    assert found["bundled-option"].missed == found["bundled-option"].total == 4
    assert found["bundled-option"].example.values["CommandLine"] == "iptables -vF ufw-logging-deny"
    assert "long-option" not in found
    for one in found.values():
        assert detected_by_any([seed], one.example) == ()


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

"""On which of Sentinel's sources a rule can ever fire."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.kql.probe import item, probe
from tests.sigma.samples import SIMPLE, write_rule

from vedette.cli.main import main
from vedette.kql import convert, read_target
from vedette.kql.account import EACH
from vedette.kql.reach import verdicts
from vedette.kql.source import read_sources
from vedette.sigma.ruleset import load

ROOT = Path(__file__).resolve().parents[2]
SEED = ROOT / "src/vedette/packs/linux-firewall/rules/proc_creation_lnx_iptables_flush_ufw.yml"
NFT = "whose iptables is nft's"


def told(tmp_path, detection, source, product="linux", hosts=""):
    query = probe(tmp_path, detection, product=product)
    assert query.errors == ()
    found = [one for one in verdicts(query) if (one.source, one.hosts) == (source, hosts)]
    return (found[0].verdict, found[0].why) if found else None


def test_the_seed_s_rule_can_t_fire_where_only_the_resolved_path_of_an_nft_host_arrives():
    query = convert(load([SEED], cache=False).rules[0], read_target("asim"))
    found = {(one.source, one.hosts): one for one in verdicts(query)}
    for source in ("Microsoft Defender for Endpoint", "Sysmon for Linux"):
        assert found[source, NFT].verdict == "never"
        assert "/usr/sbin/xtables-nft-multi" in found[source, NFT].why
        assert found[source, ""].verdict == "partly"
        assert "not iptables, ip6tables" in found[source, ""].why
    assert found["ASimProcessEventLogs", ""].verdict == "fires"
    assert found["SentinelOne", ""].verdict == "never"
    assert ("ASimProcessEventLogs", NFT) not in found


@pytest.mark.parametrize(
    ("line", "source", "verdict", "why"),
    [
        ("ParentImage: /bin/sh", "Microsoft Defender for IoT", "never", "ActingProcessName is never filled"),
        ("Image: /bin/sh", "Microsoft Defender for IoT", "fires", ""),
        ("User: root", "Microsoft Defender for IoT", "never", "TargetUsername is never filled"),
        ("ParentImage: null", "Microsoft Defender for IoT", "fires", ""),
        ("OriginalFileName: x", "Sysmon for Linux", "never", "TargetProcessFileOriginalName is never filled"),
        ("Description: x", "Sysmon for Linux", "never", 'TargetProcessFileDescription is always "-"'),
        ("Description: '-'", "Sysmon for Linux", "fires", ""),
        ("Image|endswith: /nft", "SentinelOne", "never", "TargetProcessName is a file's name without its folder"),
        ("Image|endswith: nft", "SentinelOne", "fires", ""),
        ("GrandParentImage: /bin/sh", "Microsoft Defender for Endpoint", "never", "without its folder"),
        ("GrandParentImage: sh", "Microsoft Defender for Endpoint", "fires", ""),
        ("GrandParentImage: sh", "Sysmon for Linux", "never", "ParentProcessName is never filled"),
        ("CommandLine|contains: '<(curl'", "Sysmon for Linux", "never", "entities"),
        ("CommandLine|contains: ' && nft'", "Sysmon for Linux", "never", "entities"),
        ("CommandLine|contains: '&amp;&amp;'", "Sysmon for Linux", "fires", ""),
        ("CommandLine|contains: 'x&'", "Sysmon for Linux", "fires", ""),
        ("CommandLine|contains: '<(curl'", "Microsoft Defender for Endpoint", "fires", ""),
        ("Image: /usr/sbin/iptables", "Sysmon for Linux", "partly", "where iptables 1.8 has it"),
        ("Image: /opt/iptables", "Sysmon for Linux", "fires", ""),
        ("Image|endswith: iptables", "Sysmon for Linux", "fires", ""),
        ("Image|contains: /iptables", "Sysmon for Linux", "fires", ""),
        ("Image: /usr/sbin/iptables", "VMware Carbon Black Cloud", "fires", ""),
        ("Image: /usr/sbin/nft", "Sysmon for Linux", "fires", ""),
    ],
)
def test_a_leaf(tmp_path, line, source, verdict, why):
    found = told(tmp_path, item(line), source)
    assert found is not None
    assert found[0] == verdict
    assert why in found[1]
    assert bool(found[1]) == bool(why)


def test_some_of_a_rule_may_be_lost(tmp_path):
    detection = "a:\n    Image: /bin/sh\nb:\n    OriginalFileName: sh\ncondition: a or b"
    assert told(tmp_path, detection, "SecurityEvent", "windows") == (
        "partly",
        "TargetProcessFileOriginalName is never filled",
    )
    assert told(tmp_path, detection.replace("a or b", "a and b"), "SecurityEvent", "windows")[0] == "never"
    assert told(tmp_path, detection, "ASimProcessEventLogs", "windows") == ("fires", "")


def test_what_is_excluded_by_an_empty_column_is_told(tmp_path):
    detection = "a:\n    Image: /bin/sh\nb:\n    ParentCommandLine: x\ncondition: a and not b"
    verdict, why = told(tmp_path, detection, "SecurityEvent", "windows")
    assert verdict == "fires"
    assert why == "it excludes nothing by this: ActingProcessCommandLine is never filled"


def test_what_must_be_empty_may_be(tmp_path):
    detection = "a:\n    Image: /bin/sh\nb:\n    ParentCommandLine: '*'\ncondition: a and not b"
    assert told(tmp_path, detection, "SecurityEvent", "windows")[0] == "fires"


def test_sources_of_other_hosts_are_left_out(tmp_path):
    assert told(tmp_path, item("Image: x"), "Sysmon") is None
    assert told(tmp_path, item("Image: x"), "Sysmon", "windows") == ("fires", "")
    assert told(tmp_path, item("Image: x"), "Sysmon for Linux", "windows") is None


def test_the_entry_point_may_be_the_one_of_every_workspace(tmp_path):
    assert verdicts(probe(tmp_path, item("Image: x"), entry="builtin")) == verdicts(probe(tmp_path, item("Image: x")))


@pytest.mark.parametrize(("target", "category"), [("xdr", "process_creation"), ("asim", "file_event")])
def test_tables_of_one_source_have_no_verdicts(tmp_path, target, category):
    assert verdicts(probe(tmp_path, item("Image: x"), target, category=category)) == ()


def test_what_is_refused_has_no_verdicts(tmp_path):
    assert verdicts(probe(tmp_path, item("Tty: x"))) == ()


def test_the_data_is_dated_and_names_columns_that_are_there(shared):
    schema = json.loads((shared / "reference" / "kusto_schemas.json").read_text())["asim"]["imProcessCreate"]
    known = read_sources("asim")
    assert known is not None
    for source in known.sources:
        assert dt.date.fromisoformat(source.as_of) <= dt.datetime.now(dt.UTC).date()
        assert source.read_from
        assert source.every or source.columns
        named = source.columns | source.forms.keys() | {one for some in source.unfilled.values() for one in some}
        assert named - {"Dvc"} <= schema.keys()
        assert source.forms.keys() <= source.columns
        assert source.unfilled.keys() <= set(source.products)
    asked = {column.column for column in read_target("asim").tables[0].columns("linux").values() if column.column}
    assert asked - {"TimeGenerated"} <= {one for source in known.sources for one in source.columns} | {
        "TargetProcessFileOriginalName"  # only the native table may have it
    }
    assert not any(links.names & links.apart for links in known.links)


def test_public_rules_have_verdicts(sigmahq):
    counts = {"fires": 0, "partly": 0, "never": 0}
    for rule in load([sigmahq / "rules" / "linux"]).rules:
        for one in verdicts(convert(rule, read_target("asim"))):
            counts[one.verdict] += 1
            assert one.why or one.verdict == "fires"
    assert all(counts.values())


def test_the_page_is_what_the_command_writes():
    spec = importlib.util.spec_from_file_location("generate_sources", ROOT / "docs" / "generate_sources.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.render() == module.PAGE.read_text(encoding="utf-8"), "run `make docs`"


def test_the_command_tells_where_one_rule_can_never_fire():
    result = CliRunner().invoke(main, ["convert", str(SEED), "-t", "asim"])
    assert "can never fire on Microsoft Defender for Endpoint on hosts whose iptables is nft's" in result.stderr
    told = json.loads(CliRunner().invoke(main, ["convert", str(SEED), "-t", "asim", "-f", "json"]).stdout)
    sources = told["queries"][0]["sources"]
    assert {one["verdict"] for one in sources} == {"fires", "partly", "never"}
    assert all(set(one) == {"source", "hosts", "verdict", "why"} for one in sources)


def test_the_command_counts_where_many_rules_can_never_fire(tmp_path):
    for number in range(EACH + 1):
        write_rule(tmp_path / "r", f"{number}.yml", SIMPLE.replace("User", "ParentImage").replace("eve", str(number)))
    lines = CliRunner().invoke(main, ["convert", str(tmp_path / "r"), "-t", "asim"]).stderr.splitlines()
    assert "vedette: on Microsoft Defender for IoT, 21 of 21 rules can never fire, 0 in part" in lines
    assert not any("can never fire on" in line for line in lines)

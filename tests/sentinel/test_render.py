"""Rules as files of content: what they say, and that nothing a rule says is more than text in them."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.sigma.samples import SIMPLE, write_rule

from vedette.hunt.exclusion import judge
from vedette.hunt.hunt import built_in_pack
from vedette.kql import TARGETS, Options, read_target
from vedette.kql.check import Checker
from vedette.sentinel.check import check
from vedette.sentinel.content import Form, Schedule
from vedette.sentinel.folder import write_folder
from vedette.sentinel.render import Rendering, Wanted, render
from vedette.sigma.ruleset import load

BOTH: tuple[Form, ...] = ("analytics", "hunting")
HOSTILE = (
    "x\n| where false //",
    "a: b\n- !!python/object:os.system {}",
    '"; union * //',
    "*/ ]] {{User}} [concat('a')]",
    "\u202e\u2028\u0085\x07",
    "---\n...\n%YAML 1.1",
    "a" * 6000,
)


def rendered(
    paths: list[Path],
    target: str = "asim",
    checker: Checker | None = None,
    forms: tuple[Form, ...] = BOTH,
    **options: Any,
) -> Rendering:
    loaded = load(paths, cache=False)
    judged = judge(loaded.filters, loaded.rules, now=0.0, place=target)
    wanted = Wanted(forms, Schedule(60, 75), Options(long="split", **options))
    return render(loaded, read_target(target), wanted, judged, checker)


def contents(found: Rendering) -> list[dict[str, Any]]:
    return [one.content for one in found.artefacts if one.form in BOTH]


def content_of(found: Rendering, form: str = "analytics") -> dict[str, Any]:
    (one,) = [artefact for artefact in found.artefacts if artefact.form == form]
    content: dict[str, Any] = yaml.safe_load(one.text)
    assert content == one.content
    return content


@pytest.fixture
def simple(tmp_path: Path) -> Path:
    head = "id: 11111111-1111-4111-8111-111111111111\nauthor: A. Nother\nlicense: DRL-1.1\nlevel: critical\n"
    head += "description: Eve starts something.\ntags: [attack.defense-impairment, attack.t1686, attack.t1620]\n"
    return write_rule(tmp_path, "eve.yml", SIMPLE, head=head, title="Eve at work")


def test_an_analytics_rule_has_what_sentinel_demands(simple, checker):
    content = content_of(rendered([simple], checker=checker))
    assert list(content) == [
        *("id", "kind", "name", "description", "severity", "requiredDataConnectors", "queryFrequency", "queryPeriod"),
        *("triggerOperator", "triggerThreshold", "tactics", "relevantTechniques", "query", "entityMappings"),
        *("customDetails", "eventGroupingSettings", "incidentConfiguration", "version"),
    ]
    assert (content["name"], content["severity"]) == ("Eve at work", "High")
    assert (content["queryFrequency"], content["queryPeriod"]) == ("1h", "75m")
    assert (content["tactics"], content["relevantTechniques"]) == (["DefenseEvasion"], ["T1562.004"])
    assert content["query"].startswith(
        'imProcessCreate\n| where TargetUsername =~ "eve"\n'
        "| where isnull(ingestion_time()) or ingestion_time() > ago(65m)\n| extend EventKey = hash_sha256("
    )
    assert content["incidentConfiguration"]["groupingConfiguration"]["groupByCustomDetails"] == ["EventKey"]
    assert content["entityMappings"][0] == {
        "entityType": "Host",
        "fieldMappings": [{"identifier": "FullName", "columnName": "Dvc"}],
    }
    assert [one["entityType"] for one in content["entityMappings"]] == ["Host", "Account", "Process", "File"]
    assert content["customDetails"]["ParentImage"] == "ActingProcessName"
    assert content["eventGroupingSettings"] == {"aggregationKind": "AlertPerResult"}


def test_the_description_names_author_rule_and_license(simple):
    told = content_of(rendered([simple]), "hunting")["description"].splitlines()
    assert told == [
        "Eve starts something.",
        "",
        "Author: A. Nother",
        "Sigma rule: 11111111-1111-4111-8111-111111111111",
        "License: DRL-1.1 (https://github.com/SigmaHQ/Detection-Rule-License)",
    ]


def test_a_hunting_query_has_no_schedule(simple):
    content = content_of(rendered([simple]), "hunting")
    assert content.keys().isdisjoint({"kind", "severity", "queryFrequency", "triggerOperator", "customDetails"})


def test_ids_are_the_same_in_every_run_and_differ_by_form_and_target(simple):
    first, again, other = rendered([simple]), rendered([simple]), rendered([simple], "xdr")
    ids = [one["id"] for one in (*contents(first), *contents(other))]
    assert [one["id"] for one in contents(again)] == ids[:2]
    assert len(set(ids)) == 4
    assert all(uuid.UUID(one).version == 5 for one in ids)


def test_what_the_tests_of_sentinel_do_not_know_is_told(simple):
    (note,) = [note for note in rendered([simple]).notes if "T1620" in note]
    assert "Eve at work: left out" in note


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_rule_says_is_text(tmp_path, checker, text):
    rule = {
        "title": " ".join(text.split())[:200] or "x",
        "id": "11111111-1111-4111-8111-111111111111",
        "description": text,
        "author": text,
        "license": text,
        "logsource": {"category": "process_creation"},
        "detection": {"a": {"CommandLine|contains": text[:500]}, "condition": "a"},
    }
    (tmp_path / "r.yml").write_text(yaml.safe_dump(rule), encoding="utf-8")
    found = rendered([tmp_path / "r.yml"], checker=checker)
    assert found.refused == ()
    content = content_of(found)
    assert len(content["description"]) <= 5000
    assert "Author: " in content["description"]
    assert checker.columns(content["query"]).keys() >= {"Dvc", "EntityFileName"}
    write_folder(found.artefacts, tmp_path / "out")
    assert [one.faults for one in check([str(tmp_path / "out")], checker)] == [(), ()]


def test_a_rule_that_does_not_convert_has_no_file_and_is_named(tmp_path):
    write_rule(tmp_path, "tty.yml", SIMPLE.replace("User", "Tty"), title="no column")
    found = rendered([tmp_path])
    assert (found.artefacts, found.rendered, found.rules) == ((), 0, 1)
    assert "Tty has no column in asim" in str(found.refused[0])


def test_a_rule_that_breaks_a_limit_has_no_file_and_is_named(tmp_path):
    many = "\n".join(f"        - u{number:06}" for number in range(1200))
    write_rule(tmp_path, "many.yml", f"a:\n    User:\n{many}\n    CommandLine|contains: x\ncondition: a")
    loaded = load([tmp_path], cache=False)
    found = render(loaded, read_target("asim"), Wanted(BOTH, Schedule(60, 75), Options(long="note")))
    assert found.artefacts == ()
    (error,) = found.refused
    assert error.code == "query-length"
    assert str(error).startswith(f"{tmp_path / 'many.yml'}:1")
    split = rendered([tmp_path])
    assert split.refused == ()
    assert len({one["id"] for one in contents(split)}) == len(contents(split)) >= 4
    assert "(part 2 of " in contents(split)[2]["name"]


def test_columns_that_a_target_computes_are_computed(tmp_path, checker):
    write_rule(tmp_path, "r.yml", SIMPLE)
    text = content_of(rendered([tmp_path], "xdr", checker))["query"]
    assert "| extend SigmaUser = iff(isempty(AccountDomain)" in text
    assert text.index("extend SigmaUser") < text.index('where SigmaUser =~ "eve"')
    assert text.count("extend SigmaUser") == 1


def test_details_give_way_to_the_length_of_the_query(tmp_path, checker):
    values = "\n".join(f"    - v{number:04}{'x' * 80}" for number in range(95))
    head = "title: long\nlogsource: {product: linux, category: process_creation}\n"
    (tmp_path / "r.yml").write_text(f"{head}detection:\n  a:\n   CommandLine:\n{values}\n  condition: a\n")
    content = content_of(rendered([tmp_path / "r.yml"], "syslog", checker))
    assert 9_000 < len(content["query"]) <= 10_000
    assert content["entityMappings"][0]["entityType"] == "Host"
    assert len(content.get("customDetails", {})) < 6


CORRELATION = """
title: Many
id: 33333333-3333-4333-8333-333333333333
correlation:
    type: event_count
    rules: [11111111-1111-4111-8111-111111111111]
    group-by: [Computer, User]
    timespan: 3d
    condition: {gte: 3}
"""


def test_a_correlation_sees_its_windows_and_names_the_authors_below(simple, checker):
    (simple.parent / "many.yml").write_text(CORRELATION)
    content = content_of(rendered([simple.parent], checker=checker))
    assert (content["queryFrequency"], content["queryPeriod"]) == ("1h", "4395m")
    assert content["query"].endswith("| extend TimeGenerated = WindowEnd")
    assert [one["entityType"] for one in content["entityMappings"]] == ["Host", "Account"]
    assert content["customDetails"]["Count"] == "Count"
    assert "Joins 11111111-1111-4111-8111-111111111111, by A. Nother, license: DRL-1.1" in content["description"]


FILTER = """
title: Nightly job
id: 22222222-2222-4222-8222-222222222222
logsource: {category: process_creation}
filter:
    rules: [11111111-1111-4111-8111-111111111111]
    selection: {ParentImage: /opt/nightly}
    condition: not selection
"""


def test_an_exclusion_of_equality_is_a_watchlist_and_another_stands_in_the_query(simple, checker):
    (simple.parent / "equal.yml").write_text(FILTER)
    (simple.parent / "other.yml").write_text(
        FILTER.replace("-222222222222", "-222222222223").replace("ParentImage:", "ParentImage|endswith:")
    )
    found = rendered([simple.parent], checker=checker)
    assert found.refused == ()
    text = content_of(found)["query"]
    lists = [one for one in found.artefacts if one.form == "watchlist"]
    assert [one.path.rpartition(".")[2] for one in lists] == ["csv", "json"]
    assert f'_GetWatchlist("{Path(lists[0].path).stem}")' in text
    assert 'where not(ActingProcessName endswith "/opt/nightly")' in text
    loaded = load([simple.parent], cache=False)
    judged = judge(loaded.filters, loaded.rules, now=0.0, place="asim")
    inline = render(loaded, read_target("asim"), Wanted(BOTH, Schedule(60, 75), Options(), watchlists=False), judged)
    assert not [one for one in inline.artefacts if one.form == "watchlist"]
    assert 'where not(ActingProcessName =~ "/opt/nightly")' in content_of(inline)["query"]


def test_a_rule_that_is_refused_leaves_no_watchlist(simple):
    text = simple.read_text().replace("User: eve", "Tty: eve")
    simple.write_text(text)
    (simple.parent / "equal.yml").write_text(FILTER)
    assert rendered([simple.parent]).artefacts == ()


def test_an_exclusion_that_the_target_can_not_hold_is_told(simple):
    (simple.parent / "script.yml").write_text(FILTER.replace("ParentImage", "ParentScript"))
    found = rendered([simple.parent])
    (error,) = found.unenforced
    assert "ParentScript has no column in asim" in str(error)
    assert found.rendered == 1


def test_a_file_is_only_ever_seen_whole(simple, tmp_path):
    found = rendered([simple])
    files = write_folder(found.artefacts, tmp_path / "out")
    assert [str(file.relative_to(tmp_path / "out")) for file in files] == [
        "asim/analytics/eve.yaml",
        "asim/hunting/eve.yaml",
        "asim/azuredeploy.json",
    ]
    assert {path for path in (tmp_path / "out").rglob("*") if path.is_file()} == set(files)
    assert write_folder(found.artefacts, tmp_path / "out") == files


@pytest.mark.parametrize("target", TARGETS)
def test_the_pack_keeps_to_the_limits(target, checker, tmp_path):
    found = rendered([Path(built_in_pack("linux-firewall"))], target, checker)
    assert found.rendered >= 10
    for content in (one.content for one in found.artefacts if one.form == "analytics"):
        assert content["customDetails"]["EventKey"] == "EventKey"
        assert ("ingestion_time()" in content["query"]) is ("WindowEnd" not in content["query"])
    files = write_folder(found.artefacts, tmp_path)
    checked = list(check([str(tmp_path)], checker))
    assert len(checked) == len(files) - 1 == 2 * found.rendered
    assert [fault for one in checked for fault in one.faults] == []
    assert all(
        one.content["relevantTechniques"] == ["T1562.004"]
        for one in found.artefacts
        if one.content and "flush" in one.path
    )


@pytest.mark.long
@pytest.mark.parametrize("target", TARGETS)
def test_a_hundred_public_rules_keep_to_the_limits(target, checker, tmp_path, sigmahq):
    folders = ("linux", "windows", "macos")
    paths = [path for name in folders for path in sorted((sigmahq / "rules" / name / "process_creation").glob("*.yml"))]
    found = rendered(paths[:: len(paths) // 130], target, checker)
    assert found.rendered >= (100 if target != "syslog" else 10)
    files = write_folder(found.artefacts, tmp_path)
    checked = list(check([str(tmp_path)], checker))
    assert len(checked) == len(files) - 1
    assert [fault for one in checked for fault in one.faults] == []

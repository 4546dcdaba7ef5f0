from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.sentinel.samples import ANALYTICS, HUNTING

from vedette.hunt.exclusion import judge
from vedette.kql import Options, read_target
from vedette.sentinel import template
from vedette.sentinel.content import Schedule
from vedette.sentinel.render import Wanted, render
from vedette.sigma.ruleset import load

#: What a template may compute; anything else in brackets would be a stranger's.
OURS = re.compile(
    r"\[(?:parameters\('enabled'\)|concat\(parameters\('workspace'\), '/(?:Microsoft\.SecurityInsights/)?[a-z0-9-]+'\)"
    r"|resourceId\('Microsoft\.OperationalInsights/workspaces/providers/Watchlists', parameters\('workspace'\), "
    r"'Microsoft\.SecurityInsights', 'vedette-[0-9a-f]{16}'\))\]"
)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def test_an_analytics_rule_is_a_resource_that_is_off_until_asked_for():
    resource = template.rule(ANALYTICS, ["vedette-0123456789abcdef"])
    told = resource["properties"]
    assert resource["kind"] == "Scheduled"
    assert (told["queryFrequency"], told["queryPeriod"], told["triggerOperator"]) == ("PT60M", "PT75M", "GreaterThan")
    assert told["techniques"] == ["T1562"]
    assert told["entityMappings"] == ANALYTICS["entityMappings"]
    assert told["enabled"] == "[parameters('enabled')]"
    assert len(resource["dependsOn"]) == 1
    assert all(OURS.fullmatch(text) for text in texts(resource) if text.startswith("["))


def test_a_hunting_query_is_a_saved_search():
    resource = template.search(HUNTING)
    assert resource["type"] == "Microsoft.OperationalInsights/workspaces/savedSearches"
    assert resource["properties"]["category"] == "Hunting Queries"
    assert {"name": "techniques", "value": "T1562.004"} in resource["properties"]["tags"]


def test_templates_are_as_few_as_hold_their_groups(monkeypatch):
    monkeypatch.setattr(template, "MAX_RESOURCES", 5)
    groups = [[{"name": f"{number}{letter}"} for letter in "ab"] for number in range(5)]
    found = [json.loads(text)["resources"] for text in template.templates(groups)]
    assert [len(resources) for resources in found] == [4, 4, 2]
    assert [one for resources in found for one in resources] == [one for group in groups for one in group]
    monkeypatch.setattr(template, "MAX_BYTES", 40)
    assert len(template.templates(groups)) == 5
    assert template.templates([]) == []


@pytest.mark.parametrize("text", ["[concat('a')]", "[[x]", "[parameters('workspace')]"])
def test_nothing_that_a_rule_says_is_computed(tmp_path: Path, text):
    rule = {
        "title": text,
        "id": "11111111-1111-4111-8111-111111111111",
        "description": text,
        "author": text,
        "logsource": {"category": "process_creation"},
        "detection": {"a": {"User": text}, "condition": "a"},
    }
    kept = {
        "title": text,
        "id": "22222222-2222-4222-8222-222222222222",
        "logsource": rule["logsource"],
        "filter": {"rules": "any", "b": {"CommandLine": text}, "condition": "not b"},
    }
    (tmp_path / "r.yml").write_text(yaml.safe_dump_all([rule, kept]))
    loaded = load([tmp_path / "r.yml"], cache=False)
    judged = judge(loaded.filters, loaded.rules, now=0.0, place="asim")
    wanted = Wanted(("analytics", "hunting"), Schedule(60, 75), Options())
    found = render(loaded, read_target("asim"), wanted, judged)
    (written,) = [one.text for one in found.artefacts if one.form == "template"]
    content = json.loads(written)
    kinds = [resource["type"].rpartition("/")[2] for resource in content["resources"]]
    assert sorted(kinds) == ["Watchlists", "alertRules", "savedSearches"]
    computed = [one for one in texts(content) if one.startswith("[") and not one.startswith("[[")]
    assert all(OURS.fullmatch(one) for one in computed)
    rules = [one for one in content["resources"] if one["type"].endswith("alertRules")]
    assert rules[0]["properties"]["displayName"] == f"[{text}"
    (search,) = [one for one in content["resources"] if one["type"].endswith("savedSearches")]
    assert search["properties"]["etag"] == "*"  # else the template can be deployed once alone

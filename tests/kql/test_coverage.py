"""How much of the public rules converts; every refusal has a reason that names field, rule and target."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from vedette.kql import convert, read_target
from vedette.sigma.ruleset import load

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def rules(sigmahq):
    return load(sorted(path for path in sigmahq.glob("rules*") if path.is_dir())).rules


@pytest.mark.parametrize(
    ("target", "category", "product", "least"),
    [
        ("asim", "process_creation", "linux", 1.0),
        ("asim", "process_creation", "", 0.998),
        ("asim", "network_connection", "", 0.93),
        ("asim", "file_event", "", 0.97),
        ("xdr", "process_creation", "linux", 1.0),
        ("xdr", "process_creation", "", 0.97),
        ("xdr", "network_connection", "", 0.98),
        ("xdr", "file_event", "", 0.98),
    ],
)
def test_share(rules, target, category, product, least):
    some = [rule for rule in rules if rule.logsource.category == category and product in ("", rule.logsource.product)]
    found = [convert(rule, read_target(target)) for rule in some]
    assert sum(bool(query.text) for query in found) >= least * len(found) > 0


@pytest.mark.long
def test_linux_is_covered_by_asim_and_syslog_together(rules):
    linux = [rule for rule in rules if "/rules/linux/" in rule.location.path]
    asim, syslog = read_target("asim"), read_target("syslog")
    left = [rule.title for rule in linux if not (convert(rule, asim).text or convert(rule, syslog).text)]
    assert len(linux) >= 210
    assert left == []
    assert all(convert(rule, syslog).text for rule in linux)


@pytest.mark.parametrize("target", ["asim", "xdr", "syslog"])
def test_every_rule_has_a_query_or_reasons(rules, target):
    for rule in rules:
        query = convert(rule, read_target(target))
        assert bool(query.text) != bool(query.errors), rule.id
        for error in query.errors:
            assert error.code in {"no-table", "no-column", "keyword", "value", "column-type", "never"}
            assert rule.id in error.cause
            assert target in error.cause
            assert error.location.line >= rule.location.line


@pytest.mark.long
def test_the_page_is_what_the_command_writes(rules):
    spec = importlib.util.spec_from_file_location("generate_coverage", DOCS / "generate_coverage.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.render(rules) == (DOCS / "kql-coverage.md").read_text(encoding="utf-8"), (
        "run docs/generate_coverage.py"
    )

"""The hunt against the reference evaluator: the same rules on the same events, one by one."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from vedette.event import READ_FIELDS, views
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options
from vedette.predicate import evaluate, fields, has_keyword

EVIDENCE = Path(str(files("vedette"))) / "packs" / "linux-firewall" / "evidence"


def by_engine(log: Path, rules: tuple[str, ...], **options) -> set[tuple[str, str, int, int, tuple[str, ...]]]:
    hunt = Hunt(Options((str(log),), rules=rules, exclude=False, **options))
    return {
        (finding.rule.id, finding.category, finding.origin.offset, finding.origin.serial, finding.views)
        for finding in hunt.findings()
    }


def by_reference(log: Path, rules: tuple[str, ...], **options) -> set[tuple[str, str, int, int, tuple[str, ...]]]:
    hunt = Hunt(Options((str(log),), rules=rules, exclude=False, **options))
    chosen = views(options.get("image", "both"))
    found = set()
    rules_of = {
        assignment.source: [
            (rule, predicate, sorted(fields(predicate)), has_keyword(predicate))
            for rule, predicate in zip(assignment.rules, assignment.predicates, strict=True)
        ]
        for assignment in hunt.assignments
    }
    # What the reference says of a rule hangs on the fields that the rule reads, so equal values are asked once.
    answers: dict[tuple[object, ...], bool] = {}
    for event in hunt.events():
        rows = {view: event.row(view) for view in chosen}
        for rule, predicate, reads, searches in rules_of[event.source]:
            # Only the image fields have readings; without them all views are one row.
            asked = chosen if READ_FIELDS & set(reads) else chosen[:1]
            matching = []
            for view in asked:
                row = rows[view]
                key = (rule.id, event.raw if searches else "", *(row.get(field) for field in reads))
                answer = answers.get(key)
                if answer is None:
                    answer = answers[key] = evaluate(predicate, row, event.raw)
                if answer:
                    matching.append(view)
            if len(asked) == 1 and matching:
                matching = list(chosen)
            if matching:
                category = event.source.category or event.source.service
                names = tuple(str(view) for view in matching)
                found.add((rule.id, category, event.origin.offset, event.origin.serial, names))
    return found


@pytest.mark.parametrize("host", ["gw-nft-01", "gw-legacy-01"])
@pytest.mark.parametrize("backend", ["hyperscan", "polars"])
def test_the_pack_finds_what_the_reference_finds(host, backend):
    if backend == "hyperscan":
        pytest.importorskip("hyperscan", reason="no wheel of Hyperscan for this machine")
    log = EVIDENCE / f"{host}.audit.log.gz"
    found = by_engine(log, (), backend=backend)
    assert len(found) > 400
    assert found == by_reference(log, ())


@pytest.mark.parametrize("host", ["gw-nft-01", "gw-legacy-01"])
@pytest.mark.parametrize(
    "kind", ["process_creation", pytest.param("auditd", marks=pytest.mark.long), "network_connection"]
)
def test_public_linux_rules_find_what_the_reference_finds(host, kind, sigmahq):
    log = EVIDENCE / f"{host}.audit.log.gz"
    rules = (str(sigmahq / "rules" / "linux" / kind),)
    found = by_engine(log, rules)
    assert found == by_reference(log, rules)
    assert found or kind == "network_connection"


@pytest.mark.long
@pytest.mark.parametrize("folder", ["rules/windows/process_creation", "rules-threat-hunting/linux"])
def test_public_rules_of_other_products_without_routing_find_what_the_reference_finds(folder, sigmahq):
    log = EVIDENCE / "gw-nft-01.audit.log.gz"
    rules = (str(sigmahq / folder),)
    assert by_engine(log, rules, routing=False) == by_reference(log, rules, routing=False)

"""What exclusions do to the findings of a hunt: the same as the law says of every event, one by one."""

from __future__ import annotations

import textwrap
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from vedette.event import VIEWS, matching_views
from vedette.hunt.cover import holding
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options
from vedette.predicate import evaluate

LOG = str(Path(str(files("vedette"))) / "packs" / "linux-firewall" / "evidence" / "gw-nft-01.audit.log.gz")
RULES = (str(Path(LOG).parents[1] / "rules"),)
SEED = "3be619f4-d9ec-4ea8-a173-18fdd01996ab"


def write(folder: Path, number: int, selection: str, *, category: str = "process_creation", block: str = "{}") -> str:
    path = folder / f"mf_{number}.yml"
    path.write_text(
        textwrap.dedent(f"""
        title: Exclusion {number}
        id: 00000000-0000-4000-8000-{number:012}
        description: because {number}
        logsource: {{product: linux, category: {category}}}
        filter:
          rules: any
          selection: {selection}
          condition: not selection
        vedette: {block}
        """),
        encoding="utf-8",
    )
    return str(path)


@pytest.fixture(scope="module")
def filters(tmp_path_factory) -> tuple[str, ...]:
    folder = tmp_path_factory.mktemp("filters")
    return (
        write(folder, 1, "{ParentScript: /opt/maint/firewall-maintenance.sh, ParentScriptOwnerId: 0}"),
        write(folder, 2, "{ParentCommandLine|contains: ' reset'}"),
        write(folder, 3, "['ufw-logging-deny']", block="{scope: {hosts: 'gw-*', until: '2026-11-24T08:38Z'}}"),
        write(folder, 4, "{ProcessId|gt: 14000}"),
        write(folder, 5, "{Image|startswith: /usr/, ParentImage|endswith: /sudo}"),
    )


def test_a_hunt_excludes_what_the_law_says(filters):
    hunt = Hunt(Options((LOG,), RULES, filters=filters, show_excluded=True, now=0.0))
    findings = list(hunt.findings())
    decided = {(finding.origin.offset, finding.category, finding.rule.id): finding.verdict.by for finding in findings}
    rules = {rule.id: rule for rule in hunt.kept}
    slow = Hunt(Options((LOG,), RULES, filters=filters, now=0.0))
    wanted: dict[tuple[int, str, str], str | None] = {}
    by_source = {assignment.source: assignment for assignment in slow.assignments}
    for event in slow.events():
        for rule in by_source[event.source].rules:
            views = matching_views(rule.predicate, event, VIEWS)
            if not views:
                continue
            bound = slow.exclusions.bound.get(rule.id, ())
            covering = [
                exclusion.id
                for exclusion in holding(bound, views, event.row, event.raw)
                if exclusion.scope.covers(event.host, event.time)
            ]
            wanted[event.origin.offset, event.source.category, rule.id] = covering[0] if covering else None
    assert rules
    assert decided == wanted
    counts = Counter(by for by in decided.values() if by)
    assert hunt.summary.excluded == counts
    assert len(counts) >= 4
    assert hunt.summary.alerts.total() == sum(1 for by in decided.values() if by is None)


def test_excluded_findings_are_left_out_unless_asked_for_but_always_counted(filters):
    shown = list(Hunt(Options((LOG,), RULES, filters=filters, show_excluded=True)).findings())
    hunt = Hunt(Options((LOG,), RULES, filters=filters))
    left = list(hunt.findings())
    assert left == [finding for finding in shown if finding.verdict.decision == "alert"]
    assert hunt.summary.excluded.total() == len(shown) - len(left) > 0
    reasons = {finding.verdict.why for finding in shown if finding.verdict.decision == "excluded"}
    assert "because 1" in reasons


def test_none_is_applied_if_so_asked(filters):
    hunt = Hunt(Options((LOG,), RULES, filters=filters, exclude=False))
    assert not any(finding.verdict.by for finding in hunt.findings())
    assert any("no exclusion is applied, as asked: 5" in note for note in hunt.summary.notes)


def test_the_all_resolved_view_is_asked_too(tmp_path):
    """On an nft host the seed's rule matches the invoked path; an exclusion by that path alone does not cover it."""
    path = write(tmp_path, 1, "{Image: /usr/sbin/iptables}")
    hunt = Hunt(Options((LOG,), RULES, filters=(path,)))
    found = [finding for finding in hunt.findings() if finding.rule.id == SEED]
    assert found
    assert not hunt.summary.excluded
    (exclusion,) = hunt.exclusions.bound[SEED]
    assert evaluate(exclusion.silenced, {"Image": "/usr/sbin/iptables"})

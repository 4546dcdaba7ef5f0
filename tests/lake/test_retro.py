from __future__ import annotations

import math
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pytest

from vedette.correlate.hunting import Correlating
from vedette.correlate.judging import incidents
from vedette.correlate.tracker import Tracker
from vedette.errors import UsageError
from vedette.hunt.finding import Finding
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options
from vedette.lake.retro import Retro

EVIDENCE = Path(str(files("vedette"))) / "packs" / "linux-firewall" / "evidence"
RULES = """\
title: Any shell
id: 00000000-0000-4000-8000-000000000001
author: x
level: low
logsource: {product: linux, category: process_creation}
detection:
  shell:
    Image|endswith: [/sh, /bash, /dash]
  other:
    ParentImage|contains: systemd
  condition: shell and not other
---
title: A process by its number
id: 00000000-0000-4000-8000-000000000002
author: x
level: low
logsource: {product: linux, category: process_creation}
detection:
  s:
    ProcessId|gte: 1000
    CommandLine|re: '^\\S+$'
  condition: s
---
title: A record
id: 00000000-0000-4000-8000-000000000003
author: x
level: medium
logsource: {product: linux, service: auditd}
detection:
  s:
    type: EXECVE
    a0|endswith: nft
  condition: s
---
title: A peer
id: 00000000-0000-4000-8000-000000000004
author: x
level: medium
logsource: {product: linux, category: network_connection}
detection:
  s:
    DestinationPort|gt: 0
  condition: s
---
title: Whatever
id: 00000000-0000-4000-8000-000000000005
author: x
level: medium
logsource: {product: linux, category: process_failed}
detection:
  s:
    Image: null
  condition: not s
---
title: All words in the log
id: 00000000-0000-4000-8000-000000000006
author: x
level: medium
logsource: {product: linux, service: auditd}
detection:
  keywords: ['nft*flush']
  condition: keywords
"""


def by_place(finding: Finding) -> tuple[Any, ...]:
    return finding.time, finding.origin.file, finding.origin.offset, msgspec.json.encode(finding)


def both(log: Path, dataset: Path, **options: Any) -> tuple[Hunt, Hunt, list[Finding], list[Finding]]:
    one = Hunt(Options((str(log),), **options), joining=lambda r, o: Correlating(r, o, math.inf))
    other = Retro(Options((str(dataset),), **options), joining=Correlating)
    return one, other, list(one.findings()), list(other.findings())


def agree(log: Path, dataset: Path, **options: Any) -> list[Finding]:
    one, other, wanted, found = both(log, dataset, **options)
    assert sorted(found, key=by_place) == sorted(wanted, key=by_place)
    for name in ("hosts", "dead", "rules_live", "alerts", "excluded", "joined", "rejected", "bytes_read"):
        assert getattr(other.summary, name) == getattr(one.summary, name), name
    return found


@pytest.mark.parametrize("image", ["both", "resolved"])
def test_the_pack_finds_the_same_as_in_the_log(recording, dataset, image):
    found = agree(recording, dataset, image=image, show_excluded=True, show_joined=True)
    assert {finding.kind for finding in found} >= {"finding"}
    assert any(finding.process and len(finding.process.ancestors) > 2 for finding in found)


def test_rules_of_every_kind_find_the_same(recording, dataset, tmp_path):
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES)
    found = agree(recording, dataset, rules=(str(rules),), routing=False)
    assert {finding.rule.id[-1] for finding in found} >= set("12345")


def test_findings_come_in_the_order_of_time(recording, dataset):
    times = [finding.time for finding in Retro(Options((str(dataset),))).findings()]
    assert times == sorted(times)


def test_a_span_is_cut_as_in_a_hunt_through_the_log(recording, dataset):
    hunt = Hunt(Options((str(recording),)))
    list(hunt.findings())
    (host,) = hunt.summary.hosts.values()
    middle = (host.first + host.last) / 2
    early = agree(recording, dataset, until=middle)
    late = agree(recording, dataset, since=middle)
    assert early or late
    assert not list(Retro(Options((str(dataset),), until=host.first - 86_400)).findings())


def test_a_day_that_is_not_asked_for_is_not_read(dataset, monkeypatch):
    from vedette.lake import retro

    monkeypatch.setattr(retro, "sweep", lambda *_, **__: pytest.fail("a part was read"))
    assert not list(Retro(Options((str(dataset),), since=2_000_000_000.0)).findings())


@pytest.mark.long
def test_incidents_are_those_of_the_log(tmp_path, ingest):
    recording, dataset = EVIDENCE / "gw-nft-01.audit.log.gz", tmp_path / "lake"
    ingest(dataset, recording, records=False)
    found = []
    for make, path in ((Hunt, recording), (Retro, dataset)):
        tracker = Tracker()
        hunt = make(Options((str(path),)), watch=tracker)
        findings = list(hunt.findings())
        assert findings
        found.append((list(incidents(list(tracker.jobs()), "log")), hunt.summary.blind))
    assert found[0][0]
    assert found[0] == found[1]


def test_without_records_the_hunt_says_what_it_can_not_match(recording, ingest, tmp_path):
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES)
    lake = tmp_path / "lake"
    ingest(lake, recording, records=False)
    hunt = Retro(Options((str(lake),), rules=(str(rules),), raw=True))
    assert not [finding for finding in hunt.findings() if finding.category == "auditd"]
    assert any("without single records" in note for note in hunt.summary.notes)
    assert any("--raw" in note for note in hunt.summary.notes)


def test_a_dataset_is_hunted_by_itself(recording, dataset):
    with pytest.raises(UsageError, match="by itself"):
        Retro(Options((str(dataset), str(recording))))


def test_shapes_that_start_over_change_nothing(recording, dataset, monkeypatch):
    from vedette.lake import rows

    monkeypatch.setattr(rows, "SHAPE_BYTES", 2_000)
    agree(recording, dataset)

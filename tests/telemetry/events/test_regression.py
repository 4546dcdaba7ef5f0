"""SigmaHQ's regression cases: the named rule fires on every recording, in EVTX and in JSON, as often as it says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from vedette.hunt.cover import Cover
from vedette.hunt.options import Options
from vedette.hunt.plain import PlainHunt
from vedette.sigma.ruleset import load
from vedette.telemetry.format import detect
from vedette.telemetry.source import Source

#: Cases whose rule matches more events of the recording than the case says: 3 of 5 file names hold what the rule asks
#: for, and both command lines.
MORE = {"0b9ad457-2554-44c1-82c2-d56a99c42377": 3, "5bac7a56-da88-4c27-922e-c81e113b20cb": 2}
RECORDINGS = {"evtx", "json", "jsoncls"}


def cases(sigmahq: Path) -> list[tuple[dict[str, Any], list[Path]]]:
    """What each case says, and its recordings."""
    return [
        (yaml.safe_load(said.read_text("utf-8")), [p for p in said.parent.iterdir() if p.suffix[1:] in RECORDINGS])
        for said in sorted(sigmahq.glob("regression_data/**/info.yml"))
    ]


@pytest.mark.parametrize("backend", ["hyperscan", "polars"])
def test_the_named_rule_fires(sigmahq, backend):
    pytest.importorskip("evtx", reason="the package evtx is an extra")
    if backend == "hyperscan":
        pytest.importorskip("hyperscan", reason="Hyperscan is not for this platform")
    known = cases(sigmahq)
    named = {one["id"] for said, _ in known for one in said["rule_metadata"]}
    rules = load(sorted(sigmahq.glob("rules*")))
    hunt = PlainHunt(
        [rule for rule in rules.rules if rule.id in named], "regression", Cover({}), Options(logs=(), backend=backend)
    )
    tried: Counter[str] = Counter()
    for said, recordings in known:
        wanted = [one["id"] for one in said["rule_metadata"]]
        counts = [test.get("match_count", 1) for test in said.get("regression_tests_info") or ()]
        for recording in recordings:
            found: Counter[str] = Counter()
            form = detect(recording.read_bytes()[: 1 << 18])
            assert form is not None, recording
            assert form.name == ("evtx" if recording.suffix == ".evtx" else "evtx-json")
            with Source(str(recording)) as source:
                for chunk in hunt.read(form.name, source.chunks(), str(recording)):
                    for _, sighting in hunt.sightings(chunk):
                        found.update(match.rule.id for match in sighting.matches)
            for rule, count in zip(wanted, counts or [1], strict=False):
                assert found[rule] == MORE.get(rule, count), recording
            tried[recording.suffix] += 1
    assert not hunt.rejects.counts, hunt.rejects.examples
    assert tried[".evtx"] >= 97
    assert tried[".json"] >= 97

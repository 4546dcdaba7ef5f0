"""What sightings share is encoded once, and the lines are those of their findings."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vedette
from vedette.event import RESOLVED
from vedette.hunt.finding import FindingOrigin, Matched, Process, RuleHeader, Session, Verdict
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options
from vedette.hunt.sighting import Match, Sighting, flattened
from vedette.report import ndjson
from vedette.report.ndjson import encode

EVIDENCE = Path(vedette.__file__).parent / "packs" / "linux-firewall" / "evidence"
HOSTILE = st.text(
    st.one_of(st.sampled_from('"\\\x00\x1b\x7f\x85\u202e\ud800é\U0001f600'), st.characters(exclude_categories=())),
    max_size=8,
)


def written(found):
    out = io.BytesIO()
    ndjson.write(found, out)
    return out.getvalue()


@given(HOSTILE, HOSTILE, st.sampled_from([None, ("one", "two\n")]))
def test_no_text_gets_out_of_its_place(text, other, raw):
    match = Match(
        RuleHeader(text, other, "high", text, "DRL-1.1", other, ("T1562.004",)),
        (Matched("CommandLine", text, None),),
        ("resolved",),
        Verdict("alert", None, other),
        RESOLVED,
    )
    second = Match(match.rule, (), ("invoked",), Verdict("excluded", text, other, (other,)), RESOLVED)
    sighting = Sighting(
        "2026-11-24T08:35:30.164Z",
        text,
        "process_creation",
        other,
        None,
        Session(text, 1, 2),
        Process(1, text, None, other, text, False, None, None, ()),
        {"DestinationIp": other, "n": 1},
        FindingOrigin(other, 5, 7),
        raw,
        (match, second),
    )
    expected = b"".join(encode(finding) + b"\n" for finding in sighting.findings())
    assert written([sighting]) == expected
    assert written([sighting, sighting]) == expected * 2


@pytest.mark.parametrize("raw", [False, True])
def test_a_hunt_writes_what_its_findings_are(raw):
    logs = (str(EVIDENCE / "gw-nft-01.audit.log.gz"),)
    options = Options(logs, raw=raw, show_excluded=True, until=1795509900.0)
    lines = written(Hunt(options).sightings())
    assert lines.count(b"\n") > 50
    assert lines == b"".join(encode(finding) + b"\n" for finding in flattened(Hunt(options).sightings()))

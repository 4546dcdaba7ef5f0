"""The recorded hosts: the seed's literal rule matches in each labelled step what the recordings' account says."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from vedette.event.view import Choice
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options

SEED = "3be619f4-d9ec-4ea8-a173-18fdd01996ab"
EVIDENCE = Path(str(files("vedette"))) / "packs" / "linux-firewall" / "evidence"
HOSTS = ("gw-nft-01", "gw-legacy-01")


def steps(host: str) -> list[tuple[str, float, float]]:
    with (EVIDENCE / f"{host}.steps.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [(row["step"], float(row["start_epoch"]), float(row["end_epoch"])) for row in rows]


def expected(host: str) -> dict[str, dict[str, int]]:
    path = Path(__file__).parent.parent / "data" / "seed-matches.tsv"
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["host"] == host]
    return {row["step"]: {"resolved": int(row["resolved"]), "invoked": int(row["invoked"])} for row in rows}


def matches(host: str, image: Choice) -> tuple[Counter[str], int]:
    hunt = Hunt(Options((str(EVIDENCE / f"{host}.audit.log.gz"),), image=image, exclude=False))
    found: Counter[str] = Counter()
    total = 0
    for finding in hunt.findings():
        if finding.rule.id != SEED:
            continue
        total += 1
        time = dt.datetime.fromisoformat(finding.time).timestamp()
        for step, start, end in steps(host):
            if start - 0.0005 <= time <= end + 0.0005:
                found[step] += 1
    return found, total


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("image", ["resolved", "invoked"])
def test_the_seed_rule_matches_step_by_step(host, image):
    found, total = matches(host, image)
    wanted = {step: counts[image] for step, counts in expected(host).items()}
    assert {step: found[step] for step in wanted} == wanted
    assert sum(found.values()) == total, "a match outside all labelled steps"


@pytest.mark.parametrize("host", HOSTS)
def test_both_readings_find_what_either_finds(host):
    found, _ = matches(host, "both")
    wanted = {step: max(counts.values()) for step, counts in expected(host).items()}
    assert {step: found[step] for step in wanted} == wanted


def test_the_kernels_reading_alone_is_blind_on_an_nft_host():
    assert matches("gw-nft-01", "resolved")[1] == 0
    assert matches("gw-nft-01", "invoked")[1] == 292

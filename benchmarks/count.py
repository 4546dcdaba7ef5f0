"""What a hunt finds, counted: rules loaded, rules that can match, matches by rule and a digest of all.

    python -m benchmarks.count LOG -r RULES [--no-routing]

Not timed; the races are held to it.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterable

import msgspec
from benchmarks.tally import Tally

from vedette.hunt.finding import Finding
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options

CATEGORY = "process_creation"


def tally(findings: Iterable[Finding], rules: int) -> tuple[Tally, int]:
    """The tally of the findings on process starts, and how many findings there are of any kind."""
    found, total = Tally(rules), 0
    for finding in findings:
        total += 1
        if finding.category == CATEGORY:
            found.add(finding.rule.id, finding.origin.serial, _epoch(finding.time))
    return found, total


def _epoch(time: str) -> str:
    """RFC 3339 as audit writes time: epoch seconds with milliseconds."""
    moment = dt.datetime.fromisoformat(time)
    return f"{int(moment.timestamp())}.{moment.microsecond // 1000:03d}"


def main() -> None:
    """Count one hunt."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("log")
    parser.add_argument("-r", "--rules", required=True)
    parser.add_argument("--no-routing", action="store_true")
    asked = parser.parse_args()
    hunt = Hunt(Options(logs=(asked.log,), rules=(asked.rules,), routing=not asked.no_routing))
    found, total = tally(hunt.findings(), len(hunt.rules.rules))
    starts = sum(host.events[CATEGORY] for host in hunt.summary.hosts.values())
    account = {
        "findings": total,
        "live": hunt.summary.rules_live,
        "refused": len(hunt.rules.problems),
        "starts": starts,
    }
    print(msgspec.json.encode(found.account() | account).decode())


if __name__ == "__main__":
    main()

"""Matching alone: what the engine costs on ready shapes, by number of rules.

    python -m benchmarks.matching LOG -r RULES [-r RULES]...

Every rule is asked of every process start, in all views. Reading, and writing of findings, are left out; loading of the
compiled rules is told apart. One JSON object a set of rules.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import msgspec

from vedette.engine import Matcher
from vedette.event.logsource import PROCESS_CREATION
from vedette.hunt.assignment import assign
from vedette.sigma.ruleset import load
from vedette.telemetry.auditd.reader import AuditReader
from vedette.telemetry.source import Source


def matching(log: str, rules: str) -> dict[str, object]:
    """The costs of one set of rules on one log, in CPU seconds."""
    ruleset = load([rules])
    assigned = assign(ruleset.rules, choice="both", routing=False, key=ruleset.key)
    assignment = next(one for one in assigned if one.source == PROCESS_CREATION)
    reader = AuditReader({PROCESS_CREATION: assignment.columns})
    clock = time.process_time
    started = clock()
    matcher = Matcher(assignment.plan, reader.shapes[PROCESS_CREATION])
    matcher.update()
    load_seconds, match_seconds = clock() - started, 0.0
    starts = matches = shapes = 0
    with Source(log) as source:
        for batches in reader.read(log, source.chunks()):
            started = clock()
            before = len(matcher.hits)
            for batch in batches:
                matcher.update()
                hits = matcher.hits
                found = [len(hits[number]) for number in batch.numbers if hits[number]]
                matches += sum(found)
                starts += len(batch.numbers)
            match_seconds += clock() - started
            shapes += max(0, len(matcher.hits) - before)
    return {
        "rules": len(ruleset.rules),
        "live": len(assignment.rules),
        "load_seconds": load_seconds,
        "match_seconds": match_seconds,
        "starts": starts,
        "shapes": shapes,
        "matches": matches,
    }


def main() -> None:
    """Measure all sets, interleaved."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("-r", "--rules", action="append", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    for rules in asked.rules:
        matching(str(asked.log), rules)  # fills the cache of compiled rules
    rounds = [[matching(str(asked.log), rules) for rules in asked.rules] for _ in range(asked.rounds)]
    for runs in zip(*rounds, strict=True):
        medians = {
            name: round(statistics.median(float(str(run[name])) for run in runs), 4)
            for name in ("load_seconds", "match_seconds")
        }
        print(msgspec.json.encode(runs[0] | medians).decode())


if __name__ == "__main__":
    main()

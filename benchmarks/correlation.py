"""Whether correlations stay in bounded memory: what they hold over millions of made events, million by million.

    python -m benchmarks.correlation [--events 10000000]

One line a million events: seconds, events held, groups, open findings and the process's peak memory. Half of the events
come from 200 busy sessions, the others each from a new one; all arrive up to 25 seconds late, 50 a second.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path
from typing import Final

from vedette.correlate.evaluation import Evaluation
from vedette.sigma.references import Directory
from vedette.sigma.ruleset import load

RULES: Final = """title: Flush
id: 11111111-1111-4111-8111-111111111111
name: flush
logsource: {product: linux, category: process_creation}
detection: {selection: {CommandLine: a}, condition: selection}
---
title: Connection
id: 22222222-2222-4222-8222-222222222222
name: reach
logsource: {product: linux, category: network_connection}
detection: {selection: {DestinationPort: 1}, condition: selection}
"""
SECTIONS: Final = (
    "type: event_count, rules: flush, group-by: LogonId, timespan: 1m, condition: {gte: 5}",
    "type: value_count, rules: reach, group-by: User, timespan: 10m, condition: {field: DestinationPort, gte: 50}",
    "type: temporal_ordered, rules: [flush, reach], group-by: LogonId, timespan: 10m",
    "type: temporal_ordered, rules: [busy, reach], group-by: LogonId, timespan: 10m",
)
_MILLION: Final = 1_000_000


def evaluation() -> Evaluation:
    """Four correlations, one of them over another."""
    documents = [RULES]
    for number, section in enumerate(SECTIONS):
        name = "busy" if number == 0 else f"c{number}"
        head = f"title: C{number}\nid: 44444444-4444-4444-8444-{number:012d}\nname: {name}\n"
        documents.append(f"{head}correlation: {{{section}}}\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.yml"
        path.write_text("---\n".join(documents), encoding="utf-8")
        rules = load([path], cache=False)
    assert not rules.problems, rules.problems
    return Evaluation(rules.correlations, Directory(rules.rules, rules.correlations))


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10 * _MILLION)
    events = parser.parse_args().events
    at_work, chance = evaluation(), random.Random(1)
    flush, reach = sorted(at_work.rules)
    started, told, most = time.process_time(), 0, 0
    print(f"{'events':>12} {'CPU s':>8} {'held':>9} {'most held':>10} {'open':>6} {'findings':>9} {'peak MiB':>9}")
    for number in range(1, events + 1):
        session = str(chance.randrange(200)) if number % 2 else f"once {number}"
        fields = {"LogonId": session, "User": session[-1], "DestinationPort": str(number % 1_000)}
        rule = flush if number % 3 else reach
        moment = number / 50 - chance.uniform(0, 25)
        told += len(at_work.push(rule, moment, fields.__getitem__, key=number, item=None))
        if number % 1_000 == 0:
            most = max(most, at_work.held)
        if number % _MILLION == 0 or number == events:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            spent = time.process_time() - started
            held = f"{at_work.held:>9,} {most:>10,} {at_work.open:>6,}"
            print(f"{number:>12,} {spent:>8.1f} {held} {told:>9,} {peak:>9.0f}", flush=True)
    print(f"lost or late: {dict(at_work.counts) or 'nothing'}")


if __name__ == "__main__":
    main()

"""The baseline: join, load into SQLite, one SELECT a rule. What a careful analyst would write in an afternoon.

    python -m benchmarks.baseline LOG -r RULES [-o FILE] [--no-routing]

Prints one JSON object: rules that ran, matches by rule, and a digest of all matches (see `benchmarks/tally.py`).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import msgspec
from benchmarks.join import starts
from benchmarks.sql import Database
from benchmarks.tally import Tally

from vedette.event.logsource import PROCESS_CREATION
from vedette.sigma.ruleset import load


def tally(log: Path, rules: str, *, routing: bool) -> Tally:
    """All matches of the rules on the process starts of a log, in any view.

    Raises:
        NotImplementedError: a rule searches the raw event.
    """
    asked = [rule for rule in load([rules]).rules if not routing or rule.logsource.covers(PROCESS_CREATION)]
    database = Database(starts(log))
    found = Tally(len(asked))
    for rule in asked:
        for event in database.ask(rule.predicate):
            serial, clock = database.events[event]
            found.add(rule.id, serial, clock)
    return found


def main() -> None:
    """Run the baseline on one log."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("-r", "--rules", required=True)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--no-routing", action="store_true")
    asked = parser.parse_args()
    started = time.process_time()
    found = tally(asked.log, asked.rules, routing=not asked.no_routing)
    text = msgspec.json.encode(found.account() | {"cpu_seconds": time.process_time() - started}).decode()
    if asked.output:
        asked.output.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()

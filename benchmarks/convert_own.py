"""Reads `{"files", "target"}`, writes for each file the CPU seconds to read and to convert it, or null: by Vedette."""

from __future__ import annotations

import json
import sys
import time

from vedette.kql import convert, read_target
from vedette.sigma.ruleset import load


def main() -> None:
    """Measure each file once, after one conversion that loads what there is to load."""
    asked = json.load(sys.stdin)
    target = read_target(asked["target"])
    convert(load(asked["files"][:1], cache=False).rules[0], target)
    told: list[list[float] | None] = []
    for path in asked["files"]:
        start = time.process_time()
        rules = load([path], cache=False).rules
        middle = time.process_time()
        queries = [convert(rule, target) for rule in rules]
        stop = time.process_time()
        done = bool(queries) and all(query.text for query in queries)
        told.append([middle - start, stop - middle] if done else None)
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()

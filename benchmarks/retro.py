"""Hunting again: rules over a dataset against the same rules over the logs that it was made of.

    python -m benchmarks.retro [--megabytes 1000] [--rounds 3] [--sigmahq DIR]

The findings are compared first; then both hunts run in turn, each in a process of its own that tells the CPU seconds of
the hunt apart from its start, and its peak memory. One JSON line a set of rules. The dataset stays in `bench-data/`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.corpus import corpus, snapshot
from benchmarks.grow import CACHE, RECORDING, grown

from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options
from vedette.lake.dataset import Dataset, is_dataset
from vedette.lake.retro import Retro

_RULE: Final = """title: A program with an argument
id: 11111111-1111-4111-8111-111111111111
logsource: {product: linux, category: process_creation}
detection:
  selection:
    Image|endswith: %s
    CommandLine|contains: %s
  condition: selection
level: high
"""


def once(place: str, rules: str) -> dict[str, Any]:
    """One hunt in this process: CPU seconds of the hunt apart from loading, findings and a digest of all of them."""
    made = Retro if is_dataset(place) else Hunt
    hunt = made(Options((place,), rules=(rules,), routing=False))
    cpu = time.process_time()
    found = sorted(f"{f.time} {f.host} {f.origin.offset} {f.rule.id} {f.views}" for f in hunt.findings())
    cpu = time.process_time() - cpu
    return {
        "cpu": round(cpu, 4),
        "findings": len(found),
        "digest": hashlib.sha256("\n".join(found).encode()).hexdigest()[:16],
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def apart(place: Path, rules: Path) -> dict[str, Any]:
    """`once` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.retro", "--once", str(place), str(rules)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def dataset(log: Path) -> tuple[Path, dict[str, Any]]:
    """The dataset of a log, made if it is not there, and what making it cost."""
    folder, account = CACHE / f"{log.stem}.lake", CACHE / f"{log.stem}.lake.json"
    if not (folder.is_dir() and account.is_file()):
        shutil.rmtree(folder, ignore_errors=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = ["from vedette.cli.main import main; main()", "ingest", str(log), "-o", str(folder), "--no-records"]
        subprocess.run([sys.executable, "-c", *command], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        account.write_text(json.dumps({"ingest_cpu": round(cpu, 1), "ingest_peak_mib": after.ru_maxrss // 1024}))
    made: dict[str, Any] = json.loads(account.read_text())
    parts = [p for entry in Dataset(str(folder)).entries() for p in (*entry.parts, *entry.processes)]
    return folder, made | {"bytes": sum(p.size for p in parts), "rows": sum(p.rows for p in parts)}


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sigmahq", type=Path)
    parser.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.once:
        print(json.dumps(once(*asked.once)))
        return
    log, _ = grown(RECORDING, asked.megabytes)
    folder, made = dataset(log)
    print(json.dumps({"log": log.name, "megabytes": asked.megabytes, "dataset": made}), flush=True)
    sets: dict[str, Path] = {}
    for name, file, words in (
        ("one rule, no match", "none", ("/nft", "' delete table '")),
        ("one rule, many matches", "many", ("/sudo", "' '")),
    ):
        sets[name] = CACHE / f"retro-{file}.yml"
        sets[name].write_text(_RULE % words)
    sigmahq = snapshot(asked.sigmahq)
    if sigmahq is not None:
        sets["process_creation"] = corpus(sigmahq, "process_creation").folder
    for name, rules in sets.items():
        runs = [(apart(log, rules), apart(folder, rules)) for _ in range(asked.rounds)]
        if len({one["digest"] for pair in runs for one in pair}) != 1:
            raise SystemExit(f"{name}: the findings differ: {runs}")
        log_cpu, lake_cpu = (statistics.median(pair[side]["cpu"] for pair in runs) for side in (0, 1))
        line = {
            "rules": name,
            "findings": runs[0][0]["findings"],
            "log_cpu": log_cpu,
            "dataset_cpu": lake_cpu,
            "ratio": round(log_cpu / lake_cpu, 1),
            "log_peak_mib": max(pair[0]["peak_mib"] for pair in runs),
            "dataset_peak_mib": max(pair[1]["peak_mib"] for pair in runs),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

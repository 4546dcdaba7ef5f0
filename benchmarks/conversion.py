"""The race of conversions: Vedette against pySigma's backend for Kusto, in CPU time a rule, medians of mixed runs.

    python -m benchmarks.conversion --peer PYTHON [--rounds 5] [--sigmahq DIR]

PYTHON is the interpreter of an environment with `requirements/peers.txt`; `make bench` makes one. Only files that both
convert are compared. Results are appended as JSON lines to `bench-data/conversion.jsonl`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, TypeAlias

from benchmarks.corpus import snapshot
from benchmarks.grow import CACHE, ROOT

TARGETS: Final = ("asim", "xdr")
#: Seconds to read and to convert each file; None where it has no query.
Times: TypeAlias = list[list[float] | None]


def measure(command: list[str], files: list[str], target: str) -> Times:
    """One run of one contestant."""
    asked = json.dumps({"files": files, "target": target})
    done = subprocess.run(command, cwd=ROOT, input=asked, check=True, capture_output=True, text=True, timeout=600)
    times: Times = json.loads(done.stdout)
    return times


def medians(runs: list[Times], both: list[int], phase: int) -> float:
    """Milliseconds a file, of the files that both convert: the median of the runs' means."""
    means = []
    for run in runs:
        times = [run[place] for place in both]
        means.append(statistics.fmean(one[phase] for one in times if one is not None))
    return 1000 * statistics.median(means)


def race(files: list[str], target: str, peer: Path, rounds: int) -> dict[str, Any]:
    """All runs on one target, interleaved."""
    commands = {
        "vedette": [sys.executable, "-m", "benchmarks.convert_own"],
        "pySigma": [str(peer), str(ROOT / "benchmarks" / "convert_peer.py")],
    }
    runs: dict[str, list[Times]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(measure(command, files, target))
    both = [place for place, pair in enumerate(zip(*(run[0] for run in runs.values()), strict=True)) if all(pair)]
    line: dict[str, Any] = {"target": target, "files": len(files), "both": len(both), "rounds": rounds}
    for name, some in runs.items():
        line[name] = {
            "converted": sum(one is not None for one in some[0]),
            "read_ms": medians(some, both, 0),
            "convert_ms": medians(some, both, 1),
        }
    return line | {"ratio": line["pySigma"]["convert_ms"] / line["vedette"]["convert_ms"]}


def main() -> int:
    """Race on each target."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peer", type=Path, required=True, help="interpreter that has pySigma's backend for Kusto")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sigmahq", type=Path, help="SigmaHQ snapshot; default: sigmahq/ in VEDETTE_SHARED")
    parser.add_argument("-o", "--output", type=Path, default=CACHE / "conversion.jsonl")
    asked = parser.parse_args()
    folder = snapshot(asked.sigmahq)
    if folder is None:
        print("no SigmaHQ snapshot (--sigmahq, or sigmahq/ in VEDETTE_SHARED): no race of conversions", file=sys.stderr)
        return 0
    files = [str(path) for path in sorted(folder.glob("rules*/**/*.yml")) if "process_creation" in path.parent.parts]
    asked.output.parent.mkdir(exist_ok=True)
    for target in TARGETS:
        line = race(files, target, asked.peer.absolute(), asked.rounds)
        with asked.output.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), **line}) + "\n")
        for name in ("vedette", "pySigma"):
            of = line[name]
            print(
                f"{target:5} {name:8} {of['converted']:>5} of {line['files']} converted, "
                f"{of['convert_ms']:.3f} ms to convert and {of['read_ms']:.3f} ms to read one of {line['both']}"
            )
        print(f"{target:5} convert alone: {line['ratio']:.2f} x as fast as pySigma's backend")
    return 0


if __name__ == "__main__":
    sys.exit(main())

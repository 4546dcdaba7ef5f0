"""The race: Vedette against its peers, in CPU seconds of whole processes, medians of interleaved runs.

    python -m benchmarks.run [--megabytes 200]... [--rounds 5] [--sigmahq DIR] [--zircolite DIR] [--no-baseline]

Before anything is timed, what the hunt finds is counted; a run that finds something else fails the race, as does a
baseline that finds other rows. Results are appended as JSON lines to `bench-data/results.jsonl`; `python -m
benchmarks.table` makes `docs/performance.md` of them.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import gzip
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from benchmarks.contestant import Contestant, baseline, plain, vedette, zircolite
from benchmarks.corpus import Corpus, corpus, pack_corpus, snapshot
from benchmarks.cost import Cost, RunFailedError, run, summary
from benchmarks.grow import CACHE, RECORDING, ROOT, Grown, grown
from benchmarks.tally import differences

#: The benchmark set, and the one that is reported beside it.
BENCHMARK_SET: Final = "process_creation"
ALL: Final = "all"
_STEPS: Final = (1, 10, 100)
_PACKAGES: Final = ("vedette", "hyperscan", "numpy", "polars", "msgspec", "pysigma", "google-re2")


class MismatchError(Exception):
    """Two programs that must find the same did not."""


class Race:
    """One log, its contestants, and what they cost.

    Args:
        log: the grown log.
        made: what it is.
        out: file that results are appended to.
    """

    def __init__(self, log: Path, made: Grown, out: Path) -> None:
        self._log = log
        self._made = made
        self._out = out
        self._counts: dict[tuple[str, bool], dict[str, Any]] = {}
        self._entries: list[tuple[Contestant, Corpus | None, bool]] = []
        self._costs: dict[str, list[Cost]] = {}
        self._found: dict[str, int | None] = {}

    def enter(self, contestant: Contestant, rules: Corpus | None = None, *, routing: bool = False) -> None:
        """Let a contestant take part; with rules, the hunt is counted first."""
        self._entries.append((contestant, rules, routing))
        if rules is not None and (rules.name, routing) not in self._counts:
            self._counts[rules.name, routing] = self._count(rules, routing=routing)

    def go(self, rounds: int) -> dict[str, float]:
        """Run all, interleaved; median CPU seconds by name.

        Raises:
            MismatchError: a contestant that must find what the hunt finds did not.
        """
        for turn in range(rounds):
            for contestant, rules, routing in self._entries:
                if contestant.slow and turn != rounds // 2:
                    continue
                if contestant.cold is not None:
                    shutil.rmtree(contestant.cold, ignore_errors=True)
                try:
                    cost = run(
                        contestant.command,
                        environment=contestant.environment,
                        folder=contestant.folder,
                        output=contestant.output,
                    )
                except RunFailedError as error:
                    if contestant.exact:
                        raise
                    say(f"  {contestant.name}: left out, {error}")
                    continue
                self._costs.setdefault(contestant.name, []).append(cost)
                self._check(contestant, cost, rules, routing=routing)
                say(f"  {turn + 1}/{rounds} {contestant.name}: {cost.cpu:.2f} CPU s, {cost.peak >> 20} MiB")
        return self._report()

    def compare(self, rules: Corpus, account: dict[str, Any]) -> None:
        """Hold another program's account of its matches against the hunt's.

        Raises:
            MismatchError: they differ.
        """
        found = differences(self._counts[rules.name, False], account)
        if found:
            raise MismatchError("the baseline and the hunt differ: " + "; ".join(found[:10]))

    def _count(self, rules: Corpus, *, routing: bool) -> dict[str, Any]:
        command = [sys.executable, "-m", "benchmarks.count", str(self._log), "-r", str(rules.folder)]
        environment = os.environ | {"XDG_CACHE_HOME": str(CACHE / "warm")}
        if not routing:
            command.append("--no-routing")
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=1800)
        counted: dict[str, Any] = json.loads(done.stdout)
        say(
            f"  {rules.name}, {'routed' if routing else 'unrouted'}: {counted['rules']:,} rules loaded, "
            f"{counted['live']:,} live, {counted['findings']:,} findings on {counted['starts']:,} process starts"
        )
        return counted

    def _check(self, contestant: Contestant, cost: Cost, rules: Corpus | None, *, routing: bool) -> None:
        if rules is None:
            return
        found = self._found[contestant.name] = contestant.matches(cost)
        counted = self._counts[rules.name, routing]
        if contestant.exact and found != counted["findings"]:
            raise MismatchError(f"{contestant.name} found {found}, the hunt {counted['findings']}")

    def _report(self) -> dict[str, float]:
        medians: dict[str, float] = {}
        with self._out.open("a", encoding="utf-8") as out:
            for contestant, rules, routing in self._entries:
                if contestant.name not in self._costs:
                    continue
                costs = self._costs[contestant.name]
                line: dict[str, Any] = {"kind": "race", "contestant": contestant.name} | circumstances(self._made)
                if rules is not None:
                    counted = self._counts[rules.name, routing]
                    line |= {
                        "rule_set": rules.name,
                        "corpus": rules.digest[:16],
                        "routed": routing,
                        # What others load of the rules is theirs to say.
                        "rules_loaded": counted["rules"] if contestant.exact else None,
                        "rules_live": counted["live"] if contestant.exact else None,
                        "starts": counted["starts"],
                        "matches": self._found[contestant.name],
                    }
                line |= summary(costs)
                out.write(json.dumps(line) + "\n")
                medians[contestant.name] = statistics.median(cost.cpu for cost in costs)
        return medians


def circumstances(made: Grown) -> dict[str, Any]:
    """The machine, the versions and the log of a result."""
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in _PACKAGES},
        "log": {
            "bytes": made.size,
            "records": made.lines,
            "execs": made.execs,
            "distinct": round(made.share, 4),
            "swapped": made.swapped,
            "sha256": made.digest[:16],
        },
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def packed(log: Path) -> Path:
    """The log as gzip, beside it."""
    path = log.with_suffix(".log.gz")
    if not path.is_file():
        part = path.with_suffix(".part")
        with log.open("rb") as source, gzip.open(part, "wb", compresslevel=6) as out:
            shutil.copyfileobj(source, out, 1 << 20)
        part.rename(path)
    return path


def one_line(log: Path) -> Path:
    """A log of one line: what remains of it is start-up."""
    path = CACHE / "one-line.log"
    with log.open("rb") as lines:
        path.write_bytes(next(line for line in lines if b"type=SYSCALL" in line))
    return path


def race(megabytes: int, asked: argparse.Namespace) -> None:
    """Grow the log, let all contestants run on it, measure matching alone, and append the results."""
    log, made = grown(RECORDING, megabytes, distinct=asked.distinct)
    say(f"{log}: {made.size:,} bytes, {made.execs:,} execs, {made.share:.1%} of command lines distinct")
    sigmahq = snapshot(asked.sigmahq)
    if sigmahq is None:
        say("no SigmaHQ snapshot (--sigmahq, or sigmahq/ in VEDETTE_SHARED): the pack's rules race alone")
    bench = pack_corpus() if sigmahq is None else corpus(sigmahq, BENCHMARK_SET)
    gz = packed(log)
    this = Race(log, made, asked.output)
    hunt = "vedette, unrouted"
    this.enter(vedette(hunt, log, bench.name, bench.folder), bench)
    for contestant in plain(log, gz):
        this.enter(contestant)
    this.enter(vedette("vedette, routed", log, bench.name, bench.folder, routing=True), bench, routing=True)
    this.enter(vedette("vedette, unrouted, csv", log, bench.name, bench.folder, form="csv"), bench)
    this.enter(vedette("vedette, unrouted, cold cache", log, bench.name, bench.folder, cold=True), bench)
    this.enter(vedette("vedette, unrouted, gzip", gz, bench.name, bench.folder), bench)
    this.enter(vedette("vedette, start-up", one_line(log), bench.name, bench.folder))
    steps: list[Corpus] = []
    if sigmahq is not None:
        steps = [corpus(sigmahq, BENCHMARK_SET, take) for take in _STEPS]
        for few in steps:
            this.enter(vedette(f"vedette, unrouted, {few.rules} rules", log, few.name, few.folder), few)
        everything = corpus(sigmahq, ALL)
        name = f"vedette, unrouted, {everything.rules} rules"
        entry = vedette(name, log, everything.name, everything.folder)
        this.enter(dataclasses.replace(entry, slow=True), everything)
    if asked.baseline:
        this.enter(baseline(log, bench.name, bench.folder), bench)
    if asked.zircolite is not None:
        this.enter(zircolite(asked.zircolite.resolve(), log, bench.name, bench.folder), bench)
    medians = this.go(asked.rounds)
    if asked.baseline:
        this.compare(bench, json.loads((CACHE / "baseline.json").read_text()))
    match_alone(log, made, [*steps, bench], asked)
    for name, seconds in medians.items():
        print(f"{name:36} {seconds:9.3f} CPU s   {seconds / medians[hunt]:8.2f} x vedette, unrouted")


def match_alone(log: Path, made: Grown, sets: Sequence[Corpus], asked: argparse.Namespace) -> None:
    """Append what matching alone costs, by number of rules."""
    command = [sys.executable, "-m", "benchmarks.matching", str(log)]
    for rules in sets:
        command += ["-r", str(rules.folder)]
    environment = os.environ | {"XDG_CACHE_HOME": str(CACHE / "warm")}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=1800)
    with asked.output.open("a", encoding="utf-8") as out:
        for rules, text in zip(sets, done.stdout.splitlines(), strict=True):
            measured: dict[str, Any] = json.loads(text)
            line = {"kind": "matching", "rule_set": rules.name, "corpus": rules.digest[:16]}
            out.write(json.dumps(line | circumstances(made) | measured) + "\n")
            print(f"matching alone, {measured['rules']:>5} rules: {measured['match_seconds']:.3f} CPU s")


def main() -> int:
    """Race on every size that is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--megabytes", type=int, action="append", help="sizes of the log; default 200")
    parser.add_argument("--distinct", type=float, default=0.1, help="share of command lines that are distinct")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sigmahq", type=Path, help="SigmaHQ snapshot; default: sigmahq/ in VEDETTE_SHARED")
    parser.add_argument(
        "--zircolite", type=Path, help="a checkout of Zircolite, with its packages or a venv of its own"
    )
    parser.add_argument("--baseline", action=argparse.BooleanOptionalAction, default=True, help="join, then SQLite")
    parser.add_argument("-o", "--output", type=Path, default=CACHE / "results.jsonl")
    asked = parser.parse_args()
    CACHE.mkdir(exist_ok=True)
    for megabytes in asked.megabytes or [200]:
        try:
            race(megabytes, asked)
        except (MismatchError, RunFailedError, subprocess.CalledProcessError) as error:
            say(f"the race failed: {error}")
            if isinstance(error, subprocess.CalledProcessError):
                say(error.stderr.decode("utf-8", "replace")[-2000:])
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

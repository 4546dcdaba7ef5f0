"""The tables of `docs/performance.md`, made from results.

    python -m benchmarks.table [RESULTS.jsonl]...

Default: all files in `benchmarks/results/`. Only what stands between the two marks is written anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.grow import ROOT

PAGE: Final = ROOT / "docs/performance.md"
RESULTS: Final = Path(__file__).resolve().parent / "results"
BEGIN: Final = "<!-- results: written by `python -m benchmarks.table` -->"
END: Final = "<!-- end of results -->"
_HUNT: Final = "vedette, unrouted"

Result = dict[str, Any]


def read(paths: Sequence[Path]) -> list[list[Result]]:
    """The results of each file; one file is one run."""
    return [[json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in paths]


def tables(runs: Sequence[Sequence[Result]]) -> str:
    """All runs as Markdown."""
    return "\n".join(part for run in runs for part in _run(run))


def written(page: str, text: str) -> str:
    """The page with `text` between its marks.

    Raises:
        ValueError: a mark is missing.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n\n{text}\n{END}{after}"


def _conversion(results: Sequence[Result]) -> list[str]:
    """The race of conversions to KQL."""
    return [
        f"### Rules to KQL, {results[0]['at'][:10]}",
        "",
        "CPU time a rule over the rules that both convert, medians of mixed rounds; reading the rule apart.",
        "",
        "| target | rules | both convert | Vedette, ms | existing backend, ms | ratio |",
        "|---|--:|--:|--:|--:|--:|",
        *(
            f"| {result['target']} | {result['files']:,} | {result['both']:,} | {result['vedette']['convert_ms']:.2f} "
            f"| {result['pySigma']['convert_ms']:.2f} | {result['ratio']:.1f} |"
            for result in results
        ),
        "",
    ]


def _run(results: Sequence[Result]) -> list[str]:
    first = results[0]
    if "pySigma" in first:
        return _conversion(results)
    log, versions = first["log"], first["versions"]
    races = [result for result in results if result["kind"] == "race"]
    hunt = next(result["cpu_median"] for result in races if result["contestant"] == _HUNT)
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    parts = [
        f"### {log['bytes'] / 1e6:,.0f} MB, {first['date']}",
        "",
        f"{first['machine']}. {named}.",
        "",
        (
            f"Log: {log['records']:,} records, {log['execs']:,} EXECVE, of which {log['distinct']:.1%} distinct, "
            f"{log['swapped']:,} pairs of lines swapped, SHA-256 `{log['sha256']}`."
        ),
        "",
        "| | rules loaded | live | matches | runs | CPU s | x `vedette, unrouted` | MB/s | peak MiB |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(_row(result, hunt, log["bytes"]) for result in races),
        "",
    ]
    alone = [result for result in results if result["kind"] == "matching"]
    if alone:
        least = alone[0]["match_seconds"]
        parts += [
            "Matching alone (ready shapes, all views, unrouted; patterns loaded from the cache included):",
            "",
            "| rules | live | process starts | distinct shapes | matches | CPU s | x first row |",
            "|--:|--:|--:|--:|--:|--:|--:|",
            *(
                f"| {result['rules']:,} | {result['live']:,} | {result['starts']:,} | {result['shapes']:,} "
                f"| {result['matches']:,} | {result['match_seconds']:.3f} | {result['match_seconds'] / least:.1f} |"
                for result in alone
            ),
            "",
        ]
    return parts


def _row(result: Result, hunt: float, size: int) -> str:
    def number(name: str) -> str:
        value = result.get(name)
        return "" if value is None else f"{value:,}"

    cpu = result["cpu_median"]
    speed = "" if result["contestant"].endswith("start-up") or not cpu else f"{size / 1e6 / cpu:,.0f}"
    return (
        f"| {result['contestant']} | {number('rules_loaded')} | {number('rules_live')} | {number('matches')} "
        f"| {result['runs']} | {cpu:.2f} | {cpu / hunt:.2f} | {speed} | {number('peak_mib')} |"
    )


def main() -> None:
    """Write the page."""
    paths = [Path(name) for name in sys.argv[1:]] or sorted(RESULTS.glob("*.jsonl"))
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), tables(read(paths))), encoding="utf-8")


if __name__ == "__main__":
    main()

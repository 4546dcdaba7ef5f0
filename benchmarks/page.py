"""How fast the report's page opens and filters: 10,000 findings, with their records, in headless Chromium.

    python -m benchmarks.page [--findings N] [--keep FILE]

Times are medians of five openings; beside them stands the main thread's own time, which a busy machine does not move.
`paint` is the first contentful paint, `drawn` the end of the page's own script, `filter` what passes from a change of
the filter until the frame that shows it in list and timeline.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec.structs import replace
from playwright.sync_api import Browser, sync_playwright

from vedette.hunt.finding import Finding
from vedette.hunt.hunt import Hunt, built_in_pack
from vedette.hunt.options import Options
from vedette.report.dossier import dossier
from vedette.report.html import document

ARGUMENTS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
OPENINGS: Final = 5
#: Name to the script that changes the filter, as a user's act would.
FILTERS: Final = {
    "first search": "typed('kworker')",
    "search, few left": "typed('ufw-logging-deny session 399')",
    "search, most left": "typed('iptables')",
    "search, none left": "typed('no such text')",
    "search emptied": "typed('')",
    "one level": "document.querySelector('button.tile').click()",
    "all levels": "document.querySelector('button.tile').click()",
    "zoom": "document.querySelectorAll('.timeline button')[1].click()",
    "one rule": "chosen('All rules', 3)",
    "one host": "chosen('All hosts', 2)",
}
#: Milliseconds from the act until the frame that shows what it did.
TIMED: Final = """async () => {
  const typed = (text) => {
    const search = document.getElementById('search');
    search.value = text;
    search.dispatchEvent(new Event('input'));
  };
  const chosen = (name, place) => {
    const select = document.querySelector(`[aria-label="${name}"]`);
    select.selectedIndex = place;
    select.dispatchEvent(new Event('change'));
  };
  const frame = () => new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
  await frame();
  const start = performance.now();
  ACT;
  await frame();
  return performance.now() - start;
}"""


def findings(number: int) -> Iterator[Finding]:
    """As many findings: those of the recording again and again, each round 15 minutes later on another host."""
    log = Path(built_in_pack("linux-firewall")) / "evidence" / "gw-nft-01.audit.log.gz"
    found = list(Hunt(Options(logs=(str(log),), raw=True, show_excluded=True)).findings())
    for place in range(number):
        finding, turn = found[place % len(found)], place // len(found)
        moment = dt.datetime.fromisoformat(finding.time) + dt.timedelta(minutes=15 * turn)
        process = finding.process
        if process is not None:
            # No two rounds share a command line, as no two hosts do.
            process = replace(process, pid=process.pid + turn, command_line=f"{process.command_line} #{turn}")
        text = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
        yield replace(finding, time=text, host=f"gw-{turn % 7:02d}", process=process)


def opening(browser: Browser, path: Path) -> dict[str, tuple[float, float]]:
    """The figures of one opening in milliseconds: what passed, and what the main thread worked."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) * 1000 for one in metrics if one["name"] == "TaskDuration")

    page.goto(path.as_uri())
    drawn = worked()
    page.wait_for_timeout(500)
    paint, end = page.evaluate(
        "['first-contentful-paint', 'drawn'].map((name) => performance.getEntriesByName(name)[0].startTime)"
    )
    figures = {"paint": (paint, 0.0), "drawn": (end, drawn)}
    for name, act in FILTERS.items():
        before = worked()
        passed = page.evaluate(TIMED.replace("ACT", act))
        figures[f"filter: {name}"] = (passed, worked() - before)
    context.close()
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--findings", type=int, default=10_000)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("no chromium; on Debian: apt-get install chromium")
    holding = dossier(findings(asked.findings))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = asked.keep or Path(folder) / "report.html"
        start = time.perf_counter()
        path.write_bytes(b"".join(document(holding, "Hunt report", made=dt.datetime.now(dt.UTC))))
        seconds, size = time.perf_counter() - start, path.stat().st_size
        print(f"{asked.findings:,} findings, written in {seconds:.2f} s, {size / 1e6:.1f} MB")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        rounds = [opening(browser, path) for _ in range(OPENINGS)]
        browser.close()
    for name in rounds[0]:
        passed = [figures[name][0] for figures in rounds]
        work = statistics.median(figures[name][1] for figures in rounds)
        spread = f"({min(passed):.0f} to {max(passed):.0f})"
        print(f"{name:28} {statistics.median(passed):6.0f} ms {spread:16}" + (f"work {work:5.0f} ms" if work else ""))


if __name__ == "__main__":
    main()

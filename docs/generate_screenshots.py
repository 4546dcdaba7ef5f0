"""Takes the pictures of the report that the documentation shows: `python docs/generate_screenshots.py`.

Hunts through the recording that the project ships, writes the report, opens it in the system's Chromium and keeps
pictures in `docs/img`, at the width of a desk and of a phone. No test compares them: fonts differ from host to host.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parent.parent
IMAGES: Final = ROOT / "docs" / "img"
LOG: Final = "src/vedette/packs/linux-firewall/evidence/gw-nft-01.audit.log.gz"
#: Most bytes of a picture.
MAX_BYTES: Final = 300_000
ARGUMENTS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
#: Name of the picture to width, height, colours, and what is scrolled to.
PICTURES: Final = {
    "report-1280": (1280, 1000, "light", ""),
    "report-dark-1280": (1280, 1000, "dark", ""),
    "report-findings-1280": (1280, 1000, "light", "#findings"),
    "report-390": (390, 844, "light", ""),
    "report-incident-390": (390, 844, "dark", "#incidents"),
}


def main() -> None:
    """Write the report, take the pictures."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("no chromium; on Debian: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        findings, page = Path(folder) / "findings.ndjson", Path(folder) / "report.html"
        hunt = ("hunt", LOG, "--incidents", "--raw", "--show-excluded", "-f", "ndjson", "-o", str(findings))
        for arguments in (hunt, ("report", str(findings), "-o", str(page), "--title", "Hunt through gw-nft-01")):
            vedette = Path(sys.executable).with_name("vedette")
            subprocess.run([vedette, *arguments], cwd=ROOT, check=True, stderr=subprocess.DEVNULL)  # noqa: S603 (ours)
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        for name in PICTURES:
            print(f"{name}.png: {picture(browser, page, name):,} bytes")  # noqa: T201 (a script says what it did)
        browser.close()


def picture(browser: Browser, report: Path, name: str) -> int:
    """Take one picture; tells its size in bytes."""
    width, height, colours, place = PICTURES[name]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if colours == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(report.as_uri())
    if place:
        page.locator(place).evaluate("(one) => one.scrollIntoView()")
    if place == "#findings":
        open_row(page)
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    context.close()
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise SystemExit(f"{path.name} has {size:,} bytes, more than {MAX_BYTES:,}")
    return size


def open_row(page: Page) -> None:
    """Search, and open the first row that is left, so that a process tree is seen."""
    page.locator("#search").fill("ufw reset")
    page.locator("#clear").wait_for()
    page.wait_for_timeout(200)
    page.locator(".row").first.click()


if __name__ == "__main__":
    main()

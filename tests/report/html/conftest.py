"""A real browser for the tests of the page."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from vedette.report.dossier import Dossier, Item, dossier
from vedette.report.html import document

ARGUMENTS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
MADE: Final = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium; its absence skips, but not where all has to be proved."""
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("VEDETTE_CI"):
            pytest.fail("no chromium: apt-get install chromium")
        pytest.skip("no chromium; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield started
        started.close()


class Opened:
    """A page that is open, with what it said and asked for.

    Attributes:
        page: the page.
        complaints: errors of the console and of the script.
        requests: addresses that it asked for beside its own file.
        dialogs: dialogs that it opened.
    """

    def __init__(self, context: BrowserContext, path: Path) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type != "log" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dismiss)
        own = path.as_uri()

        def judge(route: Route) -> None:
            if route.request.url == own:
                route.continue_()
            else:
                self.requests.append(route.request.url)
                route.abort()

        self.page.route("**/*", judge)
        self.page.goto(own)

    def _dismiss(self, dialog: object) -> None:
        self.dialogs.append(str(dialog))
        dialog.dismiss()  # type: ignore[attr-defined]  # playwright's own, whose type it does not export

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that fit."""
        return self.page.locator(selector).all_inner_texts()


class Opener:
    """Writes dossiers as pages and opens them."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self.contexts: list[BrowserContext] = []

    def __call__(self, items: Iterable[Item] | Dossier, *, width: int = 1280, scheme: str = "light") -> Opened:
        """Open the page of some findings, incidents and accounts."""
        holding = items if isinstance(items, Dossier) else dossier(items)
        path = self._folder / f"report-{len(self.contexts)}.html"
        path.write_bytes(b"".join(document(holding, "Hunt report", made=MADE)))
        context = self._browser.new_context(
            viewport={"width": width, "height": 844},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
        )
        self.contexts.append(context)
        return Opened(context, path)


@pytest.fixture
def show(browser, tmp_path) -> Iterator[Opener]:
    """Opens pages; each must be silent, ask for nothing, and open no dialog."""
    opener = Opener(browser, tmp_path)
    yield opener
    for context in opener.contexts:
        context.close()

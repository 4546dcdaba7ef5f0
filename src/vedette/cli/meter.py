"""The progress of a hunt on a terminal: how much of the log, how fast, how long yet."""

from __future__ import annotations

import time
from typing import Any, Self

from vedette.hunt.options import Progress


class Meter:
    """Shows progress on standard error while its `with` block runs; silent where that is no terminal."""

    def __init__(self, *, shown: bool, doing: str = "hunting") -> None:
        self._shown = shown
        self._doing = doing
        self._live: Any = None
        self._task: Any = None
        self._phase = ""
        self._since = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __call__(self, progress: Progress) -> None:
        """Take note of how far the hunt is."""
        if not self._shown:
            return
        if self._live is None:
            self._start()
        if progress.phase != self._phase:
            self._phase, self._since = progress.phase, time.monotonic()
        seconds = time.monotonic() - self._since
        words = {"rules": "loading rules", "ship": "shipping"}.get(progress.phase, "hunting")
        speed = f"{progress.decompressed / 1e6 / seconds:,.0f} MB/s" if progress.decompressed and seconds > 0.1 else ""
        self._live.update(
            self._task,
            description=words,
            completed=min(progress.done, progress.total) if progress.total else None,
            total=progress.total or None,
            speed=speed,
        )

    def stop(self) -> None:
        """Remove the display; what is printed next stands on a clean line."""
        self._shown = False
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _start(self) -> None:
        from rich import progress as parts
        from rich.console import Console

        self._live = parts.Progress(
            parts.TextColumn("{task.description}"),
            parts.BarColumn(bar_width=30),
            parts.TaskProgressColumn(),
            parts.TextColumn("{task.fields[speed]}"),
            parts.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._live.add_task("", total=None, speed="")
        self._live.start()

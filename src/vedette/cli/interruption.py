"""SIGINT and SIGTERM end the reading of the logs, not the program: what was found is still put out."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Final, Self, TypeVar

Item = TypeVar("Item")
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Handlers of both signals while its `with` block runs.

    The first signal stops the iterator given to `until`; while a result is being written it only takes note. A second
    signal raises KeyboardInterrupt wherever the program is.

    Attributes:
        by: name of the signal that came, or None.
    """

    def __init__(self) -> None:
        self.by: str | None = None
        self._reading = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            # Outside the main thread no handler can be set; there signals are the caller's matter.
            with contextlib.suppress(ValueError):
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def until(self, items: Iterator[Item]) -> Iterator[Item]:
        """The items up to the first signal; the iterator is closed then."""
        while self.by is None:
            try:
                self._reading = True
                item = next(items)
                self._reading = False
            except StopIteration:
                return
            except KeyboardInterrupt:
                self.by = self.by or "SIGINT"
                return
            finally:
                self._reading = False
            yield item
        close = getattr(items, "close", None)
        if close is not None:
            close()

    def during(self, make: Callable[[], Item]) -> Item:
        """Call `make`, which a signal may end.

        Raises:
            KeyboardInterrupt: a signal came.
        """
        self._reading = True
        try:
            return make()
        finally:
            self._reading = False

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        again, self.by = self.by is not None, signal.Signals(number).name
        if again or self._reading:
            raise KeyboardInterrupt

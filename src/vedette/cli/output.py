"""Where results go: standard output, or a file that is only ever seen whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from vedette.errors import UsageError


class Output:
    """One destination.

    A file is written beside its place and renamed at the end, so that no reader sees half of it and an older
    one survives a hunt that fails. Pipes and devices are written as they are.

    Attributes:
        path: the file as the user named it, or None for standard output.
        stream: what to write to.
    """

    def __init__(self, path: str | None) -> None:
        self.path = None if path == "-" else path
        self._beside: Path | None = None
        self._target: Path | None = None
        self.stream: BinaryIO
        if self.path is None:
            self.stream = sys.stdout.buffer
            return
        target = Path(os.path.realpath(self.path))
        try:
            if target.exists() and not stat.S_ISREG(target.stat().st_mode):
                self.stream = target.open("wb")
                return
            beside = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.tmp")
            self.stream = beside.open("xb")
        except OSError as error:
            raise UsageError(f"can't write {self.path}: {error.strerror}; name another file with -o") from None
        self._target, self._beside = target, beside

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at it."""
        return self.stream.isatty()

    def commit(self) -> None:
        """Everything is written: put the file in its place.

        Raises:
            UsageError: it can't be put there.
        """
        if self.path is None:
            self.stream.flush()
            return
        try:
            self.stream.close()
            if self._beside and self._target:
                self._beside.replace(self._target)
        except OSError as error:
            self.discard()
            raise UsageError(f"can't write {self.path}: {error.strerror}") from None
        self._beside = None

    def keep_partial(self) -> str | None:
        """The hunt was stopped: keep what is written as `FILE.partial`, FILE as it was; tells the name, if any."""
        if not self._beside or not self._target:
            return None
        partial = self._target.with_name(self._target.name + ".partial")
        with contextlib.suppress(OSError):
            self.stream.close()
            self._beside.replace(partial)
            self._beside = None
        return f"{self.path}.partial"

    def discard(self) -> None:
        """Leave nothing behind; harmless after `commit` or `keep_partial`."""
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.stream.close()
        if self._beside:
            self._beside.unlink(missing_ok=True)
            self._beside = None

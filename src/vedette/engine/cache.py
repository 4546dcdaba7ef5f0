"""Compiled things on disk: plans and Hyperscan databases.

An entry is a file named by what it was made from. It holds its own hash, so that a torn or altered file counts as
missing; it is put in place by a rename, so that concurrent runs can't see half of it. Every failure of the file system
only costs time. Nothing in it is executed: plans are MessagePack, databases carry Hyperscan's own checks.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

#: First bytes of every entry; the number grows when the form of entries changes, that of plans included.
MAGIC: Final = b"vedette-cache-2\n"
#: So many entries are kept; the ones unused for longest go first.
MAX_ENTRIES: Final = 256
_HASH_LENGTH: Final = 32


def default_folder() -> Path:
    """`engine` in `VEDETTE_CACHE`, else in `vedette` in the XDG cache folder of the user."""
    chosen = os.environ.get("VEDETTE_CACHE")
    if chosen:
        return Path(chosen) / "engine"
    # The XDG specification says that a relative path is to be ignored.
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path("~/.cache").expanduser()) / "vedette" / "engine"


class Cache:
    """A folder of entries.

    Attributes:
        folder: created with the first entry, for this user only.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Use `folder`, or the default folder."""
        self.folder = folder if folder is not None else default_folder()

    def get(self, kind: str, key: str) -> bytes | None:
        """The content of an entry, or None if it is missing or damaged.

        Args:
            kind: short word, such as `plan`.
            key: anything that tells entries of a kind apart; it is hashed.
        """
        path = self._path(kind, key)
        try:
            with path.open("rb") as file:
                # A database is trusted by Hyperscan, so one that another user put there is not read.
                if os.fstat(file.fileno()).st_uid not in (os.geteuid(), 0):
                    return None
                stored = file.read()
        except OSError:
            return None
        start = len(MAGIC) + _HASH_LENGTH
        content = stored[start:]
        if not stored.startswith(MAGIC) or hashlib.sha256(content).digest() != stored[len(MAGIC) : start]:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return content

    def put(self, kind: str, key: str, content: bytes) -> None:
        """Store an entry; silently not, where the folder can't be written."""
        path = self._path(kind, key)
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".new-", dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(MAGIC + hashlib.sha256(content).digest() + content)
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            self._prune()

    def fetch(self, kind: str, key: str, make: Callable[[], bytes]) -> bytes:
        """The content of an entry, made and stored if it is missing."""
        content = self.get(kind, key)
        if content is None:
            content = make()
            self.put(kind, key, content)
        return content

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / f"{kind}-{hashlib.sha256(key.encode()).hexdigest()[:40]}"

    def _prune(self) -> None:
        entries = sorted(self.folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in entries[MAX_ENTRIES:]:
            with contextlib.suppress(OSError):
                path.unlink()

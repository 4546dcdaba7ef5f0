"""Lowered rules on disk, so that a start does without YAML and pySigma.

An entry is MessagePack, so nothing in it is executed. Its name is the digest of all that it was made from. It holds its
own hash, so that a torn or altered file counts as missing, and is put in place by a rename, so that concurrent runs
never see half of it. Every failure of the file system only costs time.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Final

#: First bytes of an entry; the number grows with its form.
MAGIC: Final = b"vedette-rules-1\n"
#: Entries together are kept below this many bytes; the ones unused for longest go first.
MAX_BYTES: Final = 128 << 20
#: A temporary file this old (seconds) was left by a run that died.
_STALE: Final = 3600
_HASH_LENGTH: Final = 32
_LOG: Final = logging.getLogger(__name__)


def default_folder() -> Path:
    """`rules` in `VEDETTE_CACHE`, else in `vedette` in the XDG cache folder of the user."""
    chosen = os.environ.get("VEDETTE_CACHE")
    if chosen:
        return Path(chosen) / "rules"
    # The XDG specification says that a relative path is to be ignored.
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path("~/.cache").expanduser()) / "vedette" / "rules"


class RuleCache:
    """A folder of entries.

    Attributes:
        folder: created with the first entry, for this user only.
        max_bytes: bound of all entries together.
    """

    def __init__(self, folder: Path | None = None, *, max_bytes: int = MAX_BYTES) -> None:
        """Use `folder`, or the default folder."""
        self.folder = folder if folder is not None else default_folder()
        self.max_bytes = max_bytes

    def get(self, key: str) -> bytes | None:
        """The content of an entry, or None if it is missing, damaged or another user's.

        Args:
            key: hex digest.
        """
        path = self.folder / key
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_uid not in (os.geteuid(), 0):
                    return None
                stored = file.read(self.max_bytes + 1)
        except OSError:
            return None
        start = len(MAGIC) + _HASH_LENGTH
        content = memoryview(stored)[start:]
        if (
            not stored.startswith(MAGIC)
            or hashlib.blake2b(content, digest_size=_HASH_LENGTH).digest() != stored[len(MAGIC) : start]
        ):
            _LOG.debug("damaged cache entry %s", path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return bytes(content)

    def put(self, key: str, content: bytes) -> None:
        """Store an entry; not, where the folder can't be written or the entry alone is beyond the bound."""
        if len(content) > self.max_bytes // 2:
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".new-", dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(MAGIC + hashlib.blake2b(content, digest_size=_HASH_LENGTH).digest() + content)
                Path(name).replace(self.folder / key)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            self._prune()
        except OSError as error:
            _LOG.debug("no cache of rules: %s", error)

    def _prune(self) -> None:
        """Remove the oldest entries beyond the bound; another run may be doing the same."""
        kept = 0
        for path, status in sorted(self._entries(), key=lambda entry: entry[1].st_mtime, reverse=True):
            is_stale = path.name.startswith(".new-") and time.time() - status.st_mtime > _STALE
            kept += status.st_size
            if is_stale or kept > self.max_bytes:
                path.unlink(missing_ok=True)

    def _entries(self) -> list[tuple[Path, os.stat_result]]:
        entries = []
        for path in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                entries.append((path, path.stat()))
        return entries

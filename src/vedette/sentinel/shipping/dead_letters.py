"""Dead letters: rows that the service refuses for good, kept so that nothing is lost without a word."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from vedette.errors import UsageError
from vedette.sentinel.shipping.checkpoint import private, sync_folder
from vedette.sentinel.shipping.row import Row


class Dead(NamedTuple):
    """A row that is not sent any more, with the reason; `status` is the service's, 0 where it was never asked."""

    row: Row
    reason: str
    status: int = 0


class DeadLetters:
    """One file of dead letters, as NDJSON; made when there is the first.

    Args:
        path: the file, which is added to; None counts them only.

    Attributes:
        written: how many were put into it by this object.
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = None if path is None else Path(path)
        self.written = 0

    def bury(self, dead: Sequence[Dead]) -> None:
        """Add rows; they are on the disk when this returns.

        A line has `reason`, `status`, `kind`, `uid`, `file`, `offset` and the `row` as it was to be sent. After a crash
        a row may be there twice, with the same uid.

        Raises:
            UsageError: the file can't be written.
        """
        self.written += len(dead)
        if self.path is None or not dead:
            return
        lines = [
            msgspec.json.encode(
                {
                    "reason": each.reason,
                    "status": each.status,
                    "kind": each.row.kind,
                    "uid": each.row.uid,
                    "file": each.row.file,
                    "offset": each.row.offset,
                    "row": msgspec.Raw(each.row.data),
                }
            )
            + b"\n"
            for each in dead
        ]
        try:
            is_new = not self.path.exists()
            with private(self.path, os.O_APPEND) as stream:
                if not is_new and not _is_whole(self.path):
                    # What was being written when the last run was killed must not swallow the next line.
                    stream.write(b"\n")
                stream.writelines(lines)
                stream.flush()
                os.fsync(stream.fileno())
            if is_new:
                sync_folder(self.path.parent)
        except OSError as error:
            raise UsageError(f"can't write the dead letters {self.path}: {error.strerror}") from None


def _is_whole(path: Path) -> bool:
    """Whether the file ends with a line."""
    with path.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) == 0:
            return True
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"

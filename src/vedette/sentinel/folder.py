"""Content as a folder of files, each of which is only ever seen whole."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from vedette.errors import UsageError
from vedette.sentinel.render import Artefact


def write_folder(artefacts: Iterable[Artefact], folder: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Write files below a folder, which is made if it is not there; what stands beside them is left alone.

    Raises:
        UsageError: a file can't be written.
    """
    written = []
    try:
        for one in artefacts:
            place = Path(folder) / one.path
            place.parent.mkdir(parents=True, exist_ok=True)
            beside = place.with_name(f".{secrets.token_hex(8)}.tmp")
            try:
                beside.write_bytes(one.text.encode())
                written.append(beside.replace(place))
            finally:
                beside.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"can't write {error.filename or folder}: {error.strerror}; name another folder") from None
    return tuple(written)

"""Where Microsoft's parser lies on this machine."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Final

from vedette.errors import ParserMissingError, UsageError
from vedette.kql.check import package

_FOLDER: Final = f"kql-parser-{package.VERSION}"
REMEDY: Final = "get it with `vedette kql parser install`"


def places() -> tuple[Path, ...]:
    """Where the parser is looked for, in this order: Vedette's wheel, then data of environment and user."""
    data = os.environ.get("XDG_DATA_HOME") or ""
    user = Path(data) if Path(data).is_absolute() else Path.home() / ".local" / "share"
    carried = Path(__file__).resolve().parents[1] / "parser"
    return carried, Path(sys.prefix, "share", "vedette", _FOLDER), user / "vedette" / _FOLDER


def find() -> Path:
    """The folder with the parser's scripts, whose digests are right.

    Raises:
        ParserMissingError: there is none, or what runs it is not installed.
    """
    if importlib.util.find_spec("py_mini_racer") is None:
        raise ParserMissingError("mini-racer, which runs Microsoft's parser, is not installed; install `mini-racer`")
    damaged = None
    for place in places():
        if package.intact(place):
            return place
        damaged = damaged or (place if place.is_dir() else None)
    if damaged is not None:
        raise ParserMissingError(f"Microsoft's parser of KQL in {damaged} is damaged; {REMEDY}")
    raise ParserMissingError(f"Microsoft's parser of KQL is not installed; {REMEDY}")


def install(tarball: Path | None = None) -> Path:
    """Put the parser into the virtual environment where there is one, else into the user's folder of data.

    Args:
        tarball: the package's tarball; without one npm fetches it.

    Returns:
        Where it now lies.

    Raises:
        UsageError: it can't be had, or is not what is pinned; nothing was written.
    """
    _, environment, user = places()
    own = sys.prefix != sys.base_prefix and os.access(sys.prefix, os.W_OK)
    folder = environment if own else user
    try:
        content = package.read_tarball(tarball) if tarball is not None else package.download()
        package.unpack(content, folder)
    except package.PackageError as error:
        raise UsageError(str(error)) from None
    return folder

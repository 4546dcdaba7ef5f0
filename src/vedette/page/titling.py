"""What a pack calls itself, and what it says it is for."""

from __future__ import annotations

import os
from pathlib import Path

from vedette.audit.description import FILE
from vedette.audit.recording import written


def title_of(folder: str | os.PathLike[str]) -> tuple[str, str]:
    """Title and description of a pack, by the name of its folder where it has none.

    Raises:
        PackError: its description can't be read.
    """
    content = written(Path(folder) / FILE)
    title, prose = content.get("title"), content.get("description")
    return (
        title if isinstance(title, str) and title.strip() else Path(folder).resolve().name,
        prose if isinstance(prose, str) else "",
    )

"""Events out of bytes, for the tests of readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from vedette.telemetry.events.plain import Plain
from vedette.telemetry.events.rejects import Rejects

Read = Callable[[Iterable[bytes], str, Rejects], Iterator[list[Plain]]]


def events(read: Read, data: bytes, size: int = 8 << 20, file: str = "log") -> tuple[list[Plain], Rejects]:
    """All events of a log that comes in chunks of some size."""
    rejects = Rejects()
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    return [plain for some in read(chunks, file, rejects) for plain in some], rejects


def told(plains: Iterable[Plain]) -> list[tuple[Any, ...]]:
    """What events say, for comparisons."""
    return [
        (str(plain.kind.source), plain.time, plain.host, plain.values, plain.offset, plain.number) for plain in plains
    ]


def written(path: Path, data: bytes) -> str:
    """A file with some content."""
    path.write_bytes(data)
    return str(path)

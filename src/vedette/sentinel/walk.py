"""Ways into a document: what a limit is about, and where that stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vedette.sigma.documents import Path


def values(content: Any, field: str) -> Iterator[tuple[Path, Any]]:
    """Each value that a field names, with its way from the top; none where a part of the way is missing.

    Args:
        content: a document.
        field: names with dots; `[]` behind one is each item of a list, `*` each value of a map, `@` each key of it.
    """
    found: list[tuple[Path, Any]] = [((), content)]
    for step in _steps(field):
        found = [deeper for path, value in found for deeper in _step(path, value, step)]
    yield from ((path, value) for path, value in found if value is not None)


def absent(content: Any, field: str) -> Iterator[Path]:
    """The way to each place where a field is missing or null, though what it belongs to is there."""
    above, _, name = field.rpartition(".")
    for path, value in values(content, above) if above else [((), content)]:
        if isinstance(value, dict) and value.get(name) is None:
            yield (*path, name)


def _steps(field: str) -> list[str]:
    return field.replace("[]", ".[]").split(".")


def _step(path: Path, value: Any, step: str) -> Iterator[tuple[Path, Any]]:
    if step == "[]":
        if isinstance(value, list):
            yield from (((*path, index), item) for index, item in enumerate(value))
    elif isinstance(value, dict):
        if step == "*":
            yield from (((*path, key), item) for key, item in value.items())
        elif step == "@":
            yield from (((*path, key), key) for key in value)
        elif step in value:
            yield (*path, step), value[step]

"""What differs between an object as it is and as it is wanted, field by field."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

_MOST: Final = 400


class Difference(msgspec.Struct, frozen=True):
    """One field.

    Attributes:
        field: its name.
        lines: what is gone behind `-`, what comes behind `+`; a query as a unified diff.
    """

    field: str
    lines: tuple[str, ...]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The fields that differ, in their order."""
    names = dict.fromkeys((*after, *before))
    return tuple(
        Difference(name, tuple(_lines(name, before.get(name), after.get(name))))
        for name in names
        if before.get(name) != after.get(name)
    )


def _lines(name: str, before: Any, after: Any) -> list[str]:
    if name in ("query", "description"):
        old, new = str(before or "").split("\n"), str(after or "").split("\n")
        return list(difflib.unified_diff(old, new, "before", "after", lineterm="", n=2))[2:]
    if name == "rows":
        old_rows = [_shown(one) for one in before or ()]
        new_rows = [_shown(one) for one in after or ()]
        gone = [f"- {one}" for one in old_rows if one not in new_rows]
        return gone + [f"+ {one}" for one in new_rows if one not in old_rows]
    gone = [f"- {_shown(before)}"] if before is not None else []
    return gone + ([f"+ {_shown(after)}"] if after is not None else [])


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value, order="sorted").decode()
    return text if len(text) <= _MOST else f"{text[:_MOST]}..."

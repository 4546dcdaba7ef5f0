"""Where in its file a rule reads a field: for errors, which come long after the rule was lowered."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from vedette.errors import Location, RuleError
from vedette.sigma.correlation import Correlation
from vedette.sigma.documents import Document, decode, locate, read_documents
from vedette.sigma.rule import Rule

#: A file that has grown beyond this since it was loaded is not read again.
_MAX_BYTES: Final = 8 << 20


def place_of(rule: Rule, field: str) -> Location:
    """The line of the first item that reads `field`, or the rule's own where that can't be told.

    Args:
        rule: as loaded; its file is read again.
        field: Sigma's field; the empty text means the detection as a whole.
    """
    text, document = _again(rule)
    if document is None or "detection" not in document.content:
        return rule.location
    way = _find(document.content["detection"], field) if field else ()
    if way is None:
        return rule.location
    return Location(rule.location.path, *locate(text, document.index, ("detection", *way)))


def logsource_of(rule: Rule) -> Location:
    """The line of the rule's log source, or the rule's own where that can't be told."""
    return section_of(rule, "logsource")


def section_of(rule: Rule | Correlation, *path: str) -> Location:
    """The line of a section, or of as much of the way to it as is there."""
    text, document = _again(rule)
    if document is None:
        return rule.location
    return Location(rule.location.path, *locate(text, document.index, path))


def _again(rule: Rule | Correlation) -> tuple[str, Document | None]:
    """The rule's file and its document in it, if they still are what was loaded."""
    try:
        path = Path(rule.location.path)
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return "", None
        text = decode(path.read_bytes(), rule.location.path)
    except (OSError, ValueError, RuleError):
        return "", None
    documents = read_documents(text, rule.location.path)[0]
    return text, next((one for one in documents if one.line == rule.location.line), None)


def _find(part: Any, field: str) -> tuple[str | int, ...] | None:
    """The way to the first key that reads `field`, or whose `fieldref` names it."""
    if isinstance(part, list):
        for index, child in enumerate(part):
            way = _find(child, field)
            if way is not None:
                return (index, *way)
        return None
    if not isinstance(part, dict):
        return None
    for key, child in part.items():
        name, _, modifiers = key.partition("|")
        if name == field or ("fieldref" in modifiers and field in (child if isinstance(child, list) else [child])):
            return (key,)
        way = _find(child, field)
        if way is not None:
            return (key, *way)
    return None

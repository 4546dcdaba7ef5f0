"""A Sigma filter document becomes a `Filter`: its references, its condition, and the polarity of each detection."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

from vedette.errors import Location
from vedette.predicate import Match, Predicate, equals, rewrite
from vedette.sigma.conditions import lower_condition
from vedette.sigma.documents import Document, locate
from vedette.sigma.filter import BLOCK, Filter
from vedette.sigma.header import read_header, read_logsource
from vedette.sigma.lower import digest_of, lower_detection
from vedette.sigma.notice import Notice
from vedette.sigma.refusal import RefusedError

_MAX_RULES: Final = 10_000


def lower_filter(
    document: Document, file: str, text: str, license_above: str = ""
) -> tuple[Filter, tuple[Notice, ...]]:
    """Lower one filter.

    Args:
        document: a map with a `filter`.
        file: how to name the file.
        text: the file's content, to locate warnings in.
        license_above: the licence of the folder, for filters that name none.

    Raises:
        RefusedError: it is outside Sigma's filters or the law; the path says where.
    """
    content = document.content
    header = read_header({**content, "level": None})
    section = content.get("filter")
    if not isinstance(section, dict):
        raise RefusedError("a filter needs a map with rules, detections and a condition", "filter", ("filter",))
    rules = _rules(section)
    detection = {name: part for name, part in section.items() if name != "rules"}
    if "condition" in detection and not isinstance(detection["condition"], str):
        raise RefusedError("a filter has one condition, as text", "condition", ("filter", "condition"))
    try:
        condition, names = lower_detection(detection)
    except RefusedError as refused:
        raise refused.below("filter") from None
    affirmed, denied = _polarity(detection["condition"], names)
    block = content.get(BLOCK)
    if block is not None and not isinstance(block, dict):
        raise RefusedError(f"`{BLOCK}` must be a map", "block", (BLOCK,))
    digest = digest_of(condition)
    lowered = Filter(
        header.id or f"{PurePath(file).stem}-{digest[:8]}",
        header.title,
        header.status,
        header.author,
        header.license or license_above,
        header.description,
        header.references,
        read_logsource(content),
        rules,
        condition,
        names,
        affirmed,
        denied,
        block or {},
        Location(file, document.line),
        digest,
    )
    return lowered, tuple(
        Notice(f"{key}: {cause}", Location(file, *locate(text, document.index, (key,))), "header")
        for key, cause in header.faults
    )


def _rules(section: Mapping[str, Any]) -> tuple[str, ...]:
    """The references, or none for `any` and for the empty list, as pySigma reads them."""
    written = section.get("rules")
    if isinstance(written, str):
        return () if written.strip().lower() == "any" else (written.strip().lower(),)
    if not isinstance(written, list) or not all(isinstance(part, str) and part.strip() for part in written):
        raise RefusedError(
            "a filter names its rules: a list of ids or names, or `any`",
            "filter-rules",
            ("filter", "rules"),
            remedy="write `rules: any`, or the ids of the rules",
        )
    if len(written) > _MAX_RULES:
        raise RefusedError(f"more than {_MAX_RULES:,} rules in one filter", "too-large", ("filter", "rules"))
    return tuple(dict.fromkeys(part.strip().lower() for part in written))


def _polarity(condition: str, names: Mapping[str, Predicate]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names that a condition asks to hold, and those that it asks not to hold."""
    marks: dict[str, Predicate] = {name: Match(name, equals("x")) for name in names}
    found: dict[bool, dict[str, None]] = {True: {}, False: {}}

    def leaf(atom: Any, positive: bool) -> Predicate:
        found[positive][atom.field] = None
        return Match(atom.field, atom.pattern)

    rewrite(lower_condition(condition, marks), leaf)
    return tuple(found[True]), tuple(found[False])

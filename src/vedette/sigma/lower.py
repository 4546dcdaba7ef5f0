"""One Sigma document becomes a rule: its detections through pySigma, its conditions joined over them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

import msgspec

from vedette.errors import Location
from vedette.predicate import Glob, Predicate, Regex, Wild, atoms, conjunction, disjunction
from vedette.predicate.fold import DISPUTED
from vedette.sigma.conditions import lower_condition
from vedette.sigma.documents import Document, locate
from vedette.sigma.header import read_header, read_logsource
from vedette.sigma.modifiers import read_key
from vedette.sigma.notice import Notice
from vedette.sigma.refusal import RefusedError
from vedette.sigma.rule import Rule
from vedette.sigma.values import MAX_ATOMS, lower_item

#: Keys of a detection section that name no detection; `timeframe` is what is left of old aggregations.
_NO_DETECTIONS: Final = frozenset({"condition", "timeframe"})


def lower_rule(document: Document, file: str, text: str, license_above: str = "") -> tuple[Rule, tuple[Notice, ...]]:
    """Lower one rule.

    Args:
        document: a map with a `detection`.
        file: how to name the file.
        text: the file's content, to locate warnings in.
        license_above: the licence of the folder, for rules that name none.

    Raises:
        RefusedError: it is outside Sigma 2.1 or the law; the path says where.
    """
    content = document.content
    header = read_header(content)
    logsource = read_logsource(content)
    detection: Any = content.get("detection")
    try:
        predicate, names = lower_detection(detection)
    except RefusedError as refused:
        raise refused.below("detection") from None
    written = detection["condition"]
    place = Location(file, document.line)
    digest = digest_of(predicate)
    rule = Rule(
        id=header.id or f"{PurePath(file).stem}-{digest[:8]}",
        title=header.title,
        level=header.level,
        status=header.status,
        author=header.author,
        license=header.license or license_above,
        description=header.description,
        references=header.references,
        tags=header.tags,
        falsepositives=header.falsepositives,
        logsource=logsource,
        predicate=predicate,
        names=names,
        location=place,
        digest=digest,
        name=header.name,
        conditions=tuple(written) if isinstance(written, list) else (written,),
    )
    warnings = [((key,), f"{key}: {cause}", "header") for key, cause in header.faults]
    warnings += [(("detection",), cause, "disputed-case") for cause in _disputed(predicate)]
    return rule, tuple(
        Notice(cause, Location(file, *locate(text, document.index, path)), code) for path, cause, code in warnings
    )


def lower_detection(detection: Any) -> tuple[Predicate, dict[str, Predicate]]:
    """A detection section, as rules and filters have it.

    Returns:
        The predicate of its conditions joined by or, and each named detection's own.

    Raises:
        RefusedError: a part is outside Sigma 2.1 or the law.
    """
    if not isinstance(detection, dict):
        raise RefusedError("a rule needs a map of detections", "detection")
    names: dict[str, Predicate] = {}
    count = 0
    for name, definition in detection.items():
        if name in _NO_DETECTIONS:
            continue
        try:
            names[name] = _definition(definition)
        except RefusedError as refused:
            raise refused.below(name) from None
        count += sum(1 for _ in atoms(names[name]))
        if count > MAX_ATOMS:
            raise RefusedError(f"more than {MAX_ATOMS:,} patterns in one rule", "too-large")
    if not names:
        raise RefusedError("no detection is defined", "detection")
    if "condition" not in detection:
        raise RefusedError("a rule needs a condition", "condition")
    return _conditions(detection["condition"], names), names


def digest_of(predicate: Predicate) -> str:
    """Hash of a predicate, 32 hex digits: what an exclusion pins."""
    return hashlib.blake2b(msgspec.msgpack.encode(predicate), digest_size=16).hexdigest()


def _conditions(written: Any, names: Mapping[str, Predicate]) -> Predicate:
    if not isinstance(written, list):
        try:
            return lower_condition(written, names)
        except RefusedError as refused:
            raise refused.below("condition") from None
    if not written:
        raise RefusedError("a rule needs a condition", "condition", ("condition",))
    joined = []
    for index, condition in enumerate(written):
        try:
            joined.append(lower_condition(condition, names))
        except RefusedError as refused:
            raise refused.below("condition", index) from None
    return disjunction(joined)


def _definition(definition: Any) -> Predicate:
    """A map is all of its items, a list any of its parts, a scalar a keyword."""
    if isinstance(definition, dict):
        if not definition:
            raise RefusedError("an empty detection", "detection")
        return conjunction([_item(key, value) for key, value in definition.items()])
    if not isinstance(definition, list):
        return lower_item(read_key(None), [definition])
    if not definition:
        raise RefusedError("an empty detection", "detection")
    if not any(isinstance(part, dict | list) for part in definition):
        return lower_item(read_key(None), definition)
    parts = []
    for index, part in enumerate(definition):
        try:
            parts.append(_definition(part))
        except RefusedError as refused:
            raise refused.below(index) from None
    return disjunction(parts)


def _item(key: str, value: Any) -> Predicate:
    try:
        return lower_item(read_key(key), value if isinstance(value, list) else [value])
    except RefusedError as refused:
        raise refused.below(key) from None


def _disputed(predicate: Predicate) -> list[str]:
    """Letters on whose case engines differ."""
    found: dict[str, None] = {}
    for atom in atoms(predicate):
        pattern = atom.pattern
        if isinstance(pattern, Glob) and not pattern.cased:
            found.update(dict.fromkeys(_letters("".join(t for t in pattern.tokens if not isinstance(t, Wild)))))
        elif isinstance(pattern, Regex) and "i" in pattern.flags:
            found.update(dict.fromkeys(_letters(pattern.source)))
    return [f"engines differ on the case of {letter} (U+{ord(letter):04X}); see 'cased'" for letter in found]


def _letters(text: str) -> list[str]:
    return [] if text.isascii() else [letter for letter in text if letter in DISPUTED]

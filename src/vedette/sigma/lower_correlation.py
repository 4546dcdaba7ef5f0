"""One Sigma document becomes a correlation; all that is wrong in it is told at once.

Which rules it names is settled later, when all documents are read: see `references.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

import msgspec

from vedette.errors import Location
from vedette.sigma.correlation import KINDS, ORDERS, Correlation, Kind, Threshold
from vedette.sigma.documents import Document, locate
from vedette.sigma.header import Header, read_header
from vedette.sigma.notice import Notice
from vedette.sigma.refusal import RefusedError

#: So many rules one correlation may join.
MAX_RULES: Final = 100
#: So many fields, aliases or counted fields it may have.
MAX_FIELDS: Final = 32
#: Longest timespan, in days.
MAX_DAYS: Final = 366
_MAX_THRESHOLD: Final = 1 << 53
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_TIMESPAN: Final = re.compile(r"([1-9][0-9]{0,9})([smhd])")
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_KEYS: Final = frozenset({"type", "rules", "group-by", "timespan", "condition", "aliases", "generate"})
_COUNTED: Final = frozenset({"value_count", "value_sum", "value_avg"})
_MEASURED: Final = frozenset({"value_sum", "value_avg"})
_TEMPORAL: Final = frozenset({"temporal", "temporal_ordered"})
_LATER: Final = frozenset({"value_percentile", "value_median"})


def lower_correlation(
    document: Document, file: str, text: str, license_above: str = ""
) -> tuple[Correlation | None, tuple[RefusedError, ...], tuple[Notice, ...]]:
    """Lower one correlation.

    Args:
        document: a map with a `correlation`.
        file: how to name the file.
        text: the file's content, to locate warnings in.
        license_above: the licence of the folder, for documents that name none.

    Returns:
        The correlation, or None and all that is wrong with it; warnings.
    """
    reading = _Reading(document.content)
    header = reading.header()
    section = document.content.get("correlation")
    if not isinstance(section, dict):
        reading.refuse("a correlation must be a map", "correlation-section")
        return None, tuple(reading.refusals), ()
    kind = reading.kind(section)
    rules = reading.rules(section)
    group_by = reading.group_by(section)
    timespan = reading.timespan(section)
    aliases = reading.aliases(section)
    generate = reading.generate(section)
    condition, fields = reading.condition(section, kind, len(rules))
    for key in section:
        if key not in _KEYS:
            known = ", ".join(sorted(_KEYS))
            reading.refuse(f"{key!r} is no key of a correlation", "correlation-key", key, remedy=f"keys are {known}")
    if reading.refusals or header is None or kind is None:
        return None, tuple(reading.refusals), ()
    logic = (kind, rules, group_by, timespan, condition, fields, aliases)
    digest = hashlib.blake2b(msgspec.msgpack.encode(logic), digest_size=16).hexdigest()
    correlation = Correlation(
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
        kind=kind,
        rules=rules,
        group_by=group_by,
        timespan=timespan,
        condition=condition,
        fields=fields,
        aliases=aliases,
        generate=generate,
        location=Location(file, document.line),
        digest=digest,
        name=header.name,
    )
    notices = [
        Notice(f"{key}: {cause}", Location(file, *locate(text, document.index, (key,))), "header")
        for key, cause in header.faults
    ]
    return correlation, (), tuple(notices)


class _Reading:
    """Reads part by part and goes on after what is wrong."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content
        self.refusals: list[RefusedError] = []

    def refuse(self, cause: str, code: str, *path: str | int, remedy: str = "") -> None:
        self.refusals.append(RefusedError(cause, code, ("correlation", *path), remedy=remedy))

    def header(self) -> Header | None:
        try:
            return read_header(self.content)
        except RefusedError as refused:
            self.refusals.append(refused)
            return None

    def kind(self, section: Mapping[str, Any]) -> Kind | None:
        written = section.get("type")
        name = written.lower() if isinstance(written, str) else ""
        if name in KINDS:
            return name
        cause = "a correlation needs a type"
        if name in _LATER:
            cause = f"{name} has no one meaning: percentiles are estimated, each engine in its own way"
        elif written is not None:
            cause = f"{written!r} is no type of correlation"
        self.refuse(cause, "correlation-type", "type", remedy=f"types are {', '.join(KINDS)}")
        return None

    def rules(self, section: Mapping[str, Any]) -> tuple[str, ...]:
        names = self.texts(section, "rules", "correlation-rules")
        if not names and not self.refused("rules"):
            self.refuse(
                "a correlation needs rules", "correlation-rules", "rules", remedy="list ids or names of the rules"
            )
        if len(names) > MAX_RULES:
            self.refuse(f"more than {MAX_RULES} rules in one correlation", "too-large", "rules")
        return names

    def group_by(self, section: Mapping[str, Any]) -> tuple[str, ...]:
        if section.get("group-by") is None and "group-by" not in section:
            self.refuse(
                "a correlation needs group-by",
                "group-by",
                remedy="name the fields that must agree, or write `group-by: []` for all events together",
            )
            return ()
        return self.texts(section, "group-by", "group-by")

    def timespan(self, section: Mapping[str, Any]) -> int:
        written = section.get("timespan")
        remedy = "write a number and s, m, h or d, such as 10m"
        if written is None:
            self.refuse("a correlation needs a timespan", "timespan", "timespan", remedy=remedy)
            return 0
        found = _TIMESPAN.fullmatch(written) if isinstance(written, str) else None
        if found is None:
            self.refuse(f"{_shown(written)} is no timespan", "timespan", "timespan", remedy=remedy)
            return 0
        seconds = int(found[1]) * _UNITS[found[2]]
        if seconds > MAX_DAYS * 86400:
            self.refuse(f"a timespan of more than {MAX_DAYS} days", "timespan", "timespan")
        return seconds

    def aliases(self, section: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        written = section.get("aliases")
        if written is None:
            return {}
        if not isinstance(written, dict) or len(written) > MAX_FIELDS:
            self.refuse(f"aliases must be a map of at most {MAX_FIELDS}", "alias", "aliases")
            return {}
        for alias, fields in written.items():
            if not alias or not isinstance(fields, dict) or not fields:
                self.refuse("an alias must be a map of rules to fields", "alias", "aliases", alias)
            elif not all(isinstance(field, str) and field for field in fields.values()):
                self.refuse("an alias must give a field for each rule", "alias", "aliases", alias)
        return written if not self.refused("aliases") else {}

    def generate(self, section: Mapping[str, Any]) -> bool:
        written = section.get("generate", self.content.get("generate"))
        if written is not None and not isinstance(written, bool):
            self.refuse("generate must be true or false", "generate", "generate")
        return written is True

    def condition(
        self, section: Mapping[str, Any], kind: Kind | None, joined: int
    ) -> tuple[tuple[Threshold, ...], tuple[str, ...]]:
        """Thresholds and counted fields."""
        written = section.get("condition")
        if kind is None:
            return (), ()
        if written is None and kind in _TEMPORAL:
            return (Threshold("gte", joined),), ()
        if isinstance(written, str):
            self.refuse(
                "a condition of rule names is not part of Sigma 2.1",
                "correlation-condition",
                "condition",
                remedy="leave it out to ask for every rule, or chain correlations",
            )
            return (), ()
        if not isinstance(written, dict):
            self.refuse(
                f"a correlation of the type {kind} needs a condition",
                "correlation-condition",
                "condition",
                remedy="write such as `condition: {gte: 10}`",
            )
            return (), ()
        thresholds = self.thresholds(written, kind)
        fields = self.fields(written, kind)
        if thresholds and not self.refused("condition"):
            self.judge(thresholds, kind, joined)
        return thresholds, fields

    def thresholds(self, written: Mapping[str, Any], kind: Kind) -> tuple[Threshold, ...]:
        found = []
        for key, value in written.items():
            if key == "field":
                continue
            if key not in ORDERS:
                self.refuse(
                    f"{key!r} is no part of a condition",
                    "correlation-condition",
                    "condition",
                    key,
                    remedy=f"write {', '.join(ORDERS)} or field",
                )
                continue
            number = _number(value, whole=kind not in _MEASURED)
            if number is None:
                what = "a number" if kind in _MEASURED else "a whole number that is not negative"
                self.refuse(f"{key} takes {what}, not {_shown(value)}", "correlation-condition", "condition", key)
                continue
            found.append(Threshold(key, number))
        if not found and not self.refused("condition"):
            self.refuse("the condition holds no number", "correlation-condition", "condition")
        if len(found) > 2:
            self.refuse("a condition has one number, or two for a range", "correlation-condition", "condition")
        return tuple(found)

    def fields(self, written: Mapping[str, Any], kind: Kind) -> tuple[str, ...]:
        if "field" not in written:
            if kind in _COUNTED:
                self.refuse(f"{kind} needs the field that it reads", "correlation-condition", "condition")
            return ()
        if kind not in _COUNTED:
            self.refuse(f"{kind} reads no field", "correlation-condition", "condition", "field")
            return ()
        fields = self.texts(written, "field", "correlation-condition", "condition")
        if not fields and not self.refused("condition"):
            self.refuse(f"{kind} needs the field that it reads", "correlation-condition", "condition", "field")
        if kind in _MEASURED and len(fields) > 1:
            self.refuse(f"{kind} reads one field", "correlation-condition", "condition", "field")
        return fields

    def judge(self, thresholds: Sequence[Threshold], kind: Kind, joined: int) -> None:
        """Refuse what can never hold: a window ends at an event, so that its counts begin at one."""
        if kind in _MEASURED:
            return
        near = {1, *(int(one.number) + step for one in thresholds for step in (-1, 0, 1))}
        possible = [count for count in near if count >= 1 and (kind not in _TEMPORAL or count <= joined)]
        holding = [count for count in possible if all(one.holds(count) for one in thresholds)]
        if not holding:
            self.refuse(
                "the condition can never hold: a group has at least one event in every window"
                + (f", and the rules are {joined}" if kind in _TEMPORAL else ""),
                "correlation-condition",
                "condition",
                remedy="an absence of events can't be correlated",
            )
        elif kind == "temporal_ordered" and not all(
            all(one.holds(count) for one in thresholds) == (count == joined) for count in range(joined + 1)
        ):
            self.refuse(
                "temporal_ordered waits for all of its rules; a part of them has no order",
                "correlation-condition",
                "condition",
                remedy="leave the condition out, or use temporal",
            )

    def texts(self, section: Mapping[str, Any], key: str, code: str, *above: str) -> tuple[str, ...]:
        """A text or a list of texts, each once."""
        written = section.get(key)
        if written is None:
            return ()
        texts = written if isinstance(written, list) else [written]
        found: dict[str, None] = {}
        for index, text in enumerate(texts):
            if not isinstance(text, str) or not text.strip():
                self.refuse(f"{key} must be a text or a list of texts", code, *above, key, index)
            elif text.strip() in found:
                self.refuse(f"{text.strip()!r} stands twice in {key}", code, *above, key, index)
            else:
                found[text.strip()] = None
        if key != "rules" and len(found) > MAX_FIELDS:
            self.refuse(f"more than {MAX_FIELDS} fields in {key}", "too-large", *above, key)
        return tuple(found)

    def refused(self, key: str) -> bool:
        """Whether something below a key of the section was refused."""
        return any(refusal.path[:2] == ("correlation", key) for refusal in self.refusals)


def _number(value: Any, *, whole: bool) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) <= _MAX_THRESHOLD and (value >= 0 or not whole) else None
    if whole or not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        return None
    number = float(value)
    return int(number) if number.is_integer() else number


def _shown(value: object) -> str:
    return repr(value)[:80]

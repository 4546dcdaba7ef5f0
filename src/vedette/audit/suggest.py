"""Suggest: the narrowest exclusion for matches that are known to be everyday work, or why there is no sound one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from vedette.audit.audit import judge_one
from vedette.audit.forging import Table
from vedette.audit.judgement import Judgement
from vedette.audit.recording import Step
from vedette.audit.replay import Seen
from vedette.event import VIEWS, View, single_valued
from vedette.hunt.cover import holding
from vedette.hunt.exclusion import Exclusion, read_exclusion
from vedette.predicate import Value
from vedette.sigma.documents import Document
from vedette.sigma.lower_filter import lower_filter
from vedette.sigma.rule import Rule

#: What exclusions may rest on, hardest to forge first; the values of a rule's own fields are left to the rule.
FIELDS: Final = (
    "ParentScript", "ParentScriptOwnerId", "LoginUserId", "ParentImage", "ParentUser", "User", "ParentCommandLine",
)  # fmt: skip
#: Without one of them an exclusion covers all that a user does.
_CAUSES: Final = frozenset({"ParentScript", "ParentImage", "ParentCommandLine"})
#: A field with more values than this is asked for what its values have in common.
_VALUES: Final = 4
#: Letters that values must have in common to say something.
_COMMON: Final = 8
_VIEWS: Final = {str(view): view for view in VIEWS}


class Suggestion(msgspec.Struct, frozen=True):
    """An exclusion for some of the matches.

    Attributes:
        document: the Sigma filter, ready to be written.
        judgement: what the audit says of it; it is worth writing only if it is accepted.
        matches: how many matches it is for.
        runs: in how many sessions and hours they were seen.
        refusal: why it is not worth writing whatever the audit says, or the empty text.
    """

    document: dict[str, Any]
    judgement: Judgement
    matches: int
    runs: int
    refusal: str = ""

    @property
    def accepted(self) -> bool:
        """Whether it is worth writing."""
        return self.judgement.decision == "ACCEPTED" and not self.refusal


def suggest(
    benign: Sequence[Seen], seen: Sequence[Seen], rules: Sequence[Rule], table: Table, *, owner: str = ""
) -> tuple[Suggestion, ...]:
    """One suggestion for each program or script that the matches come from.

    Args:
        benign: matches that are known to be everyday work, with the values of `FIELDS`.
        seen: all matches, those of attacks among them.
        rules: the rules that matched.
        table: what forging costs.
        owner: who answers for it.
    """
    groups: dict[str, list[Seen]] = {}
    for one in benign:
        groups.setdefault(_cause(one), []).append(one)
    return tuple(_suggestion(cause, matches, seen, rules, table, owner) for cause, matches in sorted(groups.items()))


def _cause(seen: Seen) -> str:
    """What a match comes from: the parent's script, else its program, else who logged in."""
    for name in ("ParentScript", "ParentImage.resolved", "LoginUser"):
        if seen.values.get(name):
            return str(seen.values[name])
    return ""


def _suggestion(
    cause: str, matches: Sequence[Seen], seen: Sequence[Seen], rules: Sequence[Rule], table: Table, owner: str
) -> Suggestion:
    wanted = {one.finding.rule.id for one in matches}
    chosen = [rule for rule in rules if rule.id in wanted]
    document = _document(cause, matches, chosen, owner)
    lowered, _ = lower_filter(Document(document, 1, 0), "suggested", "")
    exclusion = read_exclusion(lowered)
    marked = {(one.recording, one.finding.origin, one.finding.rule.id) for one in matches}
    tried = [_tried(one, exclusion, wanted, marked) for one in seen]
    judgement = judge_one(exclusion, chosen, tried, table)
    asked = {key.partition("|")[0] for key in document["filter"]["selection"]}
    refusal = "" if asked & _CAUSES else "the matches have in common who did it, and not what did it"
    if not all(exclusion.filter.logsource.covers(rule.logsource) for rule in chosen):
        refusal = "the rules share no log source, so that no filter is for all of them; name one rule at a time"
    return Suggestion(document, judgement, len(matches), len({_run(one) for one in matches}), refusal)


def _tried(seen: Seen, exclusion: Exclusion, wanted: set[str], marked: set[Any]) -> Seen:
    """The match as if the exclusion were bound; what was marked counts as benign, wherever it was seen."""
    if seen.finding.rule.id not in wanted:
        return seen
    views = [_VIEWS[name] for name in seen.finding.views]

    def row(view: View) -> dict[str, Value]:
        return single_valued(seen.values, view)

    by = (exclusion.id,) if holding([exclusion], views, row, "") else ()
    step = seen.step
    if step is None and (seen.recording, seen.finding.origin, seen.finding.rule.id) in marked:
        step = _marked_step(seen)
    return msgspec.structs.replace(seen, by=by, step=step)


def _marked_step(seen: Seen) -> Step:
    """A step of its own for a match that was marked benign outside all steps."""
    return Step("marked benign", "benign", "marked benign", 0.0, 0.0, note=seen.recording)


def _run(seen: Seen) -> tuple[Any, ...]:
    session = seen.finding.session
    return (seen.finding.host, session.boot if session else -1, session.ses if session else seen.finding.time[:13])


def _document(cause: str, matches: Sequence[Seen], rules: Sequence[Rule], owner: str) -> dict[str, Any]:
    selection: dict[str, Any] = {}
    for field in FIELDS:
        item = _item(field, [_values(field, one.values) for one in matches])
        if item is not None:
            selection[item[0]] = item[1]
    name = cause.rpartition("/")[2] or "matches without a parent"
    return {
        "title": f"Everyday work of {name}"[:200],
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"vedette:suggest:{cause}:{sorted(rule.id for rule in rules)}")),
        "status": "experimental",
        "description": f"{len(matches)} matches marked as everyday work come from {cause or 'no known parent'}.",
        "logsource": _shared(rules) or {"product": "linux"},
        "filter": {
            "rules": [rule.id for rule in rules],
            "selection": selection or {"ParentScript": "nothing in common"},
            "condition": "not selection",
        },
        "vedette": {
            "scenario": f"everyday work of {name}",
            "owner": owner,
            "reason": "say why this is right",
            "proved": {rule.id: rule.digest for rule in rules},
        },
    }


def _shared(rules: Sequence[Rule]) -> dict[str, str]:
    """What the log sources of rules have in common; a filter that states more is for none of them."""
    found = {}
    for part in ("product", "category", "service"):
        values = {getattr(rule.logsource, part) for rule in rules}
        if len(values) == 1 and "" not in values:
            found[part] = values.pop()
    return found


def _values(field: str, columns: dict[str, Value]) -> tuple[Value, ...]:
    """The values of a field in all its readings; an empty one means that it is absent in one."""
    if field == "ParentImage":
        return tuple(dict.fromkeys(columns.get(f"ParentImage.{reading}", "") for reading in ("resolved", "invoked")))
    return (columns.get(field, ""),)


def _item(field: str, found: Iterable[tuple[Value, ...]]) -> tuple[str, Any] | None:
    """What a selection asks of a field, or None where the matches have nothing in common."""
    values = list(dict.fromkeys(value for of_match in found for value in of_match))
    if "" in values:
        return None
    if len(values) <= _VALUES:
        plain = [_escaped(value) for value in values]
        return field, plain[0] if len(plain) == 1 else plain
    texts = [str(value) for value in values]
    prefix = _common(texts)
    if len(prefix) >= _COMMON:
        return f"{field}|startswith", _escaped(prefix)
    suffix = _common([text[::-1] for text in texts])[::-1]
    return (f"{field}|endswith", _escaped(suffix)) if len(suffix) >= _COMMON else None


def _common(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    first, last = min(texts), max(texts)
    return first[: next((place for place, letter in enumerate(first) if last[place : place + 1] != letter), len(first))]


def _escaped(value: Value) -> Value:
    """A value as Sigma writes it plain."""
    if not isinstance(value, str):
        return value
    return value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")

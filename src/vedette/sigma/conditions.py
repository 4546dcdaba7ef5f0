"""The condition of a rule: pySigma's grammar, joined over the predicates of the named detections."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, Final

from pyparsing import ParseResults
from sigma.conditions import (
    ConditionAND,
    ConditionIdentifier,
    ConditionNOT,
    ConditionOR,
    ConditionSelector,
    SigmaCondition,
)
from sigma.exceptions import SigmaError
from sigma.rule.detection import EmptySigmaDetections

from vedette.predicate import Predicate, Wild, atoms, conjunction, disjunction, negation
from vedette.predicate.evaluate import wildcard
from vedette.sigma.refusal import RefusedError
from vedette.sigma.values import MAX_ATOMS

#: Bounds of one condition. The longest public one has some 450 characters and nests four deep.
MAX_LENGTH: Final = 8192
MAX_NESTING: Final = 32


def lower_condition(condition: object, names: Mapping[str, Predicate]) -> Predicate:
    """One condition as a predicate.

    Args:
        condition: as it stands in the document.
        names: detection name to its predicate.

    Raises:
        RefusedError: it is no condition, names what is not there, or grows too large.
    """
    if not isinstance(condition, str) or not condition.strip():
        raise RefusedError("a condition must be text", "condition")
    if "|" in condition:
        raise RefusedError(
            "aggregations behind `|` are not Sigma any more",
            "condition-aggregation",
            remedy="write a Sigma correlation",
        )
    _bound(condition)
    try:
        return _Joiner(names).join(_parse(condition))
    except RecursionError:
        raise RefusedError("the condition nests too deep", "too-deep") from None


@functools.lru_cache(maxsize=512)
def _parse(condition: str) -> Any:
    try:
        return SigmaCondition(condition, EmptySigmaDetections()).parse(postprocess=False)
    except SigmaError as error:
        cause = " ".join(str(error.args[0] if error.args else error).split())[:200]
        raise RefusedError(f"not a Sigma condition: {cause}", "condition") from None


def _bound(condition: str) -> None:
    if len(condition) > MAX_LENGTH:
        raise RefusedError(f"a condition of {len(condition):,} characters", "too-large")
    depth = deepest = 0
    for character in condition:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING or re.search(rf"(?:\bnot\s+){{{MAX_NESTING},}}", condition):
        raise RefusedError(f"the condition nests deeper than {MAX_NESTING}", "too-deep")


class _Joiner:
    """Walks pySigma's parse tree; counts atoms, since a name may stand in a condition many times."""

    def __init__(self, names: Mapping[str, Predicate]) -> None:
        self.names = names
        self.atoms = 0

    def join(self, item: Any) -> Predicate:
        while isinstance(item, ParseResults) and len(item) == 1:
            item = item[0]
        match item:
            case ConditionIdentifier():
                return self.named(item.identifier)
            case ConditionSelector():
                return self.selected(item)
            case ConditionNOT():
                return negation(self.join(item.args[0]))
            case ConditionAND():
                return conjunction([self.join(arg) for arg in item.args])
            case ConditionOR():
                return disjunction([self.join(arg) for arg in item.args])
        raise RefusedError("not a Sigma condition", "condition")

    def named(self, name: str) -> Predicate:
        predicate = self.names.get(name)
        if predicate is None:
            raise RefusedError(f"the condition names {name!r}, which is not among the detections", "condition-name")
        self.atoms += sum(1 for _ in atoms(predicate))
        if self.atoms > MAX_ATOMS:
            raise RefusedError(f"more than {MAX_ATOMS:,} patterns once the condition is written out", "too-large")
        return predicate

    def selected(self, selector: ConditionSelector) -> Predicate:
        quantifier, pattern = selector.args
        tokens = (
            [Wild.ANY]
            if pattern == "them"
            else [Wild.ANY if part == "*" else part for part in re.split(r"(\*)", pattern)]
        )
        # `them` and patterns mean the rule's own names; one that begins with `_` is reached only by asking for it.
        chosen = [
            name
            for name in self.names
            if wildcard(tuple(tokens), name) and (pattern.startswith("_") or not name.startswith("_"))
        ]
        if not chosen:
            raise RefusedError(f"`{quantifier} of {pattern}` fits no detection", "condition-name")
        joined = [self.named(name) for name in chosen]
        return conjunction(joined) if quantifier == "all" else disjunction(joined)

"""Lowered rules against pySigma's own reading of the same file, evaluated naively on rows made from each rule.

pySigma loads the YAML, applies the modifiers and resolves the condition; this module only says when a value matches.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import re2
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.rule import SigmaRule
from sigma.types import (
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SpecialChars,
)

from vedette.predicate import evaluate, fold
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load

#: Corpus rules that pySigma refuses or reads otherwise, as it follows YAML 1.1 or leaves the meaning to a backend.
OTHERWISE = {
    "utf16le": "pySigma has no utf16le",
    "scalar-as-written": "YAML 1.1 reads octal, sexagesimal and dates",
    "cased-windash": "pySigma forgets cased",
    "fieldref-cased": "pySigma forgets cased",
    "lte-gte": "a number in quotes",
    "timeframe": "pySigma takes timeframe for a detection",
    "address-canonical": "pySigma knows no fields",
    "compare-text": "pySigma leaves the order of text to backends",
    "gt-fraction": "as above",
    "time-parts": "pySigma leaves times to backends",
    "time-hours": "as above",
}
Row = dict[str, str]


def truth(condition: Any, row: Row, raw: str) -> bool:
    """Whether pySigma's condition tree holds."""
    match condition:
        case ConditionAND():
            return all(truth(part, row, raw) for part in condition.args)
        case ConditionOR():
            return any(truth(part, row, raw) for part in condition.args)
        case ConditionNOT():
            return not truth(condition.args[0], row, raw)
        case ConditionFieldEqualsValueExpression():
            return matches(condition.value, row.get(condition.field, ""), row)
        case ConditionValueExpression():
            return matches(condition.value, raw, row, anywhere=True)
    raise TypeError(condition)


def matches(value: Any, text: str, row: Row, *, anywhere: bool = False) -> bool:
    """Whether one value of pySigma's matches a text."""
    match value:
        case SigmaExpansion():
            return any(matches(one, text, row, anywhere=anywhere) for one in value.values)
        case SigmaString():
            if value.s == [SpecialChars.WILDCARD_MULTI]:
                return text != ""
            marks = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
            spelled = "".join(re.escape(part) if isinstance(part, str) else marks[part] for part in value.s)  # type: ignore[index]
            flags = re.DOTALL if isinstance(value, SigmaCasedString) else re.DOTALL | re.IGNORECASE
            return bool((re.search if anywhere else re.fullmatch)(spelled, text, flags))
        case SigmaRegularExpression():
            letters = "".join(sorted(flag.name[0].lower() for flag in value.flags)).replace("d", "s")
            return re2.search((f"(?{letters})" if letters else "") + str(value.regexp), text) is not None
        case SigmaNull():
            return text == ""
        case SigmaExists():
            return (text != "") is value.exists
        case SigmaNumber():
            return bool(re.search(rf"{value.number}", text)) if anywhere else text == str(value.number)
        case SigmaCIDRExpression():
            import ipaddress

            try:
                return ipaddress.ip_address(text) in value.network
            except ValueError:
                return False
        case SigmaCompareExpression():
            orders = {"LT": "__lt__", "LTE": "__le__", "GT": "__gt__", "GTE": "__ge__"}
            return text != "" and getattr(int(text), orders[value.op.name])(value.number.number) is True
        case SigmaFieldReference():
            other = fold(row.get(value.field, ""))
            if "" in (text, other):
                return False
            left = fold(text)
            if value.starts_with and value.ends_with:
                return other in left
            if value.starts_with:
                return left.startswith(other)
            return left.endswith(other) if value.ends_with else left == other
        case _ if isinstance(value, bool) or hasattr(value, "boolean"):
            return fold(text) == fold(str(value))
    raise TypeError(value)


def leaves(condition: Any) -> Iterator[tuple[str, Any]]:
    """Field (or the empty text) and value of each leaf."""
    match condition:
        case ConditionFieldEqualsValueExpression():
            yield condition.field, condition.value
        case ConditionValueExpression():
            yield "", condition.value
        case _:
            for part in condition.args:
                yield from leaves(part)


def sample(value: Any, chance: random.Random) -> str:
    """A text that the value matches, or nearly."""
    match value:
        case SigmaExpansion():
            return sample(chance.choice(value.values), chance)
        case SigmaString():
            text = "".join(
                part if isinstance(part, str) else chance.choice(["x", "/", "\n", "é"])
                for part in value.s
                if isinstance(part, str) or part is SpecialChars.WILDCARD_SINGLE or chance.random() < 0.5
            )
            return chance.choice([text, text, text, text.upper(), text + "x", text[1:], "x" + text])
        case SigmaNumber():
            return str(value.number)
        case SigmaCIDRExpression():
            return chance.choice([str(value.network[0]), str(value.network[-1]), "1.2.3.4"])
        case SigmaCompareExpression():
            return str(int(value.number.number) + chance.choice([-1, 0, 1]))
        case SigmaRegularExpression():
            return chance.choice(["", re.sub(r"\\(.)|[()^$+*?|]", r"\1", str(value.regexp))])
    return chance.choice(["", "x", "true"])


def compare(path: Path, rule: Rule, times: int) -> int:
    """Hold a rule against pySigma's reading; gives how often it held."""
    chance = random.Random(rule.id)
    theirs = [
        condition.parsed
        for condition in SigmaRule.from_yaml(path.read_text(encoding="utf-8")).detection.parsed_condition
    ]
    parts = [leaf for tree in theirs for leaf in leaves(tree)]
    held = 0
    for _ in range(times):
        row: Row = {}
        raw = ""
        chosen = parts if len(parts) < 8 else chance.sample(parts, 8)
        for field, value in chance.sample(chosen, chance.randint(1, len(chosen))):
            if field:
                row[field] = (
                    row.get(field, "") + sample(value, chance) if chance.random() < 0.5 else sample(value, chance)
                )
            else:
                raw += sample(value, chance) + " "
        row = {name: text for name, text in row.items() if text}
        expected = any(truth(tree, row, raw) for tree in theirs)
        assert evaluate(rule.predicate, row, raw) is expected, (path, row, raw)
        held += expected
    return held


CORPUS = Path(__file__).resolve().parent.parent / "corpus"
NAMES = sorted(path.stem for path in CORPUS.glob("*.yml") if path.stem not in OTHERWISE)


@pytest.mark.parametrize("name", NAMES)
def test_own_corpus(name: str) -> None:
    path = CORPUS / f"{name}.yml"
    (rule,) = load([path], cache=False).rules
    compare(path, rule, 200)


def test_those_read_otherwise_exist() -> None:
    assert set(OTHERWISE) <= {path.stem for path in CORPUS.glob("*.yml")}


def test_public_rules(sigmahq: Path) -> None:
    paths = sorted((sigmahq / "rules" / "linux").rglob("*.yml"))
    others = sorted((sigmahq / "rules").rglob("*.yml"))
    paths += random.Random(1).sample(others, 400)
    by_path = {rule.location.path: rule for rule in load(paths, cache=False).rules}
    assert len(by_path) > 500
    held = [compare(Path(path), rule, 20) for path, rule in by_path.items()]
    assert sum(map(bool, held)) > len(held) / 2, "most rules must match some of their rows"

"""Rows made from predicates: ones that match, ones that nearly do, other case, absent fields, both readings."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

from vedette.event import READ_FIELDS
from vedette.predicate import (
    And,
    Cidr,
    Compare,
    Glob,
    Match,
    Not,
    Or,
    Pattern,
    Predicate,
    Present,
    Reference,
    Regex,
    TimePart,
    Value,
    Wild,
    fields,
)

FILLERS = ("", " ", "x", "/", "\n", "\\", "é", "\0", "\u017f", "aaaa")


def instances(predicate: Predicate, chance: random.Random, count: int) -> Iterator[dict[str, Value]]:
    """Rows for one predicate, as columns: a match as far as it can be built, then variations of it."""
    for _ in range(count):
        row = _build(predicate, chance)
        yield _columns(row, chance)
        if not row:
            continue
        name = chance.choice(sorted(row))
        value = row[name]
        yield _columns({**row, name: _near(value, chance)}, chance)
        yield _columns({key: _flip(one) for key, one in row.items()}, chance)
        yield _columns({key: one for key, one in row.items() if key != name}, chance)
        other = chance.choice(sorted(fields(predicate)))
        yield _columns({**row, other: chance.choice(["", "-", "System", "/bin/sh", "x"])}, chance)


def _build(predicate: Predicate, chance: random.Random) -> dict[str, Value]:
    match predicate:
        case And(children=children):
            row: dict[str, Value] = {}
            for child in children:
                for name, value in _build(child, chance).items():
                    row[name] = _merge(row[name], value, chance) if name in row else value
            return row
        case Or(children=children) if children:
            return _build(chance.choice(children), chance)
        case Not(child=child) if chance.random() < 0.2:
            return _build(child, chance)
        case Match(field=field, pattern=pattern):
            return {field: _instance(pattern, chance)}
    return {}


def _instance(pattern: Pattern, chance: random.Random) -> Value:
    match pattern:
        case Glob(tokens=tokens):
            fillers = {Wild.ANY: FILLERS, Wild.ONE: tuple(filler for filler in FILLERS if len(filler) == 1)}
            return "".join(token if isinstance(token, str) else chance.choice(fillers[token]) for token in tokens)
        case Regex(source=source):
            return _expression(source, chance)
        case Compare(number=number):
            return number + chance.choice([-1, 0, 0, 1])
        case Cidr(network=network):
            return network.partition("/")[0]
        case Reference():
            return "same"
        case TimePart() | Present():
            return "x"
    raise TypeError(pattern)


def _merge(left: Value, right: Value, chance: random.Random) -> Value:
    if not isinstance(left, str) or not isinstance(right, str):
        return right
    if left.startswith("/") or right.startswith(("/", "\\")):
        return left + right
    return chance.choice([left + " " + right, right + left, left + right])


def _near(value: Value, chance: random.Random) -> Value:
    if not isinstance(value, str):
        return value + 1
    if not value:
        return chance.choice(["x", " "])
    place = chance.randrange(len(value))
    return chance.choice(
        [value[:place] + value[place + 1 :], value[:place] + "\u00e9" + value[place:], value + "\n", " " + value]
    )


def _flip(value: Value) -> Value:
    return value.swapcase() if isinstance(value, str) else value


def _columns(row: dict[str, Value], chance: random.Random) -> dict[str, Value]:
    columns: dict[str, Value] = {}
    for name, value in row.items():
        if name in READ_FIELDS:
            other = chance.choice([value, "", "/usr/bin/other"])
            resolved, invoked = (value, other) if chance.random() < 0.5 else (other, value)
            columns |= {f"{name}.resolved": resolved, f"{name}.invoked": invoked}
        else:
            columns[name] = value
    return {name: value for name, value in columns.items() if value != ""}


def _expression(source: str, chance: random.Random) -> str:
    """A text that an expression matches, if Python reads it alike; else what letters it has."""
    try:
        parsed = re._parser.parse(source)  # type: ignore[attr-defined]  # no public parser
    except re.error:
        return re.sub(r"\W", "", source)
    return "".join(_pieces(parsed, chance))


def _pieces(parsed: Any, chance: random.Random) -> Iterator[str]:
    for operation, argument in parsed:
        match str(operation):
            case "LITERAL":
                yield chr(argument)
            case "NOT_LITERAL" | "ANY":
                yield "z"
            case "IN":
                yield _member(argument, chance)
            case "BRANCH":
                yield from _pieces(chance.choice(argument[1]), chance)
            case "SUBPATTERN":
                yield from _pieces(argument[-1], chance)
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, inner = argument
                for _ in range(min(least + chance.randrange(2), most)):
                    yield from _pieces(inner, chance)


def _member(choices: Any, chance: random.Random) -> str:
    operation, argument = chance.choice(choices)
    match str(operation):
        case "LITERAL":
            return chr(argument)
        case "RANGE":
            return chr(chance.randint(*argument))
        case "CATEGORY":
            return {"CATEGORY_DIGIT": "7", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "w"}.get(str(argument), "-")
    return "~"

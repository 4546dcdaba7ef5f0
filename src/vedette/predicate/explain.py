"""A predicate in words, and why a row did or did not match, atom by atom."""

from __future__ import annotations

from typing import Final

import msgspec

from vedette.predicate.evaluate import Row, evaluate, text_of
from vedette.predicate.node import And, Atom, Const, Keyword, Match, Not, Or, Predicate
from vedette.predicate.pattern import Cidr, Compare, Glob, Pattern, Present, Reference, Regex, TimePart, Wild

_ORDER_WORDS: Final = {
    "eq": "is",
    "lt": "is less than",
    "lte": "is at most",
    "gt": "is more than",
    "gte": "is at least",
}
_FORM_WORDS: Final = {
    "equals": "is",
    "startswith": "starts with",
    "endswith": "ends with",
    "contains": "contains",
    "wildcard": "matches",
}


class Step(msgspec.Struct, frozen=True):
    """One line of an explanation.

    Attributes:
        depth: how deep in the tree the line stands.
        held: whether this part holds.
        text: the part in words; `all of`, `any of` and `not` for the inner nodes.
        value: the row's value for a leaf, or None for an inner node.
    """

    depth: int
    held: bool
    text: str
    value: str | None = None


def explain(predicate: Predicate) -> str:
    """The predicate as one English sentence.

    >>> from vedette.predicate.pattern import endswith
    >>> explain(Not(Match("Image", endswith("/ufw"))))
    'not (Image ends with "/ufw")'
    """
    match predicate:
        case Const(value=value):
            return "always" if value else "never"
        case Match() | Keyword():
            return _atom(predicate)
        case Not(child=Match(field=field, pattern=Present())):
            return f"{field} is empty"
        case Not(child=child):
            return f"not ({explain(child)})"
        case And(children=children):
            return " and ".join(_inner(child) for child in children)
        case Or(children=children):
            return " or ".join(_inner(child) for child in children)
    raise TypeError(predicate)


def steps(predicate: Predicate, row: Row, raw: str = "", depth: int = 0) -> list[Step]:
    """The truth of every part of the predicate on one row, outermost first."""
    held = evaluate(predicate, row, raw)
    match predicate:
        case Match(field=field):
            return [Step(depth, held, _atom(predicate), text_of(row.get(field, "")))]
        case Keyword():
            return [Step(depth, held, _atom(predicate), "")]
        case Not(child=child):
            return [Step(depth, held, "not"), *steps(child, row, raw, depth + 1)]
        case And(children=children) | Or(children=children):
            head = Step(depth, held, "all of" if isinstance(predicate, And) else "any of")
            return [head, *(step for child in children for step in steps(child, row, raw, depth + 1))]
        case Const():
            return [Step(depth, held, explain(predicate))]
    raise TypeError(predicate)


def _inner(child: Predicate) -> str:
    return f"({explain(child)})" if isinstance(child, And | Or) else explain(child)


def _atom(atom: Atom) -> str:
    if isinstance(atom, Keyword):
        kind = "matches" if isinstance(atom.pattern, Regex) else "contains"
        return f"the raw event {kind} {_quoted(atom.pattern)}"
    return f"{atom.field} {describe(atom.pattern)}"


def describe(pattern: Pattern) -> str:
    """A pattern as the second half of a sentence that begins with a field."""
    match pattern:
        case Glob():
            cased = " (cased)" if pattern.cased else ""
            return f"{_FORM_WORDS[pattern.form]} {_quoted(pattern)}{cased}"
        case Regex():
            return f"matches the expression {_quoted(pattern)}"
        case Cidr(network=network):
            return f"is inside {network}"
        case Compare(order=order, number=number):
            return f"{_ORDER_WORDS[order]} {number}"
        case TimePart(part=part, order=order, number=number):
            return f"has {'an' if part == 'hour' else 'a'} {part} that {_ORDER_WORDS[order]} {number}"
        case Present():
            return "is not empty"
        case Reference(field=field, form=form, cased=cased):
            return f"{_FORM_WORDS[form]} the value of {field}{' (cased)' if cased else ''}"
    raise TypeError(pattern)


def _quoted(pattern: Glob | Regex) -> str:
    if isinstance(pattern, Regex):
        return f"/{pattern.source}/{pattern.flags}"
    if pattern.form in ("startswith", "endswith", "contains", "equals"):
        text = pattern.literal
    else:
        marks = {Wild.ANY: "*", Wild.ONE: "?"}
        text = "".join(marks[token] if isinstance(token, Wild) else token for token in pattern.tokens)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

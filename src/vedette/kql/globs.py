r"""Text patterns on a text expression: the plain forms as operators, wildcards as one anchored expression.

`contains`, `startswith`, `endswith`, `=~` and `in~` ignore case, their twins `_cs`, `==` and `in` don't. Text in Kusto
is never null, so none of them needs a guard.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from vedette.kql.strings import quote
from vedette.predicate import Glob, Regex, Wild
from vedette.predicate.regex import portable

_OPERATORS: Final = {"equals": ("=~", "=="), "startswith": ("startswith", "startswith_cs")}
_OPERATORS.update(endswith=("endswith", "endswith_cs"), contains=("contains", "contains_cs"))
_SPECIAL: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")


def operator(form: str, *, cased: bool) -> str:
    """The operator of a plain form (`equals`, `startswith`, `endswith`, `contains`)."""
    return _OPERATORS[form][cased]


def glob_condition(expression: str, pattern: Glob) -> str:
    """`pattern` on a text expression."""
    if not pattern.tokens:
        return f"isempty({expression})"
    if pattern.tokens == (Wild.ANY,):
        return "true"
    if pattern.form == "wildcard":
        return f"{expression} matches regex {quote(expression_of(pattern))}"
    return f"{expression} {operator(pattern.form, cased=pattern.cased)} {quote(pattern.literal)}"


def any_of(expression: str, literals: Sequence[str], *, cased: bool) -> str:
    """The value is one of `literals`."""
    if len(literals) == 1:
        return f"{expression} {operator('equals', cased=cased)} {quote(literals[0])}"
    return f"{expression} {'in' if cased else 'in~'} ({', '.join(map(quote, literals))})"


def regex_condition(expression: str, pattern: Regex) -> str:
    """`pattern` on a text expression, its classes spelled out in ASCII."""
    return f"{expression} matches regex {quote(portable(pattern))}"


def expression_of(pattern: Glob) -> str:
    r"""A pattern with wildcards as a regular expression; open ends stay open rather than be searched to the end.

    >>> expression_of(Glob(("a.", Wild.ANY, "b", Wild.ONE)))
    '(?is)^a\\..*b.$'
    """
    tokens = pattern.tokens
    start, stop = tokens[0] is Wild.ANY, tokens[-1] is Wild.ANY
    body = tokens[start : len(tokens) - stop]
    spelled = {Wild.ANY: ".*", Wild.ONE: "."}
    inner = "".join(_literal(token) if isinstance(token, str) else spelled[token] for token in body)
    return f"(?{'' if pattern.cased else 'i'}s){'' if start else '^'}{inner}{'' if stop else '$'}"


def _literal(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text).replace("\0", r"\x00")

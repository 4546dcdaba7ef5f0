"""Implied prefilters: terms of which a row must have one, so that an entry point can look for them in its index first.

ASIM's functions take lists such as `targetprocess_has_any`, and pass them to every source before anything is parsed. A
list is only ever added to a query, never put in the place of a condition, and only where each row that the conditions
select has one of its terms. A term of Kusto is a run of ASCII letters and digits between other characters; the index
holds those of three and more. So a literal gives a term only where both of the term's ends are inside it, or at an end
of the value that the pattern is anchored to: `endswith '/iptables'` gives `iptables`, `contains 'ufw-logging-deny'`
gives `logging`, and `contains '-F'` gives nothing.

What stands beside a term must be a character that is no part of a word anywhere, and that no form in which a source
keeps its records (JSON, XML) writes as letters: not `_`, no letter beyond ASCII, no quote, `<`, `>`, `&`, `=`, and no
control.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from vedette.kql.strings import quote
from vedette.predicate import And, Const, Glob, Match, Not, Or, Predicate, Wild

#: Most terms in one list.
MAX_TERMS: Final = 64
_SHORTEST: Final = 3
_BESIDE: Final = frozenset(" !#$%()*,-./:;?@[\\]^{|}~")
_RUN: Final = re.compile(r"[A-Za-z0-9]+")
#: Terms that most rows have, which rule out next to nothing.
_COMMON: Final = {
    "bin", "com", "dll", "etc", "exe", "files", "http", "https", "lib", "local", "microsoft", "net", "opt", "program",
    "programdata", "root", "sbin", "system", "system32", "temp", "tmp", "user", "users", "usr", "var", "windows",
}  # fmt: skip


def prefilters(predicate: Predicate, parameters: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Terms for each parameter that they are worth it for.

    Args:
        predicate: over columns.
        parameters: name of a parameter to the column that it searches.

    Returns:
        Parameter to the terms, lower case and sorted: every row for which the predicate holds has one of them in the
        column, as a term, whatever its case. Letters on whose case engines differ are left out of that, as everywhere.
    """
    found = {}
    for parameter, column in parameters.items():
        terms = _implied(predicate, column, positive=True)
        if terms and len(terms) <= MAX_TERMS and _worth(terms)[0]:
            found[parameter] = tuple(sorted(terms))
    return found


def call(name: str, lists: Mapping[str, Sequence[str]]) -> str:
    """The entry point with its lists; by its name alone where there are none."""
    if not lists:
        return name
    given = (f"{parameter}=dynamic([{', '.join(map(quote, terms))}])" for parameter, terms in lists.items())
    return f"{name}({', '.join(given)})"


def terms_of(pattern: Glob) -> frozenset[str]:
    """Terms, lower case, that every value that matches the pattern has."""
    tokens = pattern.tokens
    found = set()
    for place, token in enumerate(tokens):
        if isinstance(token, Wild):
            continue
        for run in _RUN.finditer(token):
            start, stop = run.span()
            left = token[start - 1] in _BESIDE if start else place == 0
            right = token[stop] in _BESIDE if stop < len(token) else place == len(tokens) - 1
            if left and right and stop - start >= _SHORTEST:
                found.add(run[0].lower())
    return frozenset(found)


def _implied(predicate: Predicate, column: str, *, positive: bool) -> frozenset[str] | None:
    """Terms of which the column has one wherever the predicate is `positive`; None where nothing can be said."""
    match predicate:
        case Match(field=field, pattern=Glob() as pattern) if positive and field == column:
            terms = terms_of(pattern)
            return frozenset({max(terms, key=lambda term: (_weight(term), term))}) if terms else None
        case Not(child=child):
            return _implied(child, column, positive=not positive)
        case And(children=children) | Or(children=children):
            parts = [_implied(child, column, positive=positive) for child in children]
            return _best(parts) if isinstance(predicate, And) is positive else _union(parts)
        case Const(value=value) if value is not positive:
            return frozenset()  # it never is, so that anything follows
    return None


def _best(parts: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """All parts hold: the one whose terms rule out the most."""
    return max((part for part in parts if part is not None), key=_worth, default=None)


def _union(parts: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    """One part holds, whichever: every one must have its terms."""
    known = [part for part in parts if part is not None]
    return frozenset().union(*known) if len(known) == len(parts) else None


def _worth(terms: frozenset[str]) -> tuple[int, int, tuple[str, ...]]:
    """By the weakest term, then by their number; the terms themselves keep the choice the same everywhere."""
    return min(map(_weight, terms), default=99), -len(terms), tuple(sorted(terms))


def _weight(term: str) -> int:
    return 0 if term in _COMMON else len(term)

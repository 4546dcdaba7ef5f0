"""Comparisons of fields as ECS, EQL, Kibana, Kusto and Splunk write them, by recursive descent.

::

    expression  = conjunction { ("or" | "||") conjunction }
    conjunction = factor { ("and" | "&&") factor }
    factor      = ("not" | "!") factor | "(" expression ")" | comparison
    comparison  = field relation value { "or" quoted text }
    value       = text | "(" text { ("," | "or" | "and") text } ")"

A comma may stand before a connective, and a backquote around anything. A connective behind which no factor stands is
left to the caller, which decides whether the text goes on.
"""

from __future__ import annotations

import re
from typing import Final

from vedette.page.dialect.fields import known, vocabulary
from vedette.page.dialect.refusal import UnreadError
from vedette.page.dialect.relation import RELATION, Form, form_of
from vedette.page.dialect.tree import MAX_COMPARISONS, MAX_DEPTH, And, Comparison, Not, Or, Tree, either, every
from vedette.page.dialect.value import QUOTES, Written, read_value

_PLAIN_NAME: Final = r"[A-Za-z_@][\w@-]*+(?:\.[\w@-]++)*+"
#: Names of several words, such as `process name`; they are names before a sign alone, as before a word they are prose.
_PHRASES: Final = "|".join(
    r"\s".join(map(re.escape, words.split()))
    for words in sorted(vocabulary().phrases, key=len, reverse=True)
    if " " in words
)
_NAME: Final = rf"(?:(?:{_PHRASES})(?=`?\s*+[!=]?=)|{_PLAIN_NAME})"
_BLANK: Final = re.compile(r"[\s`]*+")
_OPENING: Final = re.compile(r"(?:(?:not\b|!(?!=)|\()[\s`]*+)*+", re.IGNORECASE)
_COMPARISON: Final = re.compile(rf"(?P<field>{_NAME})`?+(?P<relation>{RELATION})", re.IGNORECASE)
_OR: Final = re.compile(r"(?:[\s`]*+,)?[\s`]*+(?:or\b|\|\|)[\s`]*+", re.IGNORECASE)
_AND: Final = re.compile(r"(?:[\s`]*+,)?[\s`]*+(?:and\b|&&)[\s`]*+", re.IGNORECASE)
_NOT: Final = re.compile(r"(?:not\b|!(?!=))[\s`]*+", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"[\s`]*+(?P<word>,(?:\s*+or\b)?|or\b|and\b|\|\||&&)[\s`]*+", re.IGNORECASE)
#: Where a comparison may begin: not within a word, a path or a quoted text.
_START: Final = re.compile(rf"(?<![\w./\\@-]){_NAME}")


def find_comparison(text: str, start: int) -> int:
    """Index at which the next comparison begins, its brackets and `not` included; -1 if none does."""
    at = start
    while (found := _START.search(text, at)) is not None:
        if _compares(text, found.start()):
            return _with_opening(text, start, found.start())
        at = found.end()
    return -1


def _compares(text: str, at: int) -> bool:
    """Whether a name and a relation stand here that are meant as such rather than as words."""
    found = _COMPARISON.match(text, at)
    if found is None:
        return False
    name, relation = found["field"], found["relation"].strip()
    if " " in name:
        return True
    if "." in name and len(name.partition(".")[0]) > 1:
        return True
    if relation[0].isalpha():
        # A lone word before a word is prose, unless it is written as no word is.
        return known(name) and ("_" in name or re.search(r"[a-z][A-Z]", name) is not None)
    return known(name) or relation not in (":", "<", ">")


def _with_opening(text: str, floor: int, at: int) -> int:
    """The index of the brackets and `not` before a comparison."""
    begin = at
    for found in re.finditer(r"(?:\bnot\b|!|\()[\s`]*+", text[max(floor, at - 200) : at], re.IGNORECASE):
        index = max(floor, at - 200) + found.start()
        opening = _OPENING.match(text, index)
        if opening is not None and opening.end() == at:
            begin = index
            break
    return begin


def read_expression(text: str, start: int) -> tuple[Tree, int]:
    """Read one expression.

    Args:
        text: the whole text.
        start: where the expression begins.

    Returns:
        What it says, and the index behind it.

    Raises:
        UnreadError: it is none, or it can be read in more than one way.
    """
    parser = _Parser(text, start)
    tree = parser.expression(0)
    return tree, parser.at


class _Parser:
    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.at = start
        self.count = 0
        self.loose = -1  # where values were last joined by `or` without brackets

    def expression(self, depth: int) -> Tree:
        parts = [self.conjunction(depth)]
        while self._joined(_OR):
            parts.append(self.conjunction(depth))
        return either([inner for part in parts for inner in (part.parts if isinstance(part, Or) else (part,))])

    def conjunction(self, depth: int) -> Tree:
        start = self.at
        parts = [self.factor(depth)]
        while self._joined(_AND):
            parts.append(self.factor(depth))
        if len(parts) > 1 and self.loose >= start:
            raise UnreadError("'or' between values beside 'and' can be read in two ways", self.loose)
        return every([inner for part in parts for inner in (part.parts if isinstance(part, And) else (part,))])

    def factor(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise UnreadError(f"it nests deeper than {MAX_DEPTH}", self.at)
        self._skip()
        if found := _NOT.match(self.text, self.at):
            self.at = found.end()
            return Not(self.factor(depth + 1))
        if self.text.startswith("(", self.at):
            self.at += 1
            inner = self.expression(depth + 1)
            self._skip()
            if not self.text.startswith(")", self.at):
                raise UnreadError("a closing bracket is missing here", self.at)
            self.at += 1
            self.loose = -1
            return inner
        return self.comparison()

    def comparison(self) -> Tree:
        found = _COMPARISON.match(self.text, self.at)
        if found is None:
            raise UnreadError("a field and a comparison are missing here", self.at)
        start = self.at
        form = form_of(found["relation"], found.start("relation"))
        self.at = found.end()
        values, together = self._values(form)
        if not together and len(values) == 1 and values[0].quoted:
            values += self._more(form)
        self.count += len(values)
        if self.count > MAX_COMPARISONS:
            raise UnreadError(f"it holds more than {MAX_COMPARISONS} comparisons", start)
        for value in values:
            worded = found["relation"].strip()[0].isalpha() and not value.quoted
            if worded and value.text.lower() in vocabulary().common:
                raise UnreadError(f"{value.text!r} without quotes may be a word of the sentence", value.start)
        pairs = [(form.relation_of(value), value) for value in values]
        shown = " ".join(found["field"].lower().split())
        field = vocabulary().phrases.get(shown, "") if " " in shown else found["field"]
        made: list[Tree] = [
            Comparison(field, relation, form.tokens(value, relation), form.cased, start, shown if " " in shown else "")
            for relation, value in pairs
        ]
        tree = every(made) if together else either(made)
        return Not(tree) if form.negated else tree

    def _values(self, form: Form) -> tuple[list[Written], bool]:
        """The values of a comparison, and whether all of them must hold."""
        gap = re.compile(r"\s*+").match(self.text, self.at)
        assert gap is not None
        opening = self.text[gap.end() : gap.end() + 1]
        if opening not in ("(", "[", "{"):
            if form.listed:
                raise UnreadError("a list of values in brackets is missing here", gap.end())
            value, self.at = read_value(self.text, gap.end(), expression=form.expression)
            return [value], False
        closing = {"(": ")", "[": "]", "{": "}"}[opening]
        self.at = gap.end() + 1
        values: list[Written] = []
        words: set[str] = set()
        while True:
            value, self.at = read_value(self.text, self.at, expression=form.expression)
            values.append(value)
            if len(values) > MAX_COMPARISONS:
                raise UnreadError(f"a list of more than {MAX_COMPARISONS} values", gap.end())
            self._skip()
            if self.text.startswith(closing, self.at):
                self.at += 1
                break
            found = _BETWEEN.match(self.text, self.at)
            if found is None:
                raise UnreadError(f"a comma or {closing} is missing here", self.at)
            words.add("and" if found["word"].lower() in ("and", "&&") else "or")
            self.at = found.end()
        if len(words) > 1:
            raise UnreadError("a list that mixes 'and' with 'or'", gap.end())
        return values, words == {"and"}

    def _more(self, form: Form) -> list[Written]:
        """Quoted values behind the first that `or` joins to it: `name is "a" or "b"`."""
        more: list[Written] = []
        while (found := _OR.match(self.text, self.at)) and self.text[found.end() - 1 : found.end() + 1].strip("` \n"):
            # A backquote that the connective's pattern took belongs to the value.
            start = found.end() - (self.text[found.end() - 1] == "`")
            if self.text[start : start + 1] not in QUOTES or len(more) > MAX_COMPARISONS:
                break
            try:
                value, end = read_value(self.text, start, expression=form.expression)
            except UnreadError:
                break
            if _compares(self.text, start + 1):
                break
            if form.negated:
                raise UnreadError("whether 'or' joins values that are both left out can't be told", found.start())
            more.append(value)
            self.at, self.loose = end, start
        return more

    def _joined(self, connective: re.Pattern[str]) -> bool:
        """Step over a connective if a factor stands behind it."""
        found = connective.match(self.text, self.at)
        if found is None:
            return False
        opening = _OPENING.match(self.text, found.end())
        assert opening is not None
        if not _compares(self.text, opening.end()):
            return False
        self.at = found.end()
        return True

    def _skip(self) -> None:
        found = _BLANK.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

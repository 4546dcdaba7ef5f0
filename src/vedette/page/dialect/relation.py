"""How a page compares a field with a value: the signs and words of the query languages, and what each means."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from vedette.page.dialect.refusal import UnreadError
from vedette.page.dialect.tree import Relation
from vedette.page.dialect.value import Written
from vedette.predicate import Token


class Form(msgspec.Struct, frozen=True):
    """One sign or word.

    Attributes:
        relation: what it means of a plain value.
        negated: it means the contrary.
        cased: capital and small letters differ.
        stars: `never`: a star is a star; `any`: it is any text; `both`: languages differ, so that it is refused.
        marks: as `stars`, of a question mark and any one character.
        listed: only a list may follow.
        expression: what follows may be a regular expression.
        doubt: it is a regular expression in one language and none in another.
        reason: why it is never read, or the empty text.
    """

    relation: Relation
    negated: bool = False
    cased: bool = False
    stars: str = "never"
    marks: str = "never"
    listed: bool = False
    expression: bool = False
    doubt: bool = False
    reason: str = ""

    def relation_of(self, value: Written) -> Relation:
        """What it means of this value.

        Raises:
            UnreadError: it can be read in two ways.
        """
        if value.expression:
            return "regex"
        if self.doubt and re.search(r"[\\^$.|?*+()\[\]{}]", re.sub(r"\w\.\w", "", value.text)):
            raise UnreadError(
                "it may be a comparison that ignores case, as in Kusto, or a regular expression", value.start
            )
        if self.relation == "regex" and re.search(r"(?<![.)\]}\w\\\"'])\*|^\*|\w\*$", value.text):
            raise UnreadError("the star may be a wildcard or part of a regular expression", value.start)
        return self.relation

    def tokens(self, value: Written, relation: Relation) -> tuple[Token, ...]:
        """The value's text and wildcards.

        Raises:
            UnreadError: a star or question mark can be read in two ways.
        """
        if relation == "regex":
            if value.doubled and "\\\\" in value.text:
                raise UnreadError("the doubled backslash may be the quote's or the expression's", value.start)
            return (value.text,)
        return value.tokens(self.stars, self.marks)


_LIKE: Final = Form("equals", stars="any", marks="any")
_WORDS: Final[dict[str, Form]] = {
    "matches regex": Form("regex", expression=True),
    "matches": Form("regex", expression=True),
    "wildcard": _LIKE,
    "like~": _LIKE,
    "like": _LIKE,
    "in~": Form("equals", stars="both", listed=True),
    "in": Form("equals", cased=True, stars="both", listed=True),
    "is one of": Form("equals", stars="both", listed=True),
    "contains_cs": Form("contains", cased=True, stars="both"),
    "contains": Form("contains", stars="both"),
    "includes": Form("contains", stars="both"),
    "startswith_cs": Form("startswith", cased=True, stars="both"),
    "startswith": Form("startswith", stars="both"),
    "starts with": Form("startswith", stars="both"),
    "begins with": Form("startswith", stars="both"),
    "endswith_cs": Form("endswith", cased=True, stars="both"),
    "endswith": Form("endswith", stars="both"),
    "ends with": Form("endswith", stars="both"),
    "equals": Form("equals", stars="any"),
    "is": Form("equals", stars="any"),
    "has_any": Form("contains", reason="'has_any' looks for whole words, which Sigma can't say; write contains"),
    "has_all": Form("contains", reason="'has_all' looks for whole words, which Sigma can't say; write contains"),
    "has": Form("contains", reason="'has' looks for a whole word, which Sigma can't say; write contains"),
    "regex~": Form("regex", reason="EQL's regex must match the whole value; write matches and anchor it"),
    "regex": Form("regex", reason="languages differ on whether regex must match the whole value; write matches"),
}
_NEGATED: Final[dict[str, str]] = {
    "does not contain": "contains",
    "does not include": "includes",
    "does not equal": "equals",
    "does not match": "matches",
    "does not start with": "starts with",
    "does not end with": "ends with",
    "is not one of": "is one of",
    "is not in": "in",
    "is not": "is",
    "is in": "in",
}
_SIGNS: Final[dict[str, Form]] = {
    "==": Form("equals", cased=True, stars="both"),
    "!=": Form("equals", negated=True, stars="any"),
    "<>": Form("equals", negated=True, stars="any"),
    "=~": Form("equals", expression=True, doubt=True),
    "!~": Form("equals", expression=True, doubt=True, negated=True),
    "<=": Form("lte"),
    ">=": Form("gte"),
    "=": Form("equals", stars="any"),
    ":": Form("equals", stars="any", marks="both"),
    "<": Form("lt"),
    ">": Form("gt"),
}


def _spelled(words: str) -> str:
    return re.escape(words).replace(r"\ ", r"\s++")


_LONGEST: Final = sorted([*_WORDS, *_NEGATED], key=len, reverse=True)
#: Expression of all of them, longest first. A word is apart from what stands beside it.
RELATION: Final = (
    rf"(?:\s++|(?<=[\s`]))(?:{'|'.join(map(_spelled, _LONGEST))})(?![\w~])(?!\s*+[=:])"
    rf"|(?:\s++|(?<=[\s`]))not\s++(?:{'|'.join(map(_spelled, sorted(_WORDS, key=len, reverse=True)))})(?![\w~])"
    rf"|\s*+!\s?(?:{'|'.join(map(_spelled, sorted(_WORDS, key=len, reverse=True)))})(?![\w~])"
    rf"|\s*+(?:{'|'.join(map(re.escape, sorted(_SIGNS, key=len, reverse=True)))})(?![=~>])"
)


def form_of(written: str, start: int) -> Form:
    """What a sign or word means.

    Args:
        written: as `RELATION` found it.
        start: where it stands, for the error.

    Raises:
        UnreadError: it is a relation that has no counterpart.
    """
    words = " ".join(written.lower().split())
    negated = False
    if words in _SIGNS:
        form = _SIGNS[words]
    else:
        if words in _NEGATED:
            negated, words = words != "is in", _NEGATED[words]
        elif words.startswith(("!", "not ")):
            negated, words = True, words.removeprefix("!").removeprefix("not ").strip()
        form = _WORDS[words]
    if form.reason:
        raise UnreadError(form.reason, start)
    return msgspec.structs.replace(form, negated=form.negated or negated)

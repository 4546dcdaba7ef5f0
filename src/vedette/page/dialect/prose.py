"""Plain words, read by a small set of sentence patterns over the phrases of `fields.toml`; `docs/pages.md` lists them.

A clause is read whole or not at all: words that no pattern has a place for may limit what the others say.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from vedette.page.dialect.fields import vocabulary
from vedette.page.dialect.refusal import UnreadError
from vedette.page.dialect.tree import MAX_COMPARISONS, Comparison, Not, Relation, Tree, either, every
from vedette.page.dialect.value import QUOTES, Written, read_value

#: Longest clause that is read.
MAX_CLAUSE: Final = 1000

_SEEK: Final = r"(?:check(?:ing)?|look(?:ing)?|search(?:ing)?|test|filter(?:ing)?)\s+(?:for|on|by)"
_DROP: Final = r"(?:exclud(?:e|ing)|filter(?:ing)?\s+out|ignor(?:e|ing)|suppress(?:ing)?|skip|omit|whitelist|allowlist)"
_VERB: Final = rf"(?:(?:{_SEEK}|{_DROP})\s+)?"
_CHECK: Final = r"(?:(?:check|verify|confirm|test)(?:ing)?\s+)?"
_THINGS: Final = (
    r"(?:(?:all|any)\s+)?(?:events?|commands?|process(?:es)?|alerts?|activity|executions?|matches|entries|programs?)"
)
_QUOTED: Final = "|".join(
    rf"{re.escape(opening)}[^\n{re.escape(closing)}]{{1,1024}}+[{re.escape(closing)}]"
    for opening, closing in QUOTES.items()
)
_BARE: Final = r"[\w./@:+*-]++(?<=[\w/@+*-])"
_VALUE: Final = rf"(?:{_QUOTED}|{_BARE})"
_VALUES: Final = rf"(?:either\s+)?{_VALUE}(?:(?:\s*,\s*(?:or\s+)?|\s+or\s+){_VALUE})*"
_DONE: Final = r"(?:executed|run|ran|started|issued|initiated|launched|performed|spawned|created|invoked)"
_WHERE: Final = r"(?:where|when|if|whether|that|in\s+which|with|whose|for\s+which)"

_RELATIONS: Final[dict[str, tuple[Relation, bool]]] = {
    "is not": ("equals", True),
    "isn't": ("equals", True),
    "does not equal": ("equals", True),
    "is equal to": ("equals", False),
    "is named": ("equals", False),
    "is called": ("equals", False),
    "is": ("equals", False),
    "equals": ("equals", False),
    "does not contain": ("contains", True),
    "doesn't contain": ("contains", True),
    "contains": ("contains", False),
    "containing": ("contains", False),
    "includes": ("contains", False),
    "starts with": ("startswith", False),
    "starting with": ("startswith", False),
    "begins with": ("startswith", False),
    "ends with": ("endswith", False),
    "ending with": ("endswith", False),
    "ending in": ("endswith", False),
}


class _Clause(msgspec.Struct, frozen=True):
    """A clause, and where in the text it begins."""

    text: str
    start: int


def read_clause(text: str, start: int) -> Tree:
    """Read one clause.

    Args:
        text: the clause, without what introduces or ends it.
        start: index of its first character in the whole text.

    Raises:
        UnreadError: no pattern fits, or a value can't be told from a word.
    """
    if len(text) > MAX_CLAUSE:
        raise UnreadError(f"a clause of more than {MAX_CLAUSE:,} characters", start)
    clause = _Clause(text, start)
    for pattern, reader in _patterns():
        if found := pattern.fullmatch(text):
            return reader(clause, found)
    raise UnreadError(_why_not(text), start)


def _why_not(text: str) -> str:
    """What keeps a clause from being read, as far as its words tell."""
    words = re.findall(r"[\w'-]+", text.lower().replace("’", "'"))  # noqa: RUF001 (quotes as pages have them)
    table = vocabulary()
    limiting = next((word for word in words if word in table.limiting), None)
    if limiting is not None:
        return f"{limiting!r} limits or turns round what is said, which no sentence pattern does"
    describing = next((word for word in words if word in table.describing), None)
    if describing is not None:
        return f"it describes ({describing!r}) and names no value to compare with"
    return "no sentence pattern fits: a field, a comparison and a value are needed"


def _any_of(phrases: Iterable[str]) -> str:
    """An expression of any of the phrases, the longest first; any blanks may part their words."""
    return "|".join(r"\s+".join(map(re.escape, each.split())) for each in sorted(phrases, key=len, reverse=True))


@functools.cache
def _patterns() -> tuple[tuple[re.Pattern[str], Callable[[_Clause, re.Match[str]], Tree]], ...]:
    """Sentence patterns in the order in which they are tried."""
    field = rf"(?:the\s+|its\s+|their\s+)?(?:{_any_of(vocabulary().phrases)})"
    relation = _any_of(_RELATIONS)
    predicate = rf"{field}\s+(?:{relation})\s+(?:the\s+)?{_VALUES}"
    child = rf"child(?:ren)?(?:\s+process(?:es)?)?\s+of\s+(?:the\s+process\s+)?(?P<values>{_VALUES})"
    parent = rf"(?:{_THINGS}\s+with\s+)?(?P<values>{_VALUES})\s+as\s+(?:the\s+|a\s+|its\s+)?parent(?:\s+process)?"
    having = (
        rf"{_THINGS}\s+with\s+(?:a\s+|the\s+)?parent(?:\s+process)?(?:\s+name)?\s+(?:of|named|called)\s+"
        rf"(?P<values>{_VALUES})"
    )
    by_user = (
        rf"(?:{_THINGS}\s+)?(?:{_DONE}\s+by|from|of)\s+(?:the\s+)?"
        rf"(?:(?:user|account)\s+(?P<values>{_VALUES})|(?P<others>{_VALUES})\s+(?:user|account))"
    )
    by_parent = (
        rf"(?:{_THINGS}\s+)?{_DONE}\s+by\s+(?:the\s+)?"
        rf"(?:(?:parent\s+)?process\s+(?P<values>{_VALUES})|(?P<others>{_VALUES})\s+(?:parent\s+)?process)"
    )
    containing = (
        r"(?:all\s+|any\s+)?(?:commands?|command\s+lines?)\s+"
        rf"(?:containing|(?:that|which)\s+contain|including|that\s+include)\s+(?P<values>{_VALUES})"
    )
    asking = (
        rf"(?:(?:{_CHECK}|{_VERB}(?:{_THINGS}\s+)?){_WHERE}\s+)?"
        rf"(?P<predicates>{predicate}(?:\s*,?\s+(?:and|or)\s+(?:{_WHERE}\s+)?{predicate})*)"
    )
    # A list of values ends where the next predicate begins, whose first word might else be taken for a value.
    ahead = rf"(?=\s*$|\s*,?\s+(?:and|or)\s+(?:{_WHERE}\s+)?{field}\s+(?:{relation})\s)"
    sources: list[tuple[str, Callable[[_Clause, re.Match[str]], Tree]]] = [
        (rf"{_VERB}(?:the\s+)?presence\s+of\s+(?:the\s+)?(?P<values>{_VALUES})\s+in\s+(?P<field>{field})", _inside),
        (rf"{_VERB}{_THINGS}\s+with\s+(?P<values>{_VALUES})\s+in\s+(?P<field>{field})", _inside),
        (rf"{_VERB}(?P<values>{_VALUES})\s+in\s+(?P<field>{field})", _inside),
        (_VERB + by_user, _by_user),
        (_VERB + by_parent, _by_parent),
        (_VERB + parent, _by_parent),
        (_VERB + having, _by_parent),
        (_VERB + child, _by_parent),
        (rf"{_VERB}(?:all\s+|any\s+)?(?:process(?:es)?|programs?)\s+(?:named|called)\s+(?P<values>{_VALUES})", _named),
        (_VERB + containing, _containing),
        (
            asking,
            _predicates(rf"(?P<field>{field})\s+(?P<relation>{relation})\s+(?:the\s+)?(?P<values>{_VALUES})" + ahead),
        ),
    ]
    return tuple((re.compile(source, re.IGNORECASE), reader) for source, reader in sources)


def _inside(clause: _Clause, found: re.Match[str]) -> Tree:
    return _compared(clause, found["field"], "contains", found.start("values"), found["values"])


def _by_user(clause: _Clause, found: re.Match[str]) -> Tree:
    group = "values" if found["values"] else "others"
    return _compared(clause, "user", "equals", found.start(group), found[group])


def _by_parent(clause: _Clause, found: re.Match[str]) -> Tree:
    group = "others" if found.groupdict().get("others") else "values"
    return _compared(clause, "parent process", "equals", found.start(group), found[group])


def _named(clause: _Clause, found: re.Match[str]) -> Tree:
    return _compared(clause, "process name", "equals", found.start("values"), found["values"])


def _containing(clause: _Clause, found: re.Match[str]) -> Tree:
    return _compared(clause, "command line", "contains", found.start("values"), found["values"])


def _predicates(source: str) -> Callable[[_Clause, re.Match[str]], Tree]:
    one = re.compile(source, re.IGNORECASE)

    def read(clause: _Clause, found: re.Match[str]) -> Tree:
        at, end = found.span("predicates")
        parts: list[Tree] = []
        words: set[str] = set()
        while at < end:
            if joined := re.compile(rf"\s*,?\s+(and|or)\s+(?:{_WHERE}\s+)?", re.IGNORECASE).match(clause.text, at):
                words.add(joined[1].lower())
                at = joined.end()
            each = one.match(clause.text, at, end)
            if each is None:
                raise UnreadError(_why_not(clause.text), clause.start + at)
            relation, negated = _RELATIONS[" ".join(each["relation"].lower().split())]
            tree = _compared(clause, each["field"], relation, each.start("values"), each["values"])
            parts.append(Not(tree) if negated else tree)
            at = each.end()
        if len(words) > 1:
            raise UnreadError("'and' beside 'or' without brackets", clause.start)
        return every(parts) if words == {"and"} else either(parts)

    return read


def _compared(clause: _Clause, phrase: str, relation: Relation, at: int, values: str) -> Tree:
    """A field and its values, any of which may hold."""
    words = re.sub(r"^(?:the|its|their)\s+", "", " ".join(phrase.lower().split()))
    field = vocabulary().phrases[words]
    made: list[Tree] = []
    for value in _values_of(values, clause.start + at):
        tokens = value.tokens("any" if relation == "equals" else "both", "never")
        made.append(Comparison(field, relation, tokens, False, value.start, words))
    return either(made)


def _values_of(text: str, start: int) -> list[Written]:
    values: list[Written] = []
    at = 0
    if either_ := re.match(r"either\s+", text, re.IGNORECASE):
        at = either_.end()
    while at < len(text):
        value, end = read_value(text, at)
        value = msgspec.structs.replace(value, start=start + value.start)
        if not value.quoted and value.text.lower() in vocabulary().common | vocabulary().limiting:
            raise UnreadError(f"{value.text!r} without quotes may be a word of the sentence", value.start)
        values.append(value)
        if len(values) > MAX_COMPARISONS:
            raise UnreadError(f"more than {MAX_COMPARISONS} values", start)
        between = re.compile(r"\s*(?:,\s*(?:or\s+)?|or\s+)?", re.IGNORECASE).match(text, end)
        assert between is not None
        at = between.end()
    return values

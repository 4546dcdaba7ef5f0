"""A filter's text split into what stands on its own: commands, expressions, and clauses of plain words.

Clauses end at a full stop, a line's end, an alternative (`or use ...`) and at what introduces an example (`e.g.`).
"""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from vedette.page.dialect.expression import find_comparison, read_expression
from vedette.page.dialect.fields import vocabulary
from vedette.page.dialect.reading import Dialect
from vedette.page.dialect.refusal import UnreadError
from vedette.page.dialect.shell import find_command, read_command
from vedette.page.dialect.tree import And, Not, Or, Tree

#: Bounds of one filter's text.
MAX_TEXT: Final = 16_384
MAX_PARTS: Final = 200
MAX_MARKS: Final = 200

_EXAMPLE: Final = r"(?:e\.\s?g\.?|i\.\s?e\.?|such\s+as|for\s+(?:example|instance)|like|namely)(?:\s*[,:])?"
_OWN_VERB: Final = (
    r"(?=(?:use|using|check|look|search|test|verify|exclude|filter|ignore|suppress|skip|omit|correlate|consider|allowlist"
    r"|whitelist|add|apply|by|based|create|define|set|limit|restrict|compare|match|monitor|ensure|confirm|review)\b)"
)
_SPLIT: Final = re.compile(
    rf"(?P<stop>(?<!e\.g)(?<!i\.e)(?<!etc)[.;!?]+(?=\s|$)|\n+)"
    rf"|(?P<example>(?<![\w.]){_EXAMPLE}(?=[\s`\"'(]|$))"
    rf"|(?P<either>(?<![\s,])(?:\s*+,)?\s++or\s++(?:else\s++)?{_OWN_VERB})",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!etc)[.;!?](?=\s|$)|\n", re.IGNORECASE)
_QUOTED: Final = re.compile(r"\"[^\"\n]{0,1024}+\"|(?<!\w)'[^'\n]{0,1024}+'|“[^”\n]{0,1024}+”|`[^`\n]{0,1024}+`")
#: What may follow an expression or command without limiting it.
_GOES_ON: Final = re.compile(
    r"[)\]`*_\"”]*+(?:[^\S\n]*+\n|\s*+(?:$|[.;!?](?=\s|$|[)`\"”])"
    rf"|(?:,\s*+)?(?:or\b|\(?{_EXAMPLE}"
    r"|(?:in\s++order\s++)?to\s++(?:exclude|filter\s++out|suppress|ignore|skip|omit)\b)))",
    re.IGNORECASE,
)
#: What limits the sentence before it.
_LIMITED: Final = re.compile(
    r"[\s)\]`*_\"”.;!?,-]*+(?:and|but|however|only|unless|except|never|not|do\s+not|don't|provided|as\s+long\s+as|during"
    r"|while|when|if|where|without|&&)(?!\w)",
    re.IGNORECASE,
)
#: An alternative that begins with none of its own verbs: it may be one more value of what stands before it.
_OR_VALUE: Final = re.compile(
    r"[`*_\"”]*+\s*+,?\s*+or\s++(?!(?:if|where|when|a|an|the|events?|process(?:es)?|commands?)\b)(?!" + _OWN_VERB + ")",
    re.IGNORECASE,
)
#: Where what follows an expression that may go on surely ends: lines may be broken anywhere.
_PARAGRAPH_END: Final = re.compile(r"[.;!?](?=\s|$)|\n(?=\s*(?:\n|[-*+•]\s|\d{1,3}[.)]\s))")
#: Words that make what follows them, often line by line, hold together.
_TOGETHER: Final = re.compile(
    r"\b(?:(?:all|each)\s+of|both|all\s+(?:the\s+)?(?:following|these|conditions)|together|combin\w{1,20})\b[^\n.:]{0,80}:",
    re.IGNORECASE,
)
#: Words that make a condition of their sentence, anywhere or as its first.
_CONDITIONAL: Final = frozenset({"when", "whenever", "if", "during", "while", "after", "before"})
_CONDITIONAL_FIRST: Final = frozenset(
    {"on", "at", "for", "with", "where", "given", "in", "under", "within", "among", "outside", "inside", "assuming"}
)
_ASKING: Final = re.compile(
    r"\b(?:check|verify|see|confirm|test|determine|ensure)(?:ing)?\s+if\b|\bfor\s+(?:example|instance)\b", re.IGNORECASE
)
_AND_AT_END: Final = re.compile(
    rf"\w[`\"')]*+,?\s++(?:and|&&)[\s,:(`\"']*+(?:{_EXAMPLE}[\s,:(`\"']*+)?$", re.IGNORECASE
)
_WHERE_PIPE: Final = re.compile(r"\|\s*where\s*$", re.IGNORECASE)
#: Marks at the ends of a clause that are no part of a value.
_BEFORE: Final = re.compile(
    r"(?:[\s,;:!?()\[\]•>–—]|\*\*|__|[-*+](?=\s)|\.(?=\s|$)|\d{1,3}[.)](?=\s))*+"  # noqa: RUF001 (marks as pages have them)
)
_AFTER: Final = re.compile(r"(?:[\s,.;:!?()\[\]•>–—|]|\*\*|__|(?<=\s)-)++\Z")  # noqa: RUF001 (marks as pages have them)
_CONNECTIVES: Final = re.compile(r"(?:(?:and|or|also|then|either|otherwise|alternatively)\b[\s,]*)+", re.IGNORECASE)


class Part(msgspec.Struct, frozen=True):
    """A part of a filter's text.

    Attributes:
        dialect: how it is written.
        start: index of its first character.
        end: index behind its last.
        tree: what it says, or None for plain words, which are read later, and for what can't be read.
        fault: why it can't be read, or the empty text.
        at: index of what can't be read.
        notes: what else to know.
        kept: it says what stays rather than what is left out.
    """

    dialect: Dialect
    start: int
    end: int
    tree: Tree | None = None
    fault: str = ""
    at: int = 0
    notes: tuple[str, ...] = ()
    kept: bool = False


def parts_of(text: str) -> tuple[Part, ...]:
    """The parts of a filter's text, in order; between them stand only marks and words that introduce or join."""
    if len(text) > MAX_TEXT:
        return (Part("prose", 0, len(text), fault=f"a filter of more than {MAX_TEXT:,} characters"),)
    parts: list[Part] = []
    together = _TOGETHER.search(text)
    at = 0
    while at < len(text):
        if len(parts) > MAX_PARTS:
            parts.append(Part("prose", at, len(text), fault=f"a filter of more than {MAX_PARTS} parts", at=at))
            break
        kind, start = _next_code(text, at)
        if kind is None:
            parts += _clauses(text, at, len(text))
            break
        before = _clauses(text, at, start)
        sentence = _sentence_start(text, at, start)
        lead_from = max(max((part.end for part in before[:-1]), default=at), sentence)
        lead = text[lead_from:start]
        code = _code(text, kind, start, sentence, lead_from)
        if before and _introduces(text, before[-1], lead):
            before = before[:-1]
            code = msgspec.structs.replace(code, notes=(*code.notes, f"introduced by {' '.join(lead.split())!r}"))
        parts += before
        parts.append(code)
        at = max(code.end, start + 1)
    if together is None:
        return tuple(parts)
    why = f"{together[0]!r} joins what follows, which is read apart"
    return tuple(
        msgspec.structs.replace(part, fault=why, at=part.start) if part.start >= together.end() else part
        for part in parts
    )


def _next_code(text: str, at: int) -> tuple[Literal["ecs", "grep"] | None, int]:
    comparison, command = find_comparison(text, at), find_command(text, at)
    if comparison < 0 and command < 0:
        return None, -1
    if command < 0 or 0 <= comparison < command:
        return "ecs", comparison
    return "grep", command


def _sentence_start(text: str, floor: int, start: int) -> int:
    """Where the sentence begins in which an index lies, no earlier than `floor`."""
    begin = floor
    for found in _SENTENCE_END.finditer(text, floor, start):
        begin = found.end()
    return begin


def _code(text: str, kind: Literal["ecs", "grep"], start: int, sentence_start: int, lead_from: int) -> Part:
    """A command or expression with what stands before and behind it taken into account."""
    lead = text[lead_from:start]
    stop = _SENTENCE_END.search(_masked(text), start)
    sentence = stop.start() if stop else len(text)
    notes: tuple[str, ...] = ()
    try:
        if kind == "grep":
            tree, end, notes = read_command(text, start)
        else:
            tree, end = read_expression(text, start)
    except UnreadError as refused:
        end = max(sentence, min(refused.start + 1, len(text)))
        return Part(kind, start, end, fault=refused.reason, at=refused.start)
    piped = kind == "ecs" and _WHERE_PIPE.search(lead) is not None
    fault, at = ("", start) if piped else (_limiting(text[sentence_start:start]) or _limits(lead), start)
    one_more = _holds_not(tree) and _OR_VALUE.match(text, end) and not _code_follows(text, end)
    if not fault and (not _GOES_ON.match(text, end) or _LIMITED.match(text, end) or one_more):
        fault, at = _what_follows(text, end), end
        closed = _PARAGRAPH_END.search(_masked(text), end)
        sentence = closed.start() if closed else len(text)
    if fault:
        return Part(kind, start, max(sentence, end), fault=fault, at=min(at, len(text) - 1))
    return Part(kind, start, end, tree, notes=notes, kept=piped)


def _holds_not(tree: Tree) -> bool:
    if isinstance(tree, Not):
        return True
    return isinstance(tree, And | Or) and any(_holds_not(part) for part in tree.parts)


def _code_follows(text: str, end: int) -> bool:
    """Whether the next alternative is a comparison or a command."""
    found = re.compile(r"[`*_\"”]*+\s*+,?\s*+or\s++", re.IGNORECASE).match(text, end)
    _, start = _next_code(text, end)
    return found is not None and start - found.end() in (0, 1)


def _what_follows(text: str, end: int) -> str:
    return f"what follows may limit it: {' '.join(text[end : end + 60].split())!r}"


def _words(text: str) -> list[str]:
    return re.findall(r"\w[\w'/-]*", text.lower().replace("’", "'"))  # noqa: RUF001 (quotes as pages have them)


def _limiting(before: str) -> str:
    """Why the words of a sentence limit or turn round what comes after them; empty if they don't."""
    words, table = _words(before), vocabulary()
    limiting = next((word for word in words if word in table.limiting), None)
    if limiting is None and any(word not in table.introducing for word in words):
        asked = _words(_ASKING.sub("", before))
        limiting = next((word for word in asked if word in _CONDITIONAL), None)
        if limiting is None and asked and asked[0] in _CONDITIONAL_FIRST:
            limiting = asked[0]
        if limiting is None and _AND_AT_END.search(before):
            limiting = "and"
    return f"{limiting!r} before it limits or turns round what it says" if limiting is not None else ""


def _limits(lead: str) -> str:
    """Why the words right before an expression or command may limit it; empty if they don't."""
    words, table = _words(lead), vocabulary()
    if not words or re.search(rf"(?:{_EXAMPLE}|:)[\s`\"'(*_]*$", lead, re.IGNORECASE):
        return ""
    joined = words[-1] in ("and", "or") and len(words) > 1
    unknown = [word for word in words if word not in table.introducing and word not in ("and", "or", "also")]
    if unknown or (joined and words[-1] == "and"):
        return f"the words before it may limit it ({(unknown or words)[-1]!r})"
    return ""


def _introduces(text: str, clause: Part, lead: str) -> bool:
    """Whether the clause before an expression or command says nothing but that it comes."""
    table = vocabulary()
    words = _words(text[clause.start : clause.end])
    return bool(lead.strip()) and all(word in table.introducing or word in ("and", "or", "also") for word in words)


def _masked(text: str) -> str:
    """The text with what is quoted made plain, so that no mark in it splits a clause."""
    return _QUOTED.sub(lambda found: found[0][0] + "x" * (len(found[0]) - 2) + found[0][-1], text)


def _clauses(text: str, start: int, end: int) -> list[Part]:
    """Plain words between two indices, clause by clause."""
    masked = _masked(text[start:end])
    parts: list[Part] = []
    at = 0
    for found in _SPLIT.finditer(masked):
        _append(parts, text, start + at, start + found.start(), start)
        at = found.end()
    _append(parts, text, start + at, end, start)
    return parts


def _append(parts: list[Part], text: str, start: int, end: int, floor: int) -> None:
    """A clause without the marks at its ends and the words that join it, if anything is left."""
    before = _BEFORE.match(text, start, end)
    start = before.end() if before else start
    if found := _CONNECTIVES.match(text, start, end):
        start = found.end()
        before = _BEFORE.match(text, start, end)
        start = before.end() if before else start
    tail = max(start, end - MAX_MARKS)
    after = _AFTER.search(text[tail:end])
    end = tail + after.start() if after else end
    if re.fullmatch(r"`*|\d{1,3}", text[start:end]):  # nothing, or the number of a list's item
        return
    if text.count("`", start, end) % 2:
        # Half of a pair: the other half stands around a comparison, or beyond the clause.
        start += text[start] == "`"
        end -= text[end - 1] == "`" and text.count("`", start, end) % 2
    while start < end and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    if start < end:
        fault = _limiting(text[_sentence_start(text, floor, start) : start])
        if not fault and _LIMITED.match(text, end):
            parts.append(Part("prose", start, end, fault=_what_follows(text, end), at=end))
            return
        parts.append(Part("prose", start, end, fault=fault, at=start))

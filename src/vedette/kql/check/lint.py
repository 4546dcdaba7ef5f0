"""What Microsoft's parser accepts and the service does not, or that means something else than it seems to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vedette.kql.check.diagnostic import Diagnostic, Places
from vedette.kql.check.wire import Analysis, Comparison, Expression
from vedette.predicate.pattern import Regex
from vedette.predicate.regex import RegexRefusedError, check_regex, compile_regex

#: Longest query of an analytics rule, in characters.
MAX_QUERY: Final = 10_000
#: Longest text that is parsed at all, in characters; the service takes no query of that size either.
MAX_TEXT: Final = 1 << 20
#: Deepest syntax tree without a warning; past 500 Microsoft's parser analyses no more, and says so (KS245).
MAX_DEPTH: Final = 400


def lints(analysis: Analysis, places: Places) -> Iterator[Diagnostic]:
    """Diagnostics of our own, beside Microsoft's."""
    for comparison in analysis.lints:
        if not _reported(comparison, analysis):
            yield places.diagnostic(
                "VKQL-type", "error", comparison.message, start=comparison.start, length=comparison.length
            )
    for expression in analysis.regexes:
        yield from _regex(expression, places)
    if analysis.more:
        yield places.diagnostic("VKQL-more", "note", f"{analysis.more:,} more are not shown")
    if len(places.text) > MAX_QUERY:
        message = f"{len(places.text):,} characters, more than the {MAX_QUERY:,} that an analytics rule may have"
        yield places.diagnostic("VKQL-length", "warning", message)
    if analysis.depth > MAX_DEPTH and all(found.code != "KS245" for found in analysis.diagnostics):
        message = f"its syntax tree is {analysis.depth:,} deep, near the 500 past which nothing is analysed"
        yield places.diagnostic("VKQL-depth", "warning", message)


def _reported(comparison: Comparison, analysis: Analysis) -> bool:
    """Whether Microsoft says it already: for some operators it does compare types."""
    return any(
        found.code in ("KS106", "KS107") and comparison.first <= found.start < comparison.last
        for found in analysis.diagnostics
    )


def _regex(expression: Expression, places: Places) -> Iterator[Diagnostic]:
    pattern = Regex(expression.pattern)
    try:
        compile_regex(pattern)
    except RegexRefusedError as refused:
        message = f"the regular expression does not compile: {refused}"
        yield places.diagnostic("VKQL-regex", "error", message, start=expression.start, length=expression.length)
        return
    try:
        check_regex(pattern)
    except RegexRefusedError as refused:
        message = f"the regular expression is not read alike by all engines: {refused}"
        yield places.diagnostic("VKQL-regex-law", "warning", message, start=expression.start, length=expression.length)

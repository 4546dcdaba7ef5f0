"""Keywords: which queries an event's raw text leaves possible.

Raw texts differ from event to event, so keywords are in no shape and a query with keywords is only a candidate there.
Many public rules are nothing but keywords; without a second look at all of them at once, every event would be a
candidate.
"""

from __future__ import annotations

from typing import Final

from vedette.engine.guard import guard, scannable
from vedette.engine.supply import settle
from vedette.predicate import (
    FALSE,
    TRUE,
    Atom,
    Glob,
    Keyword,
    Match,
    Pattern,
    Predicate,
    Wild,
    glob,
    rewrite,
)

#: The name under which raw texts are scanned; no field has it.
RAW: Final = ""


def keyword_guard(predicate: Predicate, absent: frozenset[str]) -> tuple[Pattern, ...] | None:
    """Patterns of which one must hold on the raw text wherever the predicate holds; None if there are none such.

    Args:
        predicate: the query's own.
        absent: fields that no event of this kind has.
    """

    def leaf(atom: Atom, positive: bool) -> Predicate:
        settled = settle(atom, absent)
        if settled is not None:
            return settled
        if not isinstance(atom, Keyword):
            return TRUE if positive else FALSE
        pattern = atom.pattern
        if isinstance(pattern, Glob):
            pattern = glob([Wild.ANY, *pattern.tokens, Wild.ANY], cased=pattern.cased)
        return Match(RAW, pattern)

    found = guard(rewrite(predicate, leaf), scannable)
    return None if found is None else tuple(pattern for _, pattern in found.leaves)

"""Patterns held against one value at a time, many at once where the language can."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vedette.engine.needle import Test, text_test
from vedette.predicate import Glob, Pattern, Regex, Value, fold, holds
from vedette.predicate.evaluate import text_of


def direct_test(patterns: Sequence[Pattern]) -> Callable[[Value], bool]:
    """Whether one of the patterns holds on a value (`Reference` excepted); `""` is the absent value."""
    whole: set[str] = set()
    starts: list[str] = []
    ends: list[str] = []
    inner: list[str] = []
    tests: list[Test] = []
    typed: list[Pattern] = []
    for pattern in patterns:
        match pattern:
            case Glob(cased=False) if pattern.form != "wildcard":
                literal = fold(pattern.literal)
                if pattern.form == "equals":
                    whole.add(literal)
                else:
                    {"startswith": starts, "endswith": ends, "contains": inner}[pattern.form].append(literal)
            case Glob() | Regex():
                tests.append(text_test(pattern))
            case _:
                typed.append(pattern)
    heads, tails = tuple(starts), tuple(ends)
    if not typed and not tests and not whole and not heads and not tails:
        return _contains(inner)

    def test(value: Value) -> bool:
        text = text_of(value)
        folded = fold(text)
        return (
            folded in whole
            or folded.startswith(heads)
            or folded.endswith(tails)
            or any(literal in folded for literal in inner)
            or any(test(text, folded) for test in tests)
            or any(holds(pattern, value) for pattern in typed)
        )

    return test


def _contains(literals: list[str]) -> Callable[[Value], bool]:
    if len(literals) == 1:
        (only,) = literals
        return lambda value: only in fold(text_of(value))

    def test(value: Value) -> bool:
        folded = fold(text_of(value))
        return any(literal in folded for literal in literals)

    return test

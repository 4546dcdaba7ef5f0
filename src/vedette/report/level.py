"""Sigma's levels: their order, and how they look."""

from __future__ import annotations

from typing import Final

#: From lowest to highest, as `vedette.sigma.rule.LEVELS` says; stands here too so that `--help` need not load rules.
LEVELS: Final = ("informational", "low", "medium", "high", "critical")

#: Rich styles; colour is never the only sign, the word always stands beside it.
STYLES: Final = {
    "informational": "dim",
    "low": "cyan",
    "medium": "yellow",
    "high": "red",
    "critical": "bold red",
}

#: The words in tables.
SHORT: Final = {"informational": "info"}


def rank(level: str) -> int:
    """Place in the order of levels; a level that Sigma does not know ranks lowest."""
    return LEVELS.index(level) if level in LEVELS else 0


def counted(counts: dict[str, int]) -> str:
    """Counts by level in words, highest first.

    >>> counted({"medium": 40, "high": 1})
    '1 high, 40 medium'
    """
    ordered = sorted(counts, key=lambda level: (-rank(level), level))
    return ", ".join(f"{counts[level]:,} {level}" for level in ordered if counts[level])

"""Tallies: what a run found, in a form that two programs can be compared by."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

_WORD: Final = 1 << 64


class Tally:
    """Matches by rule, and a digest of all (rule, time, serial) that does not depend on their order.

    Attributes:
        rules: how many rules ran.
        by_rule: matches by rule id.
    """

    def __init__(self, rules: int) -> None:
        self.rules = rules
        self.by_rule: Counter[str] = Counter()
        self._sum = 0

    def add(self, rule: str, serial: int, clock: str) -> None:
        """Count a match of a rule on the event with this serial and epoch time, the latter as logged."""
        self.by_rule[rule] += 1
        text = f"{rule} {serial} {clock}".encode()
        self._sum = (self._sum + int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())) % _WORD

    def account(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "rules": self.rules,
            "matches": self.by_rule.total(),
            "digest": f"{self._sum:016x}",
            "by_rule": dict(sorted(self.by_rule.items())),
        }


def differences(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[str]:
    """What differs between two accounts, in words; empty where both found the same."""
    one, other = left["by_rule"], right["by_rule"]
    found = [
        f"rule {rule}: {one.get(rule, 0):,} against {other.get(rule, 0):,} matches"
        for rule in sorted(one.keys() | other.keys())
        if one.get(rule) != other.get(rule)
    ]
    if not found and left["digest"] != right["digest"]:
        found.append("as many matches by rule, but on other events")
    return found

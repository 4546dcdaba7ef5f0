"""What each named detection does in the conditions of its rule, and what a rule would be without one."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from vedette.predicate import Atom, Match, Predicate, Present, disjunction, rewrite
from vedette.sigma.conditions import lower_condition
from vedette.sigma.rule import Rule

#: `asked`: the condition asks it to hold; `denied`: it asks it not to; `mixed`: both; `unused`: it stands in none.
Standing: TypeAlias = Literal["asked", "denied", "mixed", "unused"]
_NAMED: Final = Present()


class Frame:
    """The conditions of a rule over the names of its detections.

    Attributes:
        rule: the rule.
        standings: name to what the conditions do with it.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._tree = disjunction(_tree(condition, tuple(rule.names)) for condition in rule.conditions)
        found: dict[str, set[bool]] = {name: set() for name in rule.names}

        def seen(atom: Atom, positive: bool) -> Predicate:
            found[_name(atom)].add(positive)
            return atom

        rewrite(self._tree, seen)
        self.standings: dict[str, Standing] = {name: _standing(signs) for name, signs in found.items()}

    def having(self, standing: Standing) -> tuple[str, ...]:
        """The names that stand so, in the order of the rule."""
        return tuple(name for name, one in self.standings.items() if one == standing)

    def filled(self, instead: Mapping[str, Predicate]) -> Predicate:
        """The rule's logic with predicates in the place of some detections."""
        names = {**self.rule.names, **instead}
        return rewrite(self._tree, lambda atom, _: names[_name(atom)])


@functools.lru_cache(maxsize=4096)
def _tree(condition: str, names: tuple[str, ...]) -> Predicate:
    """A condition over signs that stand for the names: in this tree alone a field is a detection's name."""
    return lower_condition(condition, {name: Match(name, _NAMED) for name in names})


def _name(atom: Atom) -> str:
    assert isinstance(atom, Match)
    return atom.field


def _standing(signs: set[bool]) -> Standing:
    if len(signs) == 2:
        return "mixed"
    return "unused" if not signs else "asked" if True in signs else "denied"

"""Values of a list that another value of the same list covers; looked for by their letters, proved by the solver."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from vedette.audit.logic.fault import Fault
from vedette.audit.logic.question import Asker, size
from vedette.predicate import And, Glob, Match, Not, Or, Predicate, Wild, holds
from vedette.predicate.fold import fold
from vedette.predicate.solve import Unsat
from vedette.sigma.rule import Rule

#: Stands for any text in the text of a pattern; no encoding can hold it, so no pattern has it.
_ANY: Final = "\udc00"
#: A longer list is left alone: each of its values is held against each.
MAX_VALUES: Final = 2_000


def judge_values(rule: Rule, asker: Asker) -> Iterator[Fault]:
    """Values that can go, detection by detection."""
    for name, predicate in rule.names.items():
        for atoms, any_of in _lists(predicate):
            for spare, other in _spare(atoms, any_of=any_of):
                narrow, wide = (spare, other) if any_of else (other, spare)
                outcome = asker.implies(narrow, wide)
                if isinstance(outcome, Unsat):
                    why = f"a value of {spare.field} in {name} is covered by another of its list"
                    values = (_text(spare), _text(other))
                    yield Fault(
                        "redundant-value", rule.id, why, name, field=spare.field, values=values, proof=size(outcome)
                    )


def _lists(predicate: Predicate) -> Iterator[tuple[list[Match], bool]]:
    """Patterns of one field side by side, and whether any of them is enough."""
    match predicate:
        case Not(child=child):
            yield from _lists(child)
        case And(children=children) | Or(children=children):
            by_field: dict[str, list[Match]] = {}
            for child in children:
                if isinstance(child, Match) and isinstance(child.pattern, Glob) and child.pattern.tokens:
                    by_field.setdefault(child.field, []).append(child)
                else:
                    yield from _lists(child)
            yield from ((atoms, isinstance(predicate, Or)) for atoms in by_field.values() if len(atoms) > 1)


def _spare(atoms: Sequence[Match], *, any_of: bool) -> Iterator[tuple[Match, Match]]:
    """Each pattern that seems to add nothing, with the first one that covers it; of equal ones the first stays.

    Of alternatives the narrower one can go, of demands the wider one.
    """
    if len(atoms) > MAX_VALUES:
        return
    signs = [_Sign(atom) for atom in atoms]
    gone: set[int] = set()
    for place in range(len(atoms) - 1, -1, -1):
        for other in range(len(atoms)):
            if other == place or other in gone:
                continue
            narrow, wide = (place, other) if any_of else (other, place)
            if signs[narrow].within(signs[wide]):
                gone.add(place)
                yield atoms[place], atoms[other]
                break


class _Sign:
    """A pattern as a text, in which a sign stands for any text, and as a test of such texts."""

    def __init__(self, atom: Match) -> None:
        assert isinstance(atom.pattern, Glob)
        self.pattern = atom.pattern
        self.form = atom.pattern.form
        self.text = "".join(token if isinstance(token, str) else _ANY for token in atom.pattern.tokens)
        self.folded = fold(self.text)
        self.literal = atom.pattern.literal if atom.pattern.cased else fold(atom.pattern.literal)

    def within(self, wide: _Sign) -> bool:
        """Whether it is plain that what meets this pattern meets the other; False says nothing."""
        cased = wide.pattern.cased
        if cased and not self.pattern.cased:
            return False
        text = self.text if cased else self.folded
        match wide.form:
            case "contains":
                return wide.literal in text
            case "startswith":
                return text.startswith(wide.literal)
            case "endswith":
                return text.endswith(wide.literal)
            case "equals":
                return text == wide.literal
        return Wild.ONE not in wide.pattern.tokens and holds(wide.pattern, self.text)


def _text(atom: Match) -> str:
    assert isinstance(atom.pattern, Glob)
    return "".join(token if isinstance(token, str) else "*?"[token] for token in atom.pattern.tokens)

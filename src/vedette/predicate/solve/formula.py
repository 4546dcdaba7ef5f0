"""A predicate as clauses over numbered atoms, and which of its atoms a model rests on."""

from __future__ import annotations

from collections.abc import Sequence

from vedette.predicate.node import And, Atom, Const, Keyword, Match, Not, Or, Predicate, rewrite


class Formula:
    """Clauses as `Proof` describes them.

    Attributes:
        constant: the predicate's value if it has no atoms left.
        numbers: atom to number, from 1, in order of appearance.
        clauses: signed numbers; an inner node implies what it says, not the other way round.
        top: the highest number in use.
    """

    def __init__(self, predicate: Predicate) -> None:
        self._root = rewrite(predicate, lambda atom, _: atom)
        self.constant = self._root.value if isinstance(self._root, Const) else None
        self.numbers: dict[Atom, int] = {}
        self.clauses: list[tuple[int, ...]] = []
        self._tree = self._number(self._root, positive=True) if self.constant is None else ("all", [])
        self.top = len(self.numbers)
        if self.constant is None:
            self._assert()

    def _number(self, node: Predicate, *, positive: bool) -> int | tuple[str, list]:  # type: ignore[type-arg]  # a tree of its own kind
        """The node with negations at the leaves: a literal, or `all` or `any` with its children."""
        match node:
            case Match() | Keyword():
                number = self.numbers.setdefault(node, len(self.numbers) + 1)
                return number if positive else -number
            case Not(child=child):
                return self._number(child, positive=not positive)
            case And(children=children) | Or(children=children):
                word = "all" if isinstance(node, And) == positive else "any"
                flat: list[int | tuple[str, list]] = []  # type: ignore[type-arg]  # as above
                for child in children:
                    part = self._number(child, positive=positive)
                    flat.extend(part[1] if isinstance(part, tuple) and part[0] == word else [part])
                return word, flat
        raise TypeError(node)

    def _assert(self) -> None:
        root = self._tree
        if isinstance(root, int):
            self.clauses.append((root,))
        elif root[0] == "all":
            self.clauses.extend((self._literal(child),) for child in root[1])
        else:
            self.clauses.append(tuple(self._literal(child) for child in root[1]))

    def _literal(self, node: int | tuple[str, list]) -> int:  # type: ignore[type-arg]  # as above
        if isinstance(node, int):
            return node
        self.top += 1
        own = self.top
        children = [self._literal(child) for child in node[1]]
        if node[0] == "all":
            self.clauses.extend((-own, child) for child in children)
        else:
            self.clauses.append((-own, *children))
        return own

    def support(self, model: Sequence[int]) -> list[int]:
        """Literals over atoms that hold in the model and make the predicate true by themselves.

        Args:
            model: signed numbers, number n at place n - 1.
        """
        chosen: dict[int, None] = {}
        complete = self._support(self._tree, model, chosen)
        assert complete
        return list(chosen)

    def _support(self, node: int | tuple[str, list], model: Sequence[int], chosen: dict[int, None]) -> bool:  # type: ignore[type-arg]  # as above
        if isinstance(node, int):
            if model[abs(node) - 1] != node:
                return False
            chosen[node] = None
            return True
        if node[0] == "all":
            return all(self._support(child, model, chosen) for child in node[1])
        for child in node[1]:
            if isinstance(child, int) and child in chosen:
                return True
        for child in node[1]:
            trial: dict[int, None] = {}
            if self._support(child, model, trial):
                chosen.update(trial)
                return True
        return False

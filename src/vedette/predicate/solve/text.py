"""The theory of one text: a text that meets some patterns and misses others, or a few of them that no text can obey."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from vedette.predicate.fold import fold
from vedette.predicate.pattern import Cidr, Compare
from vedette.predicate.solve import address
from vedette.predicate.solve.automaton import Automaton
from vedette.predicate.solve.integer import bounds
from vedette.predicate.solve.outcome import Budget, GaveUpError
from vedette.predicate.solve.product import shortest
from vedette.predicate.solve.shape import Shape

#: What is put between the pieces of a text when they alone are not enough.
_GLUE = ("", " ", "a", "x", "0", "/", "-")


class Clash(NamedTuple):
    """Literals that no value can obey together."""

    literals: tuple[int, ...]


class Domain(NamedTuple):
    """What texts a field can hold at all.

    Attributes:
        test: whether it can hold this one.
        automaton: accepts all of them, and if not `exact` some more; None for any text.
        exact: it accepts nothing else.
        folded: letters of values are as they fold.
    """

    test: Callable[[str], bool]
    automaton: Callable[[], Automaton] | None = None
    exact: bool = True
    folded: bool = False


ANY_TEXT = Domain(lambda _: True)


class Texts:
    """The literals of one field, and what is asked of its text.

    Args:
        literals: signed numbers of atoms.
        shapes: the shape of each atom by number.
        domain: what the field can hold.
        budget: what the automata may cost.
        short: prefer the shorter text to the one that reads better.
    """

    def __init__(
        self,
        literals: Sequence[int],
        shapes: Mapping[int, Shape],
        domain: Domain,
        budget: Budget,
        *,
        short: bool = False,
    ) -> None:
        self.literals = literals
        self.shapes = shapes
        self.domain = domain
        self.budget = budget
        self.short = short
        self.asked = [(literal, shapes[literal]) for literal in literals if literal > 0]
        self.barred = [(literal, shapes[-literal]) for literal in literals if literal < 0]

    def decide(self) -> str | Clash:
        """A text, or literals that clash.

        Raises:
            GaveUpError: neither could be found within the limits.
        """
        for literal, shape in self.asked:
            if shape.fixed is not None:
                found = self._fixed(literal, shape)
                if found is not None:
                    return found
                break
        candidates = self._candidates()
        for text in candidates[:2]:
            if self.fits(text):
                return text
        clash = self._plain_clash()
        if clash is not None:
            return clash
        for text in candidates[2:]:
            if self.fits(text):
                return text
        return self._by_automata(candidates)

    def fits(self, text: str) -> bool:
        """Whether the text obeys every literal."""
        return (
            all(shape.test(text) for _, shape in self.asked)
            and not any(shape.test(text) for _, shape in self.barred)
            and self.domain.test(text)
        )

    def _fixed(self, literal: int, shape: Shape) -> str | Clash | None:
        assert shape.fixed is not None
        text = fold(shape.fixed) if self.domain.folded else shape.fixed
        if not self.domain.test(text):
            return Clash((literal,)) if self.domain.folded or text == fold(text) else None
        wrong = None
        for other, second in self.asked + self.barred:
            if second.test(text) != (other > 0):
                # Other cases of its letters may do where either side asks for case.
                if second.blind or not shape.blind or self.domain.folded:
                    return Clash(tuple({literal, other}))
                wrong = other
        return text if wrong is None else None

    def _candidates(self) -> list[str]:
        asked = [shape for _, shape in self.asked]
        if not asked:
            return ["", "a", "x", "0", "-", "a b"]
        special = self._addresses() + self._numbers(asked)
        heads = [shape.head for shape in asked if shape.head]
        tails = [shape.tail for shape in asked if shape.tail]
        head, tail = max(heads, key=len, default=""), max(tails, key=len, default="")
        pieces = list(dict.fromkeys(piece for shape in asked for piece in shape.middles))
        if not (head or pieces or tail):
            return list(dict.fromkeys([*special[:8], "", "a", "x", "0", "-", "a b", *special[8:]]))
        texts = [_join(head, pieces, tail, glue) for glue in (None, *_GLUE)]
        texts += [glue + texts[0] for glue in _GLUE[1:] if not head]
        texts += [texts[0] + glue for glue in _GLUE[1:] if not tail]
        if self.domain.folded:
            texts = [fold(text) for text in texts]
        longer = [text + end for text in special for end in (tail, *pieces) if end]
        found = list(dict.fromkeys(special[:8] + texts + longer))
        return sorted(found, key=len) if self.short else found

    def _addresses(self) -> list[str]:
        inside = [s.pattern.network for _, s in self.asked if isinstance(s.pattern, Cidr)]
        outside = [s.pattern.network for _, s in self.barred if isinstance(s.pattern, Cidr)]
        if not inside and not self.domain.folded:
            return []
        return address.witnesses(address.free(inside, outside))

    def _numbers(self, asked: Sequence[Shape]) -> list[str]:
        numbers: list[int] = []
        for shape in asked:
            limits = bounds(shape.pattern) if isinstance(shape.pattern, Compare) else None
            if limits is not None:
                numbers += [limit for limit in limits if limit is not None] or [0]
        return [str(number + more) for more in (0, 1, -1) for number in numbers]

    def _plain_clash(self) -> Clash | None:
        """Two literals whose clash shows without an automaton, or networks that leave nothing."""
        inside = [(n, s.pattern.network) for n, s in self.asked if isinstance(s.pattern, Cidr)]
        if inside:
            outside = [(n, s.pattern.network) for n, s in self.barred if isinstance(s.pattern, Cidr)]
            if not address.free([network for _, network in inside], [network for _, network in outside]):
                return Clash(address.clash(inside, outside))
        for place, (literal, shape) in enumerate(self.asked):
            if isinstance(shape.pattern, Compare):
                for other, second in self.asked[place + 1 :] + self.barred:
                    if isinstance(second.pattern, Compare) and _apart(shape.pattern, second.pattern, other > 0):
                        return Clash((literal, other))
            if not shape.glob:
                continue
            for other, second in self.barred:
                if shape.implies(second):
                    return Clash((literal, other))
            for other, second in self.asked[place + 1 :]:
                if second.glob and shape.clashes(second):
                    return Clash((literal, other))
        return None

    def _by_automata(self, candidates: Sequence[str]) -> str | Clash:
        literals = self._needed()
        text = self._shortest(literals)
        if text is not None:
            text = self._in_own_case(text)
            if self.fits(text):
                return text
            for ending in ("", "1", ":1", "::1", ":", ".1"):
                for start in (text, *candidates):
                    if self.fits(start + ending):
                        return start + ending
            raise GaveUpError("an IPv6 network beside other patterns on one field")
        for literal in list(literals):
            fewer = [other for other in literals if other != literal]
            if self._shortest(fewer) is None:
                literals = fewer
        return Clash(tuple(literals))

    def _needed(self) -> list[int]:
        """The literals without those that another one implies."""
        asked = [
            literal
            for literal, shape in self.asked
            if not any(
                other != literal
                and second.glob
                and second.implies(shape)
                and not (shape.implies(second) and literal < other)
                for other, second in self.asked
                if shape.glob
            )
        ]
        barred = [
            literal
            for literal, shape in self.barred
            if shape.exact
            and not any(
                other != literal
                and shape.implies(second)
                and not (second.glob and second.implies(shape) and -literal < -other)
                for other, second in self.barred
                if shape.glob
            )
        ]
        return asked + barred

    def _shortest(self, literals: Sequence[int]) -> str | None:
        size = self.budget.limit.size
        automata = [(self.shapes[abs(literal)].automaton(size), literal > 0) for literal in literals]
        if self.domain.automaton is not None:
            automata.append((self.domain.automaton(), True))
        return shortest(automata, self.budget) if automata else ""

    def _in_own_case(self, text: str) -> str:
        """The text with its letters as the patterns write them, where no pattern of the field can tell."""
        pieces = [p for _, s in self.asked if s.glob for p in (s.head, *s.middles, s.tail) if p]
        folded = fold(text)
        out = list(text)
        for piece in pieces:
            place = folded.find(fold(piece))
            if place >= 0:
                out[place : place + len(piece)] = piece
        styled = "".join(out)
        return styled if self.fits(styled) else text


def _apart(one: Compare, other: Compare, together: bool) -> bool:
    """Whether no integer meets the first comparison and meets (or, if not `together`, misses) the second."""
    left, right = bounds(one), bounds(other)
    if left is None:
        return True
    if right is None:
        return together
    low, least = (-math.inf if limits[0] is None else limits[0] for limits in (left, right))
    high, most = (math.inf if limits[1] is None else limits[1] for limits in (left, right))
    if together:
        return max(low, least) > min(high, most)
    return least <= low and high <= most


def _join(head: str, pieces: Sequence[str], tail: str, glue: str | None) -> str:
    """Pieces in one text, each once; overlapping where they can, or without `glue` with blanks between words."""
    text = head
    for piece in pieces:
        whole = fold(text)
        if fold(piece) in whole or (piece != tail and fold(piece) in fold(tail)) or piece == tail:
            continue
        text = _lap(text, piece, glue)
    return _lap(text, tail, glue)


def _lap(text: str, piece: str, glue: str | None) -> str:
    if glue is None:
        whole = fold(text).endswith(fold(piece))
        apart = text[-1:].isalnum() and (piece[:1].isalnum() or piece[:1] == "-")
        glue = "" if whole else " " if apart else ""
    if not glue:
        left, right = fold(text), fold(piece)
        for size in range(min(len(left), len(right)), 0, -1):
            if left.endswith(right[:size]):
                return text + piece[size:]
    return text + glue + piece if text and piece else text + piece

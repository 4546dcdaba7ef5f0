"""Automata whose states are made as they are met, and the one that runs over the positions of a pattern."""

from __future__ import annotations

from typing import Final, cast

from vedette.predicate.solve.letters import EVERY, Letters, holds_letter
from vedette.predicate.solve.outcome import GaveUpError
from vedette.predicate.solve.syntax import Any, Assertion, Node, Repeat, Sequence, Set

#: From `DEAD` nothing is accepted, from `FULL` everything.
DEAD: Final = 0
FULL: Final = 1

WORD: Final[Letters] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_NEWLINE: Final[Letters] = ((0x0A, 0x0A),)
#: What stands beside a place in the text.
_EDGE, _LINE, _LETTER, _OTHER = range(4)


class Automaton:
    """A deterministic automaton over code points.

    Attributes:
        sets: the sets of letters that it tells apart.
        written: letters as its pattern writes them, for witnesses.
        start: its first state.
    """

    def __init__(self, sets: list[Letters], written: str) -> None:
        self.sets = sets
        self.written = written
        self.start = 2
        self._moves: list[dict[int, int]] = [{}, {}]
        self._accepting: list[bool] = [False, True]
        self._numbers: dict[object, int] = {}
        self._states: list[object] = [None, None]

    def step(self, state: int, letter: int) -> int:
        """The state after one more letter."""
        if state < 2:
            return state
        moves = self._moves[state]
        following = moves.get(letter)
        if following is None:
            following = moves[letter] = self._number(self._move(self._states[state], letter))
        return following

    def accepts(self, state: int) -> bool:
        """Whether a text that ends in this state belongs to the language."""
        return self._accepting[state]

    def matches(self, text: str) -> bool:
        """Whether the text belongs to the language."""
        state = self.start
        for character in text:
            state = self.step(state, ord(character))
        return self.accepts(state)

    def _number(self, state: object) -> int:
        if isinstance(state, int):
            return state
        number = self._numbers.get(state)
        if number is None:
            number = self._numbers[state] = len(self._states)
            self._states.append(state)
            self._moves.append({})
            self._accepting.append(self._final(state))
        return number

    def _move(self, state: object, letter: int) -> object:
        """The state after a letter; `DEAD` and `FULL` as such."""
        raise NotImplementedError

    def _final(self, state: object) -> bool:
        raise NotImplementedError


class Positions(Automaton):
    """A pattern's tree, determinised as it is read.

    A state is the set of positions that have just read a letter (a bit each) and what stood before the next one, so
    that assertions are decided by what comes next.

    Args:
        tree: the pattern.
        open_start: the match may begin anywhere.
        open_end: the match may end anywhere.
        written: letters as the pattern writes them.
        size: how many positions it may have.

    Raises:
        GaveUpError: it has more.
    """

    def __init__(self, tree: Node, *, open_start: bool, open_end: bool, written: str, size: int) -> None:
        self._size = size
        self._open_end = open_end
        self._reads: list[Letters | None] = []
        self._nexts: list[list[int]] = []
        self._asserts: dict[int, str] = {}
        final = self._add(None, [])
        first = self._build(tree, final)
        self._finals = 1 << final
        self._begin = self._add(None, [first])
        sets = [letters for letters in self._reads if letters is not None]
        if self._asserts:
            sets += [WORD, _NEWLINE]
        super().__init__(sets, written)
        self._closures: dict[tuple[int, int, int], int] = {}
        self._hits: dict[int, int] = {}
        contexts = [(before, after) for before in (_LINE, _LETTER, _OTHER) for after in range(4)]
        again = open_start and any(self._closure(self._begin, *context) for context in contexts)
        self._again = 1 << self._begin if again else 0
        start = self._settle(1 << self._begin, _EDGE)
        self.start = self._number(start)

    def _add(self, reads: Letters | None, nexts: list[int]) -> int:
        if len(self._reads) >= self._size:
            raise GaveUpError(f"a pattern of more than {self._size:,} positions")
        self._reads.append(reads)
        self._nexts.append(nexts)
        return len(self._reads) - 1

    def _build(self, tree: Node, following: int) -> int:
        match tree:
            case Set(letters=letters):
                return self._add(letters, [following])
            case Assertion(kind=kind):
                node = self._add(None, [following])
                self._asserts[node] = kind
                return node
            case Sequence(children=children):
                for child in reversed(children):
                    following = self._build(child, following)
                return following
            case Any(children=children):
                return self._add(None, [self._build(child, following) for child in children])
            case Repeat(child=child, low=low, high=high):
                if high is None:
                    loop = self._add(None, [])
                    self._nexts[loop] = [self._build(child, loop), following]
                    following = loop
                else:
                    leave = following
                    for _ in range(high - low):
                        following = self._add(None, [self._build(child, following), leave])
                for _ in range(low):
                    following = self._build(child, following)
                return following
        raise TypeError(tree)

    def _closure(self, node: int, before: int, after: int) -> int:
        """Positions that read next, and the final one, once `node` has read (or is the begin)."""
        key = (node, before, after)
        found = self._closures.get(key)
        if found is not None:
            return found
        mask, seen, stack = 0, set(), list(self._nexts[node])
        while stack:
            place = stack.pop()
            if place in seen:
                continue
            seen.add(place)
            kind = self._asserts.get(place)
            if kind is not None:
                if _meets(kind, before, after):
                    stack.extend(self._nexts[place])
            elif self._reads[place] is not None or self._finals >> place & 1:
                mask |= 1 << place
            else:
                stack.extend(self._nexts[place])
        self._closures[key] = mask
        return mask

    def _active(self, mask: int, before: int, after: int) -> int:
        active = 0
        while mask:
            low = mask & -mask
            active |= self._closure(low.bit_length() - 1, before, after)
            mask ^= low
        return active

    def _hit(self, letter: int) -> int:
        """The positions that read this letter."""
        found = self._hits.get(letter)
        if found is None:
            found = 0
            for place, letters in enumerate(self._reads):
                if letters is not None and (letters is EVERY or holds_letter(letters, letter)):
                    found |= 1 << place
            self._hits[letter] = found
        return found

    def _settle(self, mask: int, before: int) -> object:
        if not mask:
            return DEAD
        if not self._asserts:
            before = _OTHER
            if self._open_end and self._active(mask, before, before) & self._finals:
                return FULL
        return mask, before

    def _move(self, state: object, letter: int) -> object:
        mask, before = cast("tuple[int, int]", state)
        kind = _kind(letter) if self._asserts else _OTHER
        active = self._active(mask, before, kind)
        if self._open_end and active & self._finals:
            return FULL
        return self._settle(active & self._hit(letter) | self._again, kind)

    def _final(self, state: object) -> bool:
        mask, before = cast("tuple[int, int]", state)
        return bool(self._active(mask, before, _EDGE) & self._finals)


def _kind(letter: int) -> int:
    if letter == 0x0A:
        return _LINE
    return _LETTER if holds_letter(WORD, letter) else _OTHER


def _meets(kind: str, before: int, after: int) -> bool:
    match kind:
        case "begin":
            return before == _EDGE
        case "end":
            return after == _EDGE
        case "line begin":
            return before in (_EDGE, _LINE)
        case "line end":
            return after in (_EDGE, _LINE)
        case _:
            return (before == _LETTER) != (after == _LETTER)

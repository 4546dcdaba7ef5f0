"""A pattern as the theory of texts sees it: a quick test, the pieces that it asks for, and its automaton."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final

from vedette.predicate.evaluate import holds, wildcard
from vedette.predicate.fold import fold
from vedette.predicate.node import Atom, Keyword
from vedette.predicate.pattern import Cidr, Compare, Glob, Pattern, Present, Regex, TimePart, Token, Wild
from vedette.predicate.solve import address
from vedette.predicate.solve.automaton import Automaton, Positions
from vedette.predicate.solve.integer import Decimal, bounds
from vedette.predicate.solve.outcome import GaveUpError
from vedette.predicate.solve.syntax import Any, example, glob_tree, regex_tree

#: The field of keywords; no rule can name it.
RAW: Final = "\0raw"
#: Stands for any text at all; no pattern can hold it, since no encoding can.
_ANYTHING: Final = "\udc00"
_SOME: Final = Glob((Wild.ONE, Wild.ANY))
_NOTHING: Final = Positions(Any(()), open_start=False, open_end=False, written="", size=10)


class Shape:
    """What one pattern asks of a text.

    Attributes:
        pattern: the pattern; a keyword's is widened to a search.
        field: the field that it reads.
        blind: it does not tell letters apart that fold alike.
        glob: it is text with wildcards.
        fixed: the only text that it admits, up to case unless cased; or None.
        head, tail: what it must begin and end with.
        middles: what must stand between, in order; of an expression an example.
        test: whether a text meets it.
    """

    def __init__(self, field: str, pattern: Pattern) -> None:
        self.field = field
        self.pattern = pattern
        self.glob = isinstance(pattern, Glob)
        self.blind = not isinstance(pattern, Regex) and not (isinstance(pattern, Glob) and pattern.cased)
        self.fixed: str | None = None
        self.head = self.tail = ""
        self.test: Callable[[str], bool] = functools.partial(holds, pattern)
        self.tokens: tuple[Token, ...] = ()
        if isinstance(pattern, Glob):
            self._take(pattern)

    def _take(self, pattern: Glob) -> None:
        tokens = pattern.tokens
        self.tokens = tokens if pattern.cased else tuple(fold(t) if isinstance(t, str) else t for t in tokens)
        if all(isinstance(token, str) for token in tokens):
            self.fixed = "".join(str(token) for token in tokens)
        if tokens and isinstance(tokens[0], str):
            self.head = tokens[0]
        if tokens and isinstance(tokens[-1], str):
            self.tail = tokens[-1]
        self.test = _quick(pattern, self.tokens)

    def symbolic(self, *, folded: bool) -> str:
        """The pattern as a text in which a sign that nothing else equals stands for any text."""
        assert isinstance(self.pattern, Glob)
        tokens = self.tokens if folded else self.pattern.tokens
        text = "".join(token if isinstance(token, str) else _ANYTHING for token in tokens)
        return fold(text) if folded else text

    def implies(self, other: Shape) -> bool:
        """Whether it is plain that what meets this glob meets the other; False says nothing."""
        if isinstance(other.pattern, Present):
            return any(token is not Wild.ANY for token in self.tokens)
        if not other.glob or Wild.ONE in other.tokens or (not other.blind and self.blind):
            return False
        return _match(other.tokens, self.symbolic(folded=other.blind))

    def clashes(self, other: Shape) -> bool:
        """Whether it is plain that no text meets both globs; False says nothing."""
        left, right = fold(self.head), fold(other.head)
        if not (left.startswith(right) or right.startswith(left)):
            return True
        left, right = fold(self.tail), fold(other.tail)
        return not (left.endswith(right) or right.endswith(left))

    @functools.cached_property
    def middles(self) -> tuple[str, ...]:
        """See above."""
        if isinstance(self.pattern, Glob):
            pieces = ["".join(t if isinstance(t, str) else "a" for t in part) for part in _parts(self.pattern.tokens)]
            return tuple(piece for piece in pieces if piece)
        if isinstance(self.pattern, Regex):
            try:
                return (example(*regex_tree(self.pattern)),)
            except GaveUpError:
                return ()
        return ()

    @functools.cached_property
    def exact(self) -> bool:
        """Whether the automaton accepts what the pattern holds for, and nothing else."""
        return not (isinstance(self.pattern, Cidr) and address.span(self.pattern.network)[0] == 6)

    def automaton(self, size: int) -> Automaton:
        """The texts that meet the pattern; see `exact`.

        Raises:
            GaveUpError: the pattern is too large or outside the theory.
        """
        return _automaton(self.pattern, size)


def _parts(tokens: tuple[Token, ...]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token is Wild.ANY:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _match(tokens: tuple[Token, ...], text: str) -> bool:
    match tokens:
        case (str() as literal, Wild.ANY):
            return text.startswith(literal)
        case (Wild.ANY, str() as literal):
            return text.endswith(literal)
        case (Wild.ANY, str() as literal, Wild.ANY):
            return literal in text
        case _:
            return wildcard(tokens, text)


def _quick(pattern: Glob, tokens: tuple[Token, ...]) -> Callable[[str], bool]:
    if pattern.cased:
        return lambda text: _match(tokens, text)
    return lambda text: _match(tokens, fold(text))


@functools.lru_cache(maxsize=32_768)
def shape_of(atom: Atom) -> Shape:
    """The shape of a leaf."""
    if isinstance(atom, Keyword):
        pattern = atom.pattern
        if isinstance(pattern, Glob):
            tokens: tuple[Token, ...] = (Wild.ANY, *pattern.tokens, Wild.ANY)
            while tokens[:2] == (Wild.ANY, Wild.ANY):
                tokens = tokens[1:]
            while tokens[-2:] == (Wild.ANY, Wild.ANY) and len(tokens) > 1:
                tokens = tokens[:-1]
            pattern = Glob(tokens, pattern.cased)
        return Shape(RAW, pattern)
    return Shape(atom.field, atom.pattern)


@functools.lru_cache(maxsize=4096)
def _automaton(pattern: Pattern, size: int) -> Automaton:
    match pattern:
        case Glob(tokens=tokens):
            written = "".join(token for token in tokens if isinstance(token, str))
            open_start = bool(tokens) and tokens[0] is Wild.ANY
            rest = tokens[1:] if open_start else tokens
            open_end = bool(rest) and rest[-1] is Wild.ANY
            inner = Glob(rest[:-1] if open_end else rest, pattern.cased)
            # `*` alone is open at both ends.
            both = open_start and not rest
            return Positions(
                glob_tree(inner), open_start=open_start, open_end=open_end or both, written=written, size=size
            )
        case Regex():
            tree, written = regex_tree(pattern)
            return Positions(tree, open_start=True, open_end=True, written=written, size=size)
        case Present():
            return _automaton(_SOME, size)
        case Cidr():
            return address.automaton(pattern)
        case Compare():
            limits = bounds(pattern)
            return _NOTHING if limits is None else Decimal(*limits)
        case TimePart():
            return _NOTHING
    raise GaveUpError(f"a {type(pattern).__name__} pattern on a text")

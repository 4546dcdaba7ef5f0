r"""Patterns as trees over sets of letters: the law's regular expressions and Sigma's wildcards.

The tree says what RE2 means: `\d`, `\w`, `\s` and `\b` are ASCII, a negated class holds the newline, case is folded
before a class is negated. Greed has no say in whether something matches and is dropped.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final, TypeAlias

from vedette.predicate.pattern import Glob, Regex, Wild
from vedette.predicate.solve.letters import EVERY, Letters, case_closed, complement, orbit, representative, union
from vedette.predicate.solve.outcome import GaveUpError
from vedette.predicate.solve.unicode import unicode_class

#: Groups within groups.
MAX_DEPTH: Final = 100


@dataclass(frozen=True)
class Set:
    """One letter out of a set."""

    letters: Letters


@dataclass(frozen=True)
class Assertion:
    """A place in the text: `begin`, `end`, `line begin`, `line end`, `word`."""

    kind: str


@dataclass(frozen=True)
class Sequence:
    """One after the other."""

    children: tuple[Node, ...]


@dataclass(frozen=True)
class Any:
    """One of them."""

    children: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """The child `low` to `high` times; without `high`, any number of times from `low`."""

    child: Node
    low: int
    high: int | None


Node: TypeAlias = Set | Assertion | Sequence | Any | Repeat

_DIGIT: Final[Letters] = ((0x30, 0x39),)
_WORD: Final[Letters] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Final[Letters] = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
_PERL: Final = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_POSIX: Final[dict[str, Letters]] = {
    "alnum": ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)),
    "alpha": ((0x41, 0x5A), (0x61, 0x7A)),
    "ascii": ((0x00, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": _DIGIT,
    "graph": ((0x21, 0x7E),),
    "lower": ((0x61, 0x7A),),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": ((0x41, 0x5A),),
    "word": _WORD,
    "xdigit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
}
_CONTROL: Final = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D, "a": 0x07}
_NOT_NEWLINE: Final = complement(((0x0A, 0x0A),))
#: A set of as many letters is shown by one that the pattern writes, a larger one by the plainest.
_FEW: Final = 6
#: Repeats of one part of an example.
_MOST: Final = 1_000


@functools.lru_cache(maxsize=4096)
def single(character: str, *, cased: bool) -> Set:
    """One letter, alone or with all that fold as it does."""
    if "\ud800" <= character <= "\udfff":
        return Set(())
    return Set(((ord(character), ord(character)),) if cased else orbit(character))


def glob_tree(pattern: Glob) -> Node:
    """Wildcards as a tree that must match the whole value."""
    nodes: list[Node] = []
    for token in pattern.tokens:
        if isinstance(token, str):
            nodes += [single(character, cased=pattern.cased) for character in token]
        elif token is Wild.ONE:
            nodes.append(Set(EVERY))
        else:
            nodes.append(Repeat(Set(EVERY), 0, None))
    return Sequence(tuple(nodes))


def regex_tree(pattern: Regex) -> tuple[Node, str]:
    """An expression as a tree to be searched for, and the letters that it writes.

    Raises:
        GaveUpError: it holds what is not covered.
    """
    parser = _Parser(pattern.source, frozenset(pattern.flags))
    return parser.whole(), "".join(parser.written)


class _Parser:
    def __init__(self, source: str, flags: frozenset[str]) -> None:
        self.source = source
        self.place = 0
        self.flags = flags
        self.written: list[str] = []
        self.depth = 0

    def whole(self) -> Node:
        tree = self.alternatives()
        if self.place < len(self.source):
            raise GaveUpError("an unmatched bracket in a regular expression")
        return tree

    def peek(self, text: str) -> bool:
        return self.source.startswith(text, self.place)

    def take(self) -> str:
        if self.place >= len(self.source):
            raise GaveUpError("a regular expression that ends too early")
        self.place += 1
        return self.source[self.place - 1]

    def until(self, text: str) -> str:
        stop = self.source.find(text, self.place)
        if stop < 0:
            raise GaveUpError("a regular expression that ends too early")
        found, self.place = self.source[self.place : stop], stop + len(text)
        return found

    def alternatives(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise GaveUpError(f"groups more than {MAX_DEPTH} deep")
        flags, branches = self.flags, [self.sequence()]
        while self.peek("|"):
            self.place += 1
            branches.append(self.sequence())
        self.flags = flags
        self.depth -= 1
        return branches[0] if len(branches) == 1 else Any(tuple(branches))

    def sequence(self) -> Node:
        nodes: list[Node] = []
        while self.place < len(self.source) and not self.peek("|") and not self.peek(")"):
            node = self.piece()
            if node is not None:
                nodes.append(self.repeats(node))
        return nodes[0] if len(nodes) == 1 else Sequence(tuple(nodes))

    def repeats(self, node: Node) -> Node:
        while self.place < len(self.source):
            bounds = self.bounds()
            if bounds is None:
                return node
            node = Repeat(node, *bounds)
            if self.peek("?"):
                self.place += 1
        return node

    def bounds(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        letter = self.source[self.place]
        if letter in simple:
            self.place += 1
            return simple[letter]
        stop = self.source.find("}", self.place)
        if letter != "{" or stop < 0:
            return None
        low, comma, high = self.source[self.place + 1 : stop].partition(",")
        if not (low.isascii() and low.isdigit() and (high == "" or (high.isascii() and high.isdigit()))):
            return None
        self.place = stop + 1
        return int(low), int(high) if high else None if comma else int(low)

    def piece(self) -> Node | None:
        letter = self.take()
        match letter:
            case "(":
                return self.group()
            case "[":
                return Set(self.bracket())
            case ".":
                return Set(EVERY if "s" in self.flags else _NOT_NEWLINE)
            case "^":
                return Assertion("line begin" if "m" in self.flags else "begin")
            case "$":
                return Assertion("line end" if "m" in self.flags else "end")
            case "\\":
                return self.escape()
            case _:
                return self.literal(letter)

    def literal(self, letter: str) -> Set:
        self.written.append(letter)
        return single(letter, cased="i" not in self.flags)

    def group(self) -> Node | None:
        outer = self.flags
        if self.peek("?P<") or self.peek("?<"):
            if self.peek("?<=") or self.peek("?<!"):
                raise GaveUpError("look-around in a regular expression")
            self.until(">")
        elif self.peek("?"):
            self.place += 1
            if self.flag_group():
                return None
        tree = self.alternatives()
        self.flags = outer
        if self.take() != ")":
            raise GaveUpError("an unmatched bracket in a regular expression")
        return tree

    def flag_group(self) -> bool:
        """Read flags; whether they stand alone, to hold until the end of the group around them."""
        flags, adding = set(self.flags), True
        while (letter := self.take()) not in ":)":
            if letter == "-":
                adding = False
            elif letter not in "imsU":
                raise GaveUpError("a group of an unknown kind in a regular expression")
            else:
                (flags.add if adding else flags.discard)(letter)
        self.flags = frozenset(flags)
        return letter == ")"

    def escape(self) -> Node:
        letter = self.take()
        assertions = {"b": "word", "A": "begin", "z": "end"}
        if letter in assertions:
            return Assertion(assertions[letter])
        letters = self.perl(letter)
        if letters is not None:
            return Set(letters)
        return self.literal(chr(self.code(letter)))

    def perl(self, letter: str) -> Letters | None:
        """The set of an escape that stands for one, if it is one."""
        if letter in "pP":
            name = self.take()
            name = self.until("}") if name == "{" else name
            negative = (letter == "P") != name.startswith("^")
            return self.signed(unicode_class(name.lstrip("^")), negative=negative)
        letters = _PERL.get(letter.lower()) if letter in "dwsDWS" else None
        if letters is None:
            return None
        return self.signed(letters, negative=letter.isupper())

    def signed(self, letters: Letters, *, negative: bool) -> Letters:
        if "i" in self.flags:
            letters = case_closed(letters)
        return complement(letters) if negative else letters

    def code(self, letter: str) -> int:
        """The code point of an escape whose first letter has been read."""
        if letter in _CONTROL:
            return _CONTROL[letter]
        if letter == "x":
            digits = self.until("}") if self.peek("{") else self.take() + self.take()
            return int(digits.lstrip("{"), 16)
        if letter in "01234567":
            digits = letter
            while len(digits) < 3 and self.place < len(self.source) and self.source[self.place] in "01234567":
                digits += self.take()
            if digits[0] != "0" and len(digits) == 1:
                raise GaveUpError("a back-reference in a regular expression")
            return int(digits, 8)
        if letter.isalnum() and letter.isascii():
            raise GaveUpError(f"`\\{letter}` in a regular expression")
        return ord(letter)

    def bracket(self) -> Letters:
        negative = self.peek("^")
        self.place += negative
        parts: list[Letters] = []
        first = True
        while first or not self.peek("]"):
            first = False
            if self.peek("[:"):
                stop = self.source.find(":]", self.place)
                name = self.source[self.place + 2 : stop] if stop > 0 else ""
                if name.lstrip("^") in _POSIX:
                    self.place = stop + 2
                    parts.append(self.signed(_POSIX[name.lstrip("^")], negative=name.startswith("^")))
                    continue
            letter = self.take()
            if letter == "\\":
                letter = self.take()
                letters = self.perl(letter)
                if letters is not None:
                    parts.append(letters)
                    continue
                low = self.code(letter)
            else:
                low = ord(letter)
            parts.append(self.signed(((low, self.range_end(low)),), negative=False))
        self.place += 1
        letters = union(*parts)
        if not negative and letters and letters[0][0] < 0x80:
            self.written.append(chr(letters[-1][0] if letters[-1][0] < 0x80 else letters[0][0]))
        return complement(letters) if negative else letters

    def range_end(self, low: int) -> int:
        if not self.peek("-") or self.place + 1 >= len(self.source) or self.source[self.place + 1] == "]":
            return low
        self.place += 1
        letter = self.take()
        high = self.code(self.take()) if letter == "\\" else ord(letter)
        if high < low:
            raise GaveUpError("a range that runs backwards in a regular expression")
        return high


def example(node: Node, written: str) -> str:
    """A text that the tree matches where its assertions allow, short but not always the shortest."""
    match node:
        case Set(letters=letters):
            if not letters:
                return ""
            few = sum(high - low + 1 for low, high in letters) <= _FEW
            return chr(representative(letters, written if few else ""))
        case Assertion():
            return ""
        case Sequence(children=children):
            return "".join(example(child, written) for child in children)
        case Any(children=children):
            return min((example(child, written) for child in children), key=len, default="")
        case Repeat(child=child, low=low):
            return example(child, written) * min(low, _MOST) if low else ""
    raise TypeError(node)

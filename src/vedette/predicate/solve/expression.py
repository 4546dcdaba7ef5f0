r"""Patterns as terms: the checker's own reading of the law, apart from the solver's.

Regular expressions are read letter by letter with a stack of open groups; what is not known is refused.
"""

from __future__ import annotations

import functools
import ipaddress
import math
import string
from collections.abc import Iterable
from typing import Final

from vedette.predicate.fold import fold
from vedette.predicate.pattern import Cidr, Compare, Glob, Pattern, Present, Regex, TimePart, Wild
from vedette.predicate.solve.derivative import ALL, LAST, NEWLINE, Ranges, Terms
from vedette.predicate.solve.unicode import unicode_class

_LIKE: Final = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "ascii": "".join(map(chr, range(128))),
    "blank": " \t",
    "cntrl": "".join(map(chr, [*range(32), 127])),
    "digit": string.digits,
    "graph": string.ascii_letters + string.digits + string.punctuation,
    "lower": string.ascii_lowercase,
    "print": string.ascii_letters + string.digits + string.punctuation + " ",
    "punct": string.punctuation,
    "space": " \t\n\v\f\r",
    "upper": string.ascii_uppercase,
    "word": string.ascii_letters + string.digits + "_",
    "xdigit": string.hexdigits,
}
_SHORT: Final = {"d": string.digits, "w": _LIKE["word"], "s": " \t\n\f\r"}
_NAMED: Final = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "a": "\a"}
_DIGIT: Final[Ranges] = ((48, 57),)
#: The law reads integers of as many digits.
_DIGITS: Final = 40


class UnreadError(Exception):
    """The checker does not know this part of a pattern, and takes no proof that rests on it."""


def term_of(pattern: Pattern, terms: Terms) -> int | None:
    """The texts for which a pattern holds; None if only a superset is known, which `loose` gives.

    Raises:
        UnreadError: it is no pattern on a text, or holds what is not known.
    """
    match pattern:
        case Glob():
            return _glob(pattern, terms)
        case Regex():
            return terms.search(_Reader(pattern, terms).read())
        case Present():
            return terms.some
        case Compare():
            return _compare(pattern, terms)
        case Cidr(network=network):
            net = ipaddress.ip_network(network, strict=False)
            return quads(net, terms) if isinstance(net, ipaddress.IPv4Network) else None
        case TimePart():
            # On a text it never holds.
            return terms.none
    raise UnreadError


def loose(terms: Terms) -> int:
    """All texts that could be an IPv6 address, and more."""
    letters = terms.star(terms.letters(_ranges(string.hexdigits + ":.")))
    scope = terms.cat(text_term("%", terms), terms.any)
    return terms.cat(letters, text_term(":", terms), letters, terms.either(terms.empty, scope))


def quads(network: ipaddress.IPv4Network, terms: Terms) -> int:
    """The dotted texts of a network."""
    pairs = zip(network.network_address.packed, network.broadcast_address.packed, strict=True)
    octets = [terms.either(*[text_term(str(n), terms) for n in range(low, high + 1)]) for low, high in pairs]
    dot = text_term(".", terms)
    return terms.cat(octets[0], dot, octets[1], dot, octets[2], dot, octets[3])


def integers(terms: Terms) -> int:
    """Integers as they are printed, and the empty text."""
    sign = terms.either(terms.empty, text_term("-", terms))
    number = terms.cat(sign, terms.letters(((49, 57),)), terms.times(terms.letters(_DIGIT), 0, _DIGITS - 1))
    return terms.either(terms.empty, text_term("0", terms), number)


def text_term(text: str, terms: Terms) -> int:
    """One text, letter by letter as it is."""
    return terms.cat(*[terms.letters(_ranges(letter)) for letter in text])


def _glob(pattern: Glob, terms: Terms) -> int:
    parts = []
    for token in pattern.tokens:
        if isinstance(token, str):
            parts += [terms.letters(_ranges(c) if pattern.cased else _folded(_ranges(c))) for c in token]
        else:
            parts.append(terms.any if token is Wild.ANY else terms.letters(ALL))
    return terms.cat(*parts)


def _ranges(letters: Iterable[str]) -> Ranges:
    joined: list[tuple[int, int]] = []
    for point in sorted(map(ord, set(letters))):
        if joined and joined[-1][1] == point - 1:
            joined[-1] = (joined[-1][0], point)
        else:
            joined.append((point, point))
    return tuple(joined)


@functools.lru_cache(maxsize=1)
def _families() -> dict[str, str]:
    """Each letter that has a case to all that fold as it does."""
    families: dict[str, str] = {}
    for point in range(LAST + 1):
        letter = chr(point)
        if point < 0x2_0000 and fold(letter) != letter:
            families[fold(letter)] = families.get(fold(letter), fold(letter)) + letter
    return {letter: family for family in families.values() for letter in family}


def has_case(text: str) -> bool:
    """Whether another text folds as this one does."""
    return any(letter in _families() for letter in text)


@functools.lru_cache(maxsize=4096)
def _folded(ranges: Ranges) -> Ranges:
    families = _families()
    points = {letter for letter in families if any(low <= ord(letter) <= high for low, high in ranges)}
    more = _ranges(mate for letter in points for mate in families[letter])
    return _invert(_invert(ranges, more))


def _invert(*groups: Ranges) -> Ranges:
    """All letters in none of the groups."""
    out, start = [], 0
    for low, high in sorted(pair for ranges in groups for pair in ranges):
        if low > start:
            out.append((start, low - 1))
        start = max(start, high + 1)
    if start <= LAST:
        out.append((start, LAST))
    return tuple(out)


def _compare(pattern: Compare, terms: Terms) -> int:
    digit = terms.letters(_DIGIT)
    minus, plus = text_term("-", terms), terms.either(terms.empty, text_term("+", terms))
    digits = terms.times(digit, 1, _DIGITS)

    def large(least: int) -> int:
        """Digits of a number that is at least `least`, zeros before it allowed."""
        text = str(max(least, 0))
        parts = [text_term(text, terms), terms.cat(terms.letters(((49, 57),)), terms.times(digit, len(text), None))]
        for place, letter in enumerate(text):
            if letter != "9":
                more = terms.letters(((ord(letter) + 1, 57),))
                rest = [digit] * (len(text) - place - 1)
                parts.append(terms.cat(text_term(text[:place], terms), more, *rest))
        zeros = terms.star(text_term("0", terms))
        return terms.both([digits, terms.cat(zeros, terms.either(*parts))])

    def small(most: int) -> int:
        return terms.none if most < 0 else terms.both([digits, terms.negate(large(most + 1))])

    def at_least(bound: int) -> int:
        if bound > 0:
            return terms.cat(plus, large(bound))
        return terms.either(terms.cat(plus, digits), terms.cat(minus, small(-bound)))

    def at_most(bound: int) -> int:
        if bound < 0:
            return terms.cat(minus, large(-bound))
        return terms.either(terms.cat(minus, digits), terms.cat(plus, small(bound)))

    number = pattern.number
    if not math.isfinite(number):
        raise UnreadError
    whole = math.floor(number)
    match pattern.order:
        case "eq":
            return terms.both([at_least(whole), at_most(whole)]) if whole == number else terms.none
        case "lt":
            return at_most(whole - 1 if whole == number else whole)
        case "lte":
            return at_most(whole)
        case "gt":
            return at_least(whole + 1)
        case _:
            return at_least(whole if whole == number else whole + 1)


class _Reader:
    """Reads one expression; open groups are a stack of (branches, parts, flags)."""

    def __init__(self, pattern: Regex, terms: Terms) -> None:
        self.rest = pattern.source
        self.terms = terms
        self.flags = set(pattern.flags)
        self.stack: list[tuple[list[int], list[int], set[str]]] = []
        self.branches: list[int] = []
        self.parts: list[int] = []

    def read(self) -> int:
        while self.rest:
            self.one()
        if self.stack:
            raise UnreadError
        return self.close()

    def close(self) -> int:
        return self.terms.either(*self.branches, self.terms.cat(*self.parts))

    def eat(self, count: int = 1) -> str:
        if len(self.rest) < count:
            raise UnreadError
        eaten, self.rest = self.rest[:count], self.rest[count:]
        return eaten

    def one(self) -> None:
        letter, terms = self.eat(), self.terms
        if letter == "(":
            self.open()
        elif letter == ")":
            if not self.stack:
                raise UnreadError
            group = self.close()
            self.branches, self.parts, self.flags = self.stack.pop()
            self.add(group)
        elif letter == "|":
            self.branches.append(terms.cat(*self.parts))
            self.parts = []
        elif letter == "[":
            self.add(terms.letters(self.bracket()))
        elif letter == ".":
            self.add(terms.letters(ALL if "s" in self.flags else _invert(((NEWLINE, NEWLINE),))))
        elif letter in "^$":
            self.add(terms.look(("m" if "m" in self.flags else "") + letter))
        elif letter == "\\" and self.rest[:1] in ("b", "A", "z"):
            self.add(terms.look({"b": "b", "A": "^", "z": "$"}[self.eat()]))
        elif letter == "\\":
            self.add(terms.letters(self.escape()))
        else:
            self.add(terms.letters(self.cased(_ranges(letter))))

    def cased(self, ranges: Ranges) -> Ranges:
        return _folded(ranges) if "i" in self.flags else ranges

    def add(self, part: int) -> None:
        """Take a part with the repeats behind it."""
        while self.rest:
            if self.rest[0] in "*+?":
                low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[self.eat()]
            elif self.rest[0] == "{" and (count := self.count()):
                low, high = count
            else:
                break
            part = self.terms.times(part, low, high)
            if self.rest[:1] == "?":
                self.eat()
        self.parts.append(part)

    def count(self) -> tuple[int, int | None] | None:
        inside, brace, after = self.rest[1:].partition("}")
        numbers = inside.split(",")
        if not brace or len(numbers) > 2 or not numbers[0] or not all(set(n) <= set(string.digits) for n in numbers):
            return None
        self.rest = after
        low = int(numbers[0])
        return low, low if len(numbers) == 1 else int(numbers[1]) if numbers[1] else None

    def open(self) -> None:
        outer = set(self.flags)
        if self.rest.startswith(("?P<", "?<")) and not self.rest.startswith(("?<=", "?<!")):
            self.rest = self.rest.partition(">")[2]
        elif self.rest.startswith("?"):
            self.eat()
            words, on = "", True
            while (letter := self.eat()) not in ":)":
                words += letter
                if letter == "-":
                    on = False
                elif letter in "imsU":
                    self.flags = self.flags | {letter} if on else self.flags - {letter}
                else:
                    raise UnreadError
            if letter == ")":
                return
        self.stack.append((self.branches, self.parts, outer))
        self.branches, self.parts = [], []

    def escape(self) -> Ranges:
        """The letters of an escape whose backslash has been read."""
        letter = self.eat()
        if letter in "pP":
            name = self.eat()
            if name == "{":
                name, _, self.rest = self.rest.partition("}")
            ranges = self.cased(unicode_class(name.lstrip("^")))
            return _invert(ranges) if (letter == "P") != (name[:1] == "^") else ranges
        if letter.lower() in _SHORT:
            ranges = self.cased(_ranges(_SHORT[letter.lower()]))
            return _invert(ranges) if letter.isupper() else ranges
        return self.cased(_ranges(self.plain(letter)))

    def plain(self, letter: str) -> str:
        if letter in _NAMED:
            return _NAMED[letter]
        if letter == "x":
            if self.rest[:1] == "{":
                inside, _, self.rest = self.rest[1:].partition("}")
                return chr(int(inside, 16))
            return chr(int(self.eat(2), 16))
        if letter in string.octdigits:
            more = len(self.rest) - len(self.rest[:2].lstrip(string.octdigits) + self.rest[2:])
            if letter != "0" and not more:
                raise UnreadError
            return chr(int(letter + self.eat(more), 8))
        if letter.isascii() and letter.isalnum():
            raise UnreadError
        return letter

    def bracket(self) -> Ranges:
        inverted = self.rest[:1] == "^"
        if inverted:
            self.eat()
        groups: list[Ranges] = []
        while not groups or self.rest[:1] != "]":
            name = self.rest[2:].partition(":]")[0] if self.rest.startswith("[:") else ""
            if name.lstrip("^") in _LIKE:
                self.eat(len(name) + 4)
                ranges = self.cased(_ranges(_LIKE[name.lstrip("^")]))
                groups.append(_invert(ranges) if name[0] == "^" else ranges)
                continue
            letter = self.eat()
            if letter == "\\":
                if self.rest[:1].lower() in _SHORT or self.rest[:1] in ("p", "P"):
                    groups.append(self.escape())
                    continue
                letter = self.plain(self.eat())
            last = letter
            if self.rest[:1] == "-" and self.rest[1:2] not in ("]", ""):
                self.eat()
                last = self.eat()
                if last == "\\":
                    last = self.plain(self.eat())
            groups.append(self.cased(((ord(letter), ord(last)),)))
        self.eat()
        return _invert(*groups) if inverted else _invert(_invert(*groups))

"""Hypothesis strategies for patterns, predicates and rows: few letters, the ones that engines differ on."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from vedette.predicate import (
    And,
    Cidr,
    Compare,
    Const,
    Glob,
    Keyword,
    Match,
    Not,
    Or,
    Pattern,
    Predicate,
    Present,
    Reference,
    Regex,
    TimePart,
    Value,
    Wild,
    glob,
)

#: Case pairs, disputed letters, line ends, NUL, a letter beyond the BMP, and what dialects give a meaning.
ALPHABET = "aAbBkKsS/ -.\\*?=\n\r\0\t01_éÉſ\u212aσςΣİıßẞ\U0001d4b3\u0301\ufffd"  # noqa: RUF001 (meant)
ORDERS = ("eq", "lt", "lte", "gt", "gte")
FORMS = ("equals", "startswith", "endswith", "contains")
PARTS = ("minute", "hour", "day", "week", "month", "year")
#: Expressions of the law's dialect, with what RE2 and Rust's regex read differently unless it is spelled out.
EXPRESSIONS = (
    "a",
    "^a$",
    "a.b",
    "^$",
    "a|",
    "(?:a|aa)+$",
    "a{2,3}?",
    "a{0,2}b",
    "[ab-]k",
    "[^a]",
    "[[:alpha:]]+",
    "[[:^digit:]]",
    "[][]",
    "[^]]",
    "[a&&b]",
    "[a~~b]",
    "[\\w.]",
    "[^\\W]",
    "[\\d\\s]",
    "[\\]\\\\]",
    r"\d+",
    r"\D",
    r"\w+\.",
    r"\W",
    r"\s",
    r"\S+",
    r"\bab\b",
    r"a\b.",
    r"\v",
    r"\t",
    r"\x41",
    r"\x{1d4b3}",
    r"\pL+",
    r"\p{Lu}",
    r"\PL",
    r"\Aab\z",
    r"\.",
    r"\-",
    r"\<",
    r"a\>",
    r"\/",
    "k",
    "s",
    "(?i)k",
    "(?i:S)b",
    "(?s)a.b",
    "(?m)^a$",
    "(?-s).",
    "(?P<name>a)b",
    "é",
    "[é-ς]",
    "\u03c3",
    "ß",
    "a*?b",
    "(?U)a+",
)
ADDRESSES = (
    "10.0.0.1",
    "10.255.255.255",
    "11.0.0.0",
    "192.168.1.300",
    "10.0.0.1 ",
    "010.0.0.1",
    "fe80::1",
    "FE80::1",
    "fe80::1%eth0",
    "::ffff:10.0.0.1",
    "::",
    "gateway",
)
NETWORKS = ("10.0.0.0/8", "10.0.0.1/32", "0.0.0.0/0", "fe80::/10", "::/0", "::ffff:0:0/96")
NUMBERS = ("0", "10", "-7", "+7", "007", "1e3", "1.0", " 1", "\u0661")


def texts(max_size: int = 6) -> st.SearchStrategy[str]:
    """Short texts over `ALPHABET`."""
    return st.text(ALPHABET, max_size=max_size)


def globs() -> st.SearchStrategy[Glob]:
    """Wildcard patterns in normal form, cased or not."""
    tokens = st.lists(st.sampled_from(Wild) | texts(3), max_size=5)
    return st.builds(lambda parts, cased: glob(parts, cased=cased), tokens, st.booleans())


def regexes() -> st.SearchStrategy[Regex]:
    """Expressions and flags; some of them are outside the law."""
    flags = st.sets(st.sampled_from("ims")).map(lambda letters: "".join(sorted(letters)))
    pieces = st.lists(st.sampled_from(EXPRESSIONS), min_size=1, max_size=2).map("".join)
    return st.builds(Regex, pieces, flags)


def patterns() -> st.SearchStrategy[Pattern]:
    """Every kind of pattern but regular expressions that the law refuses and references."""
    return st.one_of(
        globs(),
        st.builds(Regex, st.sampled_from(["a", "^a", "k$", "[^a]", r"\d+", "a.b"]), st.sampled_from(["", "i", "s"])),
        st.builds(Cidr, st.sampled_from(NETWORKS)),
        st.builds(Compare, st.sampled_from(ORDERS), st.integers(-9, 12) | st.sampled_from([0.5, 7.0])),
        st.builds(TimePart, st.sampled_from(PARTS), st.sampled_from(ORDERS), st.integers(0, 60)),
        st.just(Present()),
    )


def predicates(fields: Sequence[str], *, max_leaves: int = 8) -> st.SearchStrategy[Predicate]:
    """Trees over the fields, with keywords, references and constants among the leaves."""
    references = st.builds(Reference, st.sampled_from(fields), st.sampled_from(FORMS), st.booleans())
    leaves = st.one_of(
        st.builds(Match, st.sampled_from(fields), patterns() | references),
        st.builds(Keyword, globs().filter(lambda pattern: pattern.tokens not in ((), (Wild.ANY,)))),
        st.builds(Const, st.booleans()),
    )
    return st.recursive(
        leaves,
        lambda children: st.one_of(
            st.builds(Not, children),
            st.builds(And, st.lists(children, max_size=3).map(tuple)),
            st.builds(Or, st.lists(children, max_size=3).map(tuple)),
        ),
        max_leaves=max_leaves,
    )


def values() -> st.SearchStrategy[Value]:
    """Text, addresses, digits, integers and times."""
    return st.one_of(
        texts(),
        st.sampled_from(ADDRESSES + NUMBERS),
        st.integers(-9, 12),
        st.sampled_from([0.0, 1795509330.159]),
    )


def rows(fields: Sequence[str]) -> st.SearchStrategy[dict[str, Value]]:
    """Single-valued rows; any field may be absent, and none is the empty text."""
    present = values().filter(lambda value: value != "")
    return st.fixed_dictionaries({}, optional=dict.fromkeys(fields, present))


@st.composite
def near(draw: st.DrawFn, pattern: Glob) -> str:
    """A text that the pattern matches, or one that misses by a letter."""
    text = ""
    for token in pattern.tokens:
        if isinstance(token, str):
            text += draw(st.sampled_from([token, token.swapcase()]))
        elif token is Wild.ONE:
            text += draw(st.sampled_from(ALPHABET))
        else:
            text += draw(texts(3))
    match draw(st.sampled_from(["as it is", "cut", "more", "changed"])):
        case "cut" if text:
            place = draw(st.integers(0, len(text) - 1))
            text = text[:place] + text[place + 1 :]
        case "more":
            place = draw(st.integers(0, len(text)))
            text = text[:place] + draw(st.sampled_from(ALPHABET)) + text[place:]
        case "changed" if text:
            place = draw(st.integers(0, len(text) - 1))
            text = text[:place] + draw(st.sampled_from(ALPHABET)) + text[place + 1 :]
    return text

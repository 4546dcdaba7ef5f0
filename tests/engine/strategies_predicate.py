"""Small predicates and rows that collide with each other, full of what engines disagree on."""

from __future__ import annotations

from hypothesis import strategies as st
from tests.strategies import near

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

#: Few letters, so that patterns hit; line ends, NUL, case pairs and odd folds, and the marks of the Polars back end.
ALPHABET = "aAbkKsS/ -.\\=\n\r\0éÉ\u017fKİ\u0131ς\u03c3Σßẞ\U0001d4b3😀\ue000\ue001\ue002\ue003\ue005\ufffd"
TEXT_FIELDS = ("Image", "ParentImage", "CommandLine", "ParentCommandLine", "User")
FIELDS = (*TEXT_FIELDS, "UserId", "DestinationIp", "DestinationPort", "ProcessId", "EventTime", "Hashes")

words = st.text(ALPHABET, max_size=4) | st.sampled_from(["10", "-7", "007", "10.0.0.1", "fe80::1", "aab", "/ab"])
addresses = st.sampled_from(["10.0.0.1", "10.9.9.9", "192.168.1.300", "fe80::1", "::ffff:10.0.0.1", "10.0.0.1 "])
integers = st.integers(-3, 12) | st.sampled_from([80, 443, 2**40])

globs = st.builds(
    lambda tokens, cased: glob(tokens, cased=cased),
    st.lists(st.text(ALPHABET, min_size=1, max_size=3) | st.sampled_from(Wild), max_size=4),
    st.booleans(),
)
regexes = st.builds(
    Regex,
    st.sampled_from(
        [
            "a",
            "^a",
            "a$",
            "^$",
            "a.b",
            "[^a]k",
            "ab?k*",
            "(a|aa)+$",
            r"\bab\b",
            r"\s",
            r"\w+\.",
            r"\d{1,3}",
            "k",
            "s",
            "é",
            "[é-ς]",
            "(?i)k",
            "(?i)é",
            "(?i)\u03c3$",
            r"\x00",
            "a{2,4}/",
            "(?:a|b)/",
            "(?:^|/)a",
            "a*",
            "(?s)a.b",
            "(?m)^a$",
            r"\pL",
            "[[:alpha:]]+=",
            r"[\w.]+/",
        ]
    ),
    st.sampled_from(["", "i", "s", "m", "is", "im"]),
)
patterns: st.SearchStrategy[Pattern] = st.one_of(
    globs,
    globs,
    regexes,
    st.builds(Compare, st.sampled_from(["eq", "lt", "lte", "gt", "gte"]), integers | st.just(0.5)),
    st.builds(Cidr, st.sampled_from(["10.0.0.0/8", "10.0.0.1/32", "0.0.0.0/0", "fe80::/10", "::/0"])),
    st.just(Present()),
    st.builds(
        Reference,
        st.sampled_from(FIELDS),
        st.sampled_from(["equals", "startswith", "endswith", "contains"]),
        st.booleans(),
    ),
    st.builds(TimePart, st.sampled_from(["hour", "week", "year"]), st.sampled_from(["eq", "lt"]), st.integers(0, 24)),
)
leaves: st.SearchStrategy[Predicate] = st.one_of(
    st.builds(Match, st.sampled_from(FIELDS), patterns),
    st.builds(Match, st.sampled_from(TEXT_FIELDS), globs),
    st.builds(Match, st.sampled_from(TEXT_FIELDS), globs),
    st.builds(Keyword, globs.filter(lambda pattern: len(pattern.tokens) == 1) | regexes),
    st.builds(Const, st.booleans()),
)
predicates: st.SearchStrategy[Predicate] = st.recursive(
    leaves,
    lambda children: st.one_of(
        st.builds(Not, children),
        st.builds(And, st.lists(children, max_size=3).map(tuple)),
        st.builds(Or, st.lists(children, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
rows = st.fixed_dictionaries(
    {},
    optional={
        "Image.resolved": words,
        "Image.invoked": words,
        "CommandLine": words,
        "ParentImage.resolved": words,
        "ParentImage.invoked": words,
        "ParentCommandLine": words,
        "User": words,
        "UserId": integers,
        "DestinationIp": addresses,
        "DestinationPort": integers,
        "ProcessId": integers,
        "EventTime": st.sampled_from([0.5, 1795509330.159]),
    },
).map(lambda row: {name: value for name, value in row.items() if value != ""})


def literal_of(pattern: Glob) -> str:
    """A value that the pattern matches: `?` is x, `*` is nothing."""
    return "".join(token if isinstance(token, str) else "x" * (token is Wild.ONE) for token in pattern.tokens)


@st.composite
def asked(draw: st.DrawFn, several: st.SearchStrategy[list[Pattern]]) -> tuple[list[Pattern], list[Value]]:
    """Patterns, and values of which some match them or miss by a letter."""
    chosen = draw(several)
    some: list[Value] = draw(st.lists(words | integers | addresses, max_size=3))
    some += [draw(near(pattern)) for pattern in chosen if isinstance(pattern, Glob)]
    return chosen, some

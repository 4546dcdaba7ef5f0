"""Comparisons as the query languages write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.page.dialect.expression import find_comparison, read_expression
from vedette.page.dialect.refusal import UnreadError
from vedette.page.dialect.section import section_of
from vedette.page.dialect.tree import MAX_DEPTH, And, Comparison, Not, Or, Tree
from vedette.page.dialect.value import MAX_VALUE
from vedette.predicate import Wild


def read(text: str) -> Tree:
    start = find_comparison(text, 0)
    tree, end = read_expression(text, start)
    assert (start, end) == (0, len(text))
    return tree


def selection(text: str) -> Any:
    section, _ = section_of(read(text), "/")
    assert section["condition"] == "selection"
    return section["selection"]


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ('process.executable = "/x"', {"Image": "/x"}),
        ('process.executable="/x"', {"Image": "/x"}),
        ('process.executable == "/x"', {"Image|cased": "/x"}),
        ('process.executable : "/x"', {"Image": "/x"}),
        ('process.executable: "/x*"', {"Image|startswith": "/x"}),
        ('process.executable =~ "/x"', {"Image": "/x"}),
        ('process.executable like "/x?z"', {"Image": "/x?z"}),
        ('process.executable like~ "*z"', {"Image|endswith": "z"}),
        ("process.executable : /usr/bin/puppet", {"Image": "/usr/bin/puppet"}),
        ("process.executable = “/x”", {"Image": "/x"}),
        ("process.executable = ‘/x’", {"Image": "/x"}),  # noqa: RUF001 (quotes as pages have them)
        ("process.executable = ”/x”", {"Image": "/x"}),
        ("process.executable = «/x»", {"Image": "/x"}),
        ("process.executable` = `/x`", {"Image": "/x"}),
        ("process.executable is '/x'", {"Image": "/x"}),
        ("process.executable contains 'x'", {"Image|contains": "x"}),
        ("process.executable contains_cs 'x'", {"Image|contains|cased": "x"}),
        ("process.executable starts with 'x'", {"Image|startswith": "x"}),
        ("FolderPath startswith 'x'", {"Image|startswith": "x"}),
        ("process.executable endswith 'x'", {"Image|endswith": "x"}),
        ("process.executable in ('/x', '/y')", {"Image|cased": ["/x", "/y"]}),
        ("process.executable in~ ('/x', '/y')", {"Image": ["/x", "/y"]}),
        ("process.executable : ('/x' or '/y')", {"Image": ["/x", "/y"]}),
        ("process.executable : [/x, /y]", {"Image": ["/x", "/y"]}),
        ("process.executable is one of ('/x', '/y')", {"Image": ["/x", "/y"]}),
        ("process.args : ('a' and 'b')", {"CommandLine|contains|all": ["a", "b"]}),
        ("process.executable matches '^/usr/.*x$'", {"Image|re": "^/usr/.*x$"}),
        ("process.executable matches regex '^/x'", {"Image|re": "^/x"}),
        ("process.executable matches /^.usr/i", {"Image|re": "(?i)^.usr"}),
        (r'process.executable = "C:\Temp\x.exe"', {"Image": r"C:\\Temp\\x.exe"}),
        (r'process.executable = "C:\\Temp\\x.exe"', {"Image": r"C:\\Temp\\x.exe"}),
        (r'process.executable = @"C:\Temp\x.exe"', {"Image": r"C:\\Temp\\x.exe"}),
        (r'process.command_line = "say \"x\""', {"CommandLine": 'say "x"'}),
        ('process.command_line = "a and b or (c)"', {"CommandLine": "a and b or (c)"}),
        ("process.pid >= 100", {"ProcessId|gte": 100}),
        ('Image = "/x" && User : "root"', {"Image": "/x", "User": "root"}),
        ('process.executable is "/x" or "/y"', {"Image": ["/x", "/y"]}),
        ("process.executable is `/x` or `/y`", {"Image": ["/x", "/y"]}),
        ('process path = "/x" or "/y"', {"Image": ["/x", "/y"]}),
        ('user.name = "a" and (process.executable = "/x" or "/y")', {"User": "a", "Image": ["/x", "/y"]}),
        ('process.executable = "/x", OR user.name = "a"', [{"Image": "/x"}, {"User": "a"}]),
    ],
)
def test_comparisons(text, item):
    assert selection(text) == item


@pytest.mark.parametrize(
    "text",
    [
        'not user.name = "a"',
        '!(user.name = "a")',
        'user.name != "a"',
        'user.name <> "a"',
        'user.name is not "a"',
        'user.name not like "a"',
        'NOT (user.name : "a")',
        'user.name does not equal "a"',
    ],
)
def test_negations(text):
    tree = read(text)
    assert isinstance(tree, Not)
    assert isinstance(tree.part, Comparison)
    assert tree.part.value == ("a",)


def test_negated_lists():
    for text in ("FileName !in ('a', 'b')", "FileName not in ('a', 'b')", "process.name is not one of ('a', 'b')"):
        tree = read(text)
        assert isinstance(tree, Not)
        assert isinstance(tree.part, Or)
    assert read("process.command_line does not contain 'x'") == read("process.command_line !contains 'x'")


def test_and_binds_closer_than_or():
    tree = read('comm = "a" or comm = "b" and comm = "c"')
    assert isinstance(tree, Or)
    assert isinstance(tree.parts[1], And)
    tree = read('(comm = "a" or comm = "b") and not comm = "c"')
    assert isinstance(tree, And)
    assert isinstance(tree.parts[1], Not)


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ('comm = "a', 7, "never closed"),
        ("comm = ''", 7, "an empty value"),
        ("comm = ", 7, "a value is missing"),
        ("comm = null", 7, "is no value"),
        ('comm = "' + "x" * (MAX_VALUE + 1) + '"', 7, "characters"),
        ('comm = "a\u200bb"', 7, r"\\u200b, which can't be seen"),
        ('(comm = "a"', 11, "a closing bracket is missing"),
        ('comm in "a"', 8, "a list of values"),
        ('comm : ("a" "b")', 12, "a comma or"),
        ('comm : ("a" or "b" and "c")', 7, "mixes"),
        ('comm == "a*"', 8, "differs between languages"),
        ('comm : "a?"', 7, "differs between languages"),
        ('FileName contains "a*"', 18, "differs between languages"),
        (r'comm = "C:\*"', 7, "part folders or make the wildcard"),
        ('comm =~ "^a.*"', 8, "may be a comparison that ignores case"),
        ('process.command_line matches "a*"', 29, "a wildcard or part of a regular"),
        (r'process.command_line matches "a\\.b"', 29, "the quote's or the expression's"),
        ('FileName has "a"', 8, "looks for a whole word"),
        ("process.name regex 'a'", 12, "languages differ"),
        ("process.name is running", 16, "a word of the sentence"),
        ('user.name = "c" and comm = "a" or "b"', 34, "can be read in two ways"),
        ('comm = "a" or "b" and user.name = "c"', 14, "can be read in two ways"),
        ('comm is not "a" or "b"', 15, "can't be told"),
        ("(" * (MAX_DEPTH + 2) + 'comm = "a"', MAX_DEPTH + 1, "nests deeper"),
        ("comm in (" + "'a'," * 300 + "'b')", 8, "more than 200 values"),
        (" or ".join(["comm = 'a'"] * 201), 2800, "more than 200 comparisons"),
    ],
)
def test_what_is_not_read_and_where(text, at, why):
    with pytest.raises(UnreadError, match=why) as caught:
        read_expression(text, find_comparison(text, 0))
    assert caught.value.start == at


@pytest.mark.parametrize(
    "text",
    [
        "no comparison, e.g.: none",
        "see https://example.com/a=b",
        "Note: nothing",
        "at 10:30 it runs",
        "the command line contains x",
        "a process is started",
        "--flush=yes",
        "a => b",
        "x -> y",
    ],
)
def test_what_is_no_comparison(text):
    assert find_comparison(text, 0) == -1


def test_brackets_and_not_before_a_comparison_belong_to_it():
    text = 'exclude (not (comm = "a"))'
    assert find_comparison(text, 0) == text.index("(")
    assert find_comparison('note: comm = "a"', 0) == 6


WORD = st.text("abAB19_./-", min_size=1, max_size=6).filter(lambda text: text.strip("./-") not in ("", "not", "and"))
FIELD = st.sampled_from(("comm", "process.executable", "user.name", "process.command_line"))
LEAVES = st.builds(lambda field, word: Comparison(field, "equals", (word,), False, 0), FIELD, WORD)
TREES = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.builds(Not, parts),
        st.lists(parts, min_size=2, max_size=3).map(lambda each: And(tuple(each))),
        st.lists(parts, min_size=2, max_size=3).map(lambda each: Or(tuple(each))),
    ),
    max_leaves=8,
)


def printed(tree: Tree) -> str:
    if isinstance(tree, Not):
        return f"not ({printed(tree.part)})"
    if isinstance(tree, And | Or):
        word = " AND " if isinstance(tree, And) else " or "
        return word.join(f"({printed(part)})" for part in tree.parts)
    (value,) = tree.value
    return f'{tree.field} = "{value}"'


def flat(tree: Tree) -> Any:
    """A tree without places, its like parts joined."""
    if isinstance(tree, Not):
        return ("not", flat(tree.part))
    if isinstance(tree, And | Or):
        kind = type(tree)
        parts: list[Any] = []
        for part in tree.parts:
            inner = flat(part)
            parts += inner[1] if inner[0] == kind.__name__ else [inner]
        return (kind.__name__, parts)
    return (tree.field, tree.relation, tree.value, tree.cased)


@given(TREES)
def test_what_is_printed_is_read_back(tree):
    text = printed(tree)
    start = find_comparison(text, 0)
    back, end = read_expression(text, start)
    assert (start, end) == (0, len(text))
    assert flat(back) == flat(tree)


def test_a_star_is_any_text():
    tree = read('comm : "a*b"')
    assert isinstance(tree, Comparison)
    assert tree.value == ("a", Wild.ANY, "b")

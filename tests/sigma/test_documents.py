"""YAML of strangers: what is read, what is refused and where, and that nothing is ever executed or exhausted."""

from __future__ import annotations

import itertools
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import RuleError
from vedette.sigma.documents import MAX_BYTES, MAX_DEPTH, decode, locate, read_documents


def problem_of(text: str) -> RuleError:
    _, problems = read_documents(text, "rule.yml")
    (problem,) = problems
    return problem


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        *[("5", 5), ("-5", -5), ("0", 0), ("'5'", "5"), ('"5"', "5"), ("010", "010"), ("+5", "+5"), ("-0", 0)],
        *[("1.5", "1.5"), ("1e3", "1e3"), (".5", ".5"), ("0x1F", "0x1F"), ("1_000", "1_000"), ("12:30", "12:30")],
        *[("true", True), ("False", False), ("yes", "yes"), ("NO", "NO"), ("on", "on"), ("'true'", "true")],
        *[("null", None), ("~", None), ("", None), ("''", ""), ("'null'", "null"), ("nULL", "nULL")],
        *[("2024-01-01", "2024-01-01"), (".inf", ".inf"), ("=", "="), ("a b", "a b"), ("!!str 5", 5)],
        *[("9" * 18, int("9" * 18)), ("9" * 19, "9" * 19), ("9" * 5000, "9" * 5000)],
        *[(r"'C:\a'", r"C:\a"), (r'"C:\\a"', r"C:\a"), ("|\n  a\n  b", "a\nb\n"), (">-\n  a\n  b", "a b")],
        *[("[a, 1]", ["a", 1]), ("{}", {}), ("[]", []), ("{a: {b: c}}", {"a": {"b": "c"}})],
    ],
)
def test_scalars_are_text_unless_they_are_plainly_not(scalar: str, value: object) -> None:
    documents, problems = read_documents(f"key: {scalar}\n", "rule.yml")
    assert not problems
    assert documents[0].content == {"key": value}
    assert type(documents[0].content["key"]) is type(value)


def test_several_documents_have_their_lines() -> None:
    text = "# comment\n---\na: 1\n---\n---\n\nb: 2\n...\n---\nc: 3\n---\n"
    documents, problems = read_documents(text, "rule.yml")
    assert not problems
    assert [(document.content, document.line, document.index) for document in documents] == [
        ({"a": 1}, 3, 0),
        ({"b": 2}, 7, 2),
        ({"c": 3}, 10, 3),
    ]


def test_documents_before_a_fault_are_kept() -> None:
    documents, problems = read_documents("a: 1\n---\n- b\n---\nc: 3\n---\nd: [\n", "rule.yml")
    assert [document.content for document in documents] == [{"a": 1}, {"c": 3}]
    assert [(problem.code, problem.location.line) for problem in problems] == [("not-a-map", 3), ("yaml", 8)]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", "duplicate-key", 5),
        ("a: 1\n'a': 2\n", "duplicate-key", 2),
        ("a:\n - b\n - c: !!python/name:os.system x\n", "tag", 3),
        ("a: !!binary aGk=\n", "tag", 1),
        ("a: !thing {b: c}\n", "tag", 1),
        ("a: !!set {b}\n", "tag", 1),
        ("a:\n  <<: {b: c}\n", "merge-key", 2),
        ("? [a, b]\n: c\n", "key", 1),
        ("- a\n- b\n", "not-a-map", 1),
        ("just text\n", "not-a-map", 1),
        ("a: &x\n  b: *x\n", "too-deep", 1),
        ("a: *nope\n", "yaml", 1),
        ("a: 'open\n", "yaml", 2),
        ("a: \x07\n", "yaml", 0),
        ("a:\n\t- b\n", "yaml", 2),
        ('a: "\\ud800"\n', "yaml", 1),
        ("%YAML 9.9\n---\na: b\n", "yaml", 1),
    ],
)
def test_refused_with_its_place(text: str, code: str, line: int) -> None:
    problem = problem_of(text)
    assert (problem.code, problem.location.line) == (code, line), problem
    assert problem.location.path == "rule.yml"


DEEP = {
    "flow lists": "a: " + "[" * 100_000,
    "flow maps": "{a: " * 5_000,
    "blocks in a line": "a:\n  " + "- " * 100_000 + "x",
    "keys in a line": "? " * 50_000 + "a",
    "indented blocks": "\n".join(" " * depth + "a:" for depth in range(3_000)),
    "lists of lists": "\n".join("  " * depth + "- -" for depth in range(200)) + " x",
    "just beyond": "a: " + "[" * (MAX_DEPTH + 1) + "x" + "]" * (MAX_DEPTH + 1),
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_depth_is_bounded_before_it_hurts(text: str) -> None:
    begun = time.process_time()
    assert problem_of(text).code == "too-deep"
    assert time.process_time() - begun < 2


def test_depth_just_within() -> None:
    documents, problems = read_documents("a: " + "[" * (MAX_DEPTH - 2) + "x" + "]" * (MAX_DEPTH - 2), "rule.yml")
    assert documents
    assert not problems


def test_brackets_in_text_are_no_depth() -> None:
    documents, problems = read_documents("a: '" + "[" * 500 + "'\n", "rule.yml")
    assert documents[0].content == {"a": "[" * 500}
    assert not problems


def test_a_bomb_of_aliases_is_refused_soon() -> None:
    letters = "abcdefghij"
    lines = ["a: &a [" + ",".join("x" * 9) + "]"]
    lines += [f"{new}: &{new} [{','.join(['*' + old] * 9)}]" for old, new in itertools.pairwise(letters)]
    begun = time.process_time()
    assert problem_of("\n".join(lines)).code == "too-large"
    assert time.process_time() - begun < 10


def test_a_long_text_repeated_by_aliases_is_refused() -> None:
    text = "a: &a '" + "x" * 100_000 + "'\nb: [" + ",".join(["*a"] * 1_000) + "]\n"
    assert problem_of(text).code == "too-large"


def test_aliases_within_bounds_are_read() -> None:
    documents, problems = read_documents("a: &l [x, y]\nb: *l\n", "rule.yml")
    assert not problems
    assert documents[0].content == {"a": ["x", "y"], "b": ["x", "y"]}


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(RuleError) as refused:
        decode(b"a: b\nc: \xff\n", "rule.yml")
    assert (refused.value.code, refused.value.location.line) == ("encoding", 2)
    with pytest.raises(RuleError) as refused:
        decode(b"a" * (MAX_BYTES + 1), "rule.yml")
    assert refused.value.code == "too-large"
    assert decode(b"\xef\xbb\xbfa: \xc3\xa9", "rule.yml") == "a: é"


def test_places_of_keys_and_items() -> None:
    text = "x: 1\n---\na:\n  b|re:\n    - c\n    - d\n  e: {f: g}\n"
    assert locate(text, 1, ()) == (3, 1)
    assert locate(text, 1, ("a",)) == (3, 1)
    assert locate(text, 1, ("a", "b|re")) == (4, 3)
    assert locate(text, 1, ("a", "b|re", 1)) == (6, 7)
    assert locate(text, 1, ("a", "e", "f")) == (7, 7)
    assert locate(text, 1, ("a", "b|re", 9)) == (4, 3)
    assert locate(text, 1, ("a", "none", "f")) == (3, 1)
    assert locate(text, 0, ("a",)) == (1, 1)


@given(st.text("ab:-[]{}&*!|>'\"#%@`,?~<\n \t0", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    documents, problems = read_documents(text, "rule.yml")
    for document in documents:
        assert isinstance(document.content, dict)
        assert locate(text, document.index, ())[0] == document.line
    if not documents and not problems:
        assert all(node is None or node.value == "" for node in yaml.compose_all(text, yaml.CSafeLoader))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=10,
    )
)
def test_what_yaml_writes_is_read_back(value: object) -> None:
    text = yaml.safe_dump({"key": value})
    documents, problems = read_documents(text, "rule.yml")
    assert not problems
    assert documents[0].content == {"key": value}

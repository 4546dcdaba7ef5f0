"""What a tree says and what its Sigma section says are the same, for the law's evaluator and a brute one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.page.dialect.item import escaped, item_of
from vedette.page.dialect.refusal import UnreadError
from vedette.page.dialect.section import section_of
from vedette.page.dialect.tree import RAW, And, Comparison, Not, Or, Relation, Tree, contrary, negative
from vedette.predicate import Token, Wild, evaluate
from vedette.sigma.lower import lower_detection


def made(field: str, relation: Any = "equals", *value: Token, cased: bool = False) -> Comparison:
    return Comparison(field, relation, value, cased, 0)


ATOMS = "aAb/*?\\. -"
TEXT = st.text(ATOMS, min_size=1, max_size=4)
#: Field of the page to what of an event it is held against.
FIELDS = {
    "process.name": "Image",
    "process.executable": "Image",
    "process.parent.name": "ParentImage",
    "process.args": "CommandLine",
    "process.command_line": "CommandLine",
    "user.name": "User",
    "process.pid": "ProcessId",
    RAW: "",
}


@st.composite
def tokens(draw: st.DrawFn) -> tuple[Token, ...]:
    parts: list[Token] = []
    for part in draw(st.lists(st.one_of(TEXT, st.sampled_from(Wild)), min_size=1, max_size=4)):
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            continue
        if part is Wild.ANY and parts[-1:] == [Wild.ANY]:
            continue
        parts.append(part)
    return tuple(parts)


FORMS: st.SearchStrategy[Relation] = st.sampled_from(("equals", "contains", "startswith", "endswith"))


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    field = draw(st.sampled_from(sorted(FIELDS)))
    if field == "process.pid":
        return made(field, draw(st.sampled_from(("equals", "lt", "lte", "gt", "gte"))), str(draw(st.integers(-2, 3))))
    if field == RAW:
        return made(field, "contains", draw(TEXT), cased=draw(st.booleans()))
    relation = draw(FORMS)
    value = draw(tokens()) if relation == "equals" else (draw(TEXT),)
    if field.endswith("name") and field != "user.name":
        value = tuple(part.replace("/", "b") if isinstance(part, str) else part for part in value)
    return Comparison(field, relation, value, draw(st.booleans()), 0)


TREES = st.recursive(
    comparisons(),
    lambda parts: st.one_of(
        st.builds(Not, parts),
        st.lists(parts, min_size=2, max_size=3).map(lambda each: And(tuple(each))),
        st.lists(parts, min_size=2, max_size=3).map(lambda each: Or(tuple(each))),
    ),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries(
    {
        "Image": st.text("aAb/", max_size=6).map(lambda text: "/" + text),
        "ParentImage": st.text("aAb/*", max_size=6).map(lambda text: "/" + text),
        "CommandLine": st.text(ATOMS, max_size=6),
        "User": st.text(ATOMS, max_size=3),
        "ProcessId": st.integers(-2, 3),
        "": st.text(ATOMS, max_size=8),
    }
)


def globbed(value: tuple[Token, ...], text: str) -> bool:
    """Whether the tokens match the whole text, by trying everything."""
    if not value:
        return not text
    first, rest = value[0], value[1:]
    if first is Wild.ANY:
        return any(globbed(rest, text[at:]) for at in range(len(text) + 1))
    if first is Wild.ONE:
        return bool(text) and globbed(rest, text[1:])
    assert isinstance(first, str)
    return text.startswith(first) and globbed(rest, text[len(first) :])


def brute(tree: Tree, event: dict[str, Any]) -> bool:
    """What the page says: a name is the last part of a path, an argument is somewhere in the command line."""
    if isinstance(tree, Not):
        return not brute(tree.part, event)
    if isinstance(tree, And):
        return all(brute(part, event) for part in tree.parts)
    if isinstance(tree, Or):
        return any(brute(part, event) for part in tree.parts)
    held: Any = event[FIELDS[tree.field]]
    if tree.field == "process.pid":
        (text,) = tree.value
        number = int(text)
        answers: dict[str, bool] = {
            "equals": held == number,
            "lt": held < number,
            "lte": held <= number,
            "gt": held > number,
            "gte": held >= number,
        }
        return answers[tree.relation]
    value = tree.value
    if not tree.cased:
        held = held.lower()
        value = tuple(part.lower() if isinstance(part, str) else part for part in value)
    if value == (Wild.ANY,):
        return bool(held)  # `field: *` asks for the field
    if tree.field.endswith("name") and tree.field != "user.name":
        held = held.rpartition("/")[2]
    before = tree.relation in ("contains", "endswith") or tree.field == "process.args"
    after = tree.relation in ("contains", "startswith") or tree.field == "process.args"
    return globbed(((Wild.ANY,) if before else ()) + value + ((Wild.ANY,) if after else ()), held)


@given(TREES, st.lists(EVENTS, min_size=1, max_size=8))
def test_a_section_means_what_its_tree_says(tree, events):
    section, mapping = section_of(tree, "/")
    predicate, _ = lower_detection(section)
    assert mapping
    for event in events:
        row = {name: value for name, value in event.items() if name}
        assert evaluate(predicate, row, event[""]) == brute(tree, event), section


@given(TREES, EVENTS)
def test_the_contrary_holds_where_the_tree_fails(tree, event):
    assert brute(contrary(tree), event) is not brute(tree, event)


def test_what_holds_of_nothing_known_is_negative():
    one, other = made("user.name", "equals", "a"), made("user.name", "equals", "b")
    assert not negative(one)
    assert not negative(And((one, Not(other))))
    assert negative(And((Not(one), Not(other))))
    assert negative(Or((one, Not(other))))
    assert not negative(Not(Not(one)))


@pytest.mark.parametrize(
    ("tree", "section"),
    [
        (made("comm", "equals", "a"), {"selection": {"ProcessName": "a"}, "condition": "selection"}),
        (made(RAW, "contains", "a b"), {"selection": ["a b"], "condition": "selection"}),
        (
            Or((made(RAW, "contains", "a"), made(RAW, "contains", "b"))),
            {"selection": ["a", "b"], "condition": "selection"},
        ),
        (
            And((made("process.args", "equals", "a"), made("process.args", "equals", "b"))),
            {"selection": {"CommandLine|contains|all": ["a", "b"]}, "condition": "selection"},
        ),
        (
            And((made("comm", "equals", "a"), Not(made("user.name", "equals", "b")))),
            {
                "selection_1": {"ProcessName": "a"},
                "selection_2": {"User": "b"},
                "condition": "selection_1 and not selection_2",
            },
        ),
        (
            And((made("comm", "equals", "a"), Not(made("user.name", "equals", "b")), made("exe", "equals", "/c"))),
            {
                "selection_1": {"ProcessName": "a", "Image": "/c"},
                "selection_2": {"User": "b"},
                "condition": "selection_1 and not selection_2",
            },
        ),
        (
            Or((made("comm", "equals", "a"), And((made("exe", "equals", "/c"), made("tty", "equals", "x"))))),
            {"selection": [{"ProcessName": "a"}, {"Image": "/c", "Tty": "x"}], "condition": "selection"},
        ),
        (
            Or((made("comm", "equals", "a"), made("comm", "equals", "a"))),
            {"selection": {"ProcessName": "a"}, "condition": "selection"},
        ),
    ],
)
def test_sections_are_as_plain_as_sigma_allows(tree, section):
    assert section_of(tree, "/")[0] == section


@pytest.mark.parametrize(
    ("comparison", "key", "value"),
    [
        (made("process.name", "equals", "ufw"), "Image|endswith", "/ufw"),
        (made("process.name", "equals", "u*f", cased=True), "Image|endswith|cased", r"/u\*f"),
        (made("process.name", "equals", "pup", Wild.ANY), "Image|re|i", "/pup[^/]*$"),
        (made("process.name", "contains", "a.b"), "Image|re|i", r"/[^/]*a\.b[^/]*$"),
        (made("process.executable", "equals", "/usr/bin/pup", Wild.ANY), "Image|startswith", "/usr/bin/pup"),
        (made("process.executable", "equals", Wild.ANY, "x", Wild.ANY), "Image|contains", "x"),
        (made("process.executable", "equals", "a", Wild.ANY, "b"), "Image", "a*b"),
        (made("process.executable", "equals", Wild.ANY), "Image", "*"),
        (made("process.args", "equals", "--flush"), "CommandLine|contains", "--flush"),
        (made("process.args", "equals", Wild.ANY, "x", Wild.ANY), "CommandLine|contains", "x"),
        (made("process.args", "regex", "a.c"), "CommandLine|re", "a.c"),
        (made("process.pid", "gte", "100"), "ProcessId|gte", 100),
        (made("auid", "equals", "1000"), "LoginUserId", 1000),
        (made("auid", "equals", "anna"), "LoginUser", "anna"),
        (made("source.ip", "equals", "10.0.0.0/8"), "SourceIp|cidr", "10.0.0.0/8"),
        (made("source.ip", "equals", "::1"), "SourceIp", "::1"),
        (made("PROCESS.Owner", "equals", "root"), "User", "root"),
        (made("ProcessCommandLine", "regex", "^a"), "CommandLine|re", "^a"),
    ],
)
def test_items(comparison, key, value):
    item = item_of(comparison, "/")
    assert (item.key, item.value) == (key, value)
    assert item.mapping.page_field == comparison.field
    assert item.mapping.sigma_field == key.partition("|")[0]


@pytest.mark.parametrize(
    ("comparison", "why"),
    [
        (made("process.name", "regex", "^a"), "the end of a path"),
        (made("process.name", "equals", "/usr/bin/a"), "a name holds no /"),
        (made("process.executable", "lt", "a"), "no order"),
        (made("process.args", "regex", "^a"), "an anchor"),
        (made("process.args", "gt", "1"), "no order"),
        (made("process.pid", "equals", "ten"), "is a number"),
        (made("process.pid", "contains", "1"), "is a number"),
        (made("source.ip", "equals", "10.0.0.1/8"), "neither an address nor a network"),
        (made("source.ip", "contains", "10.0.0.1"), "is an address"),
        (made("process.exit_code", "equals", "0"), "not known when it starts"),
        (made("proces.name", "equals", "a"), "near are process.name"),
        (made("x" * 5000, "equals", "a"), "is not known"),
    ],
)
def test_what_sigma_can_t_say(comparison, why):
    with pytest.raises(UnreadError, match=why) as caught:
        item_of(comparison, "/")
    assert len(caught.value.reason) < 400


def test_wildcards_of_a_value_are_plain():
    assert escaped(r"a*b?\c") == r"a\*b\?\\c"

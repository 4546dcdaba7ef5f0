from __future__ import annotations

import itertools

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.logic.rules import of, rule

from vedette.audit.logic.change import Change, compare
from vedette.audit.reach import Witness
from vedette.event import LogSource
from vedette.predicate import Match, Predicate, contains, endswith, equals, evaluate
from vedette.predicate.node import And, Not, Or
from vedette.predicate.solve import Limit
from vedette.sigma.documents import Document
from vedette.sigma.filter import Filter
from vedette.sigma.lower_filter import lower_filter

SHELL, ROOT = Match("Image", endswith("/sh")), Match("User", equals("root"))
EXCLUSION = "22222222-2222-4222-8222-222222222222"


def change(old: Predicate, new: Predicate, limit: Limit | None = None) -> Change:
    (found,) = compare([of("r", old)], [of("r", new)], limit=limit).changes
    return found


def exclusion(rules: object, **proved: str) -> Filter:
    section = {"rules": rules, "selection": {"User": "x"}, "condition": "not selection"}
    content = {"title": "t", "id": EXCLUSION, "logsource": {"category": "process_creation"}, "filter": section}
    return lower_filter(Document(content | {"vedette": {"proved": proved}}, 1, 0), "f.yml", "")[0]


def reopened(old: Predicate, new: Predicate | None, kept: Filter) -> list[tuple[str, str]]:
    after = [of("r", new)] if new is not None else []
    return [(one.fault, one.rule) for one in compare([of("r", old)], after, [kept]).reopened]


def test_the_same_tree_is_no_question():
    changes = compare([of("r", SHELL)], [of("r", SHELL)])
    assert [found.verdict for found in changes.changes] == ["unchanged"]
    assert changes.questions == 0


def test_another_tree_that_means_the_same_is_proved_so():
    found = change(Or((SHELL, ROOT)), Not(And((Not(ROOT), Not(SHELL)))))
    assert (found.verdict, found.misses) == ("equivalent", False)
    assert found.widens
    assert found.narrows


def test_a_wider_rule_gains_and_misses_nothing():
    found = change(And((SHELL, ROOT)), SHELL)
    assert (found.verdict, found.misses) == ("widened", False)
    assert found.gained == Witness({"Image": "/sh"})
    assert found.missed is None
    assert found.widens


def test_a_narrower_rule_misses_what_is_shown():
    found = change(SHELL, And((SHELL, ROOT)))
    assert (found.verdict, found.misses) == ("narrowed", True)
    assert found.missed == Witness({"Image": "/sh"})
    assert found.gained is None


def test_a_rule_can_do_both():
    found = change(SHELL, ROOT)
    assert (found.verdict, found.misses) == ("shifted", True)
    assert (found.gained, found.missed) == (Witness({"User": "root"}), Witness({"Image": "/sh"}))


def test_what_is_not_found_out_counts_as_a_miss():
    found = change(SHELL, ROOT, Limit(rounds=0))
    assert (found.verdict, found.misses) == ("undecided", True)
    assert "rounds" in found.why


def test_rules_are_added_and_removed():
    changes = compare([of("a", SHELL)], [of("b", ROOT)])
    assert [(found.verdict, found.rule.id, found.misses) for found in changes.changes] == [
        ("removed", "a", True),
        ("added", "b", False),
    ]
    assert changes.count()["removed"] == 1


def test_a_removed_rule_whose_work_another_does_misses_nothing():
    narrow, wide = of("narrow", And((SHELL, ROOT))), of("wide", SHELL)
    removed, _ = compare([narrow], [wide]).changes
    assert (removed.verdict, removed.misses) == ("removed", False)
    assert removed.instead
    assert removed.instead.id == "wide"
    removed, _ = compare([narrow], [of("wide", SHELL, LogSource("windows", "process_creation"))]).changes
    assert removed.misses


def test_without_a_common_id_the_title_tells_then_the_file():
    one = rule("a: {User: x}\ncondition: a", title="Same", file="old/one.yml")
    two = rule("a: {User: y}\ncondition: a", title="Other", file="old/two.yml")
    new_one = rule("a: {User: xx}\ncondition: a", title="same", file="new/three.yml")
    new_two = rule("a: {User: yy}\ncondition: a", title="Renamed", file="new/two.yml")
    changes = compare([one, two], [new_one, new_two])
    assert {(found.by, found.old.title, found.new.title) for found in changes.changes if found.old and found.new} == {
        ("title", "Same", "same"),
        ("file", "Other", "Renamed"),
    }


def test_a_title_of_several_rules_tells_nothing():
    old = [msgspec.structs.replace(of(name, SHELL), title="Same") for name in ("a", "b")]
    new = [msgspec.structs.replace(of("c", SHELL), title="Same")]
    by = {found.by for found in compare(old, new).changes}
    assert "title" not in by


def test_what_else_turned_is_named():
    old = msgspec.structs.replace(of("r", SHELL), level="high")
    new = msgspec.structs.replace(of("r", SHELL, LogSource("linux", "process_creation")), level="low")
    (found,) = compare([old], [new]).changes
    assert found.turned == {
        "level": ("high", "low"),
        "logsource": ("*/process_creation/*", "linux/process_creation/*"),
    }
    # Events of other products are not the rule's any more.
    assert found.misses


def test_an_exclusion_that_pins_the_old_logic_is_stale():
    pinned = exclusion(["r"], r=of("r", SHELL).digest)
    assert reopened(SHELL, SHELL, pinned) == []
    assert reopened(SHELL, ROOT, pinned) == [("STALE", "r")]
    assert reopened(SHELL, None, pinned) == [("UNBOUND", "r")]


def test_an_equivalent_rule_asks_for_a_new_pin_alone():
    old, new = Or((SHELL, ROOT)), Or((ROOT, SHELL))
    (one,) = compare([of("r", old)], [of("r", new)], [exclusion(["r"], r=of("r", old).digest)]).reopened
    assert one.fault == "STALE"
    assert "only the pin" in one.why


def test_an_exclusion_without_a_pin_is_told_of_changed_logic():
    assert reopened(SHELL, ROOT, exclusion(["r"])) == [("UNPINNED", "r")]
    assert reopened(SHELL, ROOT, exclusion("any")) == [("UNPINNED", "r")]
    assert reopened(Or((SHELL, ROOT)), Or((ROOT, SHELL)), exclusion(["r"])) == []
    assert reopened(SHELL, None, exclusion("any")) == []
    assert reopened(SHELL, ROOT, exclusion(["other"])) == []


def test_an_exclusion_that_can_t_be_read_is_a_problem():
    broken = msgspec.structs.replace(exclusion("any"), block={"expires": "soon"})
    changes = compare([of("r", SHELL)], [of("r", ROOT)], [broken])
    assert [problem.code for problem in changes.problems] == ["exclusion"]


SHORT = ["".join(letters) for size in range(4) for letters in itertools.product("ab", repeat=size)]
ROWS = [{name: value for name, value in (("User", u), ("Image", i)) if value} for u in SHORT for i in SHORT]
atoms = st.builds(
    lambda field, make, text: Match(field, make(text)),
    st.sampled_from(["User", "Image"]),
    st.sampled_from([equals, contains, endswith]),
    st.sampled_from(["a", "b", "ab"]),
)
small = st.recursive(
    atoms,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(lambda one, other: And((one, other)), inner, inner)
        | st.builds(lambda one, other: Or((one, other)), inner, inner)
    ),
    max_leaves=4,
)


@given(small, small)
def test_verdicts_agree_with_the_law_on_every_small_event(old, new):
    found = change(old, new)
    gained = [row for row in ROWS if evaluate(new, row) and not evaluate(old, row)]
    missed = [row for row in ROWS if evaluate(old, row) and not evaluate(new, row)]
    assert found.verdict != "undecided"
    for event, shown, one, other in ((found.gained, gained, new, old), (found.missed, missed, old, new)):
        if event is None:
            assert shown == []
        else:
            assert evaluate(one, event.values)
            assert not evaluate(other, event.values)
    expected = {(False, False): "equivalent", (True, False): "widened", (False, True): "narrowed"}
    gains, misses = found.gained is not None, found.missed is not None
    assert old == new or found.verdict == expected.get((gains, misses), "shifted")

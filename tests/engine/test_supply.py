from __future__ import annotations

import pytest

from vedette.engine.supply import Supply, blame, projections, readings, reduce
from vedette.event import INVOKED, RESOLVED, VIEWS, View
from vedette.predicate import (
    FALSE,
    TRUE,
    And,
    Compare,
    Keyword,
    Match,
    Not,
    Or,
    Present,
    Reference,
    Regex,
    contains,
    endswith,
    equals,
)

SUPPLY = Supply(
    ("Image.resolved", "Image.invoked", "ParentImage.resolved", "CommandLine", "UserId"),
    ("path", "path", "path", "command", "id"),
    "both",
    frozenset({"ProcessId"}),
)
IMAGE = Match("Image", endswith("/sh"))
HASHES = Match("Hashes", contains("ab"))
PID = Match("ProcessId", Compare("gt", 9))


def reduced(predicate):
    return reduce(predicate, SUPPLY, SUPPLY.absent(predicate))


def test_a_field_has_a_column_a_view():
    assert SUPPLY.column("Image", View("invoked", "resolved")) == "Image.invoked"
    assert SUPPLY.column("ParentImage", INVOKED) is None
    assert SUPPLY.column("CommandLine", INVOKED) == "CommandLine"
    assert SUPPLY.column("Hashes", RESOLVED) is None
    assert SUPPLY.columns_of("Image") == ("Image.resolved", "Image.invoked")
    assert SUPPLY.columns_of("ParentImage") == ("ParentImage.resolved",)


def test_a_field_without_readings_may_be_an_image():
    supply = Supply(("Image",), ("path",), "both", frozenset())
    assert supply.columns_of("Image") == ("Image",)


def test_a_reading_that_no_chosen_view_takes_is_absent():
    supply = Supply(("Image.resolved",), ("path",), "invoked", frozenset())
    assert supply.absent(IMAGE) == {"Image"}


def test_readings_must_share_a_vocabulary():
    supply = Supply(("Image.resolved", "Image.invoked"), ("path", "other"), "both", frozenset())
    with pytest.raises(ValueError, match="share one vocabulary"):
        supply.vocabulary("Image")


def test_fields_that_events_have_are_not_absent():
    assert SUPPLY.absent(And((IMAGE, PID, HASHES, Match("Image", Reference("Company"))))) == {"Hashes", "Company"}


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (IMAGE, (IMAGE, False)),
        (HASHES, (FALSE, False)),
        (Not(HASHES), (TRUE, False)),
        (Match("Hashes", Present()), (FALSE, False)),
        (Match("Hashes", equals("")), (TRUE, False)),
        (Match("Hashes", Regex("^$")), (TRUE, False)),
        (Match("Hashes", Compare("lt", 5)), (FALSE, False)),
        (Or((IMAGE, HASHES)), (IMAGE, False)),
        (And((IMAGE, HASHES)), (FALSE, False)),
        (Match("Image", Reference("Hashes")), (FALSE, False)),
        (Match("Hashes", Reference("Image")), (FALSE, False)),
        (PID, (TRUE, True)),
        (Not(PID), (TRUE, True)),
        (And((IMAGE, PID)), (IMAGE, True)),
        (And((IMAGE, Not(PID))), (IMAGE, True)),
        (Match("UserId", Reference("ProcessId")), (TRUE, True)),
        (And((IMAGE, Keyword(contains("x")))), (IMAGE, True)),
        (Not(And((IMAGE, Keyword(contains("x"))))), (TRUE, True)),
        (And((PID, HASHES)), (FALSE, True)),
        (Match("CommandLine", contains("\ud800")), (FALSE, False)),
        (Match("CommandLine", Regex("\udfff")), (FALSE, False)),
        (Match("UserId", Compare("lt", 2**64)), (TRUE, True)),
        (Match("UserId", Compare("lt", 2**63)), (Match("UserId", Compare("lt", 2**63)), False)),
    ],
)
def test_what_is_left_of_a_predicate(predicate, expected):
    assert reduced(predicate) == expected


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (And((IMAGE, HASHES)), ("Hashes",)),
        (And((HASHES, Match("Company", equals("x")))), ("Company", "Hashes")),
        (And((HASHES, Or((IMAGE, Match("Company", equals("x")))))), ("Hashes",)),
        (And((HASHES, Not(Match("Company", equals("x"))))), ("Hashes",)),
        (Or((HASHES, Match("Company", equals("x")))), ("Company", "Hashes")),
        (FALSE, ()),
    ],
)
def test_a_dead_predicate_hangs_on_what_would_revive_it(predicate, expected):
    assert blame(predicate, SUPPLY, SUPPLY.absent(predicate)) == expected


def test_projections_cover_all_views_once():
    assert projections((), "both") == ((RESOLVED, 0b1111),)
    assert projections(("Image",), "both") == ((RESOLVED, 0b0101), (INVOKED, 0b1010))
    assert projections(("ParentImage",), "both") == ((RESOLVED, 0b1001), (INVOKED, 0b0110))
    assert [view for view, _ in projections(("Image", "ParentImage"), "both")] == list(VIEWS)
    assert projections(("Image",), "invoked") == ((INVOKED, 0b0010),)


def test_readings_are_sorted():
    assert readings(And((Match("ParentImage", Present()), IMAGE, PID))) == ("Image", "ParentImage")
    assert readings(Match("CommandLine", Reference("Image"))) == ("Image",)

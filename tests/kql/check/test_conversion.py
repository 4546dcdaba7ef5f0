from __future__ import annotations

import dataclasses

import pytest
from tests.sigma.samples import SIMPLE, write_rule

from vedette.kql import Query, convert, read_target
from vedette.kql.check.conversion import checked
from vedette.sigma.ruleset import load


@pytest.fixture
def query(tmp_path) -> Query:
    write_rule(tmp_path, "a.yml", SIMPLE)
    (rule,) = load((str(tmp_path),)).rules
    return convert(rule, read_target("asim"))


def test_a_clean_query_is_checked_and_otherwise_the_same(checker, query):
    assert not query.checked
    assert checked(query, checker) == dataclasses.replace(query, checked=True)


def test_a_warning_becomes_a_note_once(checker, query):
    long = dataclasses.replace(query, text=query.text + "\n| where true" * 400)
    found = checked(long, checker)
    assert found.checked
    assert any("(VKQL-" in note for note in found.notes)
    said = [note.rpartition(" (")[0] for note in found.notes]
    assert checked(dataclasses.replace(long, notes=tuple(said)), checker).notes == tuple(said)


def test_a_query_with_an_error_is_none_and_says_whose_defect_it_is(checker, query):
    found = checked(dataclasses.replace(query, text="imProcessCreate\n| where User == 4"), checker)
    assert (found.text, found.checked) == ("", False)
    (error,) = found.errors
    assert error.code == "VKQL-type"
    assert error.location == query.rule.location
    assert "2:17, '4': User is of type string" in error.cause
    assert "report it" in error.remedy


def test_what_was_refused_stays_so(query):
    refused = dataclasses.replace(query, text="")
    assert checked(refused, None) is refused  # type: ignore[arg-type]  # nothing is asked

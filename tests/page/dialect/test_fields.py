"""The table of fields: whole, without contradictions, and in Sigma's names."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from vedette.event.registry import REGISTRY
from vedette.page.dialect.fields import field_of, known, vocabulary
from vedette.page.dialect.refusal import UnreadError

#: In Sigma's taxonomy, but supplied by no reader of ours.
ELSEWHERE = {"TargetFilename"}
FILE = tomllib.loads(resources.files("vedette.page.dialect").joinpath("fields.toml").read_text(encoding="utf-8"))


def test_every_field_is_one_of_the_registry_and_of_its_kind():
    for field in FILE["field"]:
        for name in {field["sigma"], field.get("named", field["sigma"])} - ELSEWHERE:
            assert name in REGISTRY
        kind = REGISTRY[field["sigma"]].kind if field["sigma"] in REGISTRY else "text"
        assert (kind == "integer") == (field["as"] in ("integer", "id"))
        assert (kind == "ip") == (field["as"] == "ip")


def test_no_name_stands_twice():
    names = [name.lower() for table in ("field", "refused") for each in FILE[table] for name in each["page"]]
    assert sorted(names) == sorted(set(names))
    phrases = [words for each in FILE["phrase"] for words in each["words"]]
    assert sorted(phrases) == sorted(set(phrases))


def test_every_phrase_leads_to_a_field():
    for phrase in FILE["phrase"]:
        assert field_of(phrase["field"], 0)
        assert all(words == words.lower() for words in phrase["words"])


def test_sigma_s_own_names_stand_for_themselves():
    for name, field in REGISTRY.items():
        if field.kind != "time":
            assert field_of(name, 0).sigma == name


def test_capitals_don_t_matter():
    assert field_of("PROCESS.PARENT.NAME", 0).sigma == "ParentImage"
    assert known("filename")
    assert not known("colour")


def test_a_field_without_counterpart_says_why():
    with pytest.raises(UnreadError, match=r"belongs into scope\.hosts") as caught:
        field_of("host.name", 7)
    assert caught.value.start == 7


def test_words_that_limit_introduce_nothing():
    table = vocabulary()
    assert not table.limiting & table.introducing

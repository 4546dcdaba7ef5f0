"""Candidates as Sigma filters: other tools load and apply them, our loader too, and no text gets out of its place."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from sigma.collection import SigmaCollection
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from vedette.page import Scenario, import_page
from vedette.page.dialect import Reading, file_names, filter_document, read_text
from vedette.predicate import evaluate
from vedette.sigma.documents import read_documents
from vedette.sigma.dumper import dump
from vedette.sigma.lower import lower_detection
from vedette.sigma.ruleset import load

SEED = Path(__file__).parents[1] / "pages" / "flush-iptables-ufw.txt"
RULE: dict[str, Any] = {
    "title": "A",
    "id": "3be619f4-d9ec-4ea8-a173-18fdd01996ab",
    "logsource": {"product": "linux", "category": "process_creation"},
    "detection": {"sel": {"CommandLine|contains": "-F"}, "condition": "sel"},
}


def reading(text: str, title: str = "S") -> Reading:
    (one,) = read_text(Scenario(title, "", text, 10, 11, complete=True, filter_column=1))
    return one


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("page") / "pack"
    import_page(str(SEED), str(folder))
    return folder


def test_the_form_of_a_filter():
    document = filter_document(reading('process.name = "ufw" AND process.args = "reset"', "Reset of ufw"), RULE)
    assert document == {
        "title": "Candidate exclusion: Reset of ufw",
        "id": document["id"],
        "status": "experimental",
        "description": 'The page says: process.name = "ufw" AND process.args = "reset"',
        "logsource": {"product": "linux", "category": "process_creation"},
        "filter": {
            "rules": ["3be619f4-d9ec-4ea8-a173-18fdd01996ab"],
            "selection": {"Image|endswith": "/ufw", "CommandLine|contains": "reset"},
            "condition": "not selection",
        },
        "vedette": {
            "scenario": "Reset of ufw",
            "wording": 'process.name = "ufw" AND process.args = "reset"',
            "source": "page",
            "decision": "candidate",
            "mapping": [
                {"page_field": "process.name", "sigma_field": "Image", "how": "endswith '/ufw'", "note": ""},
                {
                    "page_field": "process.args",
                    "sigma_field": "CommandLine",
                    "how": "contains 'reset'",
                    "note": document["vedette"]["mapping"][1]["note"],
                },
            ],
        },
    }
    assert uuid.UUID(document["id"]).version == 5


def test_an_id_stays_and_is_of_one_text_alone():
    one, same, other = (reading(f'comm = "{name}"') for name in ("a", "a", "b"))
    assert filter_document(one, RULE)["id"] == filter_document(same, RULE)["id"]
    assert filter_document(one, RULE)["id"] != filter_document(other, RULE)["id"]
    assert filter_document(one, RULE)["id"] != filter_document(one, {**RULE, "id": str(uuid.uuid4())})["id"]


def test_a_longer_condition_is_negated_whole():
    document = filter_document(reading('comm = "a" and not comm = "b"'), RULE)
    assert document["filter"]["condition"] == "not (selection_1 and not selection_2)"


def test_without_detection_or_name_of_the_rule_there_is_no_filter():
    with pytest.raises(ValueError, match="no detection"):
        filter_document(reading("Nothing."), RULE)
    nameless = {key: value for key, value in RULE.items() if key != "id"}
    with pytest.raises(ValueError, match="no id"):
        filter_document(reading('comm = "a"'), nameless)
    assert filter_document(reading('comm = "a"'), {**nameless, "name": "flush"})["filter"]["rules"] == ["flush"]
    assert file_names([reading('comm = "a"')], nameless) == ("",)


def test_files_are_named_by_their_scenario():
    read = reading('comm = "a"', "../../Étude: x")
    unread = reading("Nothing.")
    untitled = reading('comm = "a"', "")
    long = reading('comm = "a"', "x" * 500)
    names = file_names([read, unread, read, read, untitled, long], RULE)
    assert names[:5] == (
        "exclusions/candidate/etude_x.yml",
        "",
        "exclusions/candidate/etude_x_2.yml",
        "exclusions/candidate/etude_x_3.yml",
        "exclusions/candidate/scenario.yml",
    )
    assert len(names[5]) < 90


def test_pysigma_loads_and_applies_every_candidate_of_the_seed(pack):
    rule = next((pack / "rules").iterdir()).read_text(encoding="utf-8")
    files = sorted((pack / "exclusions" / "candidate").iterdir())
    assert len(files) == 6
    for file in files:
        kept = SigmaFilter.from_yaml(file.read_text(encoding="utf-8"))
        assert kept.errors == []
        before = SigmaRule.from_yaml(rule)
        after = kept.apply_on_rule(SigmaRule.from_yaml(rule))
        assert isinstance(after, SigmaRule)
        (condition,) = after.detection.condition
        assert condition.startswith(f"({before.detection.condition[0]}) and (not _filt_")


def test_our_loader_keeps_every_candidate_of_the_seed(pack):
    loaded = load((pack / "exclusions" / "candidate",), cache=False)
    assert loaded.problems == ()
    assert len(loaded.filters) == 6


def test_candidates_are_no_rules_of_the_pack(pack):
    loaded = load((pack,), cache=False)
    assert (len(loaded.rules), len(loaded.filters)) == (1, 0)


def test_what_pysigma_makes_of_a_filter_silences_what_the_reading_says():
    text = '(process.name = "ufw" or user.name = "anna") and not process.args = "--force"'
    document = filter_document(reading(text), RULE)
    both = SigmaCollection.from_dicts([RULE, document])
    (rule,) = both.rules
    assert isinstance(rule, SigmaRule)
    detection = rule.detection.to_dict()
    (condition,) = rule.detection.condition
    predicate, _ = lower_detection({**detection, "condition": condition})
    silenced, _ = lower_detection(reading(text).detection)
    for image in ("/usr/sbin/ufw", "/bin/sh"):
        for user in ("anna", "root"):
            for command in ("ufw -F", "ufw -F --force", "ufw"):
                row = {"Image": image, "User": user, "CommandLine": command}
                assert evaluate(predicate, row) == ("-F" in command and not evaluate(silenced, row))


HOSTILE = st.text(
    st.one_of(st.sampled_from("\n\r\t:#-'\"{}[]&*!|>%@`,? \\\x00\x1b\x85\u2028\u202e\ufeff\ud800é"), st.characters()),
    max_size=30,
)


@given(HOSTILE, HOSTILE)
@example("\x85", "0")
@example("a\u2028b\n", "0")
def test_no_text_leaves_its_place_in_yaml(title, value):
    for each in read_text(Scenario(title, "", f'comm = "{value}"', 10, 11, complete=True)):
        if each.detection is None:
            continue
        document = filter_document(each, {**RULE, "logsource": {"product": "linux", "x": {"y": title}}})
        text = dump(document)
        assert yaml.safe_load(text) == document
        (back,), problems = read_documents(text, "x.yml")
        assert problems == ()
        assert back.content["filter"] == document["filter"]
        assert back.content["filter"]["rules"] == [RULE["id"]]
        assert "\n" not in document["title"]
        assert document["title"].isprintable()


@pytest.mark.parametrize(
    "value",
    [
        "x\n- rules: any",
        "a: b",
        "{{x}}",
        "!!python/object:os.system",
        "&a *a",
        "| x",
        "%TAG",
        "'\"",
        "null",
        "010",
        "~",
    ],
)
def test_values_that_look_like_yaml_stay_values(value):
    for each in read_text(Scenario("S", "", f"comm = “{value}”", 10, 11, complete=True)):
        if each.detection is not None:
            document = yaml.safe_load(dump(filter_document(each, RULE)))
            assert document["filter"]["rules"] == [RULE["id"]]
            assert value.replace("*", r"\*") in str(list(document["filter"]["selection"].values())) or "*" in value

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.samples import make_correlation, make_finding

from vedette.hunt.finding import Finding, Session, Verdict
from vedette.report import csv
from vedette.report.level import LEVELS
from vedette.report.ndjson import encode
from vedette.report.schema import MEANINGS, schema
from vedette.sigma.rule import LEVELS as SIGMA_LEVELS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def generator():
    spec = importlib.util.spec_from_file_location("generate_findings", DOCS / "generate_findings.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())


def closed(part):
    """The schema with no room for further fields, so that a forgotten field is an error."""
    if isinstance(part, dict):
        # What `kind` says of other fields is no list of all of them.
        part = {name: inner if name in ("if", "then", "else") else closed(inner) for name, inner in part.items()}
        if "properties" in part:
            part["additionalProperties"] = False
    return [closed(inner) for inner in part] if isinstance(part, list) else part


def test_the_schema_file_is_the_structs_own():
    text = (DOCS / "finding.schema.json").read_text(encoding="utf-8")
    assert text == generator().schema_text(), "run `make docs`"


def test_the_page_s_tables_are_the_structs_own():
    text = (DOCS / "findings.md").read_text(encoding="utf-8")
    assert text == generator().fill(text), "run `make docs`"


def test_the_page_names_every_field_column_and_exit_code():
    text = (DOCS / "findings.md").read_text(encoding="utf-8")
    for struct, path in generator().PATHS.items():
        for field in struct.__struct_fields__:
            assert f"\n| `{path}{field}` | " in text
    for column in csv.COLUMNS:
        assert f"\n| `{column}` | " in text
    for code in (130, 3, 4, 1, 2, 0):
        assert f"\n| {code} | " in text


def test_every_field_has_a_meaning_in_the_order_of_the_struct():
    for struct, meanings in MEANINGS.items():
        assert list(meanings) == [field.name for field in msgspec.structs.fields(struct)]
    assert list(csv.MEANINGS) == list(csv.COLUMNS)


def test_every_struct_of_a_finding_is_described():
    _, structs = msgspec.json.schema_components([Finding])
    assert {struct.__name__ for struct in MEANINGS} == set(structs)


def test_the_levels_are_sigma_s():
    assert LEVELS == SIGMA_LEVELS


TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FINDINGS = st.builds(
    make_finding,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    user=TEXT,
    login_user=TEXT,
    session=st.none() | st.just(Session("n", 1, 2)),
    ancestors=st.sampled_from([(), *(make_finding().process.ancestors[:n] for n in (1, 3))]),  # type: ignore[union-attr]
    event=st.dictionaries(st.text(max_size=5), st.integers(-(2**53), 2**53) | st.floats(0, 1) | st.text(max_size=5)),
    verdict=st.sampled_from([Verdict("alert"), Verdict("excluded", "mf_x", "why", ("User",))]),
    raw=st.none() | st.just(("type=SYSCALL",)),
)


@pytest.mark.parametrize("more", [{}, {"group": {}}, {"windows": 1, "excluded": 0}])
def test_every_correlation_is_valid(validator, more):
    document = json.loads(encode(make_correlation(**more)))
    validator.validate(document)
    jsonschema.Draft202012Validator(closed(schema())).validate(document)


@pytest.mark.parametrize(
    "change",
    [{"kind": "finding"}, {"correlation": None}, {"views": ["resolved"]}],
    ids=lambda change: next(iter(change)),
)
def test_what_is_a_correlation_is_one_throughout(validator, change):
    assert not validator.is_valid(json.loads(encode(make_correlation())) | change)


@given(FINDINGS)
def test_every_finding_is_valid(validator, finding):
    document = json.loads(encode(finding))
    validator.validate(document)
    jsonschema.Draft202012Validator(closed(schema())).validate(document)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "incident"},
        {"kind": "correlation"},
        {"schema": "vedette.finding/2"},
        {"time": "2026-11-24 08:35:30"},
        {"views": []},
        {"verdict": {"decision": "maybe", "by": None, "why": None, "undecided_by": []}},
        {"process": {"pid": "1"}},
        {"origin": {"file": "x", "offset": -1, "serial": 0}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_schema_is_not_content_with_anything(validator, change):
    document = json.loads(encode(make_finding())) | change
    assert not validator.is_valid(document)


@pytest.mark.parametrize("field", Finding.__struct_fields__)
def test_every_field_is_always_there(validator, field):
    document = json.loads(encode(make_finding()))
    del document[field]
    assert not validator.is_valid(document)


def test_later_fields_are_no_error(validator):
    validator.validate(json.loads(encode(make_finding())) | {"incident": "later"})

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest

from vedette.report.sarif import Result, Rule, uri, write

#: What SARIF 2.1.0's own schema demands of the parts that we write, with nothing else allowed.
REGION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["startLine"],
    "properties": {
        key: {"type": "integer", "minimum": 1} for key in ("startLine", "startColumn", "endLine", "endColumn")
    },
}
PLACE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "artifactLocation": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"uri": {"type": "string", "format": "uri-reference"}},
        },
        "region": REGION,
    },
}
RESULT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["message"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": -1},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
        "locations": {
            "type": "array",
            "items": {"type": "object", "additionalProperties": False, "properties": {"physicalLocation": PLACE}},
        },
        "properties": {"type": "object"},
    },
}
RULE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "shortDescription": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
    },
}
RUN = {
    "type": "object",
    "additionalProperties": False,
    "required": ["tool"],
    "properties": {
        "tool": {
            "type": "object",
            "required": ["driver"],
            "properties": {
                "driver": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string"},
                        "version": {"type": "string"},
                        "rules": {"type": "array", "uniqueItems": True, "items": RULE},
                    },
                }
            },
        },
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": {"type": "array", "items": RESULT},
    },
}
LOG = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": {"type": "array", "items": RUN},
    },
}


def written(results: list[Result], rules: list[Rule]) -> Any:
    out = io.BytesIO()
    write(results, rules, out)
    log = json.loads(out.getvalue())
    jsonschema.validate(log, LOG)
    return log["runs"][0]


def test_a_log_meets_what_the_schema_demands():
    run = written(
        [
            Result("A", "error", "wrong", "a b/ü.kql", 2, 3, 2, 9),
            Result("B", "note", "of the whole file", "-"),
            Result("C", "warning", "of a line", "/abs/x.yml", 4, properties={"extra": [1]}),
        ],
        [Rule("B", "second"), Rule("A", "first")],
    )
    first, second, third = run["results"]
    assert [(each["ruleId"], each.get("ruleIndex")) for each in run["results"]] == [("A", 1), ("B", 0), ("C", None)]
    region = {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 9}
    assert first["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "a%20b/%C3%BC.kql"}, "region": region}}
    ]
    assert second["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "stdin"}}}]
    assert third["locations"][0]["physicalLocation"]["region"] == {"startLine": 4}
    assert third["properties"] == {"extra": [1]}


def test_nothing_found_is_a_log_too():
    assert written([], [])["results"] == []


@pytest.mark.parametrize("path", ["a:b", "x#y", "x?y", "a%20b", "\udcff", "C:\\x", "//host/x", "[x]", "\n"])
def test_no_path_becomes_more_than_a_path(path):
    parts = urlsplit(uri(path))
    assert (parts.netloc, parts.query, parts.fragment) == ("", "", "")
    assert parts.scheme in ("", "file")

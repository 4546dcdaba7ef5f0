"""SARIF 2.1.0, the one writer of it: what a tool found in files, for code scanning and editors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final, Literal
from urllib.parse import quote

import msgspec

from vedette import __version__

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


class Rule(msgspec.Struct, frozen=True):
    """A kind of result.

    Attributes:
        id: short stable name.
        text: what it means, one sentence.
    """

    id: str
    text: str


class Result(msgspec.Struct, frozen=True):
    """One thing that was found.

    Attributes:
        rule: id of its kind.
        level: `error` fails a gate.
        message: plain text.
        path: the file as the user named it, or `-` for standard input.
        line: 1-based; 0 where the file as a whole is meant.
        column: 1-based, in code points; 0 where the line as a whole is meant.
        end_line: line of the end; 0 where it is not known.
        end_column: column after the last character; 0 where it is not known.
        properties: what else is known, as plain data.
    """

    rule: str
    level: Literal["error", "warning", "note"]
    message: str
    path: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    properties: dict[str, Any] = {}


def write(results: Iterable[Result], rules: Sequence[Rule], out: BinaryIO) -> None:
    """Write one log of one run.

    Args:
        results: in the order in which they are to be shown.
        rules: kinds that are explained; a result of another kind has its id alone.
        out: gets UTF-8.
    """
    places = {rule.id: place for place, rule in enumerate(rules)}
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Vedette",
                        "version": __version__,
                        "rules": [{"id": rule.id, "shortDescription": {"text": rule.text}} for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(result, places) for result in results],
            }
        ],
    }
    out.write(msgspec.json.format(msgspec.json.encode(log)) + b"\n")
    out.flush()


def _result(result: Result, places: dict[str, int]) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": uri(result.path)}}
    region = {
        "startLine": result.line,
        "startColumn": result.column,
        "endLine": result.end_line,
        "endColumn": result.end_column,
    }
    if result.line:
        place["region"] = {key: value for key, value in region.items() if value}
    written: dict[str, Any] = {
        "ruleId": result.rule,
        "level": result.level,
        "message": {"text": result.message},
        "locations": [{"physicalLocation": place}],
    }
    if result.rule in places:
        written["ruleIndex"] = places[result.rule]
    if result.properties:
        written["properties"] = result.properties
    return written


def uri(path: str) -> str:
    """A path as a reference that SARIF takes: relative stays relative, absolute becomes `file://`.

    >>> uri("rules/a b.kql")
    'rules/a%20b.kql'
    """
    if path == "-":
        return "stdin"
    text = quote(path.encode("utf-8", "surrogateescape"), safe="/!$&'()*+,;=@~")
    return f"file://{text}" if PurePosixPath(path).is_absolute() else text

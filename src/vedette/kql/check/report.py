"""Diagnostics of files, written: for people, as JSON, and as what SARIF asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from vedette.kql.check.diagnostic import Diagnostic, Severity
from vedette.kql.check.source import Source

#: What Vedette's own codes mean.
KINDS: Final = {
    "VKQL-type": "A literal is compared with a value of another type, which the service refuses",
    "VKQL-regex": "A regular expression does not compile",
    "VKQL-regex-law": "A regular expression is not read alike by all engines",
    "VKQL-length": "The query is longer than an analytics rule may be, or too long to be parsed",
    "VKQL-depth": "The query is nested nearly too deep to be analysed",
    "VKQL-more": "There are too many diagnostics to show them all",
    "VKQL-timeout": "The parser did not come to an end in time",
    "VKQL-crash": "The parser failed",
}

#: A query and what is wrong with it.
Checked: TypeAlias = tuple[Source, tuple[Diagnostic, ...]]


def text(source: Source, diagnostics: Sequence[Diagnostic]) -> Iterator[str]:
    """A line for each diagnostic, as compilers write them."""
    for said in diagnostics:
        line, column = source.place(said.line, said.column)
        about = f": {said.text}" if said.text else ""
        yield f"{source.path}:{line}:{column}: {said.severity}: {said.message} [{said.code}]{about}"


def account(found: Sequence[Checked]) -> str:
    """The sum, one line."""
    counts = Counter(said.severity for _, diagnostics in found for said in diagnostics)
    queries = "1 query" if len(found) == 1 else f"{len(found):,} queries"
    parts = [f"{counts[kind]:,} {kind}{'' if counts[kind] == 1 else 's'}" for kind in ("error", "warning", "note")]
    return f"{queries} checked: {', '.join(parts)}"


def document(found: Sequence[Checked]) -> bytes:
    """One JSON document: a query each, with its diagnostics, whose lines and columns are the file's."""
    queries = [
        {"file": source.path, "line": source.line, "diagnostics": [_said(source, said) for said in diagnostics]}
        for source, diagnostics in found
    ]
    return msgspec.json.format(msgspec.json.encode({"queries": queries})) + b"\n"


def results(found: Sequence[Checked]) -> Iterator[tuple[str, Severity, str, str, int, int, int, int]]:
    """Kind, level, message, file, line, column, and line and column of the end, of each diagnostic."""
    for source, diagnostics in found:
        for said in diagnostics:
            line, column = source.place(said.line, said.column)
            end_line, end_column = source.place(*said.end(source.text)) if source.inside else (0, 0)
            yield said.code, said.severity, said.message, source.path, line, column, end_line, end_column


def kinds(found: Sequence[Checked]) -> list[tuple[str, str]]:
    """Code and meaning of each kind of diagnostic that occurs."""
    codes = sorted({said.code for _, diagnostics in found for said in diagnostics})
    return [(code, KINDS.get(code, f"{code} of Microsoft's parser of KQL")) for code in codes]


def _said(source: Source, said: Diagnostic) -> dict[str, Any]:
    line, column = source.place(said.line, said.column)
    return {**msgspec.to_builtins(said), "line": line, "column": column}

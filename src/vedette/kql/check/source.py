"""Files that hold queries: KQL as such, and Sentinel's rules in YAML, whose places lead back into the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from vedette.errors import RuleError, UsageError
from vedette.sigma.documents import decode, locate, read_documents

#: Endings of the files that a folder is searched for.
KQL: Final = frozenset({".kql", ".kusto", ".csl"})
YAML: Final = frozenset({".yaml", ".yml"})
#: Largest file that is read, in bytes.
MAX_BYTES: Final = 4 << 20


class Source(msgspec.Struct, frozen=True):
    """A query and where it stands.

    Attributes:
        path: the file as the user named it, or `-`.
        text: the query.
        line: line of the file on which it begins, 1-based.
        column: columns that stand before each of its lines.
        inside: whether lines and columns can be told inside it; else all that is known is where it begins.
    """

    path: str
    text: str
    line: int = 1
    column: int = 0
    inside: bool = True

    def place(self, line: int, column: int) -> tuple[int, int]:
        """1-based line and column in the file of those in the query."""
        return (self.line + line - 1, self.column + column) if self.inside else (self.line, self.column + 1)


def read_sources(paths: tuple[str, ...]) -> Iterator[Source]:
    """The queries of files, of folders that are searched for them, and of standard input (`-`).

    A file of YAML gives the `query` of each of its documents, any other is one query. YAML without one is an error when
    it is named, and passed over when a folder is searched.

    Raises:
        UsageError: a file can't be read, is not UTF-8 or is too large.
    """
    for path in paths:
        folder = Path(path)
        if path != "-" and folder.is_dir():
            found = sorted(file for file in folder.rglob("*") if file.suffix.lower() in KQL | YAML and file.is_file())
            if not found:
                raise UsageError(f"{path} has no file of KQL, and no YAML with a query")
            for file in found:
                yield from _queries(str(file), named=False)
        else:
            yield from _queries(path, named=True)


def _queries(path: str, *, named: bool) -> Iterator[Source]:
    text = _read(path)
    if Path(path).suffix.lower() not in YAML:
        yield Source(path, text)
        return
    documents, problems = read_documents(text, path)
    if problems and named:
        raise UsageError(str(problems[0]))
    queries = [(document.index, document.content.get("query")) for document in documents]
    if named and not any(isinstance(query, str) for _, query in queries):
        raise UsageError(f"{path} has no `query`; give a rule of Sentinel's, or a file of KQL")
    for index, query in queries:
        if isinstance(query, str):
            yield _inside(path, text, query, *locate(text, index, ("query",)))


def _inside(path: str, text: str, query: str, line: int, column: int) -> Source:
    """A query of a block scalar stands in the file as it is, behind an indentation; any other only begins there."""
    lines = query.rstrip("\n").split("\n")
    written = text.splitlines()[line : line + len(lines)]
    first = next((each for each in written if each.strip()), "")
    indent = len(first) - len(first.lstrip(" "))
    if [each[indent:].rstrip() for each in written] == [each.rstrip() for each in lines]:
        return Source(path, query, line + 1, indent)
    return Source(path, query, line, column - 1, inside=False)


def _read(path: str) -> str:
    try:
        if path == "-":
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise UsageError(f"{path} has more than {MAX_BYTES >> 20} MiB")
    try:
        return decode(content, path)
    except RuleError as error:
        raise UsageError(str(error)) from None

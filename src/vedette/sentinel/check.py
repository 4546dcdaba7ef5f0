"""Files of Sentinel's content, anybody's, held against the limits, with the place of each fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from vedette.errors import Location, RuleError, UsageError
from vedette.kql.check import Checker
from vedette.sentinel.fault import Fault
from vedette.sentinel.limits import read_limits
from vedette.sentinel.validate import validate
from vedette.sigma.documents import Document, decode, locate, read_documents
from vedette.sigma.documents import Path as Way

#: Largest file that is read, in bytes.
MAX_BYTES: Final = 1 << 20
#: In a larger one faults are told by the document's line alone, since each place costs a parse.
_LOCATED: Final = 128 << 10
#: Most faults of a document that are told.
MAX_FAULTS: Final = 200
_YAML: Final = frozenset({".yaml", ".yml"})


class Checked(msgspec.Struct, frozen=True):
    """A file that was looked at.

    Attributes:
        path: as the user named it, or found in a folder.
        faults: in the order in which they stand in the file.
        proven: whether Microsoft's parser has seen its queries.
    """

    path: str
    faults: tuple[Fault, ...]
    proven: bool = False


def check(paths: Sequence[str], checker: Checker | None = None) -> Iterator[Checked]:
    """Analytics rules and hunting queries of files, and of folders that are searched for them.

    Args:
        paths: files, or folders; of a folder, YAML without a `query` is passed over.
        checker: Microsoft's parser, for the columns of results and for errors in queries; None to leave that out.

    Raises:
        UsageError: a path is not there, can't be read, or is a folder without any.
    """
    seen: dict[str, tuple[str, int]] = {}
    for path, text, named in _files(paths):
        documents, problems = read_documents(text, path)
        contents = [one for one in documents if named or isinstance(one.content.get("query"), str)]
        if not contents and not (problems and named):
            continue
        faults = [Fault("yaml", "error", one.cause, (), one.location) for one in problems]
        for document in contents:
            faults += _of_document(path, text, document, checker, seen)
        faults.sort(key=lambda one: (one.location.line, one.location.column))
        yield Checked(path, tuple(faults), proven=checker is not None)


def _of_document(
    path: str, text: str, document: Document, checker: Checker | None, seen: dict[str, tuple[str, int]]
) -> Iterator[Fault]:
    content = document.content
    columns = None
    query = content.get("query")
    if checker is not None and isinstance(query, str):
        wrong = [said for said in checker.check(query) if said.severity == "error"]
        place = _place(path, text, document, ("query",))
        for said in wrong[:20]:
            message = f"line {said.line}, column {said.column} of the query: {said.message} [{said.code}]"
            yield Fault("query-error", "error", message, ("query",), place)
        columns = None if wrong else checker.columns(query)
    for count, (limit, way, message) in enumerate(validate(content, name=path, columns=columns)):
        if count == MAX_FAULTS:
            break
        yield Fault(limit.id, limit.level, message, way, _place(path, text, document, way))
    yield from _twice(path, text, document, seen)


def _twice(path: str, text: str, document: Document, seen: dict[str, tuple[str, int]]) -> Iterator[Fault]:
    identity = document.content.get("id")
    if not isinstance(identity, str):
        return
    limit = read_limits().limit("id-twice")
    known = seen.setdefault(identity.lower(), (path, document.index))
    if known != (path, document.index):
        place = _place(path, text, document, ("id",))
        yield Fault(limit.id, limit.level, f"`id` is {identity[:80]!r}, which {known[0]} has too", ("id",), place)


def _place(path: str, text: str, document: Document, way: Way) -> Location:
    if len(text) > _LOCATED:
        return Location(path, document.line)
    return Location(path, *locate(text, document.index, way))


def _files(paths: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    """Path, content, and whether the user named it."""
    for path in paths:
        place = Path(path)
        if place.is_dir():
            found = sorted(file for file in place.rglob("*") if file.suffix.lower() in _YAML and file.is_file())
            if not found:
                raise UsageError(f"{path} has no YAML in it")
            yield from ((str(file), _read(file), False) for file in found)
        else:
            yield path, _read(place), True


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"can't read {file}: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise UsageError(f"{file} has more than {MAX_BYTES >> 20} MiB")
    try:
        return decode(content, str(file))
    except RuleError as error:
        raise UsageError(str(error)) from None


def document_of(found: Sequence[Checked]) -> bytes:
    """One JSON document: a file each, with its faults."""
    content: Mapping[str, Any] = {
        "as_of": read_limits().as_of,
        "verified_against_azure": False,
        "files": [
            {"file": one.path, "proven": one.proven, "faults": [_data(each) for each in one.faults]} for one in found
        ],
    }
    return msgspec.json.format(msgspec.json.encode(content)) + b"\n"


def kinds_of(found: Sequence[Checked]) -> list[tuple[str, str]]:
    """Id and meaning of each limit that is not kept."""
    meanings = {limit.id: limit.says for limit in read_limits().limits}
    meanings |= {"yaml": "The file is YAML", "query-error": "Microsoft's parser takes the query"}
    return [(name, meanings[name]) for name in sorted({each.limit for one in found for each in one.faults})]


def account(found: Sequence[Checked]) -> str:
    """The sum, one line."""
    errors = sum(each.level == "error" for one in found for each in one.faults)
    notes = sum(each.level == "note" for one in found for each in one.faults)
    files = "1 file" if len(found) == 1 else f"{len(found):,} files"
    told = f"{files} checked: {errors:,} error{'' if errors == 1 else 's'}, {notes:,} note{'' if notes == 1 else 's'}"
    proven = "" if any(one.proven for one in found) else "; without Microsoft's parser no column was proved"
    return f"{told}{proven}; limits as of {read_limits().as_of}, not verified against Azure itself"


def _data(fault: Fault) -> dict[str, Any]:
    return {
        "limit": fault.limit,
        "level": fault.level,
        "message": fault.message,
        "field": list(fault.path),
        "line": fault.location.line,
        "column": fault.location.column,
    }

"""Which logs to read, and in which order.

Rotated logs come in any order and under any name, so files are sorted by the time of their first record, host by host:
a process table and an audit session only make sense forwards in time.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from vedette.errors import Location, TelemetryError
from vedette.telemetry.auditd.record import Record, parse_record
from vedette.telemetry.carrier.carried import Carried
from vedette.telemetry.format import FORMATS, HEAD, Format, detect_all, first_record
from vedette.telemetry.line import split_lines
from vedette.telemetry.source import STDIN, Source

#: Formats that hold anything, not only events; what has no time is no log unless it is named.
_ANYTHING: Final = frozenset({"ndjson", "csv", "parquet"})
#: More files than this in one folder are no log folder.
_MOST_FILES: Final = 100_000


class LogFile(msgspec.Struct, frozen=True):
    """One log to read.

    Attributes:
        path: as given, or found in a folder that was given; `-` for standard input.
        node: host of its first record, or empty.
        time: UTC epoch seconds of its first record; None where that can't be told before reading (pipes, no record).
        size: bytes as it lies there, or None for a pipe.
        format: name of its format (`vedette.telemetry.format`); empty where that can't be told before reading. A file
            that holds two formats side by side is there once for each.
    """

    path: str
    node: str = ""
    time: float | None = None
    size: int | None = None
    format: str = ""


class Listing(msgspec.Struct, frozen=True):
    """What a user's paths come to.

    Attributes:
        files: what to read, in this order.
        problems: what can't be read, or was left out as it is no log or was named twice.
    """

    files: tuple[LogFile, ...]
    problems: tuple[TelemetryError, ...]


def expand(paths: Iterable[str | os.PathLike[str]], form: str | None = None) -> Listing:
    """Find the logs that a user's paths stand for.

    Args:
        paths: files, folders (searched with all folders below, links to folders not followed), FIFOs, `-`.
        form: the format of all of them, by name; None to tell it by their content.

    Returns:
        The logs, grouped by host, each group by the time of the first record; pipes and files without a record come
        last in the order given. A file that is named is always among them if it can be opened; a file that is only
        found in a folder is left out, and reported, if it is of no known format.
    """
    problems: list[TelemetryError] = []
    found: list[LogFile] = []
    seen: dict[tuple[int, int], str] = {}
    beginnings: dict[tuple[bytes, ...], str] = {}
    for path, named in _candidates(paths, problems):
        try:
            if path == STDIN:
                identity = (-1, -1)
            else:
                status = Path(path).stat()
                identity = (status.st_dev, status.st_ino)
                if not named and not stat.S_ISREG(status.st_mode):
                    problems.append(_problem(path, "left out: no regular file", "not-a-log", "name it to read it"))
                    continue
            if identity in seen:
                cause = f"the same file as {seen[identity]}; read once"
                problems.append(_problem(path, cause, "named-twice"))
                continue
            seen[identity] = path
            # A pipe can be read once only, and opening a FIFO waits for its writer.
            is_pipe = path == STDIN or stat.S_ISFIFO(status.st_mode)
            logs, beginning = ((LogFile(path, format=form or ""),), ()) if is_pipe else _peek(path, form)
        except TelemetryError as error:
            problems.append(error)
            continue
        except (OSError, ValueError):
            problems.append(_cannot_open(path))
            continue
        if not named and (not logs[0].format or (logs[0].format in _ANYTHING and logs[0].time is None)):
            cause = "left out: empty" if logs[0].size == 0 else f"left out: no log, by its first {HEAD >> 10} KiB"
            problems.append(_problem(path, cause, "not-a-log", "name it to read it all the same"))
            continue
        if beginning and beginnings.setdefault(beginning, path) != path:
            cause = f"begins with the same records as {beginnings[beginning]}; events may be counted twice"
            problems.append(_problem(path, cause, "same-beginning", "leave out one of the two copies"))
        found.extend(logs)
    return Listing(tuple(_in_order(found)), tuple(problems))


def _candidates(paths: Iterable[str | os.PathLike[str]], problems: list[TelemetryError]) -> Iterator[tuple[str, bool]]:
    """Every file to look at, and whether it was named itself."""
    for given in paths:
        path = os.fspath(given)
        if path == STDIN or not _is_folder(path):
            yield path, True
            continue
        count = 0
        for folder, folders, names in os.walk(path, onerror=lambda error: problems.append(_folder_error(error))):
            folders.sort()
            for name in sorted(names):
                count += 1
                if count > _MOST_FILES:
                    cause = f"holds more than {_MOST_FILES} files; the others are not read"
                    problems.append(_problem(path, cause, "too-many-files", "name the folder of the logs"))
                    break
                yield os.path.join(folder, name), False  # noqa: PTH118 - keeps the path as the user wrote it
            if count > _MOST_FILES:
                break


def _is_folder(path: str) -> bool:
    """Whether the path is a folder; no if it can't be told."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def _peek(path: str, forced: str | None) -> tuple[tuple[LogFile, ...], tuple[bytes, ...]]:
    """A file as each format that it holds, and its first records as bytes to tell copies of one log."""
    with Source(path) as source:
        head = next(source.chunks(HEAD), b"")[:HEAD]
        size = source.size
    forms = (FORMATS[forced],) if forced else detect_all(head)
    if not forms:
        return (LogFile(path, size=size),), ()
    logs: list[LogFile] = []
    beginning: tuple[bytes, ...] = ()
    for form in forms:
        if form.family == "audit":
            records = _records(form, head)
            beginning = tuple(record.raw for record in records)
            first = (records[0].node, records[0].time) if records else None
        else:
            first = first_record(form.name, head)
        node, time = first or ("", None)
        logs.append(LogFile(path, node, time, size, form.name))
    return tuple(logs), beginning


def _records(form: Format, head: bytes) -> list[Record]:
    """The first few audit records of a log."""
    found: list[Record] = []
    for line in split_lines(Carried(form.name, [head]).chunks):
        record = parse_record(line.data)
        if isinstance(record, Record) and record.type != "EOE":
            found.append(record)
            if len(found) == 3:
                break
    return found


def _in_order(files: list[LogFile]) -> Iterator[LogFile]:
    """Hosts by their earliest record, the files of each by time; then those without a time."""
    hosts: dict[str, list[tuple[float, LogFile]]] = {}
    for file in files:
        if file.time is not None:
            hosts.setdefault(file.node, []).append((file.time, file))
    groups = [sorted(group, key=lambda pair: pair[0]) for group in hosts.values()]
    for group in sorted(groups, key=lambda group: group[0][0]):
        yield from (file for _, file in group)
    yield from (file for file in files if file.time is None)


def _cannot_open(path: str) -> TelemetryError:
    """The error of opening what could not even be looked at."""
    try:
        Source(path).close()
    except TelemetryError as error:
        return error
    return _problem(path, "changed while it was looked at", "vanished", "run the command again")


def _folder_error(error: OSError) -> TelemetryError:
    """Why a folder can't be searched."""
    return _problem(
        str(error.filename), f"folder can't be searched: {error.strerror}", "permission", "run as one who may read it"
    )


def _problem(path: str, cause: str, code: str, remedy: str = "") -> TelemetryError:
    """A problem of one file."""
    return TelemetryError(cause, Location(path), remedy=remedy, code=code)

"""Windows event logs as they lie on disk, by the library `evtx`, and their JSON."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Any, Final

from vedette.errors import Location, TelemetryError
from vedette.telemetry.events.instant import instant
from vedette.telemetry.events.objects import PEEK, decode, objects, on_lines
from vedette.telemetry.events.plain import Plain
from vedette.telemetry.events.rejects import Rejects
from vedette.telemetry.events.value import text
from vedette.telemetry.events.windows import plains, read_object, said_of

MAGIC: Final = b"ElfFile\0"
_HEADER: Final = 4096
_CHUNK: Final = 65_536
#: Records that are handed on at once.
_BATCH: Final = 1_000
#: So many errors of a file are passed over before the rest of it is given up.
_MOST_ERRORS: Final = 10_000
#: Bytes of a log that are held in memory where it has to be unpacked first; beyond, it goes to a temporary file.
_IN_MEMORY: Final = 64 << 20


def recognise(head: bytes) -> bool:
    """Whether a log begins as one of Windows does on disk."""
    return head.startswith(MAGIC)


def first_record(head: bytes) -> tuple[str, float] | None:  # noqa: ARG001 (every format has one)
    """Host and time can't be told from the beginning of the file: it holds the oldest chunk only by chance."""
    return None


def read_evtx(chunks: Iterable[bytes], file: str, rejects: Rejects) -> Iterator[list[Plain]]:
    """The events of a log as it lies on disk.

    Raises:
        TelemetryError: the library is not installed, or the file can't be read at all.
    """
    try:
        import evtx  # noqa: PLC0415 (an extra)
    except ImportError:
        raise TelemetryError(
            "a Windows event log needs the package evtx",
            Location(file),
            remedy="pip install 'vedette[evtx]', or export the log as JSON",
            code="needs-evtx",
        ) from None
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
        for chunk in chunks:
            spool.write(chunk)
        spool.seek(0)
        yield from _read(evtx, spool, file, rejects)


def _read(evtx: Any, log: IO[bytes], file: str, rejects: Rejects) -> Iterator[list[Plain]]:
    try:
        records = evtx.PyEvtxParser(log, number_of_threads=1).records_json()
    except (RuntimeError, OSError, ValueError) as error:
        raise _damaged(file, error) from error
    found: list[Plain] = []
    time, number, errors, given = 0.0, 0, 0, 0
    while True:
        number += 1
        try:
            record = next(records, None)
        except (RuntimeError, OSError, ValueError):
            errors += 1
            rejects.add("damaged", file, f"record {number}")
            if errors >= _MOST_ERRORS:
                break
            continue
        if record is None:
            break
        given += 1
        for plain in _events(record, file, number, time, rejects):
            time = plain.time
            found.append(plain)
        if len(found) >= _BATCH:
            yield found
            found = []
    yield found
    _account(log, file, given + errors, rejects)


def _account(log: IO[bytes], file: str, given: int, rejects: Rejects) -> None:
    """Hold what was read against what the file says of itself: the library passes over chunks that it can't read.

    Raises:
        TelemetryError: the file holds no chunk at all.
    """
    log.seek(0)
    header = log.read(_HEADER)
    chunks = int.from_bytes(header[42:44], "little")
    promised = found = place = 0
    while beginning := log.read(_CHUNK):
        place += 1
        if beginning.startswith(b"ElfChnk\0"):
            found += 1
            first, last = (int.from_bytes(beginning[at : at + 8], "little") for at in (8, 16))
            # A chunk without records names none as its first; no chunk holds more than it has bytes.
            promised += last - first + 1 if first <= last < first + _CHUNK else 0
        elif place <= chunks or beginning.strip(b"\0"):
            rejects.add("damaged-chunk", file, f"chunk {place}")
    if not found:
        raise _damaged(file, ValueError("it holds no chunk of records"))
    if place < chunks:
        rejects.add("cut-off", file, f"chunk {place + 1}")
    if given < promised:
        rejects.counts["lost-record"] += promised - given
        rejects.examples.setdefault("lost-record", f"{file}: {given} of {promised} records")


def _events(record: dict[str, Any], file: str, number: int, before: float, rejects: Rejects) -> Iterator[Plain]:
    data = str(record.get("data", "")).encode("utf-8", "replace")
    try:
        tree = decode(data)
    except ValueError:
        tree = None
    said = read_object(tree, file, number, rejects) if isinstance(tree, dict) else None
    if said is None:
        if not isinstance(tree, dict):
            rejects.add("damaged", file, f"record {number}")
        return
    said.system.setdefault("EventRecordID", record.get("event_record_id", 0))
    yield from plains(said, 0, number, data, before)


def _damaged(file: str, error: Exception) -> TelemetryError:
    return TelemetryError(
        f"is no Windows event log that can be read: {str(error)[:200]}",
        Location(file),
        remedy="copy it again, or export it as XML or JSON where it was written",
        code="damaged",
    )


def recognise_json(head: bytes) -> bool:
    """Whether a log begins with a Windows event in JSON."""
    tree = first_object(head)
    return tree is not None and said_of(tree) is not None


def first_record_json(head: bytes) -> tuple[str, float] | None:
    """Host and time of the first event in JSON."""
    tree = first_object(head)
    said = said_of(tree) if tree is not None else None
    time = instant(said.time) if said is not None else None
    return None if said is None or time is None else (text(said.system.get("Computer", "")), time)


def read_json(chunks: Iterable[bytes], file: str, rejects: Rejects) -> Iterator[list[Plain]]:
    """The events of an export in JSON."""
    time = 0.0
    for some in objects(chunks, file, rejects):
        found: list[Plain] = []
        for one in some:
            said = read_object(one.value, file, one.line, rejects)
            if said is not None:
                for plain in plains(said, one.offset, one.line, one.data, time):
                    time = plain.time
                    found.append(plain)
        yield found


def first_object(head: bytes) -> dict[str, Any] | None:
    """The first object of a JSON log, or None."""
    head = head[:PEEK].removeprefix(b"\xef\xbb\xbf")
    if head.lstrip()[:1] not in (b"{", b"[", b"R"):
        return None
    if on_lines(head):
        head = head.lstrip().split(b"\n", 1)[0]
    some = next(iter(objects([head], "", Rejects())), [])
    return some[0].value if some else None

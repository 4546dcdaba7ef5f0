"""Findings, incidents and the account of a hunt, read back from NDJSON that anybody may have written."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import BinaryIO, Final, TypeAlias

import msgspec

from vedette.correlate.incident import Incident
from vedette.hunt.finding import Finding
from vedette.report.summary_line import SummaryLine
from vedette.report.terminal import truncate

#: Longest line, in bytes; a finding with its records has a few thousand.
MAX_LINE: Final = 8 << 20
#: Most bytes of one input.
MAX_BYTES: Final = 2 << 30
#: Most findings, and most incidents, that a report holds.
MAX_FINDINGS: Final = 200_000
MAX_INCIDENTS: Final = 5_000
_MOST_REASONS: Final = 50
_MOST_SUMMARIES: Final = 1_000

Item: TypeAlias = Finding | Incident | SummaryLine


class _Head(msgspec.Struct):
    schema: str
    kind: str


_HEAD: Final = msgspec.json.Decoder(_Head)
_DECODERS: Final[dict[str, msgspec.json.Decoder[Item]]] = {
    "finding": msgspec.json.Decoder(Finding),
    "correlation": msgspec.json.Decoder(Finding),
    "incident": msgspec.json.Decoder(Incident),
    "summary": msgspec.json.Decoder(SummaryLine),
}


@dataclasses.dataclass(frozen=True)
class Dossier:
    """What a report is made of.

    Attributes:
        findings: in order of time.
        incidents: in order of time; of two with one id the one that was read last.
        summaries: the account of each hunt.
        unread: lines that could not be read, by reason.
        examples: the first line of each reason, as `file:line`.
        lines: how many lines were read in all.
    """

    findings: tuple[Finding, ...] = ()
    incidents: tuple[Incident, ...] = ()
    summaries: tuple[SummaryLine, ...] = ()
    unread: dict[str, int] = dataclasses.field(default_factory=dict)
    examples: dict[str, str] = dataclasses.field(default_factory=dict)
    lines: int = 0


class Reading:
    """Lines as they are read, and those that can't be, by reason."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._incidents: dict[str, Incident] = {}
        self._summaries: list[SummaryLine] = []
        self._unread: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self._lines = 0

    def read(self, stream: BinaryIO, name: str) -> None:
        """Read one file line by line, in bounded memory.

        Args:
            stream: NDJSON.
            name: of the file, for the account of what could not be read.
        """
        number = taken = 0
        while True:
            line = stream.readline(MAX_LINE + 1)
            if not line:
                return
            number += 1
            taken += len(line)
            where = f"{name}:{number}"
            if taken > MAX_BYTES:
                self._refuse(f"beyond the first {MAX_BYTES >> 30} GiB of the file", where)
                return
            if len(line) > MAX_LINE:
                self._lines += 1
                self._refuse(f"longer than {MAX_LINE >> 20} MiB", where)
                taken += _skip(stream, MAX_BYTES - taken)
                continue
            if line.strip():
                self._lines += 1
                reason = self._take(line)
                if reason:
                    self._refuse(reason, where)

    def dossier(self) -> Dossier:
        """What was read so far."""
        return Dossier(
            tuple(
                sorted(self._findings, key=lambda finding: (finding.time, finding.origin.file, finding.origin.offset))
            ),
            tuple(sorted(self._incidents.values(), key=lambda incident: (incident.first, incident.id))),
            tuple(self._summaries),
            dict(self._unread),
            dict(self._examples),
            self._lines,
        )

    def _take(self, line: bytes) -> str:
        """Keep what a line says, or tell why that can't be done."""
        try:
            head = _HEAD.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return "no JSON object with `schema` and `kind`"
        decoder = _DECODERS.get(head.kind)
        if decoder is None:
            return f"of the unknown kind {truncate(head.kind, 40)!r}"
        known = head.kind if head.kind != "correlation" else "finding"
        if head.schema not in (f"vedette.{known}/1", f"vedette.{head.kind}/1"):
            return f"a {head.kind} of the unknown form {truncate(head.schema, 40)!r}"
        try:
            item = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
            return f"a {head.kind} that is not of its form: {truncate(str(error), 160)}"
        return self._keep(item)

    def _keep(self, item: Item) -> str:
        match item:
            case Finding():
                if moment(item.time) is None:
                    return "a finding whose time is not RFC 3339"
                if len(self._findings) >= MAX_FINDINGS:
                    return f"a finding beyond the first {MAX_FINDINGS:,}"
                self._findings.append(item)
            case Incident():
                if moment(item.first) is None or moment(item.last) is None:
                    return "an incident whose time is not RFC 3339"
                if len(self._incidents) >= MAX_INCIDENTS and item.id not in self._incidents:
                    return f"an incident beyond the first {MAX_INCIDENTS:,}"
                self._incidents[item.id] = item
            case SummaryLine():
                if len(self._summaries) >= _MOST_SUMMARIES:
                    return f"an account beyond the first {_MOST_SUMMARIES:,}"
                self._summaries.append(item)
        return ""

    def _refuse(self, reason: str, where: str) -> None:
        if reason not in self._unread and len(self._unread) >= _MOST_REASONS:
            reason = "for other reasons"
        self._unread[reason] += 1
        self._examples.setdefault(reason, where)


def dossier(items: Iterable[Item]) -> Dossier:
    """A dossier of what is at hand already, with nothing unread."""
    every = tuple(items)
    return Dossier(
        tuple(item for item in every if isinstance(item, Finding)),
        tuple(item for item in every if isinstance(item, Incident)),
        tuple(item for item in every if isinstance(item, SummaryLine)),
        lines=len(every),
    )


def moment(time: str) -> float | None:
    """UTC epoch milliseconds of an RFC 3339 time, or None if it is none.

    >>> moment("1970-01-01T00:00:01.500Z")
    1500.0
    """
    if not 20 <= len(time) <= 40 or time[10] not in "Tt ":
        return None
    try:
        parsed = dt.datetime.fromisoformat(time)
    except ValueError:
        return None
    if parsed.tzinfo is None:
        return None
    try:
        return parsed.timestamp() * 1000
    except (OverflowError, ValueError):
        return None


def _skip(stream: BinaryIO, most: int) -> int:
    """Read to the end of a line that is too long; tells how many bytes that took."""
    taken = 0
    while taken <= most:
        part = stream.readline(1 << 20)
        taken += len(part)
        if not part or part.endswith(b"\n"):
            break
    return taken

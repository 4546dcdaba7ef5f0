"""The journal of a hunt: which queries are answered over which windows, with their rows, so that it can go on.

A file of NDJSON. The first line says which hunt it is of, each other line is one finished piece; a line holds a check
sum of what it says, and is on the disk before the hunt goes on. A piece that is damaged is told, and asked again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from vedette.errors import UsageError
from vedette.sentinel.hunting.seen import Seen
from vedette.sentinel.hunting.window import Window

#: Value of `journal` in the first line; the number grows when the form changes.
FORM: Final = "vedette.workspace-journal/1"
#: Longest line that is read, in bytes; a piece of more rows is written as several.
MAX_LINE: Final = 256 << 20
_ROWS: Final = 20_000
#: Seconds by which two runs of one command line are told from different ones, where both end now.
_SLACK: Final = 1.0


class Head(msgspec.Struct, frozen=True):
    """Which hunt a journal is of.

    Attributes:
        journal: `FORM`.
        digest: of the workspace and the queries.
        window: in which rows were received.
        since: UTC epoch seconds from which events count.
        until: UTC epoch seconds before which they do, or None for no bound.
    """

    journal: str
    digest: str
    window: Window
    since: float
    until: float | None


class Done(msgspec.Struct, frozen=True):
    """A finished piece, or a part of its rows.

    Attributes:
        ask: key of the query.
        window: over which it was asked.
        rows: as read.
        more: further lines hold more rows of the same piece.
    """

    ask: str
    window: Window
    rows: tuple[Seen, ...]
    more: bool = False


class _Line(msgspec.Struct, frozen=True):
    crc: int
    say: msgspec.Raw


class Journal:
    """One journal, opened to be read and gone on with.

    Args:
        path: the file; made if it is not there.
        head: the hunt that is asked for.

    Attributes:
        head: the hunt that goes on: that of the file where it has one.
        done: finished pieces of earlier runs.
        notes: what is wrong with the file.

    Raises:
        UsageError: it is of another hunt, in use, or can't be written.
    """

    def __init__(self, path: str, head: Head) -> None:
        self.path = path
        self.done: list[Done] = []
        self.notes: list[str] = []
        self._stream = _opened(path)
        try:
            self.head = self._read(head)
        except BaseException:
            self._stream.close()
            raise

    def write(self, ask: str, window: Window, rows: Sequence[Seen]) -> None:
        """Put down a finished piece; it is on the disk when this returns.

        Raises:
            UsageError: the disk is full, or the like.
        """
        chunks = [rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS)] or [[]]
        self._put([Done(ask, window, tuple(chunk), chunk is not chunks[-1]) for chunk in chunks])

    def close(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(OSError):
            self._stream.close()

    def _put(self, told: Sequence[msgspec.Struct]) -> None:
        lines = []
        for one in told:
            say = msgspec.json.encode(one)
            lines.append(msgspec.json.encode(_Line(zlib.crc32(say), msgspec.Raw(say))) + b"\n")
        try:
            self._stream.write(b"".join(lines))
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise UsageError(f"can't write the journal {self.path}: {error.strerror}") from None

    def _read(self, asked: Head) -> Head:
        self._stream.seek(0)
        first = self._stream.readline(MAX_LINE)
        if not first:
            self._put([asked])
            return asked
        say = _said(first)
        try:
            head = None if say is None else msgspec.json.decode(say, type=Head)
        except msgspec.MsgspecError:
            head = None
        if head is None or head.journal != FORM:
            raise UsageError(f"{self.path} is no journal of a hunt in a workspace; name another file")
        if head.digest != asked.digest:
            raise UsageError(
                f"the journal {self.path} is of another workspace or of other queries; name another file to begin anew"
            )
        if not _same(head, asked):
            raise UsageError(
                f"the journal {self.path} is of another time ({head.window}); name another file to begin anew"
            )
        self._pieces()
        return head

    def _pieces(self) -> None:
        """Read the finished pieces; a line that can't be read takes the pieces that it ends with it."""
        damaged, torn = 0, False
        parts: dict[tuple[str, Window], list[Seen]] = {}
        last = b"\n"
        while line := self._stream.readline(MAX_LINE):
            last = line
            say = _said(line)
            try:
                done = None if say is None else msgspec.json.decode(say, type=Done)
            except msgspec.MsgspecError:
                done = None
            if done is None:
                damaged, torn = damaged + 1, not line.endswith(b"\n")
                parts.clear()
                continue
            held = parts.setdefault((done.ask, done.window), [])
            held += done.rows
            if not done.more:
                self.done.append(Done(done.ask, done.window, tuple(held)))
                del parts[done.ask, done.window]
        if not last.endswith(b"\n"):
            with contextlib.suppress(OSError):
                self._stream.write(b"\n")
        if damaged == 1 and torn:
            self.notes.append(f"the last line of {self.path} was not written to its end; it is asked for again")
        elif damaged:
            lines = "1 line" if damaged == 1 else f"{damaged:,} lines"
            self.notes.append(f"{lines} of {self.path} can't be read; what stood there is asked for again")


def _same(head: Head, asked: Head) -> bool:
    """Whether two runs ask for the same time: both of the same moments, or both of a time that ends now."""
    if head.until != asked.until:
        return False
    if abs(head.since - asked.since) < _SLACK:
        return True
    # `--since 7d` moves with the clock, as the end of the window does.
    return abs((head.window.end - head.since) - (asked.window.end - asked.since)) < _SLACK


def _said(line: bytes) -> bytes | None:
    """What a line says, or None where it is damaged."""
    try:
        read = msgspec.json.decode(line, type=_Line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    say = bytes(read.say)
    return say if line.endswith(b"\n") and zlib.crc32(say) == read.crc else None


def _opened(path: str) -> BinaryIO:
    """The file for reading and appending, held by nobody else; only its owner may read it, since it holds rows."""
    try:
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"can't open the journal {path}: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise UsageError(f"the journal {path} is no file")
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(number)
        raise UsageError(f"another hunt writes the journal {path}") from None
    return os.fdopen(number, "r+b")


def exists(path: str) -> bool:
    """Whether a journal is there to be gone on with."""
    with contextlib.suppress(OSError):
        return Path(path).stat().st_size > 0
    return False

"""Logs as streams of decompressed bytes: the one place where telemetry is read from files.

What can't be opened raises; what goes wrong after that is collected in `Source.problems`, and everything read before it
is kept.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from vedette.errors import Location, TelemetryError
from vedette.telemetry.compression import MAGIC_LENGTH, Codec, Damage, decompress, sniff

#: The name that means standard input.
STDIN: Final = "-"
_STDIN_DESCRIPTOR: Final = 0

_IRREGULAR: Final[tuple[tuple[int, str, str, str], ...]] = (
    (stat.S_IFDIR, "is-a-directory", "is a directory, not a log", "name the folder to `expand`, or a file in it"),
    (stat.S_IFSOCK, "is-a-socket", "is a socket", "read the log file that auditd writes"),
    (stat.S_IFCHR, "is-a-device", "is a character device", "copy its content to a file first"),
    (stat.S_IFBLK, "is-a-device", "is a block device", "mount it and name the log file on it"),
)

_DAMAGE: Final[dict[str, tuple[str, str]]] = {
    "truncated": (
        "{codec} data end too early; everything before is read ({produced} bytes)",
        "copy the file again; if it is still being written, wait for that",
    ),
    "corrupt": (
        "{codec} data are damaged after {produced} decompressed bytes; what follows is not read: {detail}",
        "copy the file again, or read its undamaged part with the format's own recovery tool",
    ),
    "trailing-garbage": (
        "the {codec} data are followed by bytes of another kind, which are not read",
        "check how the file was put together",
    ),
}


class Limits(msgspec.Struct, frozen=True):
    """How much one compressed file may expand to before reading stops, loudly.

    Attributes:
        max_bytes: decompressed bytes of one file.
        max_ratio: decompressed bytes for each byte of the file; audit logs reach about 25, at times 200.
        ratio_from: decompressed bytes from which on the ratio counts.
    """

    max_bytes: int = 1 << 40
    max_ratio: int = 1000
    ratio_from: int = 256 << 20


class Source:
    """One open log. Use it in a `with` block; read it once.

    Attributes:
        path: the name that the user gave, `-` for standard input.
        size: bytes of the file when it was opened, as it lies there, or None for a pipe.
        consumed: bytes of the file read so far, as it lies there; for progress.
        produced: decompressed bytes given so far.
        codec: compression format, or None; known once reading has begun.
        problems: what went wrong while the rest could be used.
    """

    def __init__(self, path: str, limits: Limits | None = None) -> None:
        """Open a log.

        Args:
            path: a file, a FIFO, or `-`.
            limits: when a compressed file is taken for a bomb.

        Raises:
            TelemetryError: it can't be opened or is no file; the code tells which.
        """
        self.path = path
        self.limits = limits or Limits()
        self.consumed = 0
        self.produced = 0
        self.codec: Codec | None = None
        self.problems: list[TelemetryError] = []
        self._start = 0
        self._descriptor = _STDIN_DESCRIPTOR if path == STDIN else _open(path)
        try:
            status = os.fstat(self._descriptor)
            _check_kind(path, status)
        except OSError as error:
            self.close()
            raise _refusal(path, error) from error
        except TelemetryError:
            self.close()
            raise
        self.size: int | None = None
        if stat.S_ISREG(status.st_mode):
            # Whoever hands a file in as standard input may have read its beginning.
            self._start = os.lseek(self._descriptor, 0, os.SEEK_CUR)
            self.size = max(0, status.st_size - self._start)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; standard input stays open. Closing twice is no error."""
        if self._descriptor > _STDIN_DESCRIPTOR:
            os.close(self._descriptor)
        self._descriptor = -1

    def chunks(self, size: int = 8 << 20) -> Iterator[bytes]:
        """The decompressed content in chunks of about `size` bytes; a piece of zstd can add 32 MiB at worst.

        A file that grows is read up to its size when it was opened; pipes are read to their end.
        """
        head = self._read(MAGIC_LENGTH)
        while head and len(head) < MAGIC_LENGTH and (more := self._read(MAGIC_LENGTH - len(head))):
            head += more
        self.codec = sniff(head)
        if self.codec is None:
            yield from self._plain(head, size)
        else:
            yield from self._expanded(self.codec, head, size)
        self._check_growth()

    def _plain(self, head: bytes, size: int) -> Iterator[bytes]:
        """The content of a file that is not compressed."""
        parts, held = [head], len(head)
        while piece := self._read(max(size - held, 1)):
            parts.append(piece)
            held += len(piece)
            if held >= size:
                yield self._give(parts)
                parts, held = [], 0
        if held:
            yield self._give(parts)

    def _expanded(self, codec: Codec, head: bytes, size: int) -> Iterator[bytes]:
        """The content of a compressed file, as far as it can be recovered and within the limits."""
        parts: list[bytes] = []
        held = 0
        for out in decompress(codec, self._pieces(codec, head)):
            if isinstance(out, Damage):
                cause, remedy = _DAMAGE[out.code]
                cause = cause.format(codec=codec.name, produced=self.produced + held, detail=out.detail)
                self._report(cause, out.code, remedy)
                break
            parts.append(out)
            held += len(out)
            if self._is_bomb(self.produced + held):
                self._report(
                    f"expands to more than {self.produced + held} bytes from {self.consumed}; the rest is not read",
                    "decompression-bomb",
                    "if this is really a log, decompress it first or raise the limits",
                )
                break
            if held >= size:
                yield self._give(parts)
                parts, held = [], 0
        if held:
            yield self._give(parts)

    def _pieces(self, codec: Codec, head: bytes) -> Iterator[bytes]:
        """The file as it lies there, in pieces that suit the format."""
        yield head
        while block := self._read(1 << 16):
            for start in range(0, len(block), codec.piece):
                yield block[start : start + codec.piece]

    def _give(self, parts: list[bytes]) -> bytes:
        """Join parts to one chunk and count it."""
        chunk = parts[0] if len(parts) == 1 else b"".join(parts)
        self.produced += len(chunk)
        return chunk

    def _is_bomb(self, produced: int) -> bool:
        """Whether the limits are exceeded."""
        limits = self.limits
        return produced > limits.max_bytes or (
            produced > limits.ratio_from and produced > limits.max_ratio * self.consumed
        )

    def _read(self, size: int) -> bytes:
        """At most `size` bytes of the file as it lies there; empty at its end, also if that comes too early."""
        if self.size is not None:
            size = min(size, self.size - self.consumed)
        if size <= 0:
            return b""
        try:
            piece = os.read(self._descriptor, size)
        except OSError as error:
            cause = f"reading failed after {self.consumed} bytes: {error.strerror}"
            self._report(cause, "read-error", "check the disk or the network file system, then read again")
            return b""
        if not piece and self.size is not None:
            cause = f"shrank from {self.size} to {self.consumed} bytes while it was read"
            self._report(cause, "shrank", "it was rotated by truncation; read the rotated copy too")
            self.size = self.consumed
        self.consumed += len(piece)
        return piece

    def _check_growth(self) -> None:
        """Report what was written behind the part that was read."""
        if self.size is None or self._descriptor < 0:
            return
        grown = os.fstat(self._descriptor).st_size - self._start - self.size
        if grown > 0:
            cause = f"grew by {grown} bytes while it was read; the first {self.size} bytes were read"
            self._report(cause, "grew", "it is still being written; read it again later for the rest")

    def _report(self, cause: str, code: str, remedy: str) -> None:
        """Collect a problem."""
        self.problems.append(TelemetryError(cause, Location(self.path), remedy=remedy, code=code))


def read_chunks(path: str, size: int = 8 << 20, problems: list[TelemetryError] | None = None) -> Iterator[bytes]:
    """The decompressed content of one log; see `Source.chunks`.

    Args:
        path: a file, a FIFO, or `-`.
        size: bytes of a chunk.
        problems: where to collect what went wrong although the rest could be read.

    Raises:
        TelemetryError: it can't be opened.
    """
    with Source(path) as source:
        yield from source.chunks(size)
        if problems is not None:
            problems.extend(source.problems)


def _open(path: str) -> int:
    """A descriptor of the file; what can't be read like a log is not opened at all, as that may already act on it."""
    try:
        _check_kind(path, Path(path).stat())
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise _refusal(path, error) from error


def _check_kind(path: str, status: os.stat_result) -> None:
    """Refuse what is neither file nor pipe."""
    kind = stat.S_IFMT(status.st_mode)
    for wrong, code, cause, remedy in _IRREGULAR:
        if kind == wrong:
            if path == STDIN and kind == stat.S_IFCHR:
                cause, remedy = "standard input is a terminal or device", "pipe a log into it, or name a file"
            raise TelemetryError(cause, Location(path), remedy=remedy, code=code)


def _refusal(path: str, error: OSError | ValueError) -> TelemetryError:
    """Why a file can't be opened, with what to do."""
    if isinstance(error, FileNotFoundError):
        cause, remedy, code = "does not exist (any more)", "check the name; a rotation may have renamed it", "not-found"
    elif isinstance(error, PermissionError):
        cause, code = "may not be read by this user", "permission"
        remedy = "audit logs belong to root: run as a member of the log's group, or copy it"
    elif isinstance(error, OSError):
        cause, code = f"can't be opened: {error.strerror}", "open-error"
        remedy = "check the name, its links and the file system"
    else:
        cause, remedy, code = f"is no valid file name: {error}", "check the name", "bad-name"
    return TelemetryError(cause, Location(path), remedy=remedy, code=code)

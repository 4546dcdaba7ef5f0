"""The checkpoint: up to where the rows of each log are acknowledged. It only moves once that is certain."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from vedette.errors import UsageError
from vedette.sentinel.shipping.identity import Identity, beginning, digest_of, holds

FORM: Final = "vedette.ship/1"
#: Logs that are remembered; of more, those that were not seen for longest are forgotten.
MAX_LOGS: Final = 10_000
_MAX_BYTES: Final = 16 << 20


class Destination(msgspec.Struct, frozen=True):
    """Where rows go; a checkpoint of one destination says nothing of another.

    Attributes:
        rule: immutable id of the data collection rule.
        streams: kind of event to stream.
        host: the host of logs whose records name none.
    """

    rule: str
    streams: dict[str, str]
    host: str = ""


class Log(msgspec.Struct):
    """How far one log is acknowledged.

    Attributes:
        path: where it was last seen; for people.
        identity: which log it is.
        offset: decompressed offset of the last row that was acknowledged; -1 if none.
        event: time and serial of that row's event.
        seen: UTC epoch seconds at which it was last seen.
    """

    path: str
    identity: Identity
    offset: int = -1
    event: str = ""
    seen: float = 0.0


class State(msgspec.Struct):
    """The checkpoint's content.

    Attributes:
        form: version of the form.
        destination: where the rows went.
        logs: the logs.
        rows: rows acknowledged since the checkpoint was made.
        dead: rows put into the dead letters since.
    """

    form: str
    destination: Destination
    logs: list[Log] = []
    rows: int = 0
    dead: int = 0


class Checkpoint:
    """One checkpoint file.

    Args:
        path: the file; None keeps the state in memory only.
        destination: where rows go.

    Attributes:
        state: its content.

    Raises:
        UsageError: it can't be read, is no checkpoint, or is one of another destination.
    """

    def __init__(self, path: str | os.PathLike[str] | None, destination: Destination) -> None:
        self.path = None if path is None else Path(path)
        self.state = State(FORM, destination)
        if self.path is None or not self.path.exists():
            return
        try:
            data = self.path.read_bytes()
            if len(data) > _MAX_BYTES:
                raise UsageError(f"{self.path} has {len(data):,} bytes, which no checkpoint has")
            self.state = msgspec.json.decode(data, type=State)
        except OSError as error:
            raise UsageError(f"can't read the checkpoint {self.path}: {error.strerror}") from None
        except msgspec.DecodeError as error:
            raise UsageError(
                f"{self.path} is no checkpoint of shipping ({error}); name another file, or remove it to send all rows "
                "again"
            ) from None
        if self.state.form != FORM:
            raise UsageError(f"{self.path} is a checkpoint of another version: {self.state.form}")
        if self.state.destination != destination:
            raise UsageError(
                f"{self.path} is the checkpoint of another destination ({self.state.destination.rule}); "
                "give each rule, set of streams and --host a checkpoint of its own"
            )

    def log(self, path: str) -> Log:
        """What is known of the log in a file; a log that is new is taken in.

        A log is known by its beginning, and by the event that was acknowledged last, which must stand where it stood:
        so a renamed, packed or copied log goes on where it was, and any other is sent whole, whatever its name is.

        Raises:
            TelemetryError: it can't be opened.
        """
        status = Path(path).stat()
        head = beginning(path)
        identity = Identity(status.st_dev, status.st_ino, len(head), digest_of(head))
        known = next((log for log in self._like(identity, head) if _goes_on(path, identity, log)), None)
        if known is None:
            known = Log(path, identity)
            self.state.logs.append(known)
        elif not _is_same_file(known.identity, identity):
            known = msgspec.structs.replace(known)
            self.state.logs.append(known)
        known.path, known.identity, known.seen = path, identity, time.time()
        return known

    def _like(self, identity: Identity, head: bytes) -> list[Log]:
        """Logs with the same beginning, the one in the same file first, then those that are farthest."""
        found = [
            log
            for log in self.state.logs
            if 0 < log.identity.length <= len(head) and digest_of(head[: log.identity.length]) == log.identity.digest
        ]
        return sorted(found, key=lambda log: (not _is_same_file(log.identity, identity), -log.offset))

    def save(self) -> None:
        """Put the state in the file's place, whole and on the disk.

        Raises:
            UsageError: it can't be written.
        """
        if self.path is None:
            return
        if len(self.state.logs) > MAX_LOGS:
            self.state.logs = sorted(self.state.logs, key=lambda log: log.seen)[-MAX_LOGS:]
        text = msgspec.json.format(msgspec.json.encode(self.state)) + b"\n"
        beside = self.path.with_name(f".{self.path.name[:200]}.{secrets.token_hex(4)}.tmp")
        try:
            with private(beside, os.O_EXCL) as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise UsageError(f"can't write the checkpoint {self.path}: {error.strerror}") from None


def _goes_on(path: str, identity: Identity, log: Log) -> bool:
    return log.offset < 0 or holds(path, log.offset, log.event, same=_is_same_file(log.identity, identity))


def _is_same_file(one: Identity, other: Identity) -> bool:
    return (one.device, one.inode) == (other.device, other.inode)


def private(path: Path, flags: int) -> BinaryIO:
    """A file to write to, made if it is not there, that only its owner may read; `flags` are further ones of `open`."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flags, 0o600), "wb")


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: str | os.PathLike[str] | None) -> Iterator[None]:
    """Hold a checkpoint for oneself while the block runs.

    Raises:
        UsageError: another process holds it.
    """
    if path is None:
        yield
        return
    lock = Path(f"{os.fspath(path)}.lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"can't write beside the checkpoint: {lock}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(f"another shipper holds the checkpoint {os.fspath(path)}; let it end first") from None
        yield
    finally:
        os.close(descriptor)

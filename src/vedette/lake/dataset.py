"""A dataset: a folder of Parquet files, and the account that says which of them count.

A file counts once an entry names it, and an entry is one small file that is renamed into its place: so a reader sees
all of a log or nothing of it, whatever happens to the writer.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from vedette.errors import UsageError
from vedette.lake.entry import FORMAT, Entry, Part

#: Where the account lies; tools that read Parquet folders pass over names that begin so.
ACCOUNT: Final = "_vedette"
_MARK: Final = "dataset.json"
_ENTRIES: Final = "logs"
_LOCK: Final = "lock"
_ID: Final = re.compile(r"[0-9a-f]{40}")
_PART: Final = re.compile(r"kind=[a-z_]+(?:/day=[0-9a-z-]+/host=[A-Za-z0-9_.~%-]+)?/[0-9a-f]{24}\.parquet")
_MOST_BYTES: Final = 256 << 20
#: More than this is no account that was written here.
_MOST_ENTRIES: Final = 1_000_000


class _Mark(msgspec.Struct):
    schema: str
    format: int


class Dataset:
    """A dataset that exists.

    Attributes:
        path: the folder as the user named it.
    """

    def __init__(self, path: str) -> None:
        """Open a dataset.

        Raises:
            UsageError: it is none, or was written by a later version.
        """
        self.path = path
        self._root = Path(path)
        mark = self._root / ACCOUNT / _MARK
        try:
            found = msgspec.json.decode(mark.read_bytes(), type=_Mark)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            raise UsageError(f"{path} is no dataset; `vedette ingest LOG... -o DATASET` makes one") from None
        if found.format > FORMAT:
            raise UsageError(f"{path} was written by a later version of Vedette; hunt through it with that one")

    def entries(self) -> tuple[Entry, ...]:
        """The logs that it holds, in the order in which they were read.

        Raises:
            UsageError: the account can't be read, or says what can't be.
        """
        found: dict[str, Entry] = {}
        folder = self._root / ACCOUNT / _ENTRIES
        try:
            names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))  # noqa: PTH208 (names only)
        except OSError as error:
            raise UsageError(f"can't read {folder}: {error.strerror}") from None
        if len(names) > _MOST_ENTRIES:
            raise UsageError(f"{folder} holds more than {_MOST_ENTRIES} logs")
        for name in names:
            entry = self._entry(folder / name)
            found[entry.id] = entry
        void = {one for entry in found.values() for one in entry.replaces if one != entry.id}
        return tuple(sorted((e for e in found.values() if e.id not in void), key=lambda entry: entry.number))

    def file(self, part: Part) -> Path:
        """Where a part lies."""
        return self._root / part.path

    def _entry(self, path: Path) -> Entry:
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise UsageError(f"{path} is too long for the account of one log")
            entry = msgspec.json.decode(path.read_bytes(), type=Entry)
        except OSError as error:
            raise UsageError(f"can't read {path}: {error.strerror}") from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: {error}; ingest the logs into another folder") from None
        wrong = next((p.path for p in (*entry.parts, *entry.processes) if not _PART.fullmatch(p.path)), None)
        if wrong is not None or entry.id != path.stem or not _ID.fullmatch(entry.id) or entry.format > FORMAT:
            raise UsageError(f"{path} was not written by `vedette ingest`, or by a later version")
        return entry


class Store(Dataset):
    """A dataset that is written to, by one process at a time. Use it in a `with` block of `store`."""

    def new(self, kind: str, folder: str) -> tuple[str, Path]:
        """The path of a new part below the dataset, and the file to write it to first."""
        path = f"{folder}/{secrets.token_hex(12)}.parquet"
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return path, target.with_name(f".{kind}-{target.name}.tmp")

    def settle(self, path: str, temporary: Path) -> None:
        """Put a new part in its place."""
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(self._root / path)

    def commit(self, entry: Entry) -> None:
        """Make an entry and its parts count, and those that it replaces not."""
        folder = self._root / ACCOUNT / _ENTRIES
        before = {one.id: one for one in self.entries()}
        target = folder / f"{entry.id}.json"
        beside = folder / f".{entry.id}.{secrets.token_hex(4)}.tmp"
        beside.write_bytes(msgspec.json.encode(entry))
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(target)
        _sync(folder)
        kept = {part.path for part in (*entry.parts, *entry.processes)}
        for one in dict.fromkeys((*entry.replaces, entry.id)):
            if one != entry.id:
                (folder / f"{one}.json").unlink(missing_ok=True)
            if one in before:
                self.discard(p for p in (*before[one].parts, *before[one].processes) if p.path not in kept)

    def discard(self, parts: Iterator[Part]) -> None:
        """Remove files that do not count; folders that are empty then go with them."""
        for part in parts:
            file = self.file(part)
            file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                for folder in list(file.parents)[:3]:
                    if folder != self._root:
                        folder.rmdir()

    def sweep(self) -> None:
        """Remove what an earlier writer left behind when it was stopped."""
        counts = {part.path for entry in self.entries() for part in (*entry.parts, *entry.processes)}
        for kind in self._root.glob("kind=*"):
            for folder, _, names in os.walk(kind):
                for name in names:
                    file = Path(folder, name)
                    if file.relative_to(self._root).as_posix() not in counts and (
                        _PART.fullmatch(file.relative_to(self._root).as_posix()) or name.endswith(".parquet.tmp")
                    ):
                        file.unlink(missing_ok=True)
        for file in (self._root / ACCOUNT / _ENTRIES).glob(".*.tmp"):
            file.unlink(missing_ok=True)


@contextlib.contextmanager
def store(path: str) -> Iterator[Store]:
    """Open a dataset to write to, or make it, and keep other writers out.

    Raises:
        UsageError: it can't be made or written, is another's folder, or is being written to.
    """
    root = Path(path)
    account = root / ACCOUNT
    try:
        if not (account / _MARK).is_file():
            if root.exists() and (not root.is_dir() or any(name != ACCOUNT for name in os.listdir(root))):  # noqa: PTH208
                raise UsageError(f"{path} exists and is no dataset; name a new folder with -o")
            (account / _ENTRIES).mkdir(parents=True, exist_ok=True)
            beside = account / f".{_MARK}.{secrets.token_hex(4)}.tmp"
            beside.write_bytes(msgspec.json.encode(_Mark("vedette.dataset", FORMAT)) + b"\n")
            beside.replace(account / _MARK)
        descriptor = os.open(account / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise UsageError(f"can't write {path}: {error.strerror}; name another folder with -o") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise UsageError(f"{path} is being written to by another `vedette ingest`; wait for that") from None
        raise UsageError(f"can't lock {path}: {error.strerror}") from None
    try:
        opened = Store(path)
        opened.sweep()
        yield opened
    finally:
        os.close(descriptor)


def is_dataset(path: str) -> bool:
    """Whether a path looks like a dataset."""
    try:
        return (Path(path) / ACCOUNT / _MARK).is_file()
    except (OSError, ValueError):
        return False


def free(path: str) -> int:
    """Bytes that are left where a dataset lies."""
    return shutil.disk_usage(path).free


def _sync(folder: Path) -> None:
    """Make a rename last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

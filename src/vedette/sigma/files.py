"""Which files a set of rules is made of, with their content."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.util
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from vedette import __version__
from vedette.errors import Location, RuleError, UsageError

#: Grows with the form of the cache.
FORMAT: Final = 3
SUFFIXES: Final = (".yml", ".yaml")
PACK: Final = "pack.yml"
#: How far above a rule its licence may stand: the deepest folder of the public rules is five below.
_LICENSE_LEVELS: Final = 6
_LICENSE_NAMES: Final = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENSE.Detection.Rules.md")
_LICENSE_TEXT: Final = b"detection rule license"
_MAX_FILE: Final = 9 << 20
#: All files of a set together; the public rules have 9 MB.
MAX_TOTAL: Final = 256 << 20
_MAX_FOLDERS: Final = 64
#: Parts of a pack that are loaded, with the folder of each where its description names none.
_PACK_PARTS: Final = (("rules", "rules"), ("exclusions", "exclusions/accepted"))


class RuleFile(msgspec.Struct, frozen=True):
    """One file.

    Attributes:
        path: as the user named it or its folder.
        content: its bytes; one that is too large is cut beyond the bound, which its reader reports.
        license: `DRL-1.1` where a licence beside or above it says so, else the empty text.
    """

    path: str
    content: bytes
    license: str


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files of some paths, each once, and what can't be read."""

    files: tuple[RuleFile, ...]
    problems: tuple[RuleError, ...]


def list_files(paths: Sequence[Path | str]) -> Listing:
    """Read the rule files of files, folders and packs.

    Args:
        paths: files are taken whatever their names, folders are searched.

    Raises:
        UsageError: a path does not exist, or none was given.
    """
    if not paths:
        raise UsageError("no rules are named; give a file, a folder or a pack")
    files: dict[tuple[int, int], RuleFile] = {}
    problems: list[RuleError] = []
    licenses = _Licenses()
    total = 0
    for path in paths:
        top = os.fspath(path)
        if not os.path.lexists(top):
            raise UsageError(f"no such file or folder: {top}")
        found = 0
        for name in _walk(top, problems) if Path(top).is_dir() else (top,):
            found += 1
            try:
                identity, content = _read(name)
            except OSError as error:
                problems.append(_unreadable(name, error))
                continue
            if identity in files:
                continue
            total += len(content)
            if total > MAX_TOTAL:
                cause = f"this file and what follows: the set is larger than {MAX_TOTAL >> 20} MiB"
                problems.append(RuleError(cause, Location(_shown(name)), code="too-large", remedy="load fewer folders"))
                return Listing(tuple(files.values()), tuple(problems))
            files[identity] = RuleFile(_shown(name), content, licenses.above(name.rpartition("/")[0]))
        if not found:
            problems.append(
                RuleError(
                    "no rule files here",
                    Location(_shown(top)),
                    code="no-rules",
                    remedy=f"name a folder with {' or '.join('*' + suffix for suffix in SUFFIXES)} files",
                )
            )
    return Listing(tuple(files.values()), tuple(problems))


def key_of(files: Sequence[RuleFile]) -> str:
    """Hex digest of paths, contents, licences and of the versions that read them."""
    digest = hashlib.blake2b(digest_size=20)
    for part in (__version__, str(FORMAT), *_versions()):
        digest.update(f"{len(part)}:{part}".encode())
    for file in files:
        path = os.fsencode(file.path)
        digest.update(b"%d:%d:%d:" % (len(path), len(file.license), len(file.content)))
        digest.update(path + file.license.encode() + file.content)
    return digest.hexdigest()


def _walk(folder: str, problems: list[RuleError], depth: int = 0) -> Iterator[str]:
    """Rule files below a folder in the order of their names; hidden ones and links to folders are left out."""
    if depth > _MAX_FOLDERS:
        problems.append(RuleError(f"more than {_MAX_FOLDERS} folders deep", Location(_shown(folder)), code="too-deep"))
        return
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        problems.append(_unreadable(folder, error))
        return
    if any(entry.name == PACK for entry in listed):
        for part, place in _parts_of_pack(f"{folder}/{PACK}"):
            # A pack without rules is a fault that is told; one without exclusions is not.
            if part == "rules" or Path(f"{folder}/{place}").is_dir():
                yield from _walk(f"{folder}/{place}", problems, depth + 1)
        return
    for entry in listed:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, problems, depth + 1)
        elif entry.name.endswith(SUFFIXES) and entry.is_file():
            yield entry.path


def _parts_of_pack(path: str) -> Iterator[tuple[str, str]]:
    """Part and folder of a pack's rules and exclusions; the lines are cut out, so that a start needs no YAML reader."""
    try:
        text = _read(path)[1].decode("utf-8", "replace")
    except OSError:
        text = ""
    for part, usual in _PACK_PARTS:
        written = re.search(rf"^{part}:[ \t]*([A-Za-z0-9_][A-Za-z0-9_./-]*)[ \t]*$", text, re.MULTILINE)
        yield part, written[1] if written and ".." not in written[1].split("/") else usual


def _read(path: str) -> tuple[tuple[int, int], bytes]:
    """Device and inode of a regular file, and its bytes up to the bound."""
    # Without O_NONBLOCK the opening of a pipe would wait for ever.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a regular file")
        parts = [os.read(handle, min(status.st_size, _MAX_FILE) + 1)]
        while parts[-1] and sum(map(len, parts)) < min(status.st_size, _MAX_FILE):
            parts.append(os.read(handle, _MAX_FILE))
    finally:
        os.close(handle)
    return (status.st_dev, status.st_ino), b"".join(parts)


def _unreadable(path: str, error: OSError) -> RuleError:
    return RuleError(f"can't be read: {error.strerror or error}", Location(_shown(path)), code="unreadable")


def _shown(path: str) -> str:
    """A path as text that can be written; bytes of a name that are not UTF-8 as escapes."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "backslashreplace")


class _Licenses:
    """Looks each folder up once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._own: dict[str, str] = {}

    def above(self, folder: str) -> str:
        if folder not in self._known:
            own = Path(folder).resolve()
            places = (own, *own.parents)[:_LICENSE_LEVELS]
            self._known[folder] = next((found for place in places if (found := self._in(str(place)))), "")
        return self._known[folder]

    def _in(self, folder: str) -> str:
        if folder not in self._own:
            self._own[folder] = ""
            for name in _LICENSE_NAMES:
                try:
                    _, text = _read(f"{folder}/{name}")
                except OSError:
                    continue
                if _LICENSE_TEXT in text[:65536].lower():
                    self._own[folder] = "DRL-1.1"
        return self._own[folder]


@functools.cache
def _versions() -> tuple[str, ...]:
    """What decides how a rule is read: our own code, so that a change needs no new version, and the installed packages.

    `importlib.metadata` would cost more than the whole start.
    """
    own = Path(__file__).resolve().parent
    ours = sorted(
        f"{status.st_size}/{status.st_mtime_ns}"
        for folder in (own, own.parent / "predicate", own.parent / "event")
        for status in (path.stat() for path in folder.glob("*.py"))
    )
    found = importlib.util.find_spec("sigma")
    if found is None or not found.submodule_search_locations:
        return tuple(ours)
    site = Path(next(iter(found.submodule_search_locations))).parent
    names = ("pysigma-", "google_re2-", "polars-", "pyyaml-")
    try:
        with os.scandir(site) as entries:
            return (*ours, *sorted(entry.name for entry in entries if entry.name.lower().startswith(names)))
    except OSError:
        return tuple(ours)

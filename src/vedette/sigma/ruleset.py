"""Many files of rules as one set: what loaded, what was refused and why, and what to know about it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from vedette.errors import Location, PlaceholderError, RuleError
from vedette.sigma.cache import RuleCache
from vedette.sigma.correlation import Correlation
from vedette.sigma.files import RuleFile, key_of, list_files
from vedette.sigma.filter import Filter
from vedette.sigma.notice import Notice
from vedette.sigma.rule import Rule

OnProgress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True)
class RuleSet:
    """All documents of some files and folders.

    Attributes:
        rules: in the order of files, then of documents; ids are unique.
        filters: what restricts rules; which of them apply is judged by `vedette.hunt.exclusion`.
        correlations: all resolve, down to rules of the set.
        problems: why a document, a file or a folder gave no rule.
        warnings: what to know about what did load.
        key: hex digest of all that was read and of the versions that read it; names what is derived from the set.
        files: how many files were read.
        cached: whether the set came from the cache.
    """

    rules: tuple[Rule, ...]
    filters: tuple[Filter, ...]
    correlations: tuple[Correlation, ...]
    problems: tuple[RuleError, ...]
    warnings: tuple[Notice, ...]
    key: str
    files: int
    cached: bool = False


class Problem(msgspec.Struct, frozen=True):
    """A `RuleError` as data, for the cache."""

    cause: str
    location: Location
    remedy: str
    code: str
    placeholder: bool

    @classmethod
    def of(cls, error: RuleError) -> Problem:
        """The data of an error."""
        return cls(error.cause, error.location, error.remedy, error.code, isinstance(error, PlaceholderError))

    def error(self) -> RuleError:
        """The error again."""
        kind = PlaceholderError if self.placeholder else RuleError
        return kind(self.cause, self.location, remedy=self.remedy, code=self.code)


class Stored(msgspec.Struct, frozen=True):
    """What the files of a set hold, in the cache's form."""

    rules: tuple[Rule, ...]
    filters: tuple[Filter, ...]
    correlations: tuple[Correlation, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Notice, ...]


def load(
    paths: Sequence[Path | str],
    *,
    cache: RuleCache | bool = True,
    on_progress: OnProgress | None = None,
) -> RuleSet:
    """Load rules, filters and correlations of files, folders and packs.

    Args:
        paths: files, or folders that are searched for `*.yml` and `*.yaml`; of a folder with a `pack.yml` only its
            rules are taken.
        cache: False to lower everything anew, or the cache to use.
        on_progress: called with files done and files in all, when rules are lowered rather than taken from the cache.

    Raises:
        UsageError: a path does not exist.
    """
    listing = list_files(paths)
    key = key_of(listing.files)
    store = cache if isinstance(cache, RuleCache) else (RuleCache() if cache else None)
    problems = listing.problems
    stored = _fetch(store, key) if store is not None else None
    cached = stored is not None
    if stored is None:
        stored = _lower_all(listing.files, on_progress)
        if store is not None:
            store.put(key, msgspec.msgpack.encode(stored))
    if not (stored.rules or stored.filters or stored.correlations or stored.problems or problems):
        problems = (RuleError("no rule in it", Location(os.fspath(paths[0]) if paths else "-"), code="no-rules"),)
    return RuleSet(
        stored.rules,
        stored.filters,
        stored.correlations,
        (*problems, *(problem.error() for problem in stored.problems)),
        stored.warnings,
        key,
        len(listing.files),
        cached,
    )


def _fetch(store: RuleCache, key: str) -> Stored | None:
    content = store.get(key)
    if content is None:
        return None
    try:
        return msgspec.msgpack.decode(content, type=Stored)
    except (msgspec.DecodeError, RecursionError):
        return None


def _lower_all(files: Sequence[RuleFile], on_progress: OnProgress | None) -> Stored:
    # pySigma takes 0.2 s to import; a set from the cache does without.
    from vedette.sigma.loading import Loading  # noqa: PLC0415 (see above)

    loading = Loading()
    for done, file in enumerate(files):
        if on_progress is not None:
            on_progress(done, len(files))
        loading.add(file)
    loading.settle()
    if on_progress is not None:
        on_progress(len(files), len(files))
    return Stored(
        tuple(loading.rules.values()),
        tuple(loading.filters.values()),
        tuple(loading.correlations.values()),
        tuple(Problem.of(error) for error in loading.problems),
        tuple(loading.warnings),
    )

"""The Hyperscan back end: all literals and expressions of a vocabulary in one pass each.

Compiling takes seconds, loading a compiled database a millisecond, hence the cache. A database is bound to the version
of Hyperscan and to the CPU's features, which are part of its key.
"""

from __future__ import annotations

import hashlib
import platform
import re
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import hyperscan
import msgspec

from vedette.engine.atoms import Atoms
from vedette.engine.cache import Cache
from vedette.engine.needle import Needle
from vedette.predicate import Pattern, Regex
from vedette.predicate.regex import portable

#: Part of a database's key; grows when needles or expressions are spelled differently.
_SPELLING: Final = 1
# Bytes that UTF-8 never uses mark both ends of a folded text, so that literals which must stand there are plain
# literals too; anchors take Hyperscan a hundred times as long to compile.
_START: Final = b"\xfe"
_END: Final = b"\xff"
_PLAIN: Final = frozenset((string.ascii_letters + string.digits).encode())
_LITERAL: Final = hyperscan.HS_FLAG_SINGLEMATCH
_EXPRESSION: Final = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_UTF8
_FLAGS: Final = re.compile(rb"^flags\s*:(.*)$", re.MULTILINE)


class UnusableError(RuntimeError):
    """Hyperscan is there but does not work, as on a CPU that it does not know; Polars can take its place."""


class _Compiled(msgspec.Struct, frozen=True):
    """What is kept of a compilation: both databases (empty if there is nothing to find), and refused expressions."""

    literals: bytes
    expressions: bytes
    refused: tuple[int, ...]


class HyperscanScan:
    """Scans by Hyperscan; see `scan.Scanner`."""

    refused: frozenset[int]

    def __init__(self, atoms: Atoms, cache: Cache) -> None:
        """Load the databases of `atoms` from `cache`, or compile and store them.

        Raises:
            UnusableError: Hyperscan does not work on this machine, or not for these patterns.
        """
        key = f"{_SPELLING} {atoms.digest} {vars(hyperscan)['__version__']} {platform.machine()} {_cpu_features()}"
        stored = cache.get("hyperscan", key)
        loaded = None if stored is None else _load(stored)
        if loaded is None:
            content = msgspec.msgpack.encode(_compile(atoms))
            cache.put("hyperscan", key, content)
            loaded = _load(content)
        if loaded is None:
            raise UnusableError("Hyperscan can't read back what it compiled")
        self._literals, self._expressions, self.refused = loaded

    def literals(self, folded: Sequence[str]) -> list[tuple[int, ...]]:
        """For each folded text the numbers of the needles that occur where they must."""
        return _scan(self._literals, [_START + text.encode("utf-8", "surrogatepass") + _END for text in folded])

    def expressions(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """For each text the numbers of the expressions that may match."""
        return _scan(self._expressions, [text.encode() for text in texts])


def _scan(database: Any, texts: list[bytes]) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = [()] * len(texts)
    if database is None:
        return found
    scan = database.scan
    hits: list[int] = []
    add = hits.append
    # Sharing equal results keeps Python's garbage collector from being called again and again.
    known: dict[tuple[int, ...], tuple[int, ...]] = {}

    def take(number: int, _start: int, _end: int, _flags: int, _context: object) -> None:
        add(number)

    for place, text in enumerate(texts):
        scan(text, take)
        if hits:
            result = tuple(hits)
            found[place] = known.setdefault(result, result)
            hits.clear()
    return found


def _compile(atoms: Atoms) -> _Compiled:
    literals = [(number, _spell(needle), _LITERAL) for number, needle in atoms.literals()]
    expressions = [(number, _expression(atoms.pattern(number)), _EXPRESSION) for number in atoms.expressions]
    built = _build(expressions)
    refused: tuple[int, ...] = ()
    if built is None:
        # A single refusal refuses the whole set.
        taken = [expression for expression in expressions if _build([expression]) is not None]
        refused = tuple(sorted({*atoms.expressions} - {number for number, _, _ in taken}))
        built = _build(taken)
        if built is None:
            built, refused = b"", atoms.expressions
    plain = _build(literals)
    if plain is None:
        # Literals are never refused for what they say.
        raise UnusableError("Hyperscan can't compile literals on this machine")
    return _Compiled(plain, built, refused)


def _expression(pattern: Pattern) -> bytes:
    assert isinstance(pattern, Regex)
    return portable(pattern, end=r"\z").encode()


def _build(patterns: list[tuple[int, bytes, int]]) -> bytes | None:
    """The serialised database; empty without patterns, None if Hyperscan refuses one."""
    if not patterns:
        return b""
    numbers, sources, flags = zip(*patterns, strict=True)
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(expressions=sources, ids=numbers, flags=flags)
    except hyperscan.error:
        return None
    return bytes(hyperscan.dumpb(database))


def _load(content: bytes) -> tuple[Any, Any, frozenset[int]] | None:
    try:
        compiled = msgspec.msgpack.decode(content, type=_Compiled)
        return _revive(compiled.literals), _revive(compiled.expressions), frozenset(compiled.refused)
    except (msgspec.MsgspecError, hyperscan.error):
        return None


def _revive(stored: bytes) -> Any:
    if not stored:
        return None
    database = hyperscan.loadb(stored, hyperscan.HS_MODE_BLOCK)
    database.scratch = hyperscan.Scratch(database)
    return database


def _spell(needle: Needle) -> bytes:
    literal = needle.literal.encode("utf-8", "surrogatepass")
    marked = (_START if needle.start else b"") + literal + (_END if needle.end else b"")
    return b"".join(bytes([byte]) if byte in _PLAIN else b"\\x%02x" % byte for byte in marked)


def _cpu_features() -> str:
    try:
        listed = _FLAGS.search(Path("/proc/cpuinfo").read_bytes())
    except OSError:
        listed = None
    return hashlib.sha256(listed.group(1) if listed else b"").hexdigest()

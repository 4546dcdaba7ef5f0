"""JSON objects out of a byte stream: one a line, in an array, or written over many lines, in bounded memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from vedette.telemetry.events.rejects import Rejects
from vedette.telemetry.line import KEPT, split_lines

#: A longer object is dropped and counted.
MAX_OBJECT: Final = KEPT - 1
#: A deeper one as well.
MAX_NESTING: Final = 64
#: So much of the beginning is looked at to tell whether objects stand on lines of their own.
PEEK: Final = 1 << 18

_DECODER: Final = msgspec.json.Decoder()
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|[{}\[\]]', re.DOTALL)
_BETWEEN: Final = re.compile(rb"[\s,\[\]]*+(?:Record \d{1,20}\s*+|[\s,\[\]]++)*+")
_BOM: Final = b"\xef\xbb\xbf"
_QUOTE: Final = ord('"')
_OPEN: Final = ord("{")
_LIST: Final = ord("[")
_PIECE: Final = 4 << 20
#: So often reading goes on behind an object without end before a buffer is left.
_TRIES: Final = 32


class Found(NamedTuple):
    """One object.

    Attributes:
        offset: bytes before it in the stream.
        line: the line on which it begins, from 1.
        data: its text.
        value: what it says.
    """

    offset: int
    line: int
    data: bytes
    value: dict[str, Any]


def decode(data: bytes) -> Any:
    """One JSON value, read as leniently as can be done without guessing.

    What no encoding can carry (half a surrogate pair, bytes that are no UTF-8) reads as U+FFFD, and numbers beyond
    every range as text, since whoever writes a field must not be able to hide the whole event.

    Raises:
        ValueError: it is no JSON, or nests too deep.
    """
    if data.count(b"{") + data.count(b"[") > MAX_NESTING and _nesting(data) > MAX_NESTING:
        raise ValueError("nests too deep")
    try:
        return _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    text = data.decode("utf-8", "replace")
    return _whole(json.loads(text, parse_int=_number, parse_float=_float, parse_constant=str, strict=False))


def _nesting(data: bytes) -> int:
    """How deep a text nests at most."""
    depth = deepest = 0
    for match in _TOKEN.finditer(data):
        token = data[match.start()]
        if token != _QUOTE:
            depth += 1 if token in (_OPEN, _LIST) else -1
            deepest = max(deepest, depth)
    return deepest


def _number(told: str) -> int | str:
    return int(told) if len(told) < 20 else told


def _float(told: str) -> float | str:
    number = float(told)
    return number if abs(number) < 1e300 else told


def _whole(value: Any) -> Any:
    """The value with U+FFFD in the place of lone surrogates."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_whole(name): _whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return value


def objects(chunks: Iterable[bytes], file: str, rejects: Rejects) -> Iterator[list[Found]]:
    """The objects of a stream, a list for each chunk.

    Args:
        chunks: the decompressed log.
        file: its name, for rejects.
        rejects: takes what is no JSON object.
    """
    chunks = iter(chunks)
    head = next(chunks, b"")
    while len(head) < 1 << 12 and (more := next(chunks, None)) is not None:
        head += more
    skipped = len(_BOM) if head.startswith(_BOM) else 0
    rest = _again(head[skipped:], chunks)
    if on_lines(head[skipped : skipped + PEEK]):
        yield from _lines(rest, file, rejects, skipped)
    else:
        yield from _Stream(file, rejects, skipped).read(rest)


def _again(first: bytes, others: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


def on_lines(head: bytes) -> bool:
    """Whether objects stand on lines of their own."""
    lines = [line.strip() for line in head.split(b"\n", 64)[:64]]
    lines = [line for line in lines if line]
    if not lines or lines[0].startswith(b"["):
        return False
    if lines[0].startswith(b"Record "):
        return False
    return lines[0].endswith(b"}") or len(lines) == 1 or lines[1].startswith(b"{")


def _lines(chunks: Iterable[bytes], file: str, rejects: Rejects, skipped: int) -> Iterator[list[Found]]:
    found: list[Found] = []
    held = 0
    for number, line in enumerate(split_lines(chunks), start=1):
        data = line.data.strip()
        if not data:
            continue
        if line.length > MAX_OBJECT:
            rejects.add("too-long", file, number)
            continue
        try:
            value = decode(data)
        except ValueError:
            rejects.add("not-json" if line.ended else "cut-off", file, number)
            continue
        if not isinstance(value, dict):
            rejects.add("no-object", file, number)
            continue
        found.append(Found(line.offset + skipped, number, data, value))
        held += line.length
        if held > 4 << 20:
            yield found
            found, held = [], 0
    yield found


class _Stream:
    """Objects that do not stand on lines of their own."""

    def __init__(self, file: str, rejects: Rejects, skipped: int) -> None:
        self._file, self._rejects = file, rejects
        self._base, self._line = skipped, 1
        self._buffer = b""

    def read(self, chunks: Iterable[bytes]) -> Iterator[list[Found]]:
        for chunk in chunks:
            for start in range(0, len(chunk), _PIECE):
                self._buffer += chunk[start : start + _PIECE]
                yield self._take()
                yield from self._resume(MAX_OBJECT, "too-long")
        yield from self._resume(0, "cut-off")

    def _resume(self, most: int, reason: str) -> Iterator[list[Found]]:
        """Go on behind an object that comes to no end, at the next line that begins with one."""
        tries = 0
        while len(self._buffer) > most and not _BETWEEN.fullmatch(self._buffer):
            self._rejects.add(reason, self._file, self._line)
            after = self._buffer.find(b"\n{", 1)
            tries += 1
            self._drop(after + 1 if after >= 0 and tries < _TRIES else len(self._buffer))
            yield self._take()

    def _take(self) -> list[Found]:
        """The objects that are complete; what follows them stays in the buffer."""
        found: list[Found] = []
        buffer = self._buffer
        # Where the last object ended, where this one began, and how deep it is at the moment and was at most.
        done, start, depth, deepest, position = 0, -1, 0, 0, 0
        line, counted = self._line, 0
        while (match := _TOKEN.search(buffer, position)) is not None:
            position = match.end()
            token = buffer[match.start()]
            if token == _QUOTE:
                if not match[1]:
                    break
            elif token == _OPEN:
                if not depth:
                    start = match.start()
                    line += buffer.count(b"\n", counted, start)
                    counted = start
                    if _BETWEEN.fullmatch(buffer, done, start) is None:
                        self._rejects.add("not-json", self._file, line)
                depth += 1
                deepest = max(deepest, depth)
            elif token == _LIST:
                depth += depth > 0
                deepest = max(deepest, depth)
            elif depth:
                depth -= 1
                if not depth:
                    self._add(found, start, buffer[start:position], line, deepest)
                    done, deepest = position, 0
        self._drop(done)
        return found

    def _add(self, found: list[Found], start: int, data: bytes, line: int, deepest: int) -> None:
        if len(data) > MAX_OBJECT:
            self._rejects.add("too-long", self._file, line)
            return
        if deepest > MAX_NESTING:
            self._rejects.add("too-deep", self._file, line)
            return
        try:
            value = decode(data)
        except ValueError:
            value = None
        if isinstance(value, dict):
            found.append(Found(self._base + start, line, data, value))
        else:
            self._rejects.add("not-json", self._file, line)

    def _drop(self, size: int) -> None:
        """Forget the beginning of the buffer."""
        self._line += self._buffer.count(b"\n", 0, size)
        self._base += size
        self._buffer = self._buffer[size:]

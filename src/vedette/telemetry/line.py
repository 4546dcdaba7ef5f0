"""Lines of a byte stream, with their place in it and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

#: Bytes of a line that are kept; the rest of a longer one is counted and dropped.
KEPT: Final = (1 << 20) + 1


class Line(NamedTuple):
    r"""One line.

    Attributes:
        offset: bytes before it in the stream.
        data: the line without its `\n`, cut at `KEPT` bytes.
        length: its whole length in bytes, without `\n`.
        ended: whether a `\n` follows; if not, the stream may end in the middle of it.
    """

    offset: int
    data: bytes
    length: int
    ended: bool


def split_lines(chunks: Iterable[bytes]) -> Iterator[Line]:
    r"""The lines of a stream. Only `\n` ends a line; what follows the last one is a line if it is not empty."""
    offset = length = 0
    held = b""
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        held += first[: KEPT - len(held)]
        length += len(first)
        if not others:
            continue
        yield Line(offset, held, length, True)
        offset += length + 1
        last = others.pop()
        for data in others:
            yield Line(offset, data[:KEPT], len(data), True)
            offset += len(data) + 1
        held, length = last[:KEPT], len(last)
    if length:
        yield Line(offset, held, length, False)

"""A byte stream as blocks of whole lines, each with its place, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

#: A line that is longer is dropped; whoever reads the blocks is told.
MAX_LINE: Final = 1 << 20


class Block(NamedTuple):
    r"""Lines that follow each other.

    Attributes:
        offset: bytes before them in the stream.
        data: the lines with their `\n`; only the last line of a stream may lack it.
        too_long: instead of lines: one longer than `MAX_LINE` begins here and was dropped; `data` is empty.
    """

    offset: int
    data: bytes
    too_long: bool = False


def split_blocks(chunks: Iterable[bytes]) -> Iterator[Block]:
    """Blocks of about the size of the chunks."""
    parts: list[bytes] = []
    held = offset = 0
    skipping = False
    for chunk in chunks:
        if skipping:
            end = chunk.find(b"\n") + 1
            if not end:
                offset += len(chunk)
                continue
            chunk, skipping, offset = chunk[end:], False, offset + end
        end = chunk.rfind(b"\n") + 1
        if end:
            # A line that other chunks began must not have grown too long unseen.
            first = chunk.find(b"\n") + 1
            if held + first > MAX_LINE:
                yield Block(offset, b"", too_long=True)
                offset += held + first
                parts, held = [], 0
                data = chunk[first:end]
            else:
                data = b"".join((*parts, chunk[:end]))
                parts, held = [], 0
            if data:
                yield Block(offset, data)
                offset += len(data)
            chunk = chunk[end:]
        if chunk:
            parts.append(chunk)
            held += len(chunk)
            if held > MAX_LINE:
                yield Block(offset, b"", too_long=True)
                offset += held
                parts, held, skipping = [], 0, True
    if held:
        yield Block(offset, b"".join(parts))

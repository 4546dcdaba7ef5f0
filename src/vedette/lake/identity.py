"""Which log it is, by its content: a rotated log goes by another name, and a growing one begins with what it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

#: So many first bytes tell which earlier logs are worth comparing with.
HEAD: Final = 65_536
#: Hex digits of a digest that are kept.
_DIGITS: Final = 40


class Identity:
    """The digest of a log while its decompressed content goes by.

    Args:
        known: ids of known logs by their size in bytes.

    Attributes:
        size: bytes so far.
        begins: ids of known logs that this one begins with, or is.
    """

    def __init__(self, known: Mapping[int, frozenset[str]]) -> None:
        self.size = 0
        self.begins: list[str] = []
        self._known = known
        self._sizes = sorted(known, reverse=True)
        self._hash = hashlib.sha256()
        self._head = b""

    @property
    def id(self) -> str:
        """The digest of all so far."""
        return self._hash.hexdigest()[:_DIGITS]

    @property
    def head(self) -> str:
        """The digest of the first bytes."""
        return head_of(self._head)

    def take(self, chunk: bytes) -> None:
        """The next bytes of the log."""
        if self.size < HEAD:
            self._head += chunk[: HEAD - self.size]
        view = memoryview(chunk)
        while self._sizes and self._sizes[-1] <= self.size + len(view):
            step = self._sizes[-1] - self.size
            self._hash.update(view[:step])
            self.size += step
            view = view[step:]
            self.begins += self._known[self._sizes.pop()] & {self.id}
        self._hash.update(view)
        self.size += len(view)

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks of a log, looked at on their way."""
        for chunk in chunks:
            self.take(chunk)
            yield chunk


def head_of(content: bytes) -> str:
    """The digest of a log's first bytes."""
    return hashlib.sha256(content[:HEAD]).hexdigest()[:_DIGITS]

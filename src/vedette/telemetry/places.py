"""Where the lines that a carrier gives stand in its file, so that an origin names the true place."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable


class Places:
    """Line starts of a stream of records, and of the lines of the file that carried them.

    Both only ever rise, so a place is found by bisection. What lies before the chunk at hand is forgotten.
    """

    __slots__ = ("_file", "_stream")

    def __init__(self) -> None:
        self._stream: list[int] = []
        self._file: list[int] = []

    def add(self, stream: Iterable[int], file: Iterable[int]) -> None:
        """Note lines, in order.

        Args:
            stream: byte offsets of their starts in the stream of records.
            file: byte offsets of the starts of the lines that carried them, in the decompressed file.
        """
        self._stream.extend(stream)
        self._file.extend(file)

    def in_file(self, offset: int) -> int:
        """Where the line that holds an offset of the stream begins in the file."""
        at = bisect_right(self._stream, offset) - 1
        return self._file[at] if at >= 0 else offset

    def in_stream(self, offset: int) -> int:
        """Where the first record that a line of the file carries begins in the stream, for the line's start."""
        at = bisect_left(self._file, offset)
        return self._stream[at] if at < len(self._file) else offset

    def forget(self, before: int) -> None:
        """Drop the lines that end before an offset of the stream."""
        keep = bisect_right(self._stream, before) - 1
        if keep > 0:
            del self._stream[:keep]
            del self._file[:keep]

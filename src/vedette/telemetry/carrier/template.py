"""Prefixes of lines that differ in nothing but the time, recognised for all lines of a block at once.

A carrier writes the same few prefixes millions of times. What a regular expression has accepted once is kept as a
template, which says for each byte of a prefix between which two values it may lie.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

#: So many templates are held against the lines; what fits none is looked at by itself.
MOST: Final = 16


class Template:
    """One prefix.

    Attributes:
        length: bytes of the prefix that carry no part of the record.
        node: what to put before the record: `node=NAME ` where the record doesn't say it itself, or nothing.
    """

    __slots__ = ("_high", "_low", "_width", "length", "node")

    def __init__(self, prefix: bytes, begin: bytes, time: tuple[int, int], node: bytes) -> None:
        """Make a template of a prefix that was accepted.

        Args:
            prefix: bytes of a line before its record.
            begin: what the record begins with, to be the same as well.
            time: where in the prefix the time stands: its digits and letters may be others.
            node: see `node`.
        """
        self.length = len(prefix)
        self.node = node
        low, high = bytearray(prefix + begin), bytearray(prefix + begin)
        for at in range(*time):
            byte = prefix[at : at + 1]
            if byte.isdigit():
                low[at], high[at] = 0x30, 0x39
            elif byte.isalpha():
                # Within upper or lower case; the month's three letters are not held against the calendar.
                low[at], high[at] = (0x41, 0x5A) if byte.isupper() else (0x61, 0x7A)
        self._low = np.frombuffer(bytes(low), np.uint8)
        self._high = np.frombuffer(bytes(high), np.uint8)
        self._width = len(low)

    def records(self, text: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> list[bytes]:
        """What such lines carry.

        Args:
            text: the block.
            starts: where the lines begin in it.
            ends: where they end.
        """
        node = self.node
        pairs = zip((starts + self.length).tolist(), ends.tolist(), strict=True)
        if node:
            return [node + text[start:end] for start, end in pairs]
        return [text[start:end] for start, end in pairs]

    def fits(self, text: NDArray[np.uint8], starts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which lines begin so.

        Args:
            text: the block.
            starts: where lines begin in it.
        """
        within = starts + self._width <= len(text)
        if len(text) < self._width:
            return within
        rows = np.lib.stride_tricks.sliding_window_view(text, self._width)[starts[within]]
        fitting: NDArray[np.bool_] = np.logical_and.reduce((rows >= self._low) & (rows <= self._high), axis=1)
        if within.all():
            return fitting
        found = np.zeros(len(starts), np.bool_)
        found[within] = fitting
        return found

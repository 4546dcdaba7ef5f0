"""Signatures: which scanned patterns hold on a value, one number a distinct set.

Nearly all values hit nothing, and the others hit few distinct sets, so that a whole column's hits are one array of
small numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vedette.engine.scan import Scan
from vedette.event import Vocabulary

_UNKNOWN = -1


class Signatures:
    """The signatures of one vocabulary's values, found when first asked for.

    Attributes:
        sets: scanned patterns by signature number; number 0 is the empty set.
        by_code: signature by code of a value, as far as `learn` was asked; number 0 for the absent value.
    """

    def __init__(self, vocabulary: Vocabulary, scan: Scan | None) -> None:
        """Scan `vocabulary` by `scan`, or find nothing if that is None."""
        self._vocabulary = vocabulary
        self._scan = scan
        self.sets: list[frozenset[int]] = [frozenset()]
        self._numbers: dict[tuple[int, ...], int] = {(): 0}
        self.by_code = np.zeros(1, np.int32)
        self._epoch = vocabulary.epoch

    def stale(self) -> bool:
        """Whether the vocabulary was cleared since."""
        return self._epoch != self._vocabulary.epoch

    def learn(self, columns: list[NDArray[np.int32]]) -> None:
        """Scan the values of several columns that are not known yet, in one go."""
        if self._scan is None:
            return
        size = len(self._vocabulary.values)
        if size > len(self.by_code):
            grown = np.full(max(size, 2 * len(self.by_code)), _UNKNOWN, np.int32)
            grown[: len(self.by_code)] = self.by_code
            self.by_code = grown
        fresh = [codes[self.by_code[codes] == _UNKNOWN] for codes in columns]
        codes = np.unique(np.concatenate(fresh)) if fresh else np.zeros(0, np.int32)
        if not len(codes):
            return
        values = self._vocabulary.values
        found = self._scan.find([values[code] for code in codes.tolist()])
        numbers = self._numbers
        for hits in found:
            if hits not in numbers:
                numbers[hits] = len(self.sets)
                self.sets.append(frozenset(hits))
        self.by_code[codes] = np.fromiter(map(numbers.__getitem__, found), np.int32, len(found))

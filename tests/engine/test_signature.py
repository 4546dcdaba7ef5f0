from __future__ import annotations

import numpy as np

from vedette.engine.atoms import gather
from vedette.engine.polars_scan import PolarsScan
from vedette.engine.scan import Scan
from vedette.engine.signature import Signatures
from vedette.event import Vocabulary
from vedette.predicate import contains


class Counting(Scan):
    """Keeps what it was asked for."""

    asked: list[object]

    def find(self, values):
        self.asked = [*getattr(self, "asked", []), *values]
        return super().find(values)


def test_each_value_is_scanned_once_and_only_when_asked_for():
    vocabulary = Vocabulary("text")
    scan = Counting(gather("text", [contains("a"), contains("b")]), PolarsScan)
    signatures = Signatures(vocabulary, scan)
    codes = [vocabulary.code(value) for value in ("a", "c", "ab", "ba", "never")]
    signatures.learn([np.array(codes[:3], np.int32), np.array([codes[0], codes[0], 0], np.int32)])
    assert scan.asked == ["a", "c", "ab"]
    signatures.learn([np.array(codes[:4], np.int32)])
    assert scan.asked == ["a", "c", "ab", "ba"]
    sets = [signatures.sets[number] for number in signatures.by_code[np.array(codes[:4])].tolist()]
    assert sets == [{0}, set(), {0, 1}, {0, 1}]
    assert signatures.by_code[0] == 0
    assert len(signatures.sets) == 3


def test_a_cleared_vocabulary_makes_signatures_stale():
    vocabulary = Vocabulary("text")
    signatures = Signatures(vocabulary, None)
    assert not signatures.stale()
    vocabulary.clear()
    assert signatures.stale()


def test_without_patterns_nothing_is_scanned():
    vocabulary = Vocabulary("text")
    code = vocabulary.code("a")
    signatures = Signatures(vocabulary, None)
    signatures.learn([np.array([code], np.int32)])
    assert signatures.sets == [frozenset()]

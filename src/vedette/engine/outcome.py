"""Outcomes: what a shape's evaluation has come to, one number a distinct set of hits.

Shapes that match tend to match alike, so that hits are added to many shapes at once and their tuples are shared.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from vedette.engine.plan import Plan
from vedette.event import VIEWS, View


class Hit(msgspec.Struct, frozen=True):
    """A query that matched a shape.

    Attributes:
        query: place in the plan's `queries`.
        views: the views in which it matched, in the order of `VIEWS`.
        confirm: a candidate only: evaluate the query's own predicate on each event, in these views.
        sift: the event's raw text can rule it out cheaply, see `Matcher.sift`.
    """

    query: int
    views: tuple[View, ...]
    confirm: bool
    sift: bool = False


#: So many are added one by one, since sorting costs more than it saves.
_FEW: Final = 12


class Outcomes:
    """All outcomes so far.

    Attributes:
        hits: by outcome number; number 0 is no hit.
    """

    def __init__(self, plan: Plan) -> None:
        """Know only the outcome without hits."""
        self.hits: list[tuple[Hit, ...]] = [()]
        self._plan = plan
        self._after: dict[tuple[int, int, int], int] = {}

    def add(self, outcomes: NDArray[np.int32], query: int, bits: NDArray[np.uint8]) -> NDArray[np.int32]:
        """The outcomes of shapes after one more query matched them.

        Args:
            outcomes: of each shape so far.
            query: place in the plan's `queries`; comes in ascending order.
            bits: the views in which it matched, one bit a place in `VIEWS`, never 0.
        """
        if len(outcomes) <= _FEW:
            pairs = zip(outcomes.tolist(), bits.tolist(), strict=True)
            return np.array([self._add(outcome, query, views) for outcome, views in pairs], np.int32)
        keys = outcomes.astype(np.int64) << len(VIEWS) | bits
        distinct, places = np.unique(keys, return_inverse=True)
        after = [self._add(key >> len(VIEWS), query, key & (1 << len(VIEWS)) - 1) for key in distinct.tolist()]
        return np.array(after, np.int32)[places]

    def _add(self, outcome: int, query: int, bits: int) -> int:
        key = (outcome, query, bits)
        after = self._after.get(key)
        if after is None:
            views = tuple(view for place, view in enumerate(VIEWS) if bits >> place & 1)
            after = self._after[key] = len(self.hits)
            hit = Hit(query, views, self._plan.queries[query].confirm, query in self._plan.sifted)
            self.hits.append((*self.hits[outcome], hit))
        return after

"""Batches of rows by column, and frames: the rows of a batch that a query looks at, in each view that differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vedette.engine.signature import Signatures
from vedette.engine.supply import Supply
from vedette.event import ABSENT, VIEWS, Shapes, View, Vocabulary
from vedette.predicate import Value

Codes: TypeAlias = NDArray[np.int32]
Mask: TypeAlias = NDArray[np.bool_]
#: Positions in a batch or a frame.
Rows: TypeAlias = NDArray[np.intp]


class Layout:
    """Where the fields stand in the rows of shapes.

    Attributes:
        columns: by field and place in `VIEWS`: the place of the column, or -1 where the field is absent.
        vocabularies: by field.
        signatures: by field.
    """

    def __init__(self, shapes: Shapes, supply: Supply, signatures: dict[int, Signatures]) -> None:
        """Lay out `shapes`; `signatures` are given by the identity of the vocabulary."""
        self._shapes = shapes
        self._supply = supply
        self._signatures = signatures
        self.columns: dict[str, tuple[int, ...]] = {}
        self.vocabularies: dict[str, Vocabulary] = {}
        self.signatures: dict[str, Signatures] = {}

    def places(self, field: str) -> tuple[int, ...]:
        """The place of the field's column in each of `VIEWS`."""
        known = self.columns.get(field)
        if known is None:
            names = [self._supply.column(field, view) for view in VIEWS]
            known = tuple(-1 if name is None else self._shapes.columns.index(name) for name in names)
            self.columns[field] = known
            self.vocabularies[field] = self._shapes.vocabularies[max(known)]
            self.signatures[field] = self._signatures[id(self.vocabularies[field])]
        return known


class Batch:
    """Some rows of shapes, column by column as far as asked for."""

    def __init__(self, rows: Sequence[tuple[int, ...]], layout: Layout) -> None:
        """Look at `rows`."""
        self.rows = rows
        self.layout = layout
        self._codes: dict[int, Codes] = {-1: np.full(len(rows), ABSENT, np.int32)}
        self._differ: dict[tuple[int, int], Mask] = {}

    def codes(self, place: int) -> Codes:
        """The codes of a column; of the absent value for place -1."""
        known = self._codes.get(place)
        if known is None:
            known = self._codes[place] = np.fromiter(map(itemgetter(place), self.rows), np.int32, len(self.rows))
        return known

    def differ(self, first: int, second: int) -> Mask:
        """On which rows two columns differ."""
        known = self._differ.get((first, second))
        if known is None:
            known = self._differ[first, second] = self.codes(first) != self.codes(second)
        return known


class Cell:
    """One row in one view."""

    __slots__ = ("_layout", "_row", "_view")

    def __init__(self, layout: Layout, row: tuple[int, ...], view: int) -> None:
        """Look at `row` in the view at place `view` in `VIEWS`."""
        self._layout = layout
        self._row = row
        self._view = view

    def code(self, field: str) -> int:
        """The code of a field."""
        place = self._layout.places(field)[self._view]
        return ABSENT if place < 0 else self._row[place]

    def value(self, field: str) -> Value:
        """The value of a field."""
        code = self.code(field)
        return self._layout.vocabularies[field].values[code]

    def hits(self, field: str) -> frozenset[int]:
        """The scanned patterns that hold on a scanned field."""
        signatures = self._layout.signatures[field]
        return signatures.sets[signatures.by_code.item(self.code(field))]


class Frame:
    """What a tree is evaluated on: rows of a batch, each once for every view in which it reads differently.

    Attributes:
        size: number of places.
    """

    def __init__(self, batch: Batch, rows: Rows, projections: Sequence[tuple[View, int]], reads: Sequence[str]) -> None:
        """Spread `rows` over the views that can differ.

        Args:
            batch: where the rows stand.
            rows: positions in the batch.
            projections: see `supply.projections`.
            reads: the fields with two readings that the query reads.
        """
        self._batch = batch
        self._layout = batch.layout
        self._codes: dict[str, Codes] = {}
        self._bits = [bits for _, bits in projections]
        self._parts: list[tuple[int, Rows]] = [(VIEWS.index(projections[0][0]), rows)]
        self.size = len(rows)
        # For each projection, at which place of the frame each row is answered.
        self._answered: list[Rows] = []
        if len(projections) > 1:
            self._spread([VIEWS.index(view) for view, _ in projections], rows, [self._layout.places(r) for r in reads])

    def _spread(self, standing: list[int], rows: Rows, columns: list[tuple[int, ...]]) -> None:
        first = np.arange(len(rows))
        answered = [first]
        for number, view in enumerate(standing[1:], 1):
            places = np.full(len(rows), -1)
            for earlier in range(number):
                # Where all values are those of an earlier view, so is the answer.
                unlike = np.zeros(len(rows), np.bool_)
                for column in columns:
                    if column[view] != column[standing[earlier]]:
                        unlike |= self._batch.differ(column[view], column[standing[earlier]])[rows]
                places = np.where(unlike | (places >= 0), places, answered[earlier])
            fresh = np.flatnonzero(places < 0)
            if len(fresh):
                places[fresh] = np.arange(self.size, self.size + len(fresh))
                self.size += len(fresh)
                self._parts.append((view, rows[fresh]))
            answered.append(places)
            self._answered.append(places)

    def codes(self, field: str, places: Rows | None) -> Codes:
        """The codes of a field at `places`, or at all."""
        known = self._codes.get(field)
        if known is None:
            columns = self._layout.places(field)
            batch = self._batch
            if len(self._parts) == 1:
                (view, rows) = self._parts[0]
                known = batch.codes(columns[view])[rows]
            else:
                known = np.concatenate([batch.codes(columns[view])[rows] for view, rows in self._parts])
            self._codes[field] = known
        return known if places is None else known[places]

    def signatures(self, field: str, places: Rows | None) -> Codes:
        """The signatures of a scanned field at `places`, or at all."""
        codes = self.codes(field, places)
        return self._layout.signatures[field].by_code[codes]

    def sets(self, field: str) -> list[frozenset[int]]:
        """The scanned patterns by signature of a field."""
        self._layout.places(field)
        return self._layout.signatures[field].sets

    def values(self, field: str) -> list[Value]:
        """The values by code of a field."""
        self._layout.places(field)
        return self._layout.vocabularies[field].values

    def gather(self, answers: Mask) -> NDArray[np.uint8]:
        """For each row the views in which the answer is yes, one bit a place in `VIEWS`."""
        result = answers[: len(self._parts[0][1])] * np.uint8(self._bits[0])
        for places, bits in zip(self._answered, self._bits[1:], strict=True):
            result |= answers[places] * np.uint8(bits)
        return result


def bits_of(
    layout: Layout,
    row: tuple[int, ...],
    projections: Sequence[tuple[View, int]],
    reads: Sequence[str],
    holds: Callable[[Cell], bool],
) -> int:
    """The views in which a tree holds on one row, one bit a place in `VIEWS`."""
    answers: dict[tuple[int, ...], bool] = {}
    result = 0
    for standing, bits in projections:
        view = VIEWS.index(standing)
        cell = Cell(layout, row, view)
        # Where all values are those of an earlier view, so is the answer.
        key = tuple([cell.code(field) for field in reads])
        answer = answers.get(key)
        if answer is None:
            answer = answers[key] = holds(cell)
        if answer:
            result |= bits
    return result

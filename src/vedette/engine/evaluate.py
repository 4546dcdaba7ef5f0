"""Trees over many rows at once: a mask a node, on candidate rows only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vedette.engine.direct import direct_test
from vedette.engine.signature import Signatures
from vedette.engine.supply import Supply
from vedette.engine.tree import All, Fixed, Inverse, Pair, Probe, Some, Tree
from vedette.event import ABSENT, View, Vocabulary
from vedette.predicate import Reference, Value, holds

Codes: TypeAlias = NDArray[np.int32]
Mask: TypeAlias = NDArray[np.bool_]
#: Positions in a batch.
Rows: TypeAlias = NDArray[np.intp]

#: A probe remembers its direct answers for so many codes, one byte each.
_REMEMBERED_CODES: Final = 1 << 17
_UNLIMITED: Final = sys.maxsize


class Batch:
    """Some rows of shapes, column by column as far as asked for."""

    def __init__(
        self,
        rows: Sequence[tuple[int, ...]],
        supply: Supply,
        vocabularies: dict[str, tuple[int, Vocabulary, Signatures]],
    ) -> None:
        """Look at `rows`; `vocabularies` gives place, vocabulary and signatures by column."""
        self.rows = rows
        self._supply = supply
        self._by_column = vocabularies
        self._codes: dict[str, Codes] = {}
        self._signatures: dict[str, Codes] = {}
        self._nothing = np.zeros(len(rows), np.int32)

    def column(self, field: str, view: View) -> str | None:
        """The column of a field in a view."""
        return self._supply.column(field, view)

    def codes(self, column: str | None) -> Codes:
        """The value codes of a column."""
        if column is None:
            return self._nothing
        known = self._codes.get(column)
        if known is None:
            place = self._by_column[column][0]
            known = np.fromiter(map(itemgetter(place), self.rows), np.int32, len(self.rows))
            self._codes[column] = known
        return known

    def signatures(self, column: str | None) -> Codes:
        """The signature numbers of a column's values."""
        if column is None:
            return self._nothing
        known = self._signatures.get(column)
        if known is None:
            known = self._signatures[column] = self._by_column[column][2].of(self.codes(column))
        return known

    def sets(self, column: str) -> list[frozenset[int]]:
        """The scanned patterns by signature number."""
        return self._by_column[column][2].sets

    def values(self, column: str) -> list[Value]:
        """The values of a column's vocabulary by code."""
        return self._by_column[column][1].values


class Node(Protocol):
    """A tree that is ready to run."""

    def mask(self, batch: Batch, view: View, rows: Rows) -> Mask:
        """On which of `rows` the tree holds in `view`; aligned with `rows`."""
        ...


def ready(tree: Tree) -> Node:
    """Make a tree ready to run."""
    match tree:
        case Probe():
            return _Probe(tree)
        case Pair(field=field, pattern=pattern):
            return _Pair(field, pattern)
        case All(children=children):
            return _All([ready(child) for child in children])
        case Some(children=children):
            return _Some([ready(child) for child in children])
        case Inverse(child=child):
            return _Inverse(ready(child))
        case Fixed(value=value):
            return _Fixed(value)
    raise TypeError(tree)


class _Answers:
    """Answers by small number, asked for once; beyond `limit` they are not remembered."""

    def __init__(self, ask: Callable[[int], bool], limit: int) -> None:
        self._ask = ask
        self._limit = limit
        # 1 yes, 0 no, -1 not asked yet.
        self._known = np.full(64, -1, np.int8)

    def of(self, numbers: Codes) -> Mask:
        if not len(numbers):
            return np.zeros(0, np.bool_)
        top = int(numbers.max())
        if top >= self._limit:
            distinct, places = np.unique(numbers, return_inverse=True)
            return np.fromiter(map(self._ask, distinct.tolist()), np.bool_, len(distinct))[places]
        if top >= len(self._known):
            grown = np.full(max(top + 1, 2 * len(self._known)), -1, np.int8)
            grown[: len(self._known)] = self._known
            self._known = grown
        answers = self._known[numbers]
        if answers.min() < 0:
            for number in set(numbers[answers < 0].tolist()):
                self._known[number] = self._ask(number)
            answers = self._known[numbers]
        return answers.view(np.bool_)


class _Probe:
    def __init__(self, probe: Probe) -> None:
        self._field = probe.field
        self._scanned = frozenset(probe.scanned)
        self._test = direct_test(probe.direct) if probe.direct else None
        # The columns of a field share one vocabulary, so that its codes and signatures mean the same in every view.
        self._by_signature: _Answers | None = None
        self._by_code: _Answers | None = None

    def mask(self, batch: Batch, view: View, rows: Rows) -> Mask:
        column = batch.column(self._field, view)
        if column is None:
            return np.full(len(rows), self._test is not None and self._test(""), np.bool_)
        if not self._scanned:
            return self._directly(batch, column, rows)
        found = self._by_scan(batch, column, rows)
        if self._test is None or found.all():
            return found
        rest = np.flatnonzero(~found)
        found[rest] = self._directly(batch, column, rows[rest])
        return found

    def _by_scan(self, batch: Batch, column: str, rows: Rows) -> Mask:
        if self._by_signature is None:
            sets, scanned = batch.sets(column), self._scanned
            self._by_signature = _Answers(lambda signature: not scanned.isdisjoint(sets[signature]), _UNLIMITED)
        return self._by_signature.of(batch.signatures(column)[rows])

    def _directly(self, batch: Batch, column: str, rows: Rows) -> Mask:
        if self._by_code is None:
            values, test = batch.values(column), self._test
            assert test is not None
            self._by_code = _Answers(lambda code: test(values[code]), _REMEMBERED_CODES)
        return self._by_code.of(batch.codes(column)[rows])


class _Pair:
    def __init__(self, field: str, pattern: Reference) -> None:
        self._field = field
        self._pattern = pattern

    def mask(self, batch: Batch, view: View, rows: Rows) -> Mask:
        left, right = batch.column(self._field, view), batch.column(self._pattern.field, view)
        if left is None or right is None:
            return np.zeros(len(rows), np.bool_)
        pairs = batch.codes(left)[rows].astype(np.int64) << 32 | batch.codes(right)[rows]
        distinct, places = np.unique(pairs, return_inverse=True)
        answers = np.fromiter(
            (
                self._holds(batch.values(left)[pair >> 32], batch.values(right)[pair & 0xFFFFFFFF])
                for pair in distinct.tolist()
            ),
            np.bool_,
            len(distinct),
        )
        return answers[places]

    def _holds(self, left: Value, right: Value) -> bool:
        return holds(self._pattern, left, {self._pattern.field: right})


class _All:
    def __init__(self, children: list[Node]) -> None:
        self._children = children

    def mask(self, batch: Batch, view: View, rows: Rows) -> Mask:
        return _narrow(self._children, batch, view, rows, sought=True)


class _Some:
    def __init__(self, children: list[Node]) -> None:
        self._children = children

    def mask(self, batch: Batch, view: View, rows: Rows) -> Mask:
        return _narrow(self._children, batch, view, rows, sought=False)


def _narrow(children: list[Node], batch: Batch, view: View, rows: Rows, *, sought: bool) -> Mask:
    """Ask each child only about the rows on which all children before answered `sought`."""
    result = np.full(len(rows), sought, np.bool_)
    open_places: Rows | None = None
    for child in children:
        answers = child.mask(batch, view, rows if open_places is None else rows[open_places])
        keep = answers if sought else ~answers
        if open_places is None:
            result, open_places = answers.copy(), np.flatnonzero(keep)
        else:
            result[open_places] = answers
            open_places = open_places[keep]
        if not len(open_places):
            break
    return result


class _Inverse:
    def __init__(self, child: Node) -> None:
        self._child = child

    def mask(self, batch: Batch, view: View, rows: Rows) -> Mask:
        return ~self._child.mask(batch, view, rows)


class _Fixed:
    def __init__(self, value: bool) -> None:
        self._value = value

    def mask(self, batch: Batch, view: View, rows: Rows) -> Mask:  # noqa: ARG002 (the protocol's signature)
        return np.full(len(rows), self._value, np.bool_)


def same(batch: Batch, fields: tuple[str, ...], first: View, second: View, rows: Rows) -> Mask:
    """On which of `rows` the `fields` have equal values in two views."""
    result = np.ones(len(rows), np.bool_)
    for field in fields:
        left, right = batch.column(field, first), batch.column(field, second)
        if left != right:
            result &= batch.codes(left)[rows] == batch.codes(right)[rows]
    return result


assert ABSENT == 0, "columns that are not supplied are filled with zeros"

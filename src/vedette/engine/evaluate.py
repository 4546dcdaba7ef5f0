"""Trees on candidate rows: over many rows at once by masks, or row by row where there are few."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from vedette.engine.batch import Cell, Codes, Frame, Mask, Rows
from vedette.engine.direct import direct_test
from vedette.engine.tree import All, Fixed, Inverse, Pair, Probe, Some, Tree
from vedette.predicate import Reference, Value, holds

#: A probe remembers its direct answers for so many codes, one byte each.
_REMEMBERED_CODES: Final = 1 << 17
#: A comparison of two fields remembers about so many pairs of codes.
_REMEMBERED_PAIRS: Final = 20_000


class Node(Protocol):
    """A tree that is ready to run."""

    def mask(self, frame: Frame, places: Rows | None) -> Mask:
        """At which of `places` (None for all) of the frame the tree holds; aligned with them."""
        ...

    def holds(self, cell: Cell) -> bool:
        """Whether the tree holds on one row in one view."""
        ...


def ready(tree: Tree) -> Node:
    """Make a tree ready to run; it remembers answers, so it serves one set of vocabularies and signatures."""
    match tree:
        case Probe(scanned=scanned, direct=()):
            return _Scanned(tree.field, frozenset(scanned))
        case Probe(scanned=(), direct=direct):
            return _Direct(tree.field, direct_test(direct))
        case Probe(field=field):
            return _Some([_Scanned(field, frozenset(tree.scanned)), _Direct(field, direct_test(tree.direct))])
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


class _Scanned:
    """Whether the signature of a field's value has one of some patterns."""

    def __init__(self, field: str, scanned: frozenset[int]) -> None:
        self._field = field
        self._scanned = scanned
        # By signature number: 1 yes, 0 no, -1 not asked yet.
        self._known = np.full(64, -1, np.int8)

    def mask(self, frame: Frame, places: Rows | None) -> Mask:
        signatures = frame.signatures(self._field, places)
        sets = frame.sets(self._field)
        if len(sets) > len(self._known):
            self._known = _grown(self._known, len(sets))
        return _recall(
            self._known, signatures, lambda asked: (not self._scanned.isdisjoint(sets[number]) for number in asked)
        )

    def holds(self, cell: Cell) -> bool:
        return not self._scanned.isdisjoint(cell.hits(self._field))


class _Direct:
    """Whether a field's value passes a test."""

    def __init__(self, field: str, test: Callable[[Value], bool]) -> None:
        self._field = field
        self._test = test
        self._known = np.full(64, -1, np.int8)

    def mask(self, frame: Frame, places: Rows | None) -> Mask:
        codes = frame.codes(self._field, places)
        values = frame.values(self._field)
        if len(values) > len(self._known):
            if len(values) > _REMEMBERED_CODES:
                distinct, positions = np.unique(codes, return_inverse=True)
                answers = map(self._test, map(values.__getitem__, distinct.tolist()))
                return np.fromiter(answers, np.bool_, len(distinct))[positions]
            self._known = _grown(self._known, len(values))
        return _recall(self._known, codes, lambda asked: map(self._test, map(values.__getitem__, asked)))

    def holds(self, cell: Cell) -> bool:
        code = cell.code(self._field)
        if code >= len(self._known):
            return self._test(cell.value(self._field))
        known = self._known.item(code)
        if known < 0:
            known = self._known[code] = self._test(cell.value(self._field))
        return bool(known)


def _grown(known: NDArray[np.int8], size: int) -> NDArray[np.int8]:
    grown = np.full(max(size, 2 * len(known)), -1, np.int8)
    grown[: len(known)] = known
    return grown


def _recall(known: NDArray[np.int8], numbers: Codes, ask: Callable[[list[int]], Iterable[bool]]) -> Mask:
    """Answers by number; those that are not known yet are asked for, once each."""
    answers = known[numbers]
    unknown = answers < 0
    if unknown.any():
        asked = list(set(numbers[unknown].tolist()))
        known[asked] = list(ask(asked))
        answers = known[numbers]
    return answers.view(np.bool_)


class _Pair:
    """Whether two fields of the same row compare as they must."""

    def __init__(self, field: str, pattern: Reference) -> None:
        self._field = field
        self._pattern = pattern
        self._known: dict[int, bool] = {}

    def mask(self, frame: Frame, places: Rows | None) -> Mask:
        left, right = self._field, self._pattern.field
        pairs = frame.codes(left, places).astype(np.int64) << 32 | frame.codes(right, places)
        distinct, positions = np.unique(pairs, return_inverse=True)
        lefts, rights = frame.values(left), frame.values(right)
        if len(self._known) > _REMEMBERED_PAIRS:
            self._known.clear()
        known = self._known
        for pair in distinct.tolist():
            if pair not in known:
                known[pair] = holds(self._pattern, lefts[pair >> 32], {right: rights[pair & 0xFFFFFFFF]})
        return np.fromiter(map(known.__getitem__, distinct.tolist()), np.bool_, len(distinct))[positions]

    def holds(self, cell: Cell) -> bool:
        right = self._pattern.field
        return holds(self._pattern, cell.value(self._field), {right: cell.value(right)})


class _All:
    def __init__(self, children: list[Node]) -> None:
        self._children = children

    def mask(self, frame: Frame, places: Rows | None) -> Mask:
        return _narrow(self._children, frame, places, sought=True)

    def holds(self, cell: Cell) -> bool:
        return all(child.holds(cell) for child in self._children)


class _Some:
    def __init__(self, children: list[Node]) -> None:
        self._children = children

    def mask(self, frame: Frame, places: Rows | None) -> Mask:
        return _narrow(self._children, frame, places, sought=False)

    def holds(self, cell: Cell) -> bool:
        return any(child.holds(cell) for child in self._children)


def _narrow(children: list[Node], frame: Frame, places: Rows | None, *, sought: bool) -> Mask:
    """Ask each child only about the places at which all children before answered `sought`."""
    size = frame.size if places is None else len(places)
    result: Mask | None = None
    left: Rows | None = None
    for child in children:
        if left is None:
            answers = child.mask(frame, places)
            result = answers
            left = np.flatnonzero(answers if sought else ~answers)
        else:
            answers = child.mask(frame, left if places is None else places[left])
            assert result is not None
            result[left] = answers
            left = left[answers if sought else ~answers]
        if not len(left):
            break
    return np.full(size, sought, np.bool_) if result is None else result


class _Inverse:
    def __init__(self, child: Node) -> None:
        self._child = child

    def mask(self, frame: Frame, places: Rows | None) -> Mask:
        return ~self._child.mask(frame, places)

    def holds(self, cell: Cell) -> bool:
        return not self._child.holds(cell)


class _Fixed:
    def __init__(self, value: bool) -> None:
        self._value = value

    def mask(self, frame: Frame, places: Rows | None) -> Mask:
        return np.full(frame.size if places is None else len(places), self._value, np.bool_)

    def holds(self, cell: Cell) -> bool:  # noqa: ARG002 (the protocol's signature)
        return self._value

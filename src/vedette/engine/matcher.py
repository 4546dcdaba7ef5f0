"""The matcher: a plan over shapes that keep growing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vedette.engine.atoms import Atoms
from vedette.engine.batch import Batch, Frame, Layout, Mask, Rows, bits_of
from vedette.engine.cache import Cache
from vedette.engine.evaluate import Node, ready
from vedette.engine.outcome import Hit, Outcomes
from vedette.engine.plan import Plan
from vedette.engine.scan import Scan, Scanner
from vedette.engine.signature import Signatures
from vedette.engine.supply import projections
from vedette.errors import UsageError
from vedette.event import VIEWS, Shapes, views

Backend: TypeAlias = Literal["auto", "hyperscan", "polars"]

#: Rows that are evaluated at once.
_BATCH: Final = 16_384
#: So many rows are evaluated one by one, since masks cost more than they save.
_FEW: Final = 12


class Matcher:
    """Finds which queries match which shapes, each shape once.

    Attributes:
        hits: by shape number; the empty tuple for nearly all.
    """

    def __init__(self, plan: Plan, shapes: Shapes, *, backend: Backend = "auto", cache_dir: Path | None = None) -> None:
        """Load the back end.

        Args:
            plan: made for the columns of `shapes`.
            shapes: the reader's.
            backend: `auto` is Hyperscan where it is installed, else Polars.
            cache_dir: where compiled databases are kept; None for the user's cache folder.

        Raises:
            ValueError: the plan was made for other columns.
            UsageError: Hyperscan was asked for but does not work here.
        """
        names = tuple(vocabulary.name for vocabulary in shapes.vocabularies)
        if (plan.columns, plan.vocabularies) != (shapes.columns, names):
            raise ValueError("the plan was made for other columns than these shapes have")
        self.hits: list[tuple[Hit, ...]] = []
        self._plan = plan
        self._shapes = shapes
        self._cache = Cache(cache_dir)
        self._backend = backend
        self._scans = {name: Scan(atoms, self._scanner) for name, atoms in plan.atoms.items()}
        self._keywords: Scan | None = None
        self._projections = {
            reads: projections(reads, plan.choice) for reads in {query.reads for query in plan.queries}
        }
        self._forget()

    def update(self) -> None:
        """Evaluate the shapes that are new; start over if the shapes were cleared.

        Raises:
            ValueError: a vocabulary was cleared without its shapes, whose codes are void therefore.
        """
        if self._epoch != self._shapes.epoch:
            self._forget()
        if any(signatures.stale() for signatures in self._signatures):
            raise ValueError("a vocabulary was cleared without its shapes")
        while len(self.hits) < len(self._shapes.rows):
            first = len(self.hits)
            self._evaluate(self._shapes.rows[first : first + _BATCH])

    def sift(self, numbers: Sequence[int], raws: Sequence[str]) -> list[tuple[Hit, ...]]:
        """What is left of the hits of some events' shapes, given the events' raw texts.

        Only hits with `sift` set can fall away; whoever has none such need not be asked about. What is left still needs
        to be confirmed.

        Args:
            numbers: the shape of each event; `update` has seen it.
            raws: the raw text of each event, the same that its keywords are evaluated on.
        """
        if self._keywords is None:
            self._keywords = Scan(self._plan.keywords, self._scanner)
        guards = self._plan.keyword_guards
        left: list[tuple[Hit, ...]] = []
        for number, found in zip(numbers, self._keywords.find(raws), strict=True):
            possible = {query for pattern in found for query in guards[pattern]}
            left.append(tuple([hit for hit in self.hits[number] if not hit.sift or hit.query in possible]))
        return left

    def _forget(self) -> None:
        self.hits.clear()
        self._epoch = self._shapes.epoch
        by_vocabulary = {
            id(vocabulary): Signatures(vocabulary, self._scans.get(vocabulary.name))
            for vocabulary in self._shapes.vocabularies
        }
        self._signatures = list(by_vocabulary.values())
        self._layout = Layout(self._shapes, self._plan.supply, by_vocabulary)
        self._places = {
            field: sorted({self._layout.places(field)[VIEWS.index(view)] for view in views(self._plan.choice)} - {-1})
            for field in self._plan.scanned
        }
        self._outcomes = Outcomes(self._plan)
        # Signature numbers mean something else now, and trees remember them.
        self._nodes: dict[int, Node] = {}
        self._guarded: dict[tuple[str, int], frozenset[int]] = {}

    def _evaluate(self, rows: list[tuple[int, ...]]) -> None:
        batch = Batch(rows, self._layout)
        outcomes = np.zeros(len(rows), np.int32)
        for query, candidates in sorted(self._candidates(batch).items()):
            bits = self._matching(batch, query, candidates)
            places = np.flatnonzero(bits)
            if len(places):
                found = candidates[places]
                outcomes[found] = self._outcomes.add(outcomes[found], query, bits[places])
        self.hits += map(self._outcomes.hits.__getitem__, outcomes.tolist())

    def _candidates(self, batch: Batch) -> dict[int, Rows]:
        """Rows of the batch by query all of whose guards they may hit."""
        self._learn(batch)
        pieces: dict[int, list[Rows]] = {}
        for field in self._plan.guards:
            signatures = self._layout.signatures[field]
            for place in self._places[field]:
                numbers = signatures.by_code[batch.codes(place)]
                rows = np.flatnonzero(numbers)
                if not len(rows):
                    continue
                rows = rows[np.argsort(numbers[rows], kind="stable")]
                ordered = numbers[rows]
                starts = np.flatnonzero(np.diff(ordered, prepend=-1))
                for start, end in itertools.pairwise([*starts.tolist(), len(rows)]):
                    for guard in self._hit_guards(field, signatures, int(ordered[start])):
                        pieces.setdefault(guard, []).append(rows[start:end])
        owners, queries = self._plan.owners, self._plan.queries
        by_query: dict[int, list[list[Rows]]] = {}
        for guard, some in pieces.items():
            by_query.setdefault(owners[guard], []).append(some)
        candidates = {
            query: _common(guards, len(batch.rows))
            for query, guards in by_query.items()
            if len(guards) == queries[query].guards
        }
        candidates = {query: rows for query, rows in candidates.items() if len(rows)}
        everything = np.arange(len(batch.rows), dtype=np.intp)
        return candidates | dict.fromkeys(self._plan.unguarded, everything)

    def _learn(self, batch: Batch) -> None:
        """Scan the values of all scanned fields that are new."""
        columns: dict[int, list[int]] = {}
        for field, places in self._places.items():
            columns.setdefault(id(self._layout.signatures[field]), []).extend(places)
        for signatures in self._signatures:
            distinct = sorted(set(columns.get(id(signatures), ())))
            signatures.learn([batch.codes(place) for place in distinct])

    def _hit_guards(self, field: str, signatures: Signatures, number: int) -> frozenset[int]:
        known = self._guarded.get((field, number))
        if known is None:
            guards = self._plan.guards[field]
            hits = itertools.chain.from_iterable(guards.get(pattern, ()) for pattern in signatures.sets[number])
            known = self._guarded[field, number] = frozenset(hits)
        return known

    def _matching(self, batch: Batch, query: int, rows: Rows) -> NDArray[np.uint8]:
        """For each of `rows` the views in which the query matches, one bit a place in `VIEWS`."""
        node = self._nodes.get(query)
        planned = self._plan.queries[query]
        if node is None:
            node = self._nodes[query] = ready(planned.tree())
        projections = self._projections[planned.reads]
        if len(rows) <= _FEW:
            found = [
                bits_of(self._layout, batch.rows[row], projections, planned.reads, node.holds) for row in rows.tolist()
            ]
            return np.array(found, np.uint8)
        frame = Frame(batch, rows, projections, planned.reads)
        return frame.gather(node.mask(frame, None))

    def _scanner(self, atoms: Atoms) -> Scanner:
        if self._backend != "polars":
            try:
                # Only the back end in use is imported; Polars alone takes a quarter of a second.
                from vedette.engine.hyperscan_scan import HyperscanScan, UnusableError  # noqa: PLC0415 (see above)

                try:
                    return HyperscanScan(atoms, self._cache)
                except UnusableError as error:
                    if self._backend == "hyperscan":
                        raise UsageError(f"{error}; choose the polars back end") from error
            except ImportError as error:
                if self._backend == "hyperscan":
                    raise UsageError("Hyperscan is not installed; choose the polars back end") from error
        from vedette.engine.polars_scan import PolarsScan  # noqa: PLC0415 (see above)

        return PolarsScan(atoms)


def _common(guards: list[list[Rows]], size: int) -> Rows:
    """The rows that hit all guards; each guard has pieces that may overlap."""
    if len(guards) == 1 == len(guards[0]):
        return guards[0][0]
    common: Mask | None = None
    for pieces in guards:
        hit = np.zeros(size, np.bool_)
        for piece in pieces:
            hit[piece] = True
        common = hit if common is None else common & hit
    assert common is not None
    return np.flatnonzero(common)

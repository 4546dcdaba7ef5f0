"""The matcher: a plan over shapes that keep growing."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np

from vedette.engine.atoms import Atoms
from vedette.engine.cache import Cache
from vedette.engine.evaluate import Batch, Node, Rows, ready, same
from vedette.engine.outcome import Hit, Outcomes
from vedette.engine.plan import Plan
from vedette.engine.scan import Scan, Scanner
from vedette.engine.signature import Signatures
from vedette.engine.supply import projections
from vedette.event import Shapes

Backend: TypeAlias = Literal["auto", "hyperscan", "polars"]

#: Rows that are evaluated at once.
_BATCH: Final = 16_384


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
        self._columns = {field: plan.supply.columns_of(field) for field in plan.guards}
        self._projections = {
            reads: projections(reads, plan.choice) for reads in {query.reads for query in plan.queries}
        }
        self._forget()

    def update(self) -> None:
        """Evaluate the shapes that are new; start over if the shapes or a vocabulary were cleared."""
        if self._epoch != self._shapes.epoch or any(signatures.stale() for signatures in self._signatures):
            self._forget()
        while len(self.hits) < len(self._shapes.rows):
            first = len(self.hits)
            self._evaluate(self._shapes.rows[first : first + _BATCH])

    def _forget(self) -> None:
        self.hits.clear()
        self._epoch = self._shapes.epoch
        by_vocabulary = {
            id(vocabulary): Signatures(vocabulary, self._scans.get(vocabulary.name))
            for vocabulary in self._shapes.vocabularies
        }
        self._signatures = list(by_vocabulary.values())
        self._by_column = {
            column: (place, vocabulary, by_vocabulary[id(vocabulary)])
            for place, (column, vocabulary) in enumerate(
                zip(self._shapes.columns, self._shapes.vocabularies, strict=True)
            )
        }
        self._outcomes = Outcomes(self._plan)
        # Signature numbers mean something else now, and trees remember them.
        self._nodes: dict[int, Node] = {}
        self._guarded: dict[tuple[str, int], frozenset[int]] = {}

    def _evaluate(self, rows: list[tuple[int, ...]]) -> None:
        batch = Batch(rows, self._plan.supply, self._by_column)
        outcomes = np.zeros(len(rows), np.int32)
        for query, candidates in sorted(self._candidates(batch).items()):
            bits = self._matching(batch, query, candidates)
            places = np.flatnonzero(bits)
            if len(places):
                found = candidates[places]
                outcomes[found] = self._outcomes.add(outcomes[found], query, bits[places])
        self.hits += map(self._outcomes.hits.__getitem__, outcomes.tolist())

    def _candidates(self, batch: Batch) -> dict[int, Rows]:
        """Rows of the batch by query whose guard they hit."""
        self._learn(batch)
        pieces: dict[int, list[Rows]] = {}
        sources: dict[int, set[str]] = {}
        for field, columns in self._columns.items():
            for column in columns:
                signatures = batch.signatures(column)
                rows = np.flatnonzero(signatures)
                if not len(rows):
                    continue
                rows = rows[np.argsort(signatures[rows], kind="stable")]
                ordered = signatures[rows]
                starts = np.flatnonzero(np.diff(ordered, prepend=-1))
                for start, end in itertools.pairwise([*starts.tolist(), len(rows)]):
                    queries = self._queries(batch, field, column, int(ordered[start]))
                    for query in queries:
                        pieces.setdefault(query, []).append(rows[start:end])
                        sources.setdefault(query, set()).add(column)
        candidates = {
            query: some[0] if len(some) == 1 else np.concatenate(some) if len(sources[query]) == 1 else _union(some)
            for query, some in pieces.items()
        }
        everything = np.arange(len(batch.rows), dtype=np.intp)
        return candidates | dict.fromkeys(self._plan.unguarded, everything)

    def _learn(self, batch: Batch) -> None:
        columns: dict[int, list[str]] = {}
        by_number = dict(enumerate(self._signatures))
        for column in dict.fromkeys(itertools.chain.from_iterable(self._columns.values())):
            number = self._signatures.index(self._by_column[column][2])
            columns.setdefault(number, []).append(column)
        for number, names in columns.items():
            by_number[number].learn([batch.codes(name) for name in names])

    def _queries(self, batch: Batch, field: str, column: str, signature: int) -> frozenset[int]:
        known = self._guarded.get((field, signature))
        if known is None:
            guards = self._plan.guards[field]
            numbers = batch.sets(column)[signature]
            known = frozenset(itertools.chain.from_iterable(guards.get(number, ()) for number in numbers))
            self._guarded[field, signature] = known
        return known

    def _matching(self, batch: Batch, query: int, rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """For each of `rows` the views in which the query matches, one bit a place in `VIEWS`."""
        node = self._nodes.get(query)
        planned = self._plan.queries[query]
        if node is None:
            node = self._nodes[query] = ready(planned.tree())
        (first, first_bits), *others = self._projections[planned.reads]
        answer = node.mask(batch, first, rows)
        result = answer * np.uint8(first_bits)
        answers = [(first, answer)]
        for view, bits in others:
            # Where the values are those of a view that was evaluated before, so is the answer.
            answer = np.zeros(len(rows), np.bool_)
            left = np.ones(len(rows), np.bool_)
            for earlier, earlier_answer in answers:
                equal = same(batch, planned.reads, view, earlier, rows)
                equal &= left
                answer |= equal & earlier_answer
                left ^= equal
            rest = np.flatnonzero(left)
            if len(rest):
                answer[rest] = node.mask(batch, view, rows[rest])
            answers.append((view, answer))
            result |= answer * np.uint8(bits)
        return result

    def _scanner(self, atoms: Atoms) -> Scanner:
        if self._backend != "polars":
            try:
                # Only the back end in use is imported; Polars alone takes a quarter of a second.
                from vedette.engine.hyperscan_scan import HyperscanScan  # noqa: PLC0415 (see above)
            except ImportError:
                if self._backend == "hyperscan":
                    raise
            else:
                return HyperscanScan(atoms, self._cache)
        from vedette.engine.polars_scan import PolarsScan  # noqa: PLC0415 (see above)

        return PolarsScan(atoms)


def _union(pieces: list[Rows]) -> Rows:
    return np.unique(np.concatenate(pieces))

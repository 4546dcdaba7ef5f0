from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.engine.atoms import gather
from vedette.engine.batch import Batch, Cell, Frame, Layout
from vedette.engine.evaluate import ready
from vedette.engine.polars_scan import PolarsScan
from vedette.engine.scan import Scan
from vedette.engine.signature import Signatures
from vedette.engine.supply import Supply, projections
from vedette.engine.tree import plant
from vedette.event import Shapes, Vocabulary
from vedette.predicate import And, Const, Match, Not, Or, Predicate, Reference, contains, endswith, evaluate

SCANNED = (contains("a"), endswith("b"), contains("ab"))
DIRECT = (contains("c"), endswith(""))
REFERENCES = (Reference("CommandLine"), Reference("CommandLine", "endswith"))
leaves: st.SearchStrategy[Predicate] = st.one_of(
    st.builds(
        Match, st.sampled_from(["User", "CommandLine"]), st.sampled_from([*SCANNED, contains("c"), endswith("")])
    ),
    st.builds(
        Match, st.just("User"), st.sampled_from([Reference("CommandLine"), Reference("CommandLine", "endswith")])
    ),
    st.builds(Const, st.booleans()),
)
predicates: st.SearchStrategy[Predicate] = st.recursive(
    leaves,
    lambda children: st.one_of(
        st.builds(Not, children),
        st.builds(And, st.lists(children, max_size=3).map(tuple)),
        st.builds(Or, st.lists(children, max_size=3).map(tuple)),
    ),
    max_leaves=10,
)


@given(predicates, st.lists(st.tuples(st.text("abc", max_size=3), st.text("abc", max_size=3)), min_size=1, max_size=20))
@pytest.mark.parametrize("remembered", [0, 100_000])
def test_masks_and_single_rows_say_what_the_law_says(remembered, predicate, pairs):
    vocabulary = Vocabulary("text")
    shapes = Shapes(("User", "CommandLine"), (vocabulary, vocabulary))
    for pair in pairs:
        shapes.number(tuple(vocabulary.code(value) for value in pair))
    signatures = Signatures(vocabulary, Scan(gather("text", SCANNED), PolarsScan))
    layout = Layout(shapes, Supply(shapes.columns, ("text", "text"), "both", frozenset()), {id(vocabulary): signatures})
    batch = Batch(shapes.rows, layout)
    signatures.learn([batch.codes(0), batch.codes(1)])
    tree = plant(predicate, lambda _field, pattern: SCANNED.index(pattern) if pattern in SCANNED else None)
    expected = [evaluate(predicate, shapes.values(number)) for number in range(len(shapes.rows))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vedette.engine.evaluate._REMEMBERED_CODES", remembered)
        node = ready(tree)
        frame = Frame(batch, np.arange(len(shapes.rows)), projections((), "both"), ())
        for _ in range(2):
            assert node.mask(frame, None).tolist() == expected
            assert [node.holds(Cell(layout, row, 0)) for row in shapes.rows] == expected
        some = np.arange(0, len(expected), 2)
        assert node.mask(frame, some).tolist() == expected[::2]

from __future__ import annotations

import itertools

import numpy as np
import pytest

from vedette.engine.batch import Batch, Cell, Frame, Layout, bits_of
from vedette.engine.signature import Signatures
from vedette.engine.supply import Supply, projections
from vedette.event import VIEWS, Shapes, Vocabulary

NAMES = ("Image.resolved", "Image.invoked", "ParentImage.resolved", "ParentImage.invoked", "CommandLine")
READS = ((), ("Image",), ("ParentImage",), ("Image", "ParentImage"))


def laid_out(names):
    path, command = Vocabulary("path"), Vocabulary("command")
    shapes = Shapes(names, tuple(command if name == "CommandLine" else path for name in names))
    for value in ("/a", "/b"):
        path.code(value)
        command.code(value)
    for row in itertools.product(range(3), repeat=len(names)):
        shapes.number(row)
    signatures = {id(vocabulary): Signatures(vocabulary, None) for vocabulary in (path, command)}
    supply = Supply(names, tuple("command" if name == "CommandLine" else "path" for name in names), "both", frozenset())
    return shapes, Layout(shapes, supply, signatures)


@pytest.mark.parametrize("reads", READS)
@pytest.mark.parametrize("choice", ["both", "resolved", "invoked"])
@pytest.mark.parametrize("names", [NAMES, NAMES[1:], NAMES[:1], ("CommandLine", "Image.invoked")])
def test_frames_and_single_rows_answer_alike(names, choice, reads):
    shapes, layout = laid_out(names)
    batch = Batch(shapes.rows, layout)
    rows = np.arange(0, len(shapes.rows), 2)
    views = projections(reads, choice)

    def judge(cell):
        return (
            7 * sum(cell.code(field) << place for place, field in enumerate(reads)) + cell.code("CommandLine")
        ) % 3 == 1

    expected = []
    for row in rows.tolist():
        bits = 0
        for view, of_view in views:
            if judge(Cell(layout, shapes.rows[row], VIEWS.index(view))):
                bits |= of_view
        expected.append(bits)
        assert bits_of(layout, shapes.rows[row], views, reads, judge) == bits
    frame = Frame(batch, rows, views, reads)
    codes = sum((frame.codes(field, None).astype(int) << place for place, field in enumerate(reads)), 0)
    answers = np.broadcast_to((7 * codes + frame.codes("CommandLine", None)) % 3 == 1, (frame.size,))
    assert frame.gather(answers).tolist() == expected


def test_a_frame_holds_no_view_twice():
    shapes, layout = laid_out(NAMES)
    batch = Batch(shapes.rows, layout)
    rows = np.arange(len(shapes.rows))
    frame = Frame(batch, rows, projections(("Image", "ParentImage"), "both"), ("Image", "ParentImage"))
    distinct = {
        (number, row[image], row[parent])
        for number, row in enumerate(shapes.rows)
        for image in (0, 1)
        for parent in (2, 3)
    }
    assert frame.size == len(distinct)


def test_absent_columns_read_as_absent():
    shapes, layout = laid_out(("CommandLine",))
    frame = Frame(Batch(shapes.rows, layout), np.arange(3), projections(("Image",), "both"), ("Image",))
    assert frame.codes("Image", None).tolist() == [0, 0, 0]
    assert frame.values("Image")[0] == ""
    cell = Cell(layout, shapes.rows[2], 1)
    assert (cell.value("Image"), cell.value("CommandLine")) == ("", "/b")

"""The events of a batch as rows of a frame, ready to be written."""

from __future__ import annotations

import json
import re
from typing import Final, cast

import polars as pl

from vedette.event import Shapes
from vedette.event.logsource import AUDIT_RECORD, PROCESS_CREATION
from vedette.lake.columns import asked, microseconds, schema, stored
from vedette.lake.images import Images
from vedette.telemetry.auditd.happening import Batch, Call, RecordCall
from vedette.telemetry.auditd.process import Process

_TYPE: Final = re.compile(rb"(?:node=\S+ )?type=(\S+) ")


def frame_of(batch: Batch, images: Images) -> pl.DataFrame:
    """All events of a batch, in its order, with the columns of `schema`.

    Args:
        batch: with all columns of its kind in its shapes.
        images: where processes are written that events refer to.
    """
    happenings = batch.happenings
    columns: dict[str, pl.Series | list[object]] = {
        "time": pl.Series("time", [microseconds(one.time) for one in happenings], pl.Int64()).cast(
            pl.Datetime("us", "UTC")
        ),
        "node": [one.node for one in happenings],
        "serial": [one.serial for one in happenings],
        "log": [one.file for one in happenings],
        "offset": [one.offset for one in happenings],
    }
    if batch.source == PROCESS_CREATION:
        starts = cast("list[Process]", happenings)
        columns |= {
            "pid": [one.pid for one in starts],
            "ppid": [one.ppid for one in starts],
            "boot": [one.boot for one in starts],
            "parent": [images.of(one.parent) for one in starts],
            "cut": [None if one.command is None else one.command.cut for one in starts],
        }
    elif batch.source == AUDIT_RECORD:
        records = cast("list[RecordCall]", happenings)
        columns |= {
            "process": [images.of(one.process) for one in records],
            "type": [_type_of(one.line) for one in records],
            "bodies": [list(one.bodies) for one in records],
        }
    else:
        calls = cast("list[Call]", happenings)
        columns |= {
            "process": [images.of(one.process) for one in calls],
            "fields": [json.dumps(one.fields, ensure_ascii=False, separators=(",", ":")) for one in calls],
        }
    if batch.source != AUDIT_RECORD:
        columns |= _shaped(batch.shapes, batch.numbers, asked(batch.source))
    return pl.DataFrame(columns, schema=schema(batch.source))


def _shaped(shapes: Shapes, numbers: list[int], columns: tuple[str, ...]) -> dict[str, pl.Series | list[object]]:
    """The text columns of the events: each distinct row is looked at once."""
    order: dict[int, int] = {}
    places = pl.Series([order.setdefault(number, len(order)) for number in numbers], dtype=pl.UInt32())
    rows = [shapes.rows[number] for number in order]
    found: dict[str, pl.Series | list[object]] = {}
    for place, (column, vocabulary) in enumerate(zip(shapes.columns, shapes.vocabularies, strict=True)):
        assert column == columns[place]
        values = vocabulary.values
        distinct = pl.Series(column, [stored(values[row[place]]) for row in rows], dtype=pl.String())
        found[column] = distinct.gather(places)
    return found


def _type_of(line: bytes) -> str:
    match = _TYPE.match(line)
    assert match is not None
    return match[1].decode("ascii", "replace")

"""What runs in Spark's executors: compiled rules over batches of rows. It knows rules as plans alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
import polars as pl

from vedette.engine import Backend, Matcher, Plan
from vedette.event import LogSource
from vedette.lake.rows import Codes
from vedette.lake.sweep import matching
from vedette.telemetry.auditd.accounts import Accounts
from vedette.telemetry.auditd.columns import make_shapes

if TYPE_CHECKING:
    import pyarrow as pa

#: Columns that order events, as executors give them on.
ORDER: Final = {
    "time": pl.Int64(),
    "node": pl.String(),
    "serial": pl.Int64(),
    "log": pl.String(),
    "offset": pl.Int64(),
    "row": pl.Int64(),
}


class Job(msgspec.Struct, frozen=True):
    """What is broadcast.

    Attributes:
        key: tells this job from others in a worker that lives on.
        source: the kind of events.
        plan: the compiled rules.
        columns: of the shapes.
        backend: what scans for patterns.
        accounts: names for single records.
        parts: number of a part by the name of its file.
    """

    key: str
    source: LogSource
    plan: bytes
    columns: tuple[str, ...]
    backend: Backend
    accounts: Accounts
    parts: Mapping[str, int]


#: The matcher of the last job of each kind: a worker serves many tasks.
_READY: dict[LogSource, tuple[str, Codes, Matcher]] = {}


@dataclasses.dataclass(frozen=True)
class Match:
    """Keeps of a task's rows where those lie that rules may match.

    Attributes:
        packed: Spark's broadcast of a `Job` in MessagePack.
    """

    packed: Any

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The rows that rules may match, as numbers of part and row with what orders them."""
        job = msgspec.msgpack.decode(self.packed.value, type=Job)
        codes, matcher = _ready(job)
        for batch in batches:
            if not batch.num_rows:
                continue
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            frame = frame.rename({plain(name): name for name in codes.wanted()})
            found = matching(frame, codes, matcher, job.accounts)
            if len(found):
                part = pl.col("file").replace_strict(job.parts, return_dtype=pl.Int32()).alias("part")
                yield from found.select(part, *ORDER).to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()


def plain(column: str) -> str:
    """The name of a column in a frame of Spark's, to which a dot means a part of a structure."""
    return column.replace(".", "__")


def _ready(job: Job) -> tuple[Codes, Matcher]:
    known = _READY.get(job.source)
    if known is None or known[0] != job.key:
        shapes = make_shapes(job.columns, {})
        plan = msgspec.msgpack.decode(job.plan, type=Plan)
        known = _READY[job.source] = (job.key, Codes(job.source, shapes), Matcher(plan, shapes, backend=job.backend))
    return known[1], known[2]

"""The hunt through a dataset on Apache Spark: its executors search, and the hunt here tells what they found.

Spark reads the same files, pushes down the span of time and the columns, and runs the same engine on what is left. What
comes back is where events lie that rules may match; those are read and judged here, exactly as in a hunt without Spark,
so that exclusions, correlations and the order of findings can't differ.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import polars as pl

import vedette
from vedette.errors import UsageError
from vedette.event import LogSource
from vedette.event.logsource import AUDIT_RECORD
from vedette.hunt.assignment import KINDS
from vedette.hunt.options import Options, Progress
from vedette.lake.executor import ORDER, Job, Match, plain
from vedette.lake.retro import Place, Retro
from vedette.lake.writing import ROW_GROUP
from vedette.telemetry.auditd.accounts import Accounts
from vedette.telemetry.auditd.happening import Batch

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: What executors give back.
_FOUND: Final = "part int, time long, node string, serial long, log string, offset long, row long"


class SparkHunt(Retro):
    """One hunt; see `Retro`.

    Args:
        options: what is asked.
        master: where Spark runs; None for what its own configuration says, or this machine.
        conf: further configuration of Spark.
        others: as `Hunt` takes them.
    """

    def __init__(
        self, options: Options, *, master: str | None = None, conf: Mapping[str, str] | None = None, **others: Any
    ) -> None:
        super().__init__(options, **others)
        if self._watch is not None:
            raise UsageError("incidents need all events in order, which Spark does not bring; leave out --engine spark")
        self._spark = session(master, conf or {})

    def _batches(self) -> Iterator[list[Batch]]:
        """The events that rules may match, in the order of time."""
        from pyspark.sql import functions  # noqa: PLC0415 (an extra)

        parts: list[Place] = [place for places in self._days().values() for place in places]
        searched = [found.withColumn("order", functions.lit(order)) for order, found in self._searched(parts)]
        self._on_progress(Progress("log", 0, 0))
        if searched:
            found = searched[0]
            for one in searched[1:]:
                found = found.unionByName(one)
            # Sorted in one place: sorting over many would first run the whole search for a sample.
            inorder = found.repartition(1).sortWithinPartitions("time", "node", "serial", "log", "offset", "order")
            ordered = pl.from_arrow(inorder.select("part", "row").toArrow())
            assert isinstance(ordered, pl.DataFrame)
            yield from self._taken(parts, ordered)

    def _searched(self, parts: list[Place]) -> Iterator[tuple[int, DataFrame]]:
        """What executors find, by kind and the names that belong to a log."""
        groups: dict[tuple[LogSource, bytes], list[int]] = {}
        for number, (source, entry, _) in enumerate(parts):
            if source in self._by_source:
                names = msgspec.msgpack.encode((entry.users, entry.groups)) if source == AUDIT_RECORD else b""
                groups.setdefault((source, names), []).append(number)
        for (source, _), numbers in groups.items():
            yield KINDS.index(source), self._search_on(source, [parts[number] for number in numbers], numbers)

    def _search_on(self, source: LogSource, places: list[Place], numbers: list[int]) -> DataFrame:
        """The rows of some parts of one kind that rules may match, as a frame of Spark's."""
        from pyspark.sql import functions  # noqa: PLC0415 (an extra)

        assignment, shapes = self._by_source[source], self.reader.shapes[source]
        entry = places[0][1]
        files = [self._dataset.file(part).resolve() for _, _, part in places]
        job = Job(
            secrets.token_hex(8),
            source,
            msgspec.msgpack.encode(assignment.plan),
            shapes.columns,
            self.options.backend,
            Accounts(entry.users, entry.groups),
            {file.name: number for file, number in zip(files, numbers, strict=True)},
        )
        rows = self._spark.read.parquet(*map(_address, files))
        start, end = self._span()
        time = functions.unix_micros("time")
        if start is not None:
            rows = rows.filter(functions.col("time") >= functions.timestamp_micros(functions.lit(start)))
        if end is not None:
            rows = rows.filter(functions.col("time") < functions.timestamp_micros(functions.lit(end)))
        if assignment.record_types is not None:
            rows = rows.filter(functions.col("type").isin(sorted(assignment.record_types)))
        wanted = [functions.col(f"`{name}`").alias(plain(name)) for name in self._codes[source].wanted()]
        placed = [
            functions.col("_metadata.file_name").alias("file"),
            functions.col("_metadata.row_index").alias("row"),
            time.alias("time"),
            *(functions.col(name) for name in ORDER if name not in ("time", "row")),
        ]
        packed = self._spark.sparkContext.broadcast(msgspec.msgpack.encode(job))
        return rows.select(*wanted, *placed).mapInArrow(Match(packed), _FOUND)


def session(master: str | None, conf: Mapping[str, str]) -> SparkSession:
    """Spark, whose workers run this interpreter with this package.

    Raises:
        UsageError: it is not installed, or does not start.
    """
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 (an extra)
    except ImportError:
        raise UsageError("Spark is not installed; install vedette[spark]") from None
    home = os.environ.get("JAVA_HOME")
    if not (home and (Path(home) / "bin" / "java").exists()) and shutil.which("java") is None:
        raise UsageError("Spark needs Java 17, and none was found; on Debian: apt-get install openjdk-17-jre-headless")
    package = str(Path(vedette.__file__).resolve().parent.parent)
    paths = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("vedette")
    settings = {
        "spark.executorEnv.PYTHONPATH": paths,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "UTC",
        # A distinct row is matched once a batch.
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(4 * ROW_GROUP),
        "spark.sql.files.ignoreMissingFiles": "false",
        **conf,
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    if master is not None:
        builder = builder.master(master)
    try:
        return builder.getOrCreate()
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise UsageError(f"Spark does not start: {lines[0]}") from error


def _address(file: Path) -> str:
    """A file as Spark takes it, whose signs for patterns stand for themselves."""
    return "file://" + re.sub(r"([*?\[\]{}\\])", r"\\\1", str(file))


def through(master: str | None, conf: Mapping[str, str] | None = None) -> Callable[..., SparkHunt]:
    """What makes hunts on Spark; see `SparkHunt`."""

    def make(options: Options, **others: Any) -> SparkHunt:
        return SparkHunt(options, master=master, conf=conf, **others)

    return make

"""Which rows of a part rules match: only columns that rules read are read, and each distinct row is matched once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vedette.engine import Matcher
from vedette.lake.rows import Codes
from vedette.lake.scan import scan
from vedette.lake.writing import ROW_GROUP
from vedette.telemetry.auditd.accounts import Accounts

#: Rows that are looked at together.
SLICE: Final = 4 * ROW_GROUP
_ROW: Final = "row number"


def sweep(
    file: Path,
    codes: Codes,
    matcher: Matcher,
    *,
    span: tuple[int | None, int | None],
    types: frozenset[str] | None,
    accounts: Accounts,
) -> Iterator[NDArray[np.int64]]:
    """The rows that may be found, in ascending order, some at a time.

    Args:
        file: the part.
        codes: numbers its distinct rows.
        matcher: of the same shapes.
        span: microseconds from which on and before which events count, or None.
        types: of single records, those that can match; None for all.
        accounts: names for single records.
    """
    names = codes.wanted()
    lazy = scan(file).with_row_index(_ROW)
    rows = scan(file).select(pl.len()).collect().item()
    for first in range(0, rows, SLICE):
        asked = lazy.slice(first, SLICE)
        if span != (None, None):
            asked = asked.filter(within(span))
        if types is not None:
            asked = asked.filter(pl.col("type").is_in(sorted(types)))
        frame = asked.select(_ROW, *names).collect()
        if not len(frame):
            continue
        found = matching(frame, codes, matcher, accounts)
        if len(found):
            yield np.sort(found[_ROW].to_numpy().astype(np.int64))


def matching(frame: pl.DataFrame, codes: Codes, matcher: Matcher, accounts: Accounts) -> pl.DataFrame:
    """The rows of a frame that rules may match, in any order.

    Args:
        frame: some events, with at least the columns that `Codes.wanted` tells.
        codes: numbers distinct rows.
        matcher: of the same shapes.
        accounts: names for single records.
    """
    names = codes.wanted()
    distinct = frame.select(names).unique(maintain_order=False) if names else frame.head(1)
    codes.trim()
    numbers = codes.numbers(distinct, accounts)
    matcher.update()
    hits = matcher.hits
    hit = np.fromiter((bool(hits[number]) for number in numbers), np.bool_, len(numbers))
    if not hit.any():
        return frame.clear()
    if hit.all():
        return frame
    return frame.join(distinct.filter(pl.Series(hit)), on=names, how="semi", nulls_equal=True)


def within(span: tuple[int | None, int | None]) -> pl.Expr:
    """Whether an event lies in a span."""
    start, end = span
    time = pl.col("time")
    held = pl.lit(value=True)
    if start is not None:
        held = held & (time >= pl.lit(start).cast(pl.Datetime("us", "UTC")))
    if end is not None:
        held = held & (time < pl.lit(end).cast(pl.Datetime("us", "UTC")))
    return held

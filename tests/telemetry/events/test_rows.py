"""Rows of CSV, JSON and Parquet: the same values whatever the file, and what is no row counted."""

from __future__ import annotations

import csv
import io
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import TelemetryError
from vedette.telemetry.events.rejects import Rejects
from vedette.telemetry.events.rows import Row, columns_of, rows, sort_of
from vedette.telemetry.events.tabular import recognise_asim, recognise_auditbeat, recognise_csv, recognise_defender

NAMES = ("a", "b c", "d.e")


def read(data: bytes, size: int = 8 << 20, file: str = "log") -> tuple[list[Row], Rejects]:
    rejects = Rejects()
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    return [row for some in rows(chunks, file, rejects) for row in some], rejects


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=12)
tables = st.lists(st.tuples(cells, cells, cells).filter(any), max_size=6)


@given(table=tables, size=st.integers(1, 50), delimiter=st.sampled_from(",;\t|"))
def test_csv_gives_back_what_was_written(table, size, delimiter):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(NAMES)
    writer.writerows(table)
    data = text.getvalue().encode("utf-8")
    found, rejects = read(data, size)
    assert [tuple(row.values.values()) for row in found] == table
    assert [tuple(row.values) for row in found] == [NAMES] * len(table)
    assert not rejects.counts
    for row in found:
        assert data[row.offset :].startswith(row.raw)
        assert data[: row.offset].count(b"\n") + 1 == row.line


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_csv_of_windows_tools_is_read(encoding):
    found, rejects = read("a,b\r\n1,é\r\n".encode(encoding), 3 if encoding == "utf-8-sig" else 8 << 20)
    assert [row.values for row in found] == [{"a": "1", "b": "é"}]
    assert not rejects.counts


def test_rows_of_another_length_are_hunted_and_counted():
    found, rejects = read(b"a,b\n1\n1,2,3\n1,2\n")
    assert [row.values for row in found] == [{"a": "1"}, {"a": "1", "b": "2"}, {"a": "1", "b": "2"}]
    assert rejects.counts == {"uneven-row": 2}
    assert rejects.examples == {"uneven-row": "log:2"}


def test_a_quote_without_end_costs_no_more_than_a_bounded_row():
    data = b"a,b\n1,2\n" + b'"open,' + b"x\n" * 20_000 + b"3,4\n5,6\n"
    found, rejects = read(data)
    assert found[0].values == {"a": "1", "b": "2"}
    assert found[-1].values == {"a": "5", "b": "6"}
    assert rejects.counts["no-row"] >= 1


def test_parquet_gives_typed_cells_and_null(tmp_path):
    path = tmp_path / "x.parquet"
    frame = pl.DataFrame({"t": [1, None], "s": ["x", None], "l": [["a"], []]})
    frame.with_columns(pl.lit("2026-11-24T08:35:30Z").str.to_datetime(time_zone="UTC").alias("at")).write_parquet(path)
    for file in (str(path), "elsewhere.gz"):
        found, _ = read(path.read_bytes(), 100, file)
        assert [row.line for row in found] == [1, 2]
        assert found[0].values == {"t": 1, "s": "x", "l": ["a"], "at": "2026-11-24T08:35:30+00:00"}
        assert found[1].values["s"] is None
        assert json.loads(found[1].raw) == {"l": [], "at": "2026-11-24T08:35:30+00:00"}


@pytest.mark.parametrize("damage", [slice(4), slice(100), slice(0, -20)])
def test_damaged_parquet_is_refused_with_a_remedy(tmp_path, damage):
    path = tmp_path / "x.parquet"
    pl.DataFrame({"a": list(range(1000))}).write_parquet(path)
    with pytest.raises(TelemetryError, match=r"can't be read as Parquet from row 1 on.*export it as CSV"):
        read(path.read_bytes()[damage])


def test_what_a_file_is_is_told_by_its_beginning():
    assert sort_of(b"PAR1...") == "parquet"
    assert sort_of(b"\xef\xbb\xbf\n [") == "json"
    assert sort_of(b"a,b\n") == "csv"
    assert columns_of(b'TimeGenerated [UTC],"a b"\r\nx') == ("TimeGenerated", "a b")
    assert columns_of(b"\x7fELF\0\0") == ()
    assert recognise_csv(b"a;b\n1;2\n")
    assert not recognise_csv(b"type=SYSCALL msg=audit(1.000:1): a, b=1, c\n")
    assert not recognise_csv(b"just a sentence\n")
    assert not recognise_csv(b"a,a\n")


@pytest.mark.parametrize(
    ("row", "recognise"),
    [
        ({"FolderPath": "/x", "ProcessCommandLine": "x", "InitiatingProcessCommandLine": "y"}, recognise_defender),
        ({"category": "AdvancedHunting-DeviceFileEvents", "properties": {}}, recognise_defender),
        ({"TargetProcessName": "x", "TargetProcessCommandLine": "x"}, recognise_asim),
        ({"agent": {"type": "auditbeat"}}, recognise_auditbeat),
        ({"auditd.session": "1", "x": 1}, recognise_auditbeat),
    ],
)
def test_tables_are_told_by_their_columns(row, recognise):
    data = json.dumps(row).encode()
    found = {one for one in (recognise_defender, recognise_asim, recognise_auditbeat) if one(data)}
    assert found == {recognise}


def test_parquet_that_unpacks_to_much_is_read_piece_by_piece(tmp_path):
    path = tmp_path / "x.parquet"
    texts = ["x" * 50_000] * 1_200 + ["y" * (1 << 21)] + ["z"] * 3
    pl.DataFrame({"a": texts}).write_parquet(path)
    assert path.stat().st_size < 1 << 20
    rejects = Rejects()
    sizes, lines = [], []
    for some in rows([path.read_bytes()], str(path), rejects):
        sizes.append(sum(len(row.raw) for row in some))
        lines += [row.line for row in some]
    assert lines == [*range(1, 1_201), *range(1_202, 1_205)]
    assert rejects.counts == {"too-long": 1}
    assert max(sizes) < 16 << 20

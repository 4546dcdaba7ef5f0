"""The mapping: columns that the tables have, sources that are known, and nothing that a query could miss."""

from __future__ import annotations

import pytest
from tests.sentinel.shipping.logs import tables

from vedette.kql import read_target
from vedette.kql.check.schema import shipped
from vedette.sentinel.shipping.mapping import KINDS, Table
from vedette.sentinel.shipping.source import EVENT_SOURCES, PROCESS_SOURCES

EACH = pytest.mark.parametrize("table", tables(), ids=lambda table: table.name)


@EACH
def test_every_column_is_one_of_the_table(table: Table):
    types = shipped().tables[table.name]
    assert [column for column in table.written if column not in types] == []
    assert types["AdditionalFields"] == "dynamic"


@EACH
def test_constants_have_the_column_s_type(table: Table):
    types = shipped().tables[table.name]
    right = {"string": str, "int": int}
    assert all(isinstance(value, right[types[column]]) for column, value in table.constants.items())


@EACH
def test_every_source_is_known(table: Table):
    named = {*table.columns.values(), *table.additional.values()}
    assert sorted(named - EVENT_SOURCES.keys() - PROCESS_SOURCES.keys()) == []
    assert EVENT_SOURCES.keys().isdisjoint(PROCESS_SOURCES)


@EACH
def test_what_is_said_beside_a_column_stands_beside_one_that_is_filled(table: Table):
    assert table.beside.keys() <= table.columns.keys()


def test_each_kind_has_one_table_and_one_stream():
    assert {table.kind for table in tables()} == KINDS.keys()
    assert len({table.stream for table in tables()}) == len(tables())


def test_a_query_reads_of_a_shipped_process_what_sigma_means():
    (table,) = (table for table in tables() if table.kind == "process_creation")
    asim = next(one for one in read_target("asim").tables if one.category == table.kind)
    exempt = {"ParentUser"}  # the login user is the actor: docs/shipping.md
    for field, place in asim.columns("linux").items():
        source = table.columns.get(place.column)
        if source in {None, "Time"} or field in exempt:
            continue
        assert source in {field, f"{field}.invoked", "GrandParentImage"}, field

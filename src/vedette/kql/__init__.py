"""Predicates -> KQL: target tables and columns as data, one generator, nothing dropped without a word."""

from vedette.kql.convert import Options, Query, convert, convert_parts
from vedette.kql.correlation import convert_correlation
from vedette.kql.selection import convert_all
from vedette.kql.target import COLUMNAR, TARGETS, Column, Table, Target, read_target

__all__ = [
    "COLUMNAR",
    "TARGETS",
    "Column",
    "Options",
    "Query",
    "Table",
    "Target",
    "convert",
    "convert_all",
    "convert_correlation",
    "convert_parts",
    "read_target",
]

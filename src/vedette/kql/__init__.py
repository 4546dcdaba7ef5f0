"""Predicates -> KQL: target tables and columns as data, one generator, nothing dropped without a word."""

from vedette.kql.convert import Options, Query, convert
from vedette.kql.target import COLUMNAR, TARGETS, Column, Table, Target, read_target

__all__ = ["COLUMNAR", "TARGETS", "Column", "Options", "Query", "Table", "Target", "convert", "read_target"]

"""KQL held against Microsoft's own parser, which runs in a process of its own."""

from vedette.kql.check.checker import Checker
from vedette.kql.check.diagnostic import Diagnostic
from vedette.kql.check.schema import Schema, read_schema, shipped

__all__ = ["Checker", "Diagnostic", "Schema", "read_schema", "shipped"]

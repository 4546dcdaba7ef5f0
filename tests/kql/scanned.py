"""Kusto's `scan`, which the other engine does not read: one step that every row meets, as Microsoft's page says it.

Rows come in their order. The assignments of the step see the row and, as `s`, the last row with what was assigned to
it; before the first row everything of `s` is null. What stands before and behind `scan` is run by the other engine.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from tests.kql.correlated import Tables, schema

from vedette.correlate.reference import Group

_PIPE = re.compile(
    r"(?P<head>.*)\n\| sort by (?P<order>[^\n]*)\n\| scan declare \((?P<columns>[^\n]*)\) with \(\n"
    r"    step s: true => (?P<given>[^\n]*);\n\)\n(?P<tail>.*)",
    re.DOTALL,
)


def scanned_matches(held: Tables, query: str, keys: int = 1) -> list[tuple[Group, float, float]]:
    """Group, start and end of each match of a query with one `scan` in its last statement."""
    found = _PIPE.fullmatch(query)
    assert found, query
    cursor = held.module.kql(held.connection, found["head"])
    names = [column[0] for column in cursor.description]
    kinds = [str(column[1]) for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    order = [part.removesuffix(" asc") for part in found["order"].split(", ")]
    rows.sort(key=lambda row: [row[name] for name in order])
    starts = [part.removesuffix(": datetime") for part in found["columns"].split(", ")]
    texts = re.findall(r"(Start\d+) = (.*?)(?=, Start\d+ = |$)", found["given"])
    given = {name: ast.parse(text, mode="eval").body for name, text in texts}
    assert list(given) == starts
    state: Mapping[str, Any] = {}
    for row in rows:
        row.update({name: value_of(tree, row, state) for name, tree in given.items()})
        state = dict(row)
    columns = ", ".join(f'"{name}" {kind}' for name, kind in zip(names, kinds, strict=True))
    more = ", ".join(f'"{name}" TIMESTAMPTZ' for name in starts)
    held.connection.execute(f'create or replace table "Scanned" ({columns}, {more})')
    if rows:
        marks = "(" + ", ".join("?" * (len(names) + len(starts))) + ")"
        values = [row[name] for row in rows for name in (*names, *starts)]
        held.connection.execute(f'insert into "Scanned" values {", ".join([marks] * len(rows))}', values)
    held.translated.clear()
    assert "Scanned" in schema(held.connection)
    return held.matches(f"Scanned\n{found['tail']}", keys)


def value_of(tree: ast.expr, row: Mapping[str, Any], state: Mapping[str, Any]) -> Any:
    """The value of an expression; what is compared with null is null, which counts as false."""
    match tree:
        case ast.Call(func=ast.Name(id="iff"), args=[condition, yes, no]):
            return value_of(yes if value_of(condition, row, state) else no, row, state)
        case ast.Call(func=ast.Name(id="datetime"), args=[ast.Name(id="null")]):
            return None
        case ast.Attribute(value=ast.Name(id="s"), attr=name):
            return state.get(name)
        case ast.Name(id=name):
            return row[name]
        case ast.Constant(value=value):
            return value
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(value_of(part, row, state) for part in parts)
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            pair = (value_of(left, row, state), value_of(right, row, state))
            return None if None in pair else pair[0] == pair[1]
    raise ValueError(ast.dump(tree))

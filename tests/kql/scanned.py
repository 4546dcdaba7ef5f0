"""Kusto's operators on rows in order, which the other engine does not read, as Microsoft's pages say them.

`scan` has one step that every row meets: its assignments see the row and, as `s`, the last row with what was assigned
to it; before the first row everything of `s` is null. `prev(x, n)` is the value in the row that is n before, or null.
What stands before and behind is run by the other engine.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.kql.correlated import Tables, schema

from vedette.correlate.reference import Group

_PIPE = re.compile(
    r"(?P<head>.*)\n\| sort by (?P<order>[^\n]*)\n"
    r"(?:\| scan declare \((?P<columns>[^\n]*)\) with \(\n    step s: true => (?P<given>[^\n]*);\n\)"
    r"|\| extend (?P<column>\w+) = (?P<looked>[^\n]*))\n(?P<tail>.*)",
    re.DOTALL,
)


def scanned_matches(held: Tables, query: str, keys: int = 1) -> list[tuple[Group, float, float]]:
    """Group, start and end of each match of a query with one such operator in its last statement."""
    found = _PIPE.fullmatch(query)
    assert found, query
    cursor = held.module.kql(held.connection, found["head"])
    names = [column[0] for column in cursor.description]
    kinds = [str(column[1]) for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    order = [part.removesuffix(" asc") for part in found["order"].split(", ")]
    rows.sort(key=lambda row: [row[name] for name in order])
    if found["columns"]:
        made = [part.removesuffix(": datetime") for part in found["columns"].split(", ")]
        texts = dict(re.findall(r"((?:Start|Last)\d+) = (.*?)(?=, (?:Start|Last)\d+ = |$)", found["given"]))
    else:
        made = [found["column"]]
        texts = {found["column"]: found["looked"]}
    assert list(texts) == made
    given = {name: ast.parse(text, mode="eval").body for name, text in texts.items()}
    state: Mapping[str, Any] = {}
    for place, row in enumerate(rows):
        row.update({name: value_of(tree, rows, place, state) for name, tree in given.items()})
        state = dict(row)
    columns = ", ".join(f'"{name}" {kind}' for name, kind in zip(names, kinds, strict=True))
    more = ", ".join(f'"{name}" TIMESTAMPTZ' for name in made)
    held.connection.execute(f'create or replace table "Scanned" ({columns}, {more})')
    if rows:
        marks = "(" + ", ".join("?" * (len(names) + len(made))) + ")"
        values = [row[name] for row in rows for name in (*names, *made)]
        held.connection.execute(f'insert into "Scanned" values {", ".join([marks] * len(rows))}', values)
    held.translated.clear()
    assert "Scanned" in schema(held.connection)
    return held.matches(f"Scanned\n{found['tail']}", keys)


def value_of(tree: ast.expr, rows: Sequence[Mapping[str, Any]], place: int, state: Mapping[str, Any]) -> Any:
    """The value of an expression; what is compared with null is null, which counts as false."""

    def value(part: ast.expr) -> Any:
        return value_of(part, rows, place, state)

    match tree:
        case ast.Call(func=ast.Name(id="iff"), args=[condition, yes, no]):
            return value(yes if value(condition) else no)
        case ast.Call(func=ast.Name(id="datetime"), args=[ast.Name(id="null")]):
            return None
        case ast.Call(func=ast.Name(id="prev"), args=[ast.Name(id=name), ast.Constant(value=int(back))]):
            return rows[place - back][name] if place >= back else None
        case ast.Attribute(value=ast.Name(id="s"), attr=name):
            return state.get(name)
        case ast.Name(id=name):
            return rows[place][name]
        case ast.Constant(value=constant):
            return constant
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(map(value, parts))
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            pair = (value(left), value(right))
            return None if None in pair else pair[0] == pair[1]
    raise ValueError(ast.dump(tree))

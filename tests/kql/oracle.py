"""Somebody else's engine for KQL: duckdb-kql, a transpiler to DuckDB. An oracle of the tests, never a dependency.

What it can't read is rewritten before it runs, each rewriting being exact and our own: Kusto's function on IPv4
addresses becomes an expression for the addresses of the network, that on IPv6 a list of those addresses of the rows
that are inside, and an escape `\\uXXXX` the letter that it stands for.
"""

from __future__ import annotations

import importlib
import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

import pytest

from vedette.predicate import Value

_NETWORKS: Final = re.compile(r'coalesce\(ipv([46])_is_in_(?:any_)?range\((\w+), ((?:"[^"]+"(?:, )?)+)\), false\)')
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_SQL: Final = {"string": "VARCHAR", "int": "INTEGER", "long": "BIGINT", "real": "DOUBLE", "datetime": "TIMESTAMPTZ"}


def engine() -> Any:
    """The module; its absence skips a test, and fails it where `VEDETTE_CI` is set."""
    try:
        return importlib.import_module("duckdb_kql")
    except ImportError as error:
        absent(f"the oracle of KQL, duckdb-kql, can't be imported ({error}); it stands in requirements/dev.txt")


def absent(reason: str) -> NoReturn:
    """A component of the tests is missing: skips, or fails where `VEDETTE_CI` asks for the whole proof."""
    if os.environ.get("VEDETTE_CI"):
        pytest.fail(f"{reason}; VEDETTE_CI asks for every component", pytrace=False)
    pytest.skip(reason)


class Rows:
    """Rows in a table, of which queries select some.

    Args:
        table: its name.
        types: column to Kusto's type.
        rows: column to value; a text that is missing is empty, anything else null.
    """

    def __init__(self, table: str, types: Mapping[str, str], rows: Sequence[Mapping[str, Value]]) -> None:
        self.module = engine()
        self.connection = self.module.connect()
        self.sixes = sixes_of(rows)
        columns = ", ".join(f'"{name}" {_SQL[kind]}' for name, kind in types.items())
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute(f'create table "{table}" ("RowId" INTEGER, {columns})')
        for start in range(0, len(rows), 200):
            part = rows[start : start + 200]
            marks = ", ".join("(" + ", ".join(_mark(kind) for kind in ["int", *types.values()]) + ")" for _ in part)
            values: list[Any] = []
            for place, row in enumerate(part, start):
                values.append(place)
                values += [row.get(name, "" if kind == "string" else None) for name, kind in types.items()]
            self.connection.execute(f'insert into "{table}" values {marks}', values)

    def ids(self, query: str) -> list[int]:
        """Which rows a query selects."""
        cursor = self.module.kql(self.connection, readable(query, self.sixes))
        place = [column[0] for column in cursor.description].index("RowId")
        return sorted(row[place] for row in cursor.fetchall())


def sixes_of(rows: Sequence[Mapping[str, Value]]) -> set[str]:
    """The IPv6 addresses of rows."""
    return {value for row in rows for value in row.values() if isinstance(value, str) and _version(value) == 6}


def readable(query: str, sixes: set[str]) -> str:
    """The query as the oracle can read it; `sixes` are the IPv6 addresses of the rows."""

    def rewritten(found: re.Match[str]) -> str:
        family, column, networks = found.groups()
        named = re.findall(r'"([^"]+)"', networks)
        if family == "4":
            return f'{column} matches regex "^(?:{"|".join(map(_four, named))})$"'
        inside = [f'"{six}"' for six in sorted(sixes) if any(_is_in(six, network) for network in named)]
        return f"{column} in ({', '.join(inside)})" if inside else "false"

    query = _NETWORKS.sub(rewritten, query)
    return re.sub(r"(?<!\\)((?:\\\\)*)((?:\\u[0-9a-f]{4})+)", _letters, query)


def _letters(found: re.Match[str]) -> str:
    """Escapes are units of UTF-16, of which two may make one letter."""
    units = bytes.fromhex(found[2].replace("\\u", ""))
    return found[1] + units.decode("utf-16-be", "surrogatepass")


def _mark(kind: str) -> str:
    return "to_timestamp(?)" if kind == "datetime" else "?"


def _version(text: str) -> int:
    try:
        return ipaddress.ip_address(text).version
    except ValueError:
        return 0


def _is_in(address: str, network: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(network)


def _four(network: str) -> str:
    net = ipaddress.IPv4Network(network)
    parts = []
    for first, last in zip(net.network_address.packed, net.broadcast_address.packed, strict=True):
        whole = (first, last) == (0, 255)
        parts.append(_OCTET if whole else f"(?:{'|'.join(map(str, range(first, last + 1)))})")
    return r"[.]".join(parts)

"""What the binder knows: tables and functions with the types of their columns, shipped and of a user's own."""

from __future__ import annotations

import functools
import re
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from vedette.errors import UsageError

#: Kusto's types, by all the names that it has for them, to the name that is used here.
TYPES: Final = {
    **{
        name: name
        for name in ("string", "int", "long", "real", "decimal", "bool", "datetime", "timespan", "dynamic", "guid")
    },
    "double": "real",
    "boolean": "bool",
    "date": "datetime",
    "time": "timespan",
    "uuid": "guid",
}
_DEFAULTS: Final = {
    "string": '"*"',
    "datetime": "datetime(null)",
    "dynamic": "dynamic([])",
    "int": "int(null)",
    "bool": "false",
}
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_COLUMN: Final = re.compile(r"[^\x00-\x1f\x7f'\"\[\]\\]{1,128}")
#: Bounds of a user's own schema.
MAX_BYTES: Final = 8 << 20


class Function(msgspec.Struct, frozen=True):
    """A function that gives a table.

    Attributes:
        parameters: as in a declaration, in brackets.
        columns: name to type.
        open: whether it may have further columns, of any type.
    """

    parameters: str
    columns: dict[str, str]
    open: bool = False


class Schema(msgspec.Struct, frozen=True):
    """All that a query may refer to.

    Attributes:
        tables: name to columns, each name to type.
        functions: name to function.
    """

    tables: dict[str, dict[str, str]] = {}
    functions: dict[str, Function] = {}

    def with_tables(self, tables: dict[str, dict[str, str]]) -> Schema:
        """With further tables; one of a name that is known takes the place of what had it."""
        functions = {name: function for name, function in self.functions.items() if name not in tables}
        return Schema({**self.tables, **tables}, functions)


class _Functions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions of several names, as the shipped file writes them."""

    names: tuple[str, ...]
    columns: dict[str, str]
    parameters: str = ""
    asim: bool = False
    open: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The shipped file."""

    asim: dict[str, str]
    functions: tuple[_Functions, ...]
    tables: dict[str, dict[str, str]]


@functools.cache
def shipped() -> Schema:
    """The functions of ASIM, and the tables of Azure Monitor and Defender XDR that detections read."""
    content = resources.files("vedette.kql.check").joinpath("schemas.toml").read_bytes()
    file = msgspec.toml.decode(content, type=_File)
    shared = _columns(file.asim)
    functions = {}
    for several in file.functions:
        columns = {**(shared if several.asim else {}), **_columns(several.columns)}
        made = Function(_declaration(several.parameters), columns, several.open)
        functions.update(dict.fromkeys(several.names, made))
    return Schema({name: _columns(by_type) for name, by_type in file.tables.items()}, functions)


def read_schema(path: str) -> Schema:
    """The shipped schema with a user's own tables.

    Args:
        path: a TOML or JSON file, `{table: {column: type}}`.

    Raises:
        UsageError: it can't be read, or says something else.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"can't read the schema {path}: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise UsageError(f"the schema {path} has more than {MAX_BYTES >> 20} MiB")
    try:
        decoded: Any = msgspec.json.decode(content) if path.endswith(".json") else msgspec.toml.decode(content)
        tables = msgspec.convert(decoded, dict[str, dict[str, str]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"the schema {path} is no {{table: {{column: type}}}}: {error}") from None
    return shipped().with_tables({name: _checked(path, name, columns) for name, columns in tables.items()})


def _checked(path: str, table: str, columns: dict[str, str]) -> dict[str, str]:
    if not _NAME.fullmatch(table):
        raise UsageError(f"the schema {path} names a table {table!r}, which can't be one")
    if not columns:
        raise UsageError(f"the schema {path} gives {table} no columns")
    for column, kind in columns.items():
        if not _COLUMN.fullmatch(column):
            raise UsageError(f"the schema {path} names a column {column!r} of {table}, which can't be one")
        if kind.lower() not in TYPES:
            raise UsageError(f"the schema {path} gives {table}.{column} the type {kind!r}; write {', '.join(TYPES)}")
    return {column: TYPES[kind.lower()] for column, kind in columns.items()}


def _columns(by_type: dict[str, str]) -> dict[str, str]:
    return {column: TYPES[kind] for kind, names in by_type.items() for column in names.split()}


def _declaration(parameters: str) -> str:
    declared = []
    for parameter in parameters.split():
        name, _, kind = parameter.partition(":")
        kind, given, default = kind.partition("=")
        if kind.endswith("!"):
            declared.append(f"{name}: {kind[:-1]}")
        else:
            value = f'"{default}"' if given else _DEFAULTS[kind]
            declared.append(f"{name}: {kind} = {value}")
    return f"({', '.join(declared)})"

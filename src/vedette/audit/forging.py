"""What forging costs, as data: forms of a claim on a field, each with a grade, a step and what would betray it."""

from __future__ import annotations

import functools
import os
from importlib import resources
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from vedette.errors import UsageError
from vedette.event import REGISTRY
from vedette.predicate import Atom, Glob, Keyword, Match, Present, Regex, Wild, describe

Grade: TypeAlias = Literal["A", "B", "C", "D", "E", "F"]
#: Largest table of a site's own.
_MAX_BYTES: Final = 1 << 20
_FORMS: Final = (
    "file_exact", "file_elsewhere", "file_below", "file_below_textual", "file_named", "launcher", "genuine",
    "words", "choice", "owner", "other", "present", "keyword", "login", "inode",
)  # fmt: skip


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to make a claim true.

    Attributes:
        grade: what it costs, A the most.
        step: what to do, with `{field}` and `{value}`.
        betrayed: the telemetry that would show it, with the same places.
    """

    grade: Grade
    step: str
    betrayed: str


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole judgement.

    Attributes:
        as_of: date of the judgement.
        root_only: folders that only root writes to.
        launchers: names of programs that run whatever they are told to.
        genuine: names of programs whose genuine use is what the hunt looks for.
        forms: form by name.
        fields: field to the form of any claim on it; the others are judged by who writes the field and by the claim.
    """

    as_of: str
    root_only: tuple[str, ...]
    launchers: frozenset[str]
    genuine: frozenset[str]
    forms: dict[str, Form]
    fields: dict[str, str]


class _Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    as_of: str = ""
    root_only: tuple[str, ...] | None = None
    launchers: frozenset[str] | None = None
    genuine: frozenset[str] | None = None
    forms: dict[str, Form] = {}
    fields: dict[str, str] = {}


@functools.cache
def built_in() -> Table:
    """The table that ships with Vedette."""
    return msgspec.toml.decode(resources.files("vedette.audit").joinpath("forging.toml").read_bytes(), type=Table)


def read_table(path: str | os.PathLike[str] | None) -> Table:
    """The built-in table with the entries of a site's own file in their places.

    Args:
        path: a TOML file of the same form; lists replace lists, forms and fields replace their like. None for none.

    Raises:
        UsageError: the file can't be read, or names a form that there is not.
    """
    table = built_in()
    if path is None:
        return table
    try:
        content = Path(path).read_bytes()
        if len(content) > _MAX_BYTES:
            raise UsageError(f"{path}: more than {_MAX_BYTES >> 20} MiB; a table of forging has some 4 KB")
        own = msgspec.toml.decode(content, type=_Own)
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}; name a TOML file") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}; docs/exclusions.md shows the form") from None
    merged = Table(
        own.as_of or table.as_of,
        table.root_only if own.root_only is None else own.root_only,
        table.launchers if own.launchers is None else own.launchers,
        table.genuine if own.genuine is None else own.genuine,
        {**table.forms, **own.forms},
        {**table.fields, **own.fields},
    )
    unknown = sorted(({*own.forms} - {*_FORMS}) | ({*own.fields.values()} - {*merged.forms}))
    if unknown:
        raise UsageError(f"{path}: no form {unknown[0]!r}; the forms are {', '.join(_FORMS)}")
    return merged


def form_of(atom: Atom, table: Table) -> tuple[str, str]:
    """The form of a claim that an atom holds, and the value to put into its texts."""
    if isinstance(atom, Keyword):
        return "keyword", value_of(atom)
    if isinstance(atom.pattern, Present):
        return "present", ""
    value = value_of(atom)
    if atom.field in table.fields:
        return table.fields[atom.field], value
    field = REGISTRY.get(atom.field)
    if field is None or field.writer != "files" or not isinstance(atom.pattern, Glob):
        return ("file_named" if field is not None and field.writer == "files" else "choice"), value
    return _of_path(atom.field, atom.pattern, table), value


def _of_path(field: str, pattern: Glob, table: Table) -> str:
    """The form of a claim on a path; what the rest of the path may be decides it."""
    literal = pattern.literal
    # A path that begins so, such as `/usr/bin/python3`, is that program in any version.
    name = literal.rpartition("/")[2].lower() if pattern.form in ("equals", "endswith", "startswith") else ""
    if name in table.genuine:
        return "genuine"
    if name in table.launchers or _versioned(name) in table.launchers:
        return "launcher"
    below = literal.startswith(table.root_only)
    if pattern.form == "equals":
        return "file_exact" if below and "/../" not in literal else "file_elsewhere"
    if below and pattern.tokens[:1] == (literal,):
        # What the kernel resolved has no `..`; the text of what was executed may.
        return "file_below" if field in ("Image", "ParentImage") else "file_below_textual"
    return "file_named"


def _versioned(name: str) -> str:
    """`python` of `python3.11`."""
    return name.rstrip("0123456789.")


def value_of(atom: Atom) -> str:
    """What an atom asks for, short and as written."""
    pattern = atom.pattern
    match pattern:
        case Glob(tokens=tokens):
            text = "".join(token if isinstance(token, str) else "*" if token is Wild.ANY else "?" for token in tokens)
            return text if pattern.form == "wildcard" else pattern.literal
        case Regex(source=source):
            return f"/{source}/"
        case _ if isinstance(atom, Match):
            return describe(pattern)
    return ""

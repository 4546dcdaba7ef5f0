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
from vedette.predicate import Atom, Compare, Glob, Keyword, Match, Pattern, Present, Regex, Wild, describe, holds

Grade: TypeAlias = Literal["A", "B", "C", "D", "E", "F"]
#: Largest table of a site's own.
_MAX_BYTES: Final = 1 << 20
_FOLDERS: Final = ("/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/")
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
        form = table.fields[atom.field]
        # A range or an expression names none: the attacker's own may be among what fits.
        loose = not _names_one(atom.pattern) and table.forms[form].grade < table.forms["choice"].grade
        return ("choice" if loose else form), value
    field = REGISTRY.get(atom.field)
    if field is None or field.writer != "files":
        return "choice", value
    return _of_path(atom.field, atom.pattern, table)


def _names_one(pattern: Pattern) -> bool:
    """Whether it asks for a value, or for a part of one."""
    return (
        bool(pattern.literal) if isinstance(pattern, Glob) else isinstance(pattern, Compare) and pattern.order == "eq"
    )


def _of_path(field: str, pattern: Pattern, table: Table) -> tuple[str, str]:
    """The form of a claim on a path, and the value; what the rest of the path may be decides it."""
    value = value_of(Match(field, pattern))
    shape = pattern.form if isinstance(pattern, Glob) else ""
    literal = pattern.literal if isinstance(pattern, Glob) else ""
    # A path that begins so, such as `/usr/bin/python3`, is that program in any version.
    name = literal.rpartition("/")[2].lower() if shape in ("equals", "endswith", "startswith") else ""
    if name in table.genuine:
        return "genuine", value
    if name in table.launchers or _versioned(name) in table.launchers:
        return "launcher", value
    below = literal.startswith(table.root_only)
    if shape == "equals":
        return ("file_exact" if below and "/../" not in literal else "file_elsewhere"), value
    # What leaves the program open costs as much as the cheapest that fits, wherever it stands already.
    forms = (("genuine", table.genuine), ("launcher", table.launchers))
    for form, names in reversed(forms) if field == "ParentImage" else forms:
        if fitting := _fitting(pattern, names):
            return form, fitting
    if below and isinstance(pattern, Glob) and pattern.tokens[:1] == (literal,):
        # What the kernel resolved has no `..`; the text of what was executed may.
        return ("file_below" if field in ("Image", "ParentImage") else "file_below_textual"), value
    return "file_named", value


def _fitting(pattern: Pattern, names: frozenset[str]) -> str:
    """The path of the first program that fits, in the folders in which programs stand; or the empty text."""
    paths = (folder + name for name in sorted(names) for folder in _FOLDERS)
    return next((path for path in paths if holds(pattern, path)), "")


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

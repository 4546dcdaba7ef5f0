"""What reaches an entry point, as dated data: each source, which columns it fills, and in what form."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Final, Literal, TypeAlias

import msgspec

Form: TypeAlias = Literal["name", "domain", "dash", "entities"]

#: The targets whose tables are filled by many sources.
MANY: Final = ("asim",)


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One source of events.

    Attributes:
        name: as Sentinel calls it.
        parser: the function that maps it, with its version.
        records: the table that its records are in.
        products: what its hosts run.
        as_of: the day on which this was so.
        read_from: where it was read.
        image: which reading of image paths it tells; `unknown` where nothing says.
        columns: those that it fills; no other is ever filled.
        every: it may fill every column.
        forms: column to the form of its values, where that is not Sigma's own.
        unfilled: product to columns that stay empty on its hosts alone.
        note: what else to know.
    """

    name: str
    parser: str
    records: str
    products: tuple[str, ...]
    as_of: str
    read_from: str
    image: Literal["resolved", "invoked", "unknown"]
    columns: frozenset[str] = frozenset()
    every: bool = False
    forms: dict[str, Form] = {}
    unfilled: dict[str, frozenset[str]] = {}
    note: str = ""

    def fills(self, column: str, product: str) -> bool:
        """Whether any record of a product's hosts has something in the column; its time is in every record."""
        if column in self.unfilled.get(product, ()):
            return False
        return self.every or column in self.columns or column == "TimeGenerated"


class Links(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of a package that are links to one program.

    Attributes:
        hosts: which hosts have them so.
        package: the package, with its version.
        runs: the program, which the resolved reading tells.
        folders: where the names stand.
        as_of: the day on which this was so.
        read_from: where it was read.
        columns: those that hold image paths.
        names: the links; a source of the resolved reading never tells one of them.
        apart: files, or names in rules, that the program is not either.
    """

    hosts: str
    package: str
    runs: str
    folders: tuple[str, ...]
    as_of: str
    read_from: str
    columns: frozenset[str]
    names: frozenset[str]
    apart: frozenset[str]


class Sources(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sources of one entry point of a target.

    Attributes:
        target: name of the target.
        table: name of its entry point.
        sources: in the order in which they are told.
        links: what is known of links to programs.
    """

    target: str
    table: str
    sources: tuple[Source, ...]
    links: tuple[Links, ...] = ()


@functools.cache
def read_sources(target: str) -> Sources | None:
    """The sources of a target, or None where its tables have one each."""
    if target not in MANY:
        return None
    content = resources.files("vedette.kql").joinpath("sources", f"{target}.toml").read_bytes()
    return msgspec.toml.decode(content, type=Sources)

"""Writes docs/kql-sources.md: what reaches ASIM's functions, which columns each source fills and in what form.

python docs/generate_sources.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vedette.kql import read_target
from vedette.kql.source import MANY, Source, Sources, read_sources
from vedette.kql.target import Table

PAGE: Final = Path(__file__).with_name("kql-sources.md")
PREFACE: Final = """\
# What reaches ASIM's functions

<!-- Written by docs/generate_sources.py from src/vedette/kql/sources/; run it instead of editing. -->

`vedette convert -t asim` says of each rule on which of these sources it [can ever fire](kql.md#sources). A column that
a source does not fill is empty in all of its rows. Whatever is not known of a source is taken not to stand against it.
"""
FORMS: Final = {
    "": "yes",
    "name": "name alone",
    "domain": "maybe `DOMAIN\\name`",
    "dash": 'always `"-"`',
    "entities": "XML entities kept",
}


def render() -> str:
    """The page."""
    parts = [PREFACE]
    for name in MANY:
        known = read_sources(name)
        assert known is not None
        table = next(table for table in read_target(name).tables if table.name == known.table)
        parts += ["\n".join(_sources(known)), "\n".join(_columns(known, table)), "\n".join(_links(known))]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _sources(known: Sources) -> Iterator[str]:
    yield f"## Sources of `{known.table}`\n"
    yield "| source | records | hosts | paths of images | read | as of | to know |"
    yield "|---|---|---|---|---|---|---|"
    for one in known.sources:
        hosts = ", ".join(one.products)
        yield f"| {one.name} | {one.records} | {hosts} | {one.image} | {one.read_from} | {one.as_of} | {one.note} |"


def _columns(known: Sources, table: Table) -> Iterator[str]:
    yield "## Columns\n"
    yield "Empty cells are columns that are never filled.\n"
    yield f"| field | column | {' | '.join(one.name for one in known.sources)} |"
    yield "|---|---|" + "---|" * len(known.sources)
    fields: dict[str, list[str]] = {}
    for field, column in table.columns("").items():
        for name in column.hashes.values() if column.hashes else [column.column]:
            fields.setdefault(name, []).append(f"`{field}`")
    for column_name, names in fields.items():
        cells = " | ".join(_cell(one, column_name) for one in known.sources)
        yield f"| {', '.join(names)} | `{column_name}` | {cells} |"


def _cell(source: Source, column: str) -> str:
    if not source.fills(column, ""):
        return ""
    without = [product for product, names in source.unfilled.items() if column in names]
    told = FORMS[source.forms.get(column, "")]
    return f"{told}, not on {', '.join(without)}" if without else told


def _links(known: Sources) -> Iterator[str]:
    yield "## Links\n"
    yield "A source whose paths are resolved tells the file that runs, never these names of links to it.\n"
    yield "| hosts | package | what runs | links | not what runs either | read | as of |"
    yield "|---|---|---|---|---|---|---|"
    for one in known.links:
        names, apart = (", ".join(f"`{name}`" for name in sorted(some)) for some in (one.names, one.apart))
        yield f"| {one.hosts} | {one.package} | `{one.runs}` | {names} | {apart} | {one.read_from} | {one.as_of} |"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")

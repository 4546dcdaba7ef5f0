"""`vedette kql`: KQL of anybody's, held against Microsoft's own parser."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group()
def kql() -> None:
    """Check KQL with Microsoft's own parser.

    The parser runs on this machine, in a process of its own; nothing is sent anywhere.
    """


@kql.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE|-...")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="How the diagnostics are written.",
)
@click.option(
    "--schema",
    "schema_path",
    metavar="FILE",
    help="TOML or JSON of further tables: a table's name to its columns, each name to a type of Kusto's.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long one query may take.",
)
@click.pass_context
def check(ctx: click.Context, /, paths: tuple[str, ...], form: str, schema_path: str | None, timeout: float) -> None:
    """Say what is wrong with queries: syntax, names, types, expressions, length.

    A file is one query; of YAML, as Sentinel's rules are written, its `query` is taken. Folders are searched for both.
    Known are the functions of ASIM and the tables of Azure Monitor and Defender that detections read. The exit code is
    1 if any diagnostic is an error.
    """
    from vedette.cli.exit import GATE, OK
    from vedette.kql.check import Checker, read_schema
    from vedette.kql.check import report as lines
    from vedette.kql.check.source import read_sources
    from vedette.report import sarif
    from vedette.report.terminal import printable

    schema = read_schema(schema_path) if schema_path else None
    found = []
    with Checker(schema, timeout) as checker:
        for source in read_sources(paths):
            found.append((source, checker.check(source.text)))
            if form == "text":
                for line in lines.text(*found[-1]):
                    click.echo(printable(line))
    if form == "json":
        sys.stdout.buffer.write(lines.document(found))
    elif form == "sarif":
        kinds = [sarif.Rule(*kind) for kind in lines.kinds(found)]
        sarif.write([sarif.Result(*each) for each in lines.results(found)], kinds, sys.stdout.buffer)
    click.echo(lines.account(found), err=True)
    ctx.exit(GATE if any(each.severity == "error" for _, diagnostics in found for each in diagnostics) else OK)


@kql.group()
def parser() -> None:
    """Get Microsoft's parser, or say whether it is here."""


@parser.command()
@click.option(
    "--from",
    "tarball",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the package's tarball from FILE, as `npm pack` writes it, instead of fetching it.",
)
def install(tarball: Path | None) -> None:
    """Fetch the parser with npm, and put it into the virtual environment or the user's folder of data.

    It is the npm package @kusto/language-service-next, which is Microsoft's and under the MIT license, in the one
    version whose digest Vedette knows; any other is refused. npm is asked as it is configured here.
    """
    from vedette.kql.check.parser import install as put

    click.echo(f"Microsoft's parser of KQL now lies in {put(tarball)}")


@parser.command()
def status() -> None:
    """Say where the parser lies and which it is; the exit code is 3 if there is none."""
    from vedette.kql.check import package
    from vedette.kql.check.parser import find

    click.echo(f"{package.NAME} {package.VERSION} in {find()}")

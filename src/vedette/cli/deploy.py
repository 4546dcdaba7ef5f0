"""`vedette deploy`: rules as content of Microsoft Sentinel."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vedette.kql.check import Checker


@click.group()
def deploy() -> None:
    """Write rules as content of Microsoft Sentinel, and check content of anybody's.

    Everything runs on this machine; nothing is sent anywhere.
    """


@deploy.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE|DIR...")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="How the faults are written.",
)
@click.pass_context
def check(ctx: click.Context, /, paths: tuple[str, ...], form: str) -> None:
    """Say what in analytics rules and hunting queries Sentinel would refuse, and where.

    FILE is YAML as Sentinel's public repository has it; of a folder all YAML with a `query` is taken. Where Microsoft's
    parser is installed (see `vedette kql`), queries are parsed and mapped columns are held against their results. The
    exit code is 1 if anything is an error. The limits are our restatement of public content tests, with a date; nothing
    was verified against Azure itself.
    """
    from vedette.cli.exit import GATE, OK
    from vedette.report import sarif
    from vedette.report.terminal import printable
    from vedette.sentinel import check as content

    found = []
    with _checker() as checker:
        for one in content.check(paths, checker):
            found.append(one)
            if form == "text":
                for fault in one.faults:
                    click.echo(printable(str(fault)))
    if form == "json":
        sys.stdout.buffer.write(content.document_of(found))
    elif form == "sarif":
        results = [
            sarif.Result(fault.limit, fault.level, fault.message, one.path, fault.location.line, fault.location.column)
            for one in found
            for fault in one.faults
        ]
        sarif.write(results, [sarif.Rule(*kind) for kind in content.kinds_of(found)], sys.stdout.buffer)
    click.echo(content.account(found), err=True)
    ctx.exit(GATE if any(fault.level == "error" for one in found for fault in one.faults) else OK)


@contextlib.contextmanager
def _checker() -> Iterator[Checker | None]:
    """Microsoft's parser, or None where it is not installed."""
    from vedette.errors import ParserMissingError
    from vedette.kql.check import Checker

    try:
        made = Checker()
    except ParserMissingError:
        yield None
        return
    with made as checker:
        yield checker

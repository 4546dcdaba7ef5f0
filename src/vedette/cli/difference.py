"""`vedette rules diff`: what an update of rules newly matches, and what it misses."""

from __future__ import annotations

import sys

import click


@click.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How the changes are written.",
)
@click.option(
    "--exclusions",
    multiple=True,
    metavar="PATH",
    help="Exclusions beside those of NEW (or of OLD, where NEW has none); may be repeated.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["missed"]),
    help="Exit with 1 if something that OLD matched is missed by NEW, or that can't be ruled out.",
)
@click.pass_context
def diff(
    ctx: click.Context, /, old: str, new: str, form: str, exclusions: tuple[str, ...], fail_on: str | None
) -> None:
    """Say what an update of rules newly matches, what it misses, and which exclusions it reopens.

    OLD and NEW are Sigma files, folders or hunt packs. Rules are held against each other by id, else by title, else by
    the name of their file. Whether changed logic matches more, less or the same is proved, or shown by the smallest
    event that tells the two apart.
    """
    from rich.console import Console

    from vedette.audit.logic.change import compare
    from vedette.cli.exit import GATE, OK, RULES
    from vedette.cli.meter import Meter
    from vedette.hunt.options import Progress
    from vedette.report import change as report
    from vedette.report.terminal import printable
    from vedette.sigma.ruleset import load

    with Meter(shown=sys.stderr.isatty()) as meter:

        def shown(done: int, total: int) -> None:
            meter(Progress("rules", done, total))

        before, after = load([old], on_progress=shown), load([new], on_progress=shown)
        beside = load(exclusions) if exclusions else None
        filters = {kept.id: kept for kept in after.filters or before.filters}
        filters |= {kept.id: kept for kept in (beside.filters if beside else ())}
        changes = compare(before.rules, after.rules, list(filters.values()), on_rule=shown)
    problems = (*before.problems, *after.problems, *(beside.problems if beside else ()), *changes.problems)
    if form == "json":
        report.document(changes, problems, sys.stdout.buffer)
    else:
        report.write(changes, Console(file=sys.stdout, highlight=False))
    for problem in problems:
        click.echo(f"vedette: {printable(str(problem))}", err=True)
    if fail_on is not None and any(change.misses for change in changes.changes):
        ctx.exit(GATE)
    ctx.exit(OK if before.rules and after.rules else RULES)

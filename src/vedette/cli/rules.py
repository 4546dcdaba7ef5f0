"""`vedette rules`: what loads of a set of rules."""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How the report is written.",
)
@click.option("--strict", is_flag=True, help="Exit with 2 if anything was refused.")
@click.pass_context
def rules(ctx: click.Context, /, paths: tuple[str, ...], form: str, strict: bool) -> None:
    """Say what loads of rules, and what is refused, where and why.

    PATH is a Sigma file, a folder that is searched for them, or a hunt pack; without one the built-in pack
    linux-firewall is loaded. The exit code is 2 if no rule loads at all.
    """
    from rich.console import Console

    from vedette.cli.exit import OK, RULES
    from vedette.cli.meter import Meter
    from vedette.hunt.hunt import built_in_pack
    from vedette.hunt.options import DEFAULT_PACK, Progress
    from vedette.report import load as report
    from vedette.sigma.ruleset import load

    with Meter(shown=sys.stderr.isatty()) as meter:
        loaded = load(
            paths or (built_in_pack(DEFAULT_PACK),),
            on_progress=lambda done, total: meter(Progress("rules", done, total)),
        )
    if form == "json":
        report.write_json(loaded, sys.stdout.buffer)
    else:
        report.write(loaded, Console(file=sys.stdout, highlight=False))
    ctx.exit(RULES if not loaded.rules or (strict and loaded.problems) else OK)

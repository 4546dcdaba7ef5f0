"""`vedette telemetry`: what logs can show at all."""

from __future__ import annotations

import sys

import click

from vedette.cli.choice import input_format_option, map_option, passwd_option, rules_option


@click.command()
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@rules_option
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How the survey is written.",
)
@input_format_option
@passwd_option
@map_option
@click.pass_context
def telemetry(
    ctx: click.Context,
    /,
    logs: tuple[str, ...],
    rules: tuple[str, ...],
    form: str,
    passwd: str | None,
    input_format: str | None,
    map: str | None,  # noqa: A002 (click names it after the option)
) -> None:
    """Say which rules can fire on logs, and what the others need.

    For each host of the logs: the hours that they cover, the events that they hold, the share of process starts whose
    parent is known, the rules that can fire, and for each that never can the lines of audit.rules that would change
    that.
    """
    from rich.console import Console

    from vedette.cli.exit import OK, TELEMETRY
    from vedette.hunt.options import Options
    from vedette.hunt.telemetry import survey
    from vedette.report import survey as report

    found = survey(Options(logs=logs, rules=rules, passwd=passwd, input_format=input_format, map=map))
    if form == "json":
        report.write_json(found, sys.stdout.buffer)
    else:
        report.write(found, Console(file=sys.stdout, highlight=False))
    ctx.exit(OK if found.hosts or not found.problems else TELEMETRY)

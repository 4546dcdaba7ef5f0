"""`vedette audit`: exclusions judged by logic and by replay."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from vedette.cli.exit import GATE, OK, TELEMETRY, strongest
from vedette.errors import PackError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vedette.audit.audit import Audit

GRADES = ("A", "B", "C", "D", "E", "F")


@click.command()
@click.argument("rules", nargs=-1, metavar="[PACK|RULES]...")
@click.option("--filters", multiple=True, metavar="PATH", help="Sigma filters beside those of a pack; may be repeated.")
@click.option(
    "--evidence",
    multiple=True,
    metavar="DIR",
    help="Logs beside the pack's recordings: `NAME.audit.log.gz` with `NAME.steps.tsv` as its labels.",
)
@click.option(
    "--forging", metavar="FILE", help="A table of your own of what forging costs; docs/exclusions.md shows it."
)
@click.option(
    "--fail-below",
    type=click.Choice(GRADES),
    help="Exit with 1 if an exclusion in force is not accepted, or is cheaper to forge than this.",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["table", "json", "sarif"]),
    default="table",
    show_default=True,
    help="How the judgements are written.",
)
@click.option("--brief", is_flag=True, help="A line for each exclusion in the table, without reasons and witnesses.")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, put in its place when complete; - is stdout.")
@click.pass_context
def audit(
    ctx: click.Context, /, fail_below: str | None, form: str, output: str | None, brief: bool, **asked: Any
) -> None:
    """Judge exclusions: can they apply, do they blind, what must an attacker do to hide behind them.

    Without PACK or RULES the built-in pack linux-firewall is judged. An exclusion is accepted if it covers some matches
    of its rules and not all, costs an attacker at least its floor, and silences on the recordings no attack and some
    everyday match. What is not in force, the page's own wording among it, is judged too and gates nothing.
    """
    from vedette.audit.audit import Request
    from vedette.audit.audit import audit as judge
    from vedette.audit.forging import read_table
    from vedette.cli.meter import Meter
    from vedette.cli.output import Output
    from vedette.hunt.hunt import built_in_pack
    from vedette.hunt.options import DEFAULT_PACK
    from vedette.report.terminal import printable

    request = Request(
        asked["rules"] or (built_in_pack(DEFAULT_PACK),),
        asked["filters"],
        asked["evidence"],
        read_table(asked["forging"]),
        time.time(),
    )
    out = Output(output)
    try:
        with Meter(shown=sys.stderr.isatty()) as meter:
            found = judge(request, on_progress=meter)
        _write(found, form, out, brief=brief)
        out.commit()
    finally:
        out.discard()
    for problem in found.problems:
        click.echo(f"vedette: {printable(str(problem))}", err=True)
    ctx.exit(_code(found, fail_below))


def _write(found: Audit, form: str, out: Any, *, brief: bool) -> None:
    from vedette.report import judgement, sarif

    if form == "json":
        judgement.document(found, out.stream)
    elif form == "sarif":
        sarif.write(judgement.results(found), judgement.KINDS, out.stream)
    else:
        import io

        from rich.console import Console

        if out.is_terminal:
            judgement.write(found, Console(file=sys.stdout, highlight=False), brief=brief)
        else:
            text = io.StringIO()
            judgement.write(found, Console(file=text, highlight=False), brief=brief)
            out.stream.write(text.getvalue().encode("utf-8", "backslashreplace"))


def _code(found: Audit, fail_below: str | None) -> int:
    if found.problems and not found.judgements:
        return TELEMETRY
    return strongest(_gated(found, fail_below)) if fail_below is not None else OK


def _gated(found: Audit, fail_below: str) -> Iterator[int]:
    """Evidence and exclusions that can't be read fail the gate as well: nothing was shown of them."""
    if any(isinstance(problem, PackError) for problem in found.problems):
        yield TELEMETRY
    if any(problem.code == "exclusion" for problem in found.problems):
        yield GATE
    for one in found.judgements:
        if one.in_force and (one.decision != "ACCEPTED" or (one.forging and one.forging.grade > fail_below)):
            yield GATE

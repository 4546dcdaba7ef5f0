"""`vedette check`: the logic of rules judged by the solver."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from vedette.cli.exit import GATE, OK, RULES

if TYPE_CHECKING:
    from vedette.audit.logic.judge import Judged
    from vedette.cli.output import Output
    from vedette.errors import RuleError

#: What `--fail-on` takes: a level and all above it, or one kind of fault; held by a test to be all kinds.
LEVELS = ("error", "warning", "note")
FAULTS = (
    "dead-rule",
    "certain-rule",
    "blinding-filter",
    "inert-filter",
    "redundant-filter",
    "redundant-detection",
    "redundant-value",
    "filter-as-selection",
    "equal-rules",
    "implied-rule",
    "undecided",
)


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["table", "json", "sarif"]),
    default="table",
    show_default=True,
    help="How the faults are written.",
)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, put in its place when complete; - is stdout.")
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice([*LEVELS, *FAULTS]),
    metavar="LEVEL|FAULT",
    help=f"Exit with 1 if there is such a fault, or one of this level or worse; may be repeated. Levels are "
    f"{', '.join(LEVELS)}; faults are {', '.join(FAULTS)}.",
)
@click.option(
    "--no-duplicates",
    is_flag=True,
    help="Do not look for rules that are equal to or implied by another rule of the set.",
)
@click.pass_context
def check(
    ctx: click.Context,
    /,
    paths: tuple[str, ...],
    form: str,
    output: str | None,
    fail_on: tuple[str, ...],
    no_duplicates: bool,
) -> None:
    """Judge the logic of rules: what can never match, never hide, never decide.

    PATH is a Sigma file, a folder that is searched for them, or a hunt pack. A solver looks for rules that can never
    match or always do, for filters within rules that can never apply or hide everything, for detections and values
    that others make redundant, and for rules that another rule of the set makes redundant. What it says is impossible
    has a proof, which a checker of its own has replayed; the rest has an event, which the reference evaluator has.
    """
    from vedette.audit.logic.judge import judge
    from vedette.cli.meter import Meter
    from vedette.cli.output import Output
    from vedette.hunt.options import Progress
    from vedette.report.terminal import printable
    from vedette.sigma.ruleset import load

    out = Output(output)
    try:
        with Meter(shown=sys.stderr.isatty()) as meter:
            loaded = load(paths, on_progress=lambda done, total: meter(Progress("rules", done, total)))
            judged = judge(
                loaded.rules,
                duplicates=not no_duplicates,
                on_rule=lambda done, total: meter(Progress("rules", done, total)),
            )
        _write(judged, loaded.problems, form, out)
        out.commit()
    finally:
        out.discard()
    for problem in loaded.problems:
        click.echo(f"vedette: {printable(str(problem))}", err=True)
    ctx.exit(RULES if not loaded.rules else _code(judged, fail_on))


def _write(judged: Judged, problems: tuple[RuleError, ...], form: str, out: Output) -> None:
    from vedette.report import logic, sarif

    if form == "json":
        logic.document(judged, problems, out.stream)
    elif form == "sarif":
        sarif.write(logic.results(judged, problems), logic.RULES, out.stream)
    else:
        _print(lambda console: logic.write(judged, console), out)


def _print(write: Any, out: Output) -> None:
    import io

    from rich.console import Console

    if out.is_terminal:
        write(Console(file=sys.stdout, highlight=False))
        return
    text = io.StringIO()
    write(Console(file=text, highlight=False))
    out.stream.write(text.getvalue().encode("utf-8", "backslashreplace"))


def _code(judged: Judged, fail_on: tuple[str, ...]) -> int:
    wanted = set(fail_on)
    for place, level in enumerate(LEVELS):
        if level in fail_on:
            wanted.update(LEVELS[:place])
    return GATE if any({fault.kind, fault.level} & wanted for fault in judged.faults) else OK

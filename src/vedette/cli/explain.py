"""`vedette explain`: why a rule did or did not match, atom by atom."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vedette.cli.choice import image_option, input_format_option, map_option, passwd_option, rules_option
from vedette.cli.moment import Moment
from vedette.errors import UsageError

if TYPE_CHECKING:
    from vedette.event import Event
    from vedette.sigma.rule import Rule


@click.command()
@click.argument("rule", metavar="RULE")
@click.argument("log", metavar="LOG")
@rules_option
@click.option(
    "--event",
    type=click.IntRange(0),
    metavar="SERIAL|OFFSET",
    help="The event of this audit serial, or at this offset.",
)
@click.option("--at", type=Moment(), metavar="TIME", help="Events within the second that begins at TIME.")
@click.option("--pid", type=click.IntRange(0), help="Events of this process.")
@click.option(
    "-n", "--number", type=click.IntRange(1, 1000), default=3, show_default=True, help="Show at most so many events."
)
@image_option
@input_format_option
@passwd_option
@map_option
def explain(
    rule: str,
    log: str,
    rules: tuple[str, ...],
    event: int | None,
    at: float | None,
    pid: int | None,
    number: int,
    image: Any,
    passwd: str | None,
    input_format: str | None,
    map: str | None,  # noqa: A002 (click names it after the option)
) -> None:
    """Say why a rule did or did not match, atom by atom.

    RULE is a rule's file, or an id (or how one begins) within -r or the built-in pack; LOG is an audit log. Without
    --event, --at or --pid the nearest misses are shown: the events for which the fewest parts would have to change.
    """
    from rich.console import Console

    from vedette.event import views
    from vedette.hunt.hunt import Hunt
    from vedette.hunt.options import Options
    from vedette.report.explanation import account
    from vedette.report.line import show
    from vedette.report.miss import Judge, nearest

    chosen = _find(rule, rules)
    hunt = Hunt(
        Options(
            logs=(log,), rules=(chosen.location.path,), image=image, passwd=passwd, map=map, input_format=input_format
        )
    )
    judge = Judge(chosen, views(image))
    selected = event is not None or at is not None or pid is not None
    events = (
        candidate
        for candidate in hunt.events()
        if chosen.logsource.covers(candidate.source) and _is_wanted(candidate, event, at, pid)
    )
    found = nearest(judge, events, number, matches_too=selected)
    problems = hunt.summary.log_problems
    if problems and not found.events:
        raise problems[0]
    for problem in problems:
        _warn(str(problem))
    if selected and not found.events:
        raise UsageError(
            f"no event that this rule reads ({chosen.logsource}) is chosen by --event, --at and --pid; leave one out, "
            "or look for its serial with ausearch"
        )
    show(lambda width, glyphs: account(judge, found, width, glyphs), Console(file=sys.stdout, highlight=False))


def _find(name: str, paths: tuple[str, ...]) -> Rule:
    """The one rule that `name` stands for.

    Raises:
        UsageError: it stands for none or several.
        RuleError: its file holds no rule that loads.
    """
    from vedette.hunt.hunt import built_in_pack
    from vedette.hunt.options import DEFAULT_PACK
    from vedette.sigma.ruleset import load

    is_file = Path(name).is_file()
    loaded = load((name,) if is_file else paths or (built_in_pack(DEFAULT_PACK),))
    fitting = [rule for rule in loaded.rules if is_file or rule.id.startswith(name) or rule.title == name]
    exact = [rule for rule in fitting if rule.id == name]
    fitting = exact or fitting
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        listed = ", ".join(f"{rule.id} ({rule.title})" for rule in fitting[:5])
        where = f" -r {name}" if is_file else ""
        raise UsageError(f"{name} stands for {len(fitting)} rules; give one id{where}: {listed}")
    if is_file and loaded.problems:
        raise loaded.problems[0]
    refused = f"; {len(loaded.problems)} rules there were refused (see `vedette rules`)" if loaded.problems else ""
    raise UsageError(f"no rule {name!r} among {len(loaded.rules)} rules{refused}; name its file, or its folder with -r")


def _is_wanted(event: Event, number: int | None, at: float | None, pid: int | None) -> bool:
    return (
        (number is None or number in (event.origin.serial, event.origin.offset))
        and (at is None or at <= event.time < at + 1)
        and (pid is None or event.values.get("ProcessId") == pid)
    )


def _warn(text: str) -> None:
    from vedette.report.terminal import printable

    click.echo(f"vedette: {printable(text)}", err=True)

"""`vedette deploy`: rules as content of Microsoft Sentinel."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

from vedette.cli.deploying import apply, destroy, plan

if TYPE_CHECKING:
    from vedette.kql.check import Checker
    from vedette.sentinel.content import Form


#: What `--kind` asks for.
_FORMS: Final[dict[str, tuple[Form, ...]]] = {
    "analytics": ("analytics",),
    "hunting": ("hunting",),
    "both": ("analytics", "hunting"),
}


@click.group()
def deploy() -> None:
    """Write rules as content of Microsoft Sentinel, check content of anybody's, and put rules into a workspace.

    `render` and `check` run on this machine, and send nothing anywhere. `plan` reads a workspace; `apply` and `destroy`
    change it.
    """


for _verb in (plan, apply, destroy):
    deploy.add_command(_verb)


@deploy.command()
@click.argument("paths", nargs=-1, required=True, metavar="PACK|RULES...")
@click.option("-o", "--output", required=True, metavar="DIR", help="The folder to write to; made if it is not there.")
@click.option(
    "-t",
    "--target",
    "targets",
    type=click.Choice(["asim", "xdr", "syslog"]),
    multiple=True,
    default=("asim",),
    show_default=True,
    help="Where the queries are to run; may be repeated.",
)
@click.option(
    "--kind",
    type=click.Choice(["analytics", "hunting", "both"]),
    default="both",
    show_default=True,
    help="Analytics rules, hunting queries, or one of each for a rule.",
)
@click.option("--frequency", default="1h", show_default=True, metavar="TIME", help="How often an analytics rule runs.")
@click.option(
    "--period",
    metavar="TIME",
    help="How far an analytics rule looks back. Default: the frequency and 15 minutes, for events that arrive late.",
)
@click.option(
    "-O",
    "--option",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="How queries are written, as for `vedette convert`; may be repeated. Default here: long=split.",
)
@click.option("--filters", multiple=True, metavar="PATH", help="Sigma filters beside those of a pack; may be repeated.")
@click.option("--no-exclusions", is_flag=True, help="Take no exclusion out, not even those of the pack.")
@click.option("--no-watchlists", is_flag=True, help="Write exclusions of pure equality into the queries too.")
@click.option("--strict", is_flag=True, help="Exit with 2 if a rule or an exclusion was refused.")
@click.pass_context
def render(
    ctx: click.Context,
    /,
    paths: tuple[str, ...],
    output: str,
    targets: tuple[str, ...],
    kind: str,
    frequency: str,
    period: str | None,
    settings: tuple[str, ...],
    filters: tuple[str, ...],
    no_exclusions: bool,
    no_watchlists: bool,
    strict: bool,
) -> None:
    """Write rules as analytics rules and hunting queries of Sentinel.

    RULES are Sigma files, folders that are searched for them, or hunt packs. Below DIR each target has a folder with
    `analytics`, `hunting`, `watchlists` and a template of all of it, `azuredeploy.json`. Exclusions that apply are
    taken out: those of pure equality by a watchlist, the others in the query. What would not keep to Sentinel's limits
    is not written, and named. Where Microsoft's parser is installed (see `vedette kql`), it has accepted each query
    that is written, and each mapped column is one of its result. The exit code is 2 if no rule is rendered at all.
    """
    from vedette.cli.convert import _settings
    from vedette.cli.exit import OK, RULES
    from vedette.cli.meter import Meter
    from vedette.errors import UsageError
    from vedette.hunt.exclusion import judge
    from vedette.hunt.options import Progress
    from vedette.kql import Options, read_target
    from vedette.report.terminal import printable
    from vedette.sentinel.content import Schedule
    from vedette.sentinel.folder import write_folder
    from vedette.sentinel.render import Wanted
    from vedette.sentinel.render import render as content_of
    from vedette.sigma.ruleset import load

    try:
        schedule = Schedule.of(frequency, period)
    except ValueError as error:
        raise UsageError(str(error)) from None
    given = {"long": "split", **_settings(settings)}
    chosen = [read_target(name) for name in dict.fromkeys(targets)]
    options = {target.name: Options.of(given, target) for target in chosen}
    rendered, refused = 0, False
    with Meter(shown=sys.stderr.isatty()) as meter, _checker() as checker:
        loaded = load((*paths, *filters), on_progress=lambda done, total: meter(Progress("rules", done, total)))
        for problem in loaded.problems:
            click.echo(printable(f"vedette: {problem}"), err=True)
        for target in chosen:
            judged = None if no_exclusions else judge(loaded.filters, loaded.rules, now=time.time(), place=target.name)
            wanted = Wanted(_FORMS[kind], schedule, options[target.name], watchlists=not no_watchlists)
            found = content_of(loaded, target, wanted, judged, checker)
            files = write_folder(found.artefacts, output)
            aside = () if judged is None else (*judged.problems, *judged.aside)
            for line in (*aside, *found.refused, *found.unenforced, *found.notes):
                click.echo(printable(f"vedette: {line}"), err=True)
            state = "accepted by Microsoft's parser" if found.proven else "without Microsoft's parser, unproved"
            click.echo(
                f"{target.name}: {found.rendered:,} of {found.rules:,} rules rendered, {len(files):,} files; {state}; "
                "not verified against Azure itself",
                err=True,
            )
            rendered += found.rendered
            refused = refused or bool(found.refused or found.unenforced or loaded.problems)
            if judged is not None:
                wrong = [one for one in judged.aside if one.fault not in ("EXPIRED", "ELSEWHERE")]
                refused = refused or bool(judged.problems or wrong)
    ctx.exit(RULES if not rendered or (strict and refused) else OK)


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

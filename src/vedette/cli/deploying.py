"""`vedette deploy plan`, `apply` and `destroy`: rendered content in a workspace."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from vedette.cli.azure import azure_options, connection_of

if TYPE_CHECKING:
    from vedette.sentinel.connection import Connection
    from vedette.sentinel.deployment.apply import Fate
    from vedette.sentinel.deployment.estimate import Estimate
    from vedette.sentinel.deployment.plan import Plan
    from vedette.sentinel.deployment.service import Service

_Function = TypeVar("_Function", bound=Callable[..., Any])
_TARGETS: Final = click.Choice(["asim", "xdr", "syslog"])


def _workspace_options(function: _Function) -> _Function:
    for option in reversed(
        (
            click.option("--workspace-resource", metavar="PATH", help="/subscriptions/.../workspaces/NAME."),
            click.option("--subscription", metavar="ID", help="Of the workspace, where its path is not given."),
            click.option("--resource-group", metavar="NAME", help="Of the workspace, likewise."),
            click.option("--workspace-name", metavar="NAME", help="Of the workspace, likewise."),
            click.option(
                "--as",
                "pack_name",
                metavar="NAME",
                help="The name under which is deployed, by which the objects are known again. Default: the pack's, or "
                "the name of the first file or folder.",
            ),
            click.option("-t", "--target", type=_TARGETS, default="asim", show_default=True, help="Whose queries."),
        )
    ):
        function = option(function)
    return function


def _content_options(function: _Function) -> _Function:
    for option in reversed(
        (
            click.option(
                "--kind",
                type=click.Choice(["analytics", "hunting", "both"]),
                default="both",
                show_default=True,
                help="Analytics rules, hunting queries, or one of each for a rule.",
            ),
            click.option("--frequency", default="1h", show_default=True, metavar="TIME", help="How often a rule runs."),
            click.option("--period", metavar="TIME", help="How far a rule looks back, as for `deploy render`."),
            click.option("-O", "--option", "settings", multiple=True, metavar="KEY=VALUE", help="As for `convert`."),
            click.option("--filters", multiple=True, metavar="PATH", help="Sigma filters beside those of a pack."),
            click.option("--no-exclusions", is_flag=True, help="Take no exclusion out, not even those of the pack."),
            click.option(
                "--watchlists/--no-watchlists",
                default=True,
                help="Exclusions of equality as watchlists, or all inline.",
            ),
            click.option(
                "--without-missing",
                is_flag=True,
                help="Ship rules without exclusions for which the target has no column; else such rules are refused.",
            ),
            click.option("--evidence", multiple=True, metavar="DIR", help="Audit exclusions by these logs too."),
            click.option("--history", multiple=True, metavar="LOG", help="Estimate alerts by a hunt through logs."),
            click.option(
                "--history-days",
                type=click.IntRange(1, 30),
                metavar="DAYS",
                help="Estimate alerts by the workspace's own rows of so many days; each rule is a query.",
            ),
            click.option(
                "--max-alerts-per-day",
                type=click.IntRange(0),
                default=100,
                show_default=True,
                help="Refuse rules that would alert more often on their busiest day.",
            ),
            click.option("--allow-noisy", is_flag=True, help="Deploy them all the same."),
            click.option(
                "--enable", is_flag=True, help="Switch the rules on; else new ones are off, others as they are."
            ),
            click.option("--delete", is_flag=True, help="Delete objects of the pack that are wanted no more."),
            click.option("--take-over", is_flag=True, help="Overwrite what was changed by hand, or is not ours."),
        )
    ):
        function = option(function)
    return function


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PACK|RULES...")
@_workspace_options
@_content_options
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the plan is written.",
)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, as `apply --plan` takes it with -f json.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 1 if anything differs, 0 if nothing does.")
@azure_options
@click.pass_context
def plan(ctx: click.Context, /, form: str, output: str | None, detailed_exitcode: bool, **asked: Any) -> None:
    """Show what `apply` would do to a workspace, object by object; nothing is changed.

    What is there is compared with what `deploy render` would write. Only objects that Vedette deployed under the same
    name are touched: others, and those changed by hand, are shown and left. The exit code is 0 whatever differs, unless
    `--detailed-exitcode` makes it 1.
    """
    from vedette.cli.exit import GATE, OK
    from vedette.cli.output import Output
    from vedette.report.terminal import printable
    from vedette.sentinel.deployment import show

    with _opened(asked) as (service, connection):
        found, estimates = _planned(service, connection, asked)
    out = Output(output)
    try:
        if form == "json":
            out.stream.write(show.document(found, service.resource, estimates))
        else:
            for line in show.lines_of(found, estimates):
                out.stream.write(f"{printable(line)}\n".encode("utf-8", "backslashreplace"))
        out.commit()
    finally:
        out.discard()
    click.echo(show.account(found), err=True)
    ctx.exit(GATE if detailed_exitcode and (found.changes or found.open) else OK)


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PACK|RULES...")
@_workspace_options
@_content_options
@click.option("--plan", "saved", metavar="FILE", help="A plan of `-f json`; refused if anything has moved since.")
@click.option("--yes", is_flag=True, help="Ask nothing; needed where there is no terminal.")
@azure_options
@click.pass_context
def apply(ctx: click.Context, /, saved: str | None, yes: bool, **asked: Any) -> None:
    """Do to a workspace what `plan` shows.

    Watchlists are put in place before the rules that read them, and deletions come last. Each object is written only if
    nobody changed it since it was read. What became of each is told; one that fails stops no other, and a second run
    completes. The exit code is 1 if anything was refused, failed, or left as somebody else has it.
    """
    from vedette.cli.exit import GATE, OK
    from vedette.report.terminal import printable
    from vedette.sentinel.deployment import show

    with _opened(asked) as (service, connection):
        found, estimates = _planned(service, connection, asked)
        if saved is not None and not _is_same(saved, found, service.resource):
            click.echo("vedette: the workspace or the rules have moved since the plan was made; plan again", err=True)
            ctx.exit(GATE)
        if saved is None or sys.stderr.isatty():
            for line in show.lines_of(found, estimates):
                click.echo(printable(line))
        click.echo(show.account(found), err=True)
        fates = _done(service, found, yes=yes)
    ctx.exit(GATE if found.open or any(fate.outcome != "done" for fate in fates) else OK)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PACK|RULES]...")
@_workspace_options
@click.option("--all-own", is_flag=True, help="Delete the objects of all packs and targets that Vedette deployed.")
@click.option("--take-over", is_flag=True, help="Delete what was changed by hand too.")
@click.option("--yes", is_flag=True, help="Ask nothing; needed where there is no terminal.")
@azure_options
@click.pass_context
def destroy(ctx: click.Context, /, all_own: bool, take_over: bool, yes: bool, **asked: Any) -> None:
    """Delete from a workspace what was deployed of a pack, and nothing else; shown first.

    Rules and queries go before the watchlists that they read. What was changed by hand since stays, unless
    `--take-over` is given. The exit code is 1 if anything stayed.
    """
    from vedette.cli.exit import GATE, OK
    from vedette.errors import UsageError
    from vedette.report.terminal import printable
    from vedette.sentinel.deployment import show
    from vedette.sentinel.deployment.plan import Intent, removal
    from vedette.sentinel.deployment.state import read_state

    if all_own is bool(asked["paths"] or asked["pack_name"]):
        raise UsageError("name a pack, or --all-own for everything that Vedette deployed")
    with _opened(asked) as (service, _connection):
        intent = Intent("" if all_own else _name_of(asked), (asked["target"],), take_over=take_over)
        found = removal(read_state(service), intent, everything=all_own)
        for line in show.lines_of(found):
            click.echo(printable(line))
        click.echo(show.account(found), err=True)
        fates = _done(service, found, yes=yes)
    left = any(step.action != "delete" for step in found.steps)
    ctx.exit(GATE if left or any(fate.outcome != "done" for fate in fates) else OK)


@contextlib.contextmanager
def _opened(asked: dict[str, Any]) -> Iterator[tuple[Service, Connection]]:
    from vedette.errors import UsageError
    from vedette.sentinel.deployment.service import Service

    connection = connection_of(asked)
    parts = [asked[name] for name in ("subscription", "resource_group", "workspace_name")]
    resource = asked["workspace_resource"]
    if resource is None:
        if not all(parts):
            raise UsageError(
                "name the workspace: --workspace-resource, or --subscription, --resource-group and --workspace-name"
            )
        resource = (
            f"/subscriptions/{parts[0]}/resourceGroups/{parts[1]}"
            f"/providers/Microsoft.OperationalInsights/workspaces/{parts[2]}"
        )
    elif any(parts):
        raise UsageError("--workspace-resource names the workspace already")
    with Service(connection, resource) as service:
        yield service, connection


def _name_of(asked: dict[str, Any]) -> str:
    """The name under which is deployed; without blanks, since it stands in a line of text."""
    from vedette.audit.description import FILE
    from vedette.errors import UsageError

    name = asked["pack_name"] or ""
    if not name:
        first = Path(asked["paths"][0]).resolve()
        description = first / FILE
        name = first.name if first.is_dir() else first.stem
        if description.is_file():
            import yaml

            with contextlib.suppress(OSError, yaml.YAMLError, UnicodeDecodeError):
                content = yaml.safe_load(description.read_text(encoding="utf-8"))
                name = str(content.get("name") or name) if isinstance(content, dict) else name
    made = "-".join(name.split())
    if not made or len(made) > 100 or not made.isprintable():
        raise UsageError(f"{name[:100]!r} is no name for a deployment; give one with --as")
    return made


def _planned(service: Service, connection: Connection, asked: dict[str, Any]) -> tuple[Plan, dict[str, Estimate]]:
    """Load, render, judge and compare; what is refused or left out is told on the way."""
    from vedette.cli.convert import _settings
    from vedette.cli.deploy import _FORMS, _checker
    from vedette.errors import UsageError
    from vedette.hunt.exclusion import judge
    from vedette.kql import Options, read_target
    from vedette.report.terminal import printable
    from vedette.sentinel.content import Schedule
    from vedette.sentinel.deployment import estimate, objection
    from vedette.sentinel.deployment.plan import Intent
    from vedette.sentinel.deployment.plan import plan as compare
    from vedette.sentinel.deployment.state import read_state
    from vedette.sentinel.deployment.wanted import wanted
    from vedette.sentinel.render import Wanted, render
    from vedette.sigma.ruleset import load

    def say(*lines: object) -> None:
        for line in lines:
            click.echo(printable(f"vedette: {line}"), err=True)

    try:
        schedule = Schedule.of(asked["frequency"], asked["period"])
    except ValueError as error:
        raise UsageError(str(error)) from None
    target = read_target(asked["target"])
    options = Options.of({"long": "split", **_settings(asked["settings"])}, target)
    loaded = load((*asked["paths"], *asked["filters"]))
    say(*loaded.problems)
    judged = None
    if not asked["no_exclusions"]:
        judged = judge(loaded.filters, loaded.rules, now=time.time(), place=target.name)
        say(*judged.problems, *judged.aside)
    with _checker() as checker:
        wish = Wanted(_FORMS[asked["kind"]], schedule, options, asked["watchlists"])
        found = render(loaded, target, wish, judged, checker)
    say(*found.refused, *found.unenforced, *found.notes)
    if checker is None:
        say("Microsoft's parser is not installed: no query and no mapped column is proved; see `vedette kql`")
    objections = [] if judged is None else [objection.by_logic(loaded, judged)]
    if not asked["without_missing"]:
        objections.append(objection.lacking(found.lacking))
    if asked["evidence"]:
        objections.append(objection.by_evidence(_audited(asked)))
    pack = _name_of(asked)
    wish_of = wanted(found, pack)
    estimates = _estimates(service, connection, asked, wish_of)
    loud = {} if asked["allow_noisy"] else estimate.noisy(estimates, asked["max_alerts_per_day"])
    kinds = {"analytics": ("watchlist", "rule"), "hunting": ("watchlist", "search")}
    intent = Intent(
        pack,
        (target.name,),
        kinds.get(asked["kind"], ("watchlist", "rule", "search")),  # type: ignore[arg-type]  # texts of the literal
        asked["enable"],
        asked["delete"],
        asked["take_over"],
    )
    known = {*(one.id for one in loaded.rules), *(one.id for one in loaded.correlations)}
    compared = compare(
        read_state(service, wish_of), wish_of, intent, refused=objection.joined(*objections), noisy=loud, known=known
    )
    return compared, estimates


def _audited(asked: dict[str, Any]) -> Any:
    from vedette.audit.audit import Request, audit

    return audit(
        Request(asked["paths"], asked["filters"], asked["evidence"], now=time.time(), optional=True),
    )


def _estimates(service: Service, connection: Connection, asked: dict[str, Any], wish: Any) -> dict[str, Estimate]:
    from vedette.errors import UsageError
    from vedette.sentinel.deployment import estimate

    if asked["history"] and asked["history_days"]:
        raise UsageError("--history estimates by logs, --history-days by the workspace; give one of them")
    if asked["history_days"]:
        return estimate.of_workspace(connection, service.resource, wish, asked["history_days"])
    if not asked["history"]:
        return {}
    from vedette.correlate.hunting import correlating
    from vedette.hunt.hunt import Hunt
    from vedette.hunt.options import Options

    hunt = Hunt(
        Options(tuple(asked["history"]), tuple(asked["paths"]), filters=tuple(asked["filters"])), joining=correlating
    )
    return estimate.of_findings(hunt.findings(), {one.rule for one in wish if one.kind == "rule"})


def _is_same(saved: str, found: Plan, resource: str) -> bool:
    import msgspec

    from vedette.errors import UsageError
    from vedette.sentinel.deployment.show import SCHEMA

    try:
        content = msgspec.json.decode(Path(saved).read_bytes())
    except OSError as error:
        raise UsageError(f"can't read {saved}: {error.strerror}") from None
    except msgspec.DecodeError:
        content = None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise UsageError(f"{saved} is no plan; make one with `vedette deploy plan -f json -o FILE`")
    workspace = str(content.get("workspace", "")).lower()
    return content.get("fingerprint") == found.fingerprint and workspace == resource.lower()


def _done(service: Service, found: Plan, *, yes: bool) -> list[Fate]:
    """Ask, then do; each fate is told as it comes."""
    from vedette.errors import UsageError
    from vedette.report.terminal import printable
    from vedette.sentinel.deployment import show
    from vedette.sentinel.deployment.apply import apply as fates_of

    if not found.changes:
        click.echo(show.outcome(()), err=True)
        return []
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nobody is there to be asked; look at the plan, and give --yes")
        click.confirm(f"Do this to {service.resource}?", abort=True, err=True)
    fates = []
    for fate in fates_of(service, found):
        click.echo(printable(show.told(fate)))
        fates.append(fate)
    click.echo(show.outcome(fates), err=True)
    return fates

"""`vedette hunt --workspace`: rules asked of a workspace of Log Analytics, findings out."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from click.core import ParameterSource

from vedette.cli.azure import azure_options
from vedette.cli.exit import GATE, INTERRUPTED, OK, RULES, TELEMETRY, USAGE, strongest
from vedette.errors import UsageError
from vedette.report.level import rank

if TYPE_CHECKING:
    from vedette.cli.output import Output
    from vedette.cli.workspace_gap import Local
    from vedette.correlate.incident import Decision, Incident
    from vedette.correlate.tracker import Tracker
    from vedette.hunt.finding import Finding
    from vedette.hunt.options import Options
    from vedette.kql.check import Checker
    from vedette.sentinel.hunting.hunting import Account, Hunting, Times
    from vedette.sentinel.hunting.kin import Kin
    from vedette.sentinel.hunting.plan import Plan
    from vedette.sigma.ruleset import RuleSet

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: Seconds that a workspace is looked back over unless stated.
SINCE: Final = 7 * 86_400.0
#: Options that speak of a workspace alone, by the names that click has for them.
_OWN: Final = (
    *("workspace", "target_name", "settings", "batch", "timeout", "dry_run", "resume", "compare", "differing"),
    *("auth", "cloud", "endpoint", "ca_file"),
)
#: Options that speak of logs alone.
_LOCAL: Final = {
    "raw": "--raw",
    "no_routing": "--no-routing",
    "passwd": "--passwd",
    "backend": "--backend",
}


def workspace_options(function: _Function) -> _Function:
    """Add the options of a hunt in a workspace."""
    for option in reversed(
        (
            click.option(
                "--workspace",
                metavar="ID",
                help="Hunt in this workspace of Log Analytics (its Workspace ID), not in logs; see docs/workspace.md.",
            ),
            click.option(
                "-t",
                "--target",
                "target_name",
                type=click.Choice(["asim", "xdr", "syslog"]),
                default="asim",
                show_default=True,
                help="Which tables of the workspace are asked.",
            ),
            click.option(
                "-O",
                "--option",
                "settings",
                multiple=True,
                metavar="KEY=VALUE",
                help="How the workspace's queries are written, as for `vedette convert`; may be repeated.",
            ),
            click.option(
                "--batch",
                type=click.IntRange(1, 100),
                default=5,
                show_default=True,
                help="Queries that are sent to the workspace at once.",
            ),
            click.option(
                "--timeout",
                type=click.IntRange(1, 600),
                default=180,
                show_default=True,
                metavar="SECONDS",
                help="Time that the workspace is given for a query.",
            ),
            click.option("--dry-run", is_flag=True, help="Print the workspace's queries, and send nothing."),
            click.option(
                "--resume", metavar="FILE", help="Keep what the workspace answered in FILE, and go on from there."
            ),
            click.option(
                "--compare",
                multiple=True,
                metavar="LOG",
                help="Hunt in LOG too, and list what only one of the two shows; may be repeated.",
            ),
            click.option(
                "--fail-on-difference",
                "differing",
                is_flag=True,
                help="With --compare, exit with 1 if the two differ.",
            ),
            azure_options,
        )
    ):
        function = option(function)
    return function


def in_workspace(ctx: click.Context, logs: tuple[str, ...]) -> bool:
    """Whether a workspace is asked; takes its options out of the verb's where none is.

    Raises:
        UsageError: the options don't go together.
    """
    given = {name for name in ctx.params if ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE}
    names = {parameter.name: parameter.opts[0] for parameter in ctx.command.params}
    if ctx.params["workspace"] is None:
        if own := [names[name] for name in _OWN if name in given]:
            raise UsageError(f"{own[0]} speaks of a workspace; name one by --workspace")
        if not logs:
            raise click.UsageError("nothing to hunt in: name a LOG, or a workspace by --workspace", ctx)
        return False
    if logs:
        raise UsageError("a LOG and a workspace can't be hunted at once; --compare LOG shows where they differ")
    if local := [option for name, option in _LOCAL.items() if name in given]:
        raise UsageError(f"{local[0]} speaks of logs; a workspace has none")
    if ctx.params["incidents"] and ctx.params["compare"]:
        raise UsageError("--incidents has no place in a comparison")
    if ctx.params["differing"] and not ctx.params["compare"]:
        raise UsageError("--fail-on-difference speaks of --compare")
    return True


def without(asked: dict[str, Any]) -> dict[str, Any]:
    """The options of a hunt in logs."""
    return {name: value for name, value in asked.items() if name not in _OWN}


def hunt_workspace(out: Output, form: str, fail_on: str | None, asked: dict[str, Any], *, strict: bool) -> int:
    """Hunt in a workspace; tells the exit code."""
    from vedette.cli.azure import connection_of
    from vedette.cli.convert import _settings
    from vedette.cli.interruption import Interruption
    from vedette.cli.meter import Meter
    from vedette.cli.workspace_gap import check, hunt_log
    from vedette.hunt.exclusion import judge
    from vedette.hunt.hunt import built_in_pack
    from vedette.hunt.options import DEFAULT_PACK, Progress
    from vedette.hunt.options import Options as Asked
    from vedette.kql import Options, read_target
    from vedette.sentinel.hunting.hunting import Hunting, Times
    from vedette.sigma.ruleset import load

    target = read_target(asked["target_name"])
    options = Options.of({"image": asked["image"], **_settings(asked["settings"])}, target)
    choice = "both" if options.image == "column" else options.image
    now = time.time()
    decisions = _decisions(asked["decisions"])
    local = Asked(
        tuple(asked["compare"]),
        asked["rules"],
        asked["since"],
        asked["until"],
        asked["level"],
        choice,
        show_excluded=bool(asked["compare"]) or asked["show_excluded"],
        show_joined=asked["show_joined"],
        filters=asked["filters"],
        exclude=not asked["no_exclusions"],
        now=now,
    )
    with Interruption() as interruption, Meter(shown=sys.stderr.isatty()) as meter, _checker() as checker:
        paths = (*(local.rules or (built_in_pack(DEFAULT_PACK),)), *local.filters)
        loaded = interruption.during(
            lambda: load(paths, on_progress=lambda done, total: meter(Progress("rules", done, total)))
        )
        joining = _joining(loaded, local)
        needs: frozenset[str] = joining.needs if joining is not None else frozenset()
        made = interruption.during(lambda: _planned(loaded, target.name, options, local.level, needs, checker))
        side = None
        if asked["compare"]:
            check(form)
            side = interruption.during(lambda: hunt_log(local, meter))
        since, until = _bounds(local, side, now)
        joining = _joining(loaded, dataclasses.replace(local, since=since, until=until))
        times = Times(since, until, now, joining.reach if joining is not None else 0.0)
        if asked["dry_run"]:
            return _dry_run(made, loaded, times, asked["batch"], out, strict=strict)
        judged = judge(loaded.filters if local.exclude else (), loaded.rules, now=now)
        connection = connection_of(asked)
        wire = _wire(connection, asked["workspace"], asked["timeout"])
        tracker, kin = _kin() if asked["incidents"] else (None, None)
        with contextlib.closing(wire):
            hunting = Hunting(
                made,
                wire,
                asked["workspace"],
                times,
                bound=judged.bound,
                choice=choice,
                joining=joining,
                watch=kin.found if kin is not None else None,
                journal=asked["resume"],
                batch=asked["batch"],
            )
            stopped = _run(hunting, interruption, meter)
            findings, account = hunting.findings(), hunting.account
            compared = None
            if side is not None and stopped is None and interruption.by is None:
                compared = interruption.during(lambda: side.held_against(findings, account, made, wire))
        account.interrupted = interruption.by is not None
        account.notes += [*map(str, (*loaded.problems, *judged.problems, *judged.aside)), *judged.notes]
        if joining is not None:
            account.notes += _of_joining(joining)
    codes = [OK]
    if compared is not None:
        compared.write(out.stream, form)
        codes += compared.codes(asked["differing"])
    elif not asked["compare"]:
        made_of = _incidents(tracker, asked["workspace"], decisions) if tracker is not None else []
        shown = [one for one in findings if asked["show_excluded"] or one.verdict.decision == "alert"]
        _write(shown, made_of, form, out)
        if fail_on and any(
            rank(one.level) >= rank(fail_on)
            for one in made_of
            if one.decision is None or one.decision.verdict != "benign"
        ):
            codes.append(GATE)
        if made_of:
            levels = Counter(one.level for one in made_of)
            several = "incident" if len(made_of) == 1 else "incidents"
            counts = ", ".join(f"{count:,} {level}" for level, count in levels.items())
            account.notes.append(
                f"{len(made_of):,} {several} ({counts}), without what no table holds: "
                "the kernel's records of the packet filter"
            )
    if account.interrupted or stopped is not None:
        codes += [INTERRUPTED] if account.interrupted else []
        partial = out.keep_partial()
        if partial:
            account.notes.append(f"the findings up to there are in {partial}; {out.path} is as it was")
    else:
        out.commit()
    _tell(account)
    for label, text in compared.lines() if compared is not None else ():
        _say(f"{label:<10}{text}")
    if stopped is not None:
        raise stopped
    problems = bool(loaded.problems or judged.problems)
    codes += _codes(account, loaded, fail_on, strict=strict, problems=problems)
    return strongest(codes)


def _bounds(options: Options, side: Local | None, now: float) -> tuple[float, float | None]:
    """The time that is hunted: as asked; of a comparison else that of the log; else the last days."""
    first = side.first if side is not None else None
    since = options.since if options.since is not None else now - SINCE if first is None else first
    until = options.until
    if until is None and side is not None and side.last is not None:
        until = side.last + 0.001  # what the log can't show any more is no difference
    return since, until


def _run(hunting: Hunting, interruption: Any, meter: Any) -> UsageError | None:
    """Ask all, and show how far it is; what ends it early is told once what was found is put out."""
    from vedette.hunt.options import Progress

    total = max(1, int(hunting.total))
    try:
        for left in interruption.until(hunting.run()):
            meter(Progress("log", total - int(left), total))
    except UsageError as error:
        return error
    finally:
        meter.stop()
    return None


def _codes(account: Account, loaded: RuleSet, fail_on: str | None, *, strict: bool, problems: bool) -> Iterator[int]:
    if not loaded.rules:
        yield USAGE
    if not account.answered and any(fate.state != "refused" for fate in account.fates):
        yield TELEMETRY
    if fail_on and any(count and rank(level) >= rank(fail_on) for level, count in account.alerts.items()):
        yield GATE
    if strict and (problems or not account.whole or any(fate.state == "refused" for fate in account.fates)):
        yield RULES


def _planned(
    loaded: RuleSet, target: str, options: Any, level: str | None, needs: frozenset[str], checker: Checker | None
) -> Plan:
    from vedette.kql import read_target
    from vedette.kql.check.conversion import checked
    from vedette.sentinel.hunting.plan import plan

    check = None if checker is None else lambda query: checked(query, checker)
    return plan(loaded.rules, read_target(target), options, level=level, needs=needs, check=check)


def _decisions(path: str | None) -> dict[str, Decision]:
    from vedette.cli import hunt

    return hunt._decisions(path)  # noqa: SLF001 (read as by a hunt in logs)


def _kin() -> tuple[Tracker, Kin]:
    """What ties matches into incidents."""
    from vedette.correlate.tracker import Tracker
    from vedette.sentinel.hunting.kin import Kin

    tracker = Tracker(recorded=False)
    return tracker, Kin(tracker)


def _joining(loaded: RuleSet, options: Options) -> Any:
    """What joins matches of a workspace, whose rows are put in order first."""
    if not loaded.correlations:
        return None
    from vedette.correlate.hunting import Correlating

    return Correlating(loaded, options)


def _of_joining(joining: Any) -> list[str]:
    from vedette.hunt.summary import Summary

    told = Summary()
    joining.account(told)
    return told.notes


def _wire(connection: Any, workspace: str, seconds: int) -> Any:
    try:
        from vedette.sentinel.hunting.wire import Wire

        return Wire(connection, workspace, seconds)
    except ImportError as error:
        raise UsageError(
            f"what asks a workspace is not installed ({error.name or error}); "
            "install it with: pip install 'vedette[sentinel]'"
        ) from error


def _dry_run(made: Plan, loaded: RuleSet, times: Times, batch: int, out: Output, *, strict: bool) -> int:
    """Print what would be sent."""
    from vedette.sentinel.hunting.dry import text

    out.stream.write(text(made, times.window, batch).encode())
    out.commit()
    refused = [*loaded.problems, *(error for one in made.refused for error in one.errors)]
    for line in refused:
        _say(f"vedette: {line}")
    batches = -(-len(made.asks) // batch)
    proof = "accepted by Microsoft's parser" if made.proved else "unproved, without Microsoft's parser"
    _say(
        f"{len(made.asks):,} queries in {batches:,} requests, {len(made.refused):,} rules refused; {proof}; "
        "nothing was sent"
    )
    if not made.asks:
        return RULES
    return RULES if strict and refused else OK


def _incidents(tracker: Tracker, workspace: str, decisions: dict[str, Decision]) -> list[Incident]:
    from vedette.correlate.decisions import decided
    from vedette.correlate.judging import incidents

    return list(decided(incidents(list(tracker.jobs()), f"workspace:{workspace}"), decisions))


def _write(findings: list[Finding], late: list[Incident], form: str, out: Output) -> None:
    from vedette.cli import hunt

    hunt._write(iter(findings), iter(late), form, out.stream)  # noqa: SLF001 (the same forms as a hunt in logs)


def _tell(account: Account) -> None:
    from vedette.sentinel.hunting.account import lines

    for label, text, _ in lines(account):
        _say(f"{label:<10}{text}")


def _say(text: str) -> None:
    from vedette.report.terminal import printable

    click.echo(printable(text), err=True)


@contextlib.contextmanager
def _checker() -> Iterator[Checker | None]:
    """Microsoft's parser, or None where it is not installed."""
    from vedette.cli.deploy import _checker as checker

    with checker() as found:
        yield found

"""`vedette hunt`: logs and rules in, findings out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from vedette.cli.choice import image_option, input_format_option, map_option, passwd_option, rules_option
from vedette.cli.dataset import engine_options
from vedette.cli.exit import GATE, INTERRUPTED, OK, RULES, TELEMETRY, USAGE, hush, strongest
from vedette.cli.moment import Moment
from vedette.cli.workspace import workspace_options
from vedette.errors import UsageError
from vedette.report.level import LEVELS, rank

if TYPE_CHECKING:
    from vedette.correlate.incident import Decision, Incident
    from vedette.correlate.tracker import Tracker
    from vedette.hunt.finding import Finding
    from vedette.hunt.hunt import Hunt
    from vedette.hunt.sighting import Sighting
    from vedette.hunt.summary import Summary

FORMATS = ("table", "ndjson", "json", "csv")


@click.command()
@click.argument("logs", nargs=-1, metavar="[LOG...]")
@rules_option
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="How findings are written; table on a terminal, ndjson into a pipe or file unless stated.",
)
@click.option(
    "-o", "--output", metavar="FILE", help="Write findings to FILE, put in its place when complete; - is stdout."
)
@click.option(
    "--since", type=Moment(), metavar="TIME", help="Only findings from TIME on: RFC 3339, a date, or 12h, 7d ago; UTC."
)
@click.option("--until", type=Moment(), metavar="TIME", help="Only findings before TIME.")
@click.option("--level", type=click.Choice(LEVELS), help="Only rules of this level or above.")
@image_option
@click.option("--fail-on", type=click.Choice(LEVELS), help="Exit with 1 if there is a finding of this level or above.")
@click.option("--filters", multiple=True, metavar="PATH", help="Sigma filters beside those of a pack; may be repeated.")
@click.option("--no-exclusions", is_flag=True, help="Apply no exclusion, not even those of the pack.")
@click.option(
    "--incidents", is_flag=True, help="Tie what followed a loss of firewall rules into incidents, after the findings."
)
@click.option("--decisions", metavar="FILE", help="What analysts made of incidents, as `vedette decide` keeps it.")
@click.option("--show-excluded", is_flag=True, help="Write findings that an exclusion covers too, marked as excluded.")
@click.option("--show-joined", is_flag=True, help="Write findings of rules that are only part of correlations too.")
@click.option("--raw", is_flag=True, help="Add each finding's records as they stand in the log.")
@click.option("--no-routing", is_flag=True, help="Ask all rules of all process starts, whatever log source they state.")
@click.option("--strict", is_flag=True, help="Exit with 2 if a rule was refused.")
@input_format_option
@passwd_option
@map_option
@click.option(
    "--backend",
    type=click.Choice(["auto", "hyperscan", "polars"]),
    default="auto",
    show_default=True,
    help="What scans for patterns.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    help="Hunt on so many cores, where findings are NDJSON and no correlation joins them; two for big logs, else one, "
    "unless stated.",
)
@engine_options
@workspace_options
@click.pass_context
def hunt(
    ctx: click.Context, /, form: str | None, output: str | None, fail_on: str | None, strict: bool, **options: Any
) -> None:
    """Hunt through logs with Sigma rules.

    LOG is a log (plain, gzip, xz or zstd), a folder of them, - for stdin, or a dataset of `vedette ingest`. Audit logs
    are read as auditd writes them or as syslog, journald and LAUREL carry them; beside them events of Windows, Sysmon
    for Linux, Defender, ASIM and Auditbeat, and any NDJSON, CSV or Parquet by --map.

    Without -r the built-in pack linux-firewall hunts. Findings go to stdout; what was covered, and what was not, to
    stderr. With --workspace the rules are asked of a workspace of Log Analytics as KQL, and its rows are the findings.
    """
    from vedette.cli.output import Output
    from vedette.cli.workspace import hunt_workspace, in_workspace, without

    since, until = options["since"], options["until"]
    if since is not None and until is not None and since >= until:
        raise UsageError("--since is not before --until, so no event can lie between them; swap or widen them")
    if options["decisions"] and not options["incidents"]:
        raise UsageError("--decisions speaks of incidents; add --incidents")
    asks_workspace = in_workspace(ctx, options["logs"])
    engine, master = options.pop("engine"), options.pop("master")
    if asks_workspace and (engine != "local" or master is not None):
        raise UsageError("--engine and --master speak of datasets, not of a workspace")
    out = Output(output)
    try:
        form = form or ("table" if out.is_terminal else "ndjson")
        if asks_workspace:
            code = hunt_workspace(out, form, fail_on, options, strict=strict)
        else:
            code = _hunt(out, form, fail_on, strict, without(options), (engine, master))
    finally:
        out.discard()
    ctx.exit(code)


def _hunt(
    out: Any,
    form: str,
    fail_on: str | None,
    strict: bool,
    asked: dict[str, Any],
    engine: tuple[str, str | None] = ("local", None),
) -> int:
    import gc

    from rich.console import Console

    from vedette.cli.cores import cores_for, helpers_for
    from vedette.cli.dataset import hunting, joining
    from vedette.cli.interruption import Interruption
    from vedette.cli.meter import Meter
    from vedette.hunt.options import Options
    from vedette.report import summary as account

    # Events by the million are no cycles; looking for them at the usual rate costs up to a tenth of the hunt.
    gc.set_threshold(50_000, 25, 100)
    jobs = asked.pop("jobs")
    asks, decisions = asked.pop("incidents"), _decisions(asked.pop("decisions"))
    options = Options(routing=not asked.pop("no_routing"), exclude=not asked.pop("no_exclusions"), **asked)
    console = Console(stderr=True, highlight=False)
    # Findings that stream to a terminal and a progress bar on it would write over each other.
    shown = console.is_terminal and not (out.is_terminal and form != "table")
    codes = [OK]
    with Interruption() as interruption, Meter(shown=shown) as meter:
        tracker = _tracker() if asks else None
        make = hunting(options, *engine)
        running = interruption.during(lambda: make(options, on_progress=meter, watch=tracker, joining=joining))
        summary = running.summary
        findings = _then(interruption.until(running.sightings()), meter.stop)
        made: list[Incident] = []
        late = _incidents(tracker, options.logs, decisions, made) if tracker is not None else iter(())
        helpers = helpers_for(running, cores_for(running, jobs, form), out.path)
        try:
            _write(findings, late, form, out.stream)
            for helper in helpers:
                helper.take(out.stream, summary, lambda: interruption.by is None)
            if tracker is not None and form == "csv":
                summary.notes.append("CSV has no place for incidents, which were only counted; -f ndjson holds them")
            if tracker is not None and form == "ndjson":
                _account_of(running, out.stream)
        except BrokenPipeError:
            findings.close()
            hush()
            summary.notes.append("the reader of the findings closed the pipe; the hunt stopped there")
            if fail_on:
                codes.append(INTERRUPTED)
        finally:
            for helper in helpers:
                helper.stop()
        if interruption.by:
            codes.append(INTERRUPTED)
            summary.interrupted = True
            partial = out.keep_partial()
            if partial:
                summary.notes.append(f"the findings up to there are in {partial}; {out.path} is as it was")
        else:
            out.commit()
        summary.incidents.update(one.level for one in made)
        if tracker is not None and tracker.left_out:
            summary.notes.append(
                f"{tracker.left_out:,} sessions and services that touched the packet filter were more than is kept; "
                "what they did next is in no incident"
            )
        account.write(summary, console)
    codes += _judged(summary, fail_on, strict)
    if fail_on and any(
        rank(one.level) >= rank(fail_on) for one in made if one.decision is None or one.decision.verdict != "benign"
    ):
        codes.append(GATE)
    return strongest(codes)


def _judged(summary: Summary, fail_on: str | None, strict: bool) -> Iterator[int]:
    if not summary.rules_loaded:
        yield USAGE
    if not summary.hosts and (summary.log_problems or summary.rejected):
        yield TELEMETRY
    if fail_on and any(count and rank(level) >= rank(fail_on) for level, count in summary.alerts.items()):
        yield GATE
    if strict and summary.rule_problems:
        yield RULES


def _then(findings: Iterator[Sighting | Finding], end: Callable[[], None]) -> Generator[Sighting | Finding]:
    try:
        yield from findings
    finally:
        end()


def _tracker() -> Tracker:
    from vedette.correlate.tracker import Tracker

    return Tracker()


def _decisions(path: str | None) -> dict[str, Decision]:
    """What was decided, read before a hunt of hours; a file that is not there yet is said to be none."""
    if path is None:
        return {}
    from pathlib import Path

    from vedette.correlate.decisions import read_decisions

    found = read_decisions(path)
    if not Path(path).exists():
        click.echo(f"vedette: no decisions yet: there is no {path}", err=True)
    return found


def _incidents(
    tracker: Tracker, logs: tuple[str, ...], decisions: dict[str, Decision], made: list[Incident]
) -> Iterator[Incident]:
    """The incidents, once the findings are through; kept in `made` as well."""
    from vedette.correlate.decisions import decided
    from vedette.correlate.judging import incidents

    for one in decided(incidents(list(tracker.jobs()), logs[0]), decisions):
        made.append(one)
        yield one


def _account_of(running: Hunt, stream: BinaryIO) -> None:
    """The account as the last line, so that a report can say what was covered."""
    import datetime as dt

    from vedette.report.summary_line import Blind, summary_line, write

    def told(seconds: float) -> str:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    blind = [
        Blind(one.host, told(one.start), told(one.start if one.end is None else one.end), one.text)
        for one in running.summary.blind
    ]
    write(summary_line(running.summary, running.exclusions.bound, blind), stream)


def _write(found: Iterator[Sighting | Finding], late: Iterator[Incident], form: str, stream: BinaryIO) -> None:
    import itertools

    from vedette.hunt.sighting import flattened

    findings = flattened(found)
    if form == "table":
        import io

        from rich.console import Console

        from vedette.report import incident, table

        if stream.isatty():
            console = Console(file=sys.stdout, highlight=False)
            table.write(findings, console)
            incident.write(list(late), console)
        else:
            text = io.StringIO()
            console = Console(file=text, highlight=False)
            table.write(findings, console)
            incident.write(list(late), console)
            stream.write(text.getvalue().encode("utf-8", "backslashreplace"))
            stream.flush()
    elif form == "ndjson":
        from vedette.report import ndjson

        ndjson.write(itertools.chain(found, late), stream)
    elif form == "json":
        from vedette.report import json

        json.write(itertools.chain(findings, late), stream)
    else:
        from vedette.report import csv

        csv.write(findings, stream)
        for _ in late:
            pass

"""`vedette convert`: Sigma rules into queries of other engines."""

from __future__ import annotations

import contextlib
import sys
import time

import click


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="RULES...")
@click.option(
    "-t",
    "--target",
    "target_name",
    type=click.Choice(["asim", "xdr", "syslog"]),
    required=True,
    help="Where the queries are to run: Sentinel's ASIM parsers, Defender XDR, or Sentinel's Syslog table.",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["query", "json"]),
    default="query",
    show_default=True,
    help="KQL, or one JSON document with queries, notes and refusals.",
)
@click.option(
    "-o",
    "--output",
    "output",
    metavar="FILE|DIR",
    help="Write to FILE, or one `<rule file>.kql` a rule into the folder DIR (one that exists, or a name ending in /).",
)
@click.option(
    "-O",
    "--option",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="How queries are written: entry, image, missing, window, prefilter, long, style, hex; may be repeated.",
)
@click.option(
    "--check", "check", is_flag=True, help="Hold each query against Microsoft's parser; one with an error is refused."
)
@click.option("--filters", multiple=True, metavar="PATH", help="Sigma filters beside those of a pack; may be repeated.")
@click.option("--no-exclusions", is_flag=True, help="Take no exclusion out, not even those of the pack.")
@click.option("--strict", is_flag=True, help="Exit with 2 if a rule was refused.")
@click.pass_context
def convert(
    ctx: click.Context,
    /,
    paths: tuple[str, ...],
    target_name: str,
    form: str,
    output: str | None,
    settings: tuple[str, ...],
    check: bool,
    filters: tuple[str, ...],
    no_exclusions: bool,
    strict: bool,
) -> None:
    """Write Sigma rules as KQL that means what the law says, or say why not.

    RULES are Sigma files, folders that are searched for them, or hunt packs. A field or log source that the target has
    no column or table for refuses the rule; nothing is dropped. A correlation becomes one query with its rules, which
    get none of their own unless it says `generate: true`. Exclusions that apply to a rule are taken out behind its
    condition. Queries are marked unchecked unless --check lets Microsoft's
    parser see them (see `vedette kql`). The exit code is 2 if no rule converts at all.
    """
    from vedette.cli.exit import OK, RULES
    from vedette.cli.meter import Meter
    from vedette.hunt.exclusion import judge
    from vedette.hunt.options import Progress
    from vedette.kql import Options, convert_all, read_target
    from vedette.kql.account import account, document, queries
    from vedette.kql.check import Checker
    from vedette.kql.check.conversion import checked
    from vedette.kql.folder import write_folder
    from vedette.report.terminal import printable
    from vedette.sigma.ruleset import load

    target = read_target(target_name)
    options = Options.of(_settings(settings), target)
    # The parser loads in a process of its own while rules are read here.
    with Meter(shown=sys.stderr.isatty()) as meter, Checker() if check else contextlib.nullcontext() as checker:
        loaded = load((*paths, *filters), on_progress=lambda done, total: meter(Progress("rules", done, total)))
        judged = None if no_exclusions else judge(loaded.filters, loaded.rules, now=time.time(), place=target.name)
        found = convert_all(loaded, target, options, judged)
        if checker is not None:
            found = [checked(query, checker) for query in found]
    if _is_folder(output):
        assert output is not None
        if form != "query":
            raise click.UsageError("-o DIR takes -f query; give a file for JSON", ctx)
        write_folder(found, output)
    else:
        text = document(found, loaded, target, judged) if form == "json" else queries(found)
        _write(text, output)
    for line in account(found, loaded, judged):
        click.echo(printable(line), err=True)
    converted = any(query.text for query in found)
    refused = bool(loaded.problems) or any(query.errors or query.unenforced for query in found)
    if judged is not None:
        wrong = [one for one in judged.aside if one.fault not in ("EXPIRED", "ELSEWHERE")]
        refused = refused or bool(judged.problems) or bool(wrong)
    ctx.exit(RULES if not converted or (strict and refused) else OK)


def _settings(written: tuple[str, ...]) -> dict[str, str]:
    from vedette.errors import UsageError

    settings = {}
    for setting in written:
        key, sign, value = setting.partition("=")
        if not sign:
            raise UsageError(f"-O takes key=value, not {setting!r}")
        if key in settings:
            raise UsageError(f"-O {key} is given twice")
        settings[key] = value
    return settings


def _is_folder(output: str | None) -> bool:
    from pathlib import Path

    return output is not None and output != "-" and (output.endswith("/") or Path(output).is_dir())


def _write(text: str, output: str | None) -> None:
    from vedette.cli.output import Output

    destination = Output(output)
    try:
        destination.stream.write(text.encode())
        destination.commit()
    finally:
        destination.discard()

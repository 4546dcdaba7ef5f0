"""`vedette report`: findings as a page, a ticket, a layer or a sheet."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

import click

FORMATS: Final = ("html", "md", "navigator", "csv", "ocsf", "timesketch")
_SUFFIXES: Final = {".html": "html", ".htm": "html", ".md": "md", ".json": "navigator", ".csv": "csv"}


@click.command()
@click.argument("findings", nargs=-1, required=True, metavar="FINDINGS...")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, put in its place when complete; - is stdout.")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="A page, Markdown for a ticket, a layer for the ATT&CK Navigator, a sheet, or events for other systems; "
    "by FILE's ending unless stated.",
)
@click.option("--title", default="Hunt report", show_default=True, metavar="TEXT", help="Title of the report.")
@click.option("--redact", is_flag=True, help="Mask names, addresses and secrets, each value alike wherever it stands.")
@click.pass_context
def report(
    ctx: click.Context, /, findings: tuple[str, ...], output: str | None, form: str | None, title: str, redact: bool
) -> None:
    """Show findings and incidents to people.

    FINDINGS are files of `vedette hunt -f ndjson`, with or without --incidents, - for stdin. The page is one file that
    loads nothing: it opens from a disk, on a phone and in print. Hunt with --raw to have the records in it, and with
    --show-excluded to have what exclusions cover. Lines that can't be read are counted and named in the report.
    """
    import datetime as dt
    import sys

    from vedette.cli.exit import OK, TELEMETRY
    from vedette.cli.output import Output
    from vedette.errors import UsageError
    from vedette.report import csv, markdown, navigator, ocsf, timesketch
    from vedette.report.dossier import Reading
    from vedette.report.html import document
    from vedette.report.redact import redacted
    from vedette.report.rule_text import headers, rule_texts
    from vedette.report.terminal import printable

    form = form or _SUFFIXES.get(PurePath(output or "").suffix.lower(), "html")
    reading = Reading()
    for name in findings:
        if name == "-":
            reading.read(sys.stdin.buffer, name)
        else:
            with open(name, "rb") as stream:  # noqa: PTH123 (a name as the user gave it)
                reading.read(stream, name)
    found = reading.dossier()
    for reason, count in found.unread.items():
        lines = "line" if count == 1 else "lines"
        click.echo(printable(f"unread    {count:,} {lines}, {reason} (first at {found.examples[reason]})"), err=True)
    # Before names are masked, since folders may have some.
    texts = rule_texts(headers(found.findings)) if form == "html" else None
    if redact:
        found = redacted(found)
    out = Output(output)
    try:
        if out.is_terminal and form == "html":
            raise UsageError("a page is for a browser; name a file with -o")
        made = dt.datetime.now(dt.UTC)
        match form:
            case "html":
                for part in document(found, title, made=made, redacted=redact, texts=texts):
                    out.stream.write(part)
            case "md":
                out.stream.write(markdown.markdown(found, title, made=made, redacted=redact).encode())
            case "navigator":
                navigator.write(found.findings, title, out.stream)
            case "ocsf":
                ocsf.write(found, out.stream)
            case "timesketch":
                timesketch.write(found, out.stream)
            case _:
                csv.write(found.findings, out.stream)
        out.commit()
    finally:
        out.discard()
    nothing = not (found.findings or found.incidents or found.summaries)
    ctx.exit(TELEMETRY if nothing and found.unread else OK)

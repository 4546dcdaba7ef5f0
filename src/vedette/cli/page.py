"""`vedette page`: hunt pages in."""

from __future__ import annotations

import click


@click.group()
def page() -> None:
    """Turn hunt pages into hunt packs.

    A hunt page is what teams pass around: prose, a Sigma rule, the KQL that it becomes in Microsoft Sentinel, and the
    false positives with a filter for each.
    """


@page.command("import")
@click.argument("source", metavar="PAGE")
@click.option("-o", "--output", "output", required=True, metavar="PACK", help="Folder of the pack to write.")
@click.option("--force", is_flag=True, help="Write over the files of an earlier import; other files stay.")
@click.option(
    "--license",
    "license_id",
    default="DRL-1.1",
    show_default=True,
    metavar="ID",
    help="License of the rule where the page states none.",
)
def import_(source: str, output: str, force: bool, license_id: str) -> None:
    """Read a hunt page and write it as a pack.

    The rule's indentation, if the page has lost it, is restored from Sigma's schema; what could be read in two ways is
    refused with its line. The query and each scenario's filter are kept word for word. PAGE is a text or Markdown file
    of at most 1 MiB, - for standard input.
    """
    from vedette.page import import_page
    from vedette.page.account import account

    for line in account(import_page(source, output, force=force, license_id=license_id)):
        click.echo(line)


@page.command()
@click.argument("pack", metavar="PACK")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["md", "html"]),
    default="md",
    show_default=True,
    help="How it is written.",
)
@click.option("--evidence", multiple=True, metavar="DIR", help="Labelled logs beside the pack's recordings.")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, put in its place when complete; - is stdout.")
def render(pack: str, form: str, evidence: tuple[str, ...], output: str | None) -> None:
    """Write the hunt page as it should have been.

    Each rule with its author, its KQL with exclusions taken out, held against Microsoft's parser where that is
    installed, and each false positive with what the audit says of its exclusions. The HTML file loads nothing and
    runs nothing.
    """
    import sys
    import time

    from vedette.audit.audit import Request, audit
    from vedette.cli.meter import Meter
    from vedette.cli.output import Output
    from vedette.page.block import markdown
    from vedette.page.block import page as whole
    from vedette.page.rendering import render
    from vedette.page.titling import title_of
    from vedette.sigma.ruleset import load

    now = time.time()
    title, prose = title_of(pack)
    loaded = load((pack,))
    with Meter(shown=sys.stderr.isatty()) as meter:
        judged = audit(Request((pack,), (), evidence, now=now, optional=True), on_progress=meter)
    blocks = tuple(render(title, prose, loaded, judged, now=now))
    out = Output(output)
    try:
        out.stream.write((whole(title, blocks) if form == "html" else markdown(blocks)).encode())
        out.commit()
    finally:
        out.discard()

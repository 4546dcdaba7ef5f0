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

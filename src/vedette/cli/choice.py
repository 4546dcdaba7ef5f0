"""Options that several verbs share."""

from __future__ import annotations

import click

#: As in `vedette.telemetry.format`, which is loaded only when a log is read.
FORMAT_NAMES = (
    "auditd",
    "syslog",
    "journal",
    "laurel",
    "sysmon-linux",
    "defender",
    "asim",
    "auditbeat",
    "ndjson",
    "csv",
    "parquet",
    "evtx",
    "evtx-json",
)
rules_option = click.option(
    "-r",
    "--rules",
    multiple=True,
    metavar="RULES",
    help="Sigma rules: a file or a folder; may be repeated. Default: the built-in pack linux-firewall.",
)
image_option = click.option(
    "--image",
    type=click.Choice(["both", "resolved", "invoked"]),
    default="both",
    show_default=True,
    help="Which path of a program rules read: the kernel's exe, the path that was executed, or either.",
)
passwd_option = click.option(
    "--passwd", metavar="FILE", help="A copy of the host's passwd file, for user names in RAW logs."
)
map_option = click.option(
    "--map",
    metavar="FILE",
    help="Which column of an NDJSON, CSV or Parquet export is which field of Sigma, in TOML or YAML.",
)
input_format_option = click.option(
    "--input-format",
    type=click.Choice(FORMAT_NAMES),
    help="What the logs are, where their content doesn't tell it right.",
)

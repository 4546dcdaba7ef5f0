"""Writes docs/cli.md from the command line itself; `make docs` runs it and a test holds the page against it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

PAGE: Final = Path(__file__).with_name("cli.md")

PREFACE: Final = """\
# The command line

<!-- Written by docs/generate_cli.py from the commands' own help; run `make docs` instead of editing. -->

Results go to stdout; progress, warnings and the summary go to stderr. A table is printed on a terminal and NDJSON into
a pipe, unless `--format` says otherwise. `NO_COLOR` turns colours off.

## Exit codes

Where several apply, the first of this list is the one that is given.

| code | meaning |
|---|---|
| 130 | interrupted; the findings printed so far stand |
| 3 | usage or configuration: the command line can't be obeyed |
| 4 | telemetry unreadable: none of the logs, or not all evidence of `vedette test`, could be read; no answer of a \
workspace |
| 1 | gate failed: findings at or above `--fail-on`, a case of `vedette test`, or `vedette audit --fail-below`; or \
something was left undone: dead letters of `vedette ship`, objects of `vedette deploy apply` |
| 2 | rule errors, with `--strict`; or the one rule that was asked about can't be loaded |
| 0 | ran to its end |
| 70 | a defect of Vedette itself; the traceback is for a report |

One bad rule or one rejected line never changes the code by itself, and never goes unreported.
"""


def render() -> str:
    """The whole page."""
    from vedette.cli.main import main  # noqa: PLC0415 (the preface is of use without the commands)

    context = main.make_context("vedette", [], resilient_parsing=True)
    return "\n".join([PREFACE, *_command(main, context)]).rstrip() + "\n"


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    """Heading, usage, help and options of a command, then of the commands below it."""
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"## {context.command_path}\n"
    yield f"```text\n{usage}\n```\n"
    yield from _help(command.help or "")
    records = [record for option in command.get_params(context) if (record := option.get_help_record(context))]
    yield from [f"- `{names}`: {' '.join(text.split())}" for names, text in records if text]
    yield ""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from _command(below, below.make_context(name, [], parent=context, resilient_parsing=True))


def _help(text: str) -> Iterator[str]:
    """Paragraphs of a help text; those that click keeps as they are written become fenced text."""
    for paragraph in inspect.cleandoc(text).partition("\f")[0].split("\n\n"):
        if paragraph.startswith("\b"):
            yield f"```text\n{paragraph.removeprefix(chr(8)).strip(chr(10))}\n```\n"
        elif paragraph.strip():
            yield f"{paragraph.strip()}\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")

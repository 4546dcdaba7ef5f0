"""`vedette rules`: what loads of a set of rules; and, behind a word of its own, how two editions differ."""

from __future__ import annotations

import sys
from typing import Any

import click

from vedette.cli.difference import diff


class Paths(click.Argument):
    """Paths that stand in the usage of their own verb, and not before the name of one below it."""

    def get_usage_pieces(self, ctx: click.Context) -> list[str]:
        """As click does, for the own verb."""
        return super().get_usage_pieces(ctx) if self in ctx.command.params else []


class Rules(click.Group):
    """A verb that takes paths, unless the first of them is the name of a verb below."""

    allow_interspersed_args = True

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of this verb, or of the one below that is named."""
        if args and args[0] in self.commands:
            below = self.commands[args[0]]
            return below.make_context(f"{info_name} {args[0]}", args[1:], parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As a plain verb does."""
        return click.Command.parse_args(self, ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As a plain verb does."""
        return click.Command.invoke(self, ctx)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """As of a plain verb."""
        return click.Command.collect_usage_pieces(self, ctx)


@click.command(cls=Rules)
@click.argument("paths", nargs=-1, cls=Paths, metavar="[PATH]...")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How the report is written.",
)
@click.option("--strict", is_flag=True, help="Exit with 2 if anything was refused.")
@click.pass_context
def rules(ctx: click.Context, /, paths: tuple[str, ...], form: str, strict: bool) -> None:
    """Say what loads of rules, and what is refused, where and why.

    PATH is a Sigma file, a folder that is searched for them, or a hunt pack; without one the built-in pack
    linux-firewall is loaded. The exit code is 2 if no rule loads at all.
    """
    from rich.console import Console

    from vedette.cli.exit import OK, RULES
    from vedette.cli.meter import Meter
    from vedette.hunt.hunt import built_in_pack
    from vedette.hunt.options import DEFAULT_PACK, Progress
    from vedette.report import load as report
    from vedette.sigma.ruleset import load

    with Meter(shown=sys.stderr.isatty()) as meter:
        loaded = load(
            paths or (built_in_pack(DEFAULT_PACK),),
            on_progress=lambda done, total: meter(Progress("rules", done, total)),
        )
    if form == "json":
        report.write_json(loaded, sys.stdout.buffer)
    else:
        report.write(loaded, Console(file=sys.stdout, highlight=False))
    ctx.exit(RULES if not loaded.rules or (strict and loaded.problems) else OK)


rules.add_command(diff)

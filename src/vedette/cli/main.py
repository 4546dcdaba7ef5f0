"""The program: its table of verbs, and what every verb's errors mean to a shell."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from vedette import __version__
from vedette.cli.exit import DEFECT, INTERRUPTED, OK, RULES, TELEMETRY, USAGE, hush
from vedette.errors import ContentError, TelemetryError, UsageError, VedetteError

# NumPy would start a thread a core for matrices, which no verb multiplies; their start costs a tenth of a second.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

#: Verb to where it stands and what it does, in the order of `--help`. A verb is imported when it is used, not before.
VERBS: Final = {
    "hunt": ("vedette.cli.hunt:hunt", "Hunt through logs with Sigma rules."),
    "ingest": ("vedette.cli.ingest:ingest", "Keep the events of logs as Parquet, for hunts to come."),
    "explain": ("vedette.cli.explain:explain", "Say why a rule did or did not match, atom by atom."),
    "telemetry": (
        "vedette.cli.telemetry:telemetry",
        "Say which rules can fire on logs, and what the others need.",
    ),
    "rules": ("vedette.cli.rules:rules", "Say what loads of rules, and what is refused, where and why."),
    "check": ("vedette.cli.check:check", "Judge the logic of rules: what can never match, never hide, never decide."),
    "test": ("vedette.cli.test:test", "Hold hunt packs against what they expect of their recordings."),
    "convert": ("vedette.cli.convert:convert", "Write Sigma rules as KQL for Microsoft Sentinel or Defender."),
    "kql": ("vedette.cli.kql:kql", "Check KQL with Microsoft's own parser."),
    "deploy": ("vedette.cli.deploy:deploy", "Write rules as content of Microsoft Sentinel, and check such content."),
    "ship": ("vedette.cli.ship:ship", "Send audit logs into Sentinel's normalised tables, at least once."),
    "audit": ("vedette.cli.audit:audit", "Judge exclusions: can they apply, do they blind, what hides behind them."),
    "exclude": ("vedette.cli.exclude:exclude", "Suggest exclusions for what is known to be everyday work."),
    "decide": ("vedette.cli.decide:decide", "Keep what was made of an incident."),
    "report": ("vedette.cli.report:report", "Show findings and incidents: a page, a ticket, a layer or a sheet."),
    "page": ("vedette.cli.page:page", "Turn hunt pages into hunt packs."),
}


class Verbs(click.Group):
    """A group whose verbs are imported on use and whose errors end in the exit codes of `vedette.cli.exit`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """The verbs in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        """Import one verb."""
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; an unknown verb is answered without importing the others."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], VERBS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"the verbs are {', '.join(VERBS)}"
            raise click.UsageError(f"no such verb {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's signature)
        """List the verbs out of the table, so that help imports none."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; a reader that closed the pipe is no error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            hush()
            return OK

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the program; exits with one of the documented codes, or returns it if not `standalone_mode`."""

        def run() -> Any:
            return super(Verbs, self).main(args, prog_name, complete_var, standalone_mode=False, **extra)

        code = outcome(run)
        if standalone_mode:
            sys.exit(code)
        return code


def outcome(run: Callable[[], Any]) -> int:
    """Call `run`, report what it raises on standard error, and tell the exit code."""
    try:
        code = run()
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("vedette: interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return USAGE
    except VedetteError as error:
        _say(str(error))
        return code_of(error)
    except OSError as error:
        _say(": ".join(str(part) for part in (error.filename, error.strerror or error) if part))
        return USAGE
    except Exception:  # noqa: BLE001 (the last resort: a defect must not end in the code of a failed gate)
        import traceback

        click.echo(f"{traceback.format_exc()}vedette: this is a defect of Vedette; please report it", err=True)
        return DEFECT
    return code if isinstance(code, int) else OK


def _say(text: str) -> None:
    from vedette.report.terminal import printable

    click.echo(f"vedette: {printable(text)}", err=True)


def code_of(error: VedetteError) -> int:
    """The exit code of an error that ended a verb."""
    match error:
        case UsageError():
            return USAGE
        case TelemetryError():
            return TELEMETRY
        case ContentError():
            return RULES
        case _:
            return USAGE


@click.group(
    cls=Verbs,
    name="vedette",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@click.version_option(__version__, "-V", "--version", prog_name="vedette", message="%(prog)s %(version)s")
def main() -> None:
    """Threat hunting that can be trusted: Sigma rules over raw Linux audit logs.

    Results go to stdout, progress and the account of what was and was not covered to stderr.
    """

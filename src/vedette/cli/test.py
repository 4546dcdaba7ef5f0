"""`vedette test`: the expectations of hunt packs, held against their recordings."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from vedette.cli.exit import GATE, OK, RULES, TELEMETRY, USAGE, strongest

if TYPE_CHECKING:
    from vedette.audit.trial import Trial


@click.command()
@click.argument("packs", nargs=-1, metavar="[PACK]...")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["table", "json", "junit"]),
    default="table",
    show_default=True,
    help="How the report is written; junit is XML for build servers.",
)
@click.option(
    "-o", "--output", metavar="FILE", help="Write the report to FILE, put in its place when complete; - is stdout."
)
@click.option(
    "--evidence",
    multiple=True,
    metavar="DIR",
    help="Recordings beside those of the packs: each log of DIR with its NAME.steps.tsv; may be repeated.",
)
@click.option(
    "--alerts", is_flag=True, help="List in the table the benign steps that still alert, each with its reason."
)
@click.pass_context
def test(
    ctx: click.Context,
    /,
    packs: tuple[str, ...],
    form: str,
    output: str | None,
    evidence: tuple[str, ...],
    alerts: bool,
) -> None:
    """Hold a hunt pack against what it expects of its recordings.

    PACK is a folder with a pack.yml, or the name of a built-in pack; without one linux-firewall is tested. Each
    recording is hunted through as `vedette hunt` would, with the pack's exclusions, and each expectation is a case;
    docs/packs.md says how they are judged. The exit code is 1 if a case fails, and 4 if a recording or an expectation
    can't be read.
    """
    from vedette.audit.trial import try_pack
    from vedette.cli.meter import Meter
    from vedette.cli.output import Output
    from vedette.hunt.options import DEFAULT_PACK

    out = Output(output)
    try:
        with Meter(shown=sys.stderr.isatty()) as meter:
            trials = [
                try_pack(_folder(pack), evidence=evidence, on_progress=meter) for pack in packs or (DEFAULT_PACK,)
            ]
        _write(trials, form, out, alerts)
        out.commit()
    finally:
        out.discard()
    ctx.exit(strongest([OK, *_codes(trials)]))


def _codes(trials: Sequence[Trial]) -> Iterator[int]:
    for trial in trials:
        if not trial.stems:
            yield USAGE
        if trial.problems:
            yield TELEMETRY
        if trial.failed:
            yield GATE
        if trial.rule_problems:
            yield RULES


def _folder(pack: str) -> str:
    """The folder of a pack that is named by its path, or of a built-in one that is named by its name.

    Raises:
        UsageError: it is neither.
    """
    from pathlib import Path

    from vedette.errors import UsageError
    from vedette.hunt.hunt import built_in_pack
    from vedette.sigma.files import PACK

    if (Path(pack) / PACK).is_file():
        return pack
    if not Path(pack).exists() and Path(pack).name == pack and (Path(built_in_pack(pack)) / PACK).is_file():
        return built_in_pack(pack)
    if not Path(pack).exists():
        raise UsageError(f"no such folder or built-in pack: {pack}")
    raise UsageError(f"{pack} is no hunt pack: it has no {PACK}; name a folder that has one")


def _write(trials: Sequence[Trial], form: str, out: Any, alerts: bool) -> None:
    if form == "json":
        from vedette.report import trial as report

        report.write_json(trials, out.stream)
    elif form == "junit":
        from vedette.report import junit

        junit.write(trials, out.stream)
    else:
        import io

        from rich.console import Console

        from vedette.report import trial as report

        if out.is_terminal:
            report.write(trials, Console(file=sys.stdout, highlight=False), alerts=alerts)
        else:
            text = io.StringIO()
            report.write(trials, Console(file=text, highlight=False), alerts=alerts)
            out.stream.write(text.getvalue().encode("utf-8", "backslashreplace"))
            out.stream.flush()

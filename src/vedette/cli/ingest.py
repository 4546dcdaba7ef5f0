"""`vedette ingest`: logs into a dataset that later hunts answer from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from vedette.cli.choice import passwd_option
from vedette.cli.exit import INTERRUPTED, OK, TELEMETRY, strongest

if TYPE_CHECKING:
    from vedette.lake.ingest import Account


@click.command()
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@click.option("-o", "--output", required=True, metavar="DATASET", help="The dataset: a folder, made if there is none.")
@click.option(
    "--no-records",
    is_flag=True,
    help="Leave out single records: a fraction of the size, but rules for service auditd match nothing.",
)
@passwd_option
@click.pass_context
def ingest(ctx: click.Context, /, logs: tuple[str, ...], output: str, no_records: bool, passwd: str | None) -> None:
    """Write the events of logs into a dataset of Parquet files.

    LOG is an audit log (also as syslog, journald or LAUREL carry it), a folder of them, or - for stdin. A log that the
    dataset holds already adds nothing, whatever it is called now; one that has grown since takes the place of what it
    was. Logs of other kinds are named and not kept.
    `vedette hunt DATASET` then finds what a hunt through the logs would find.
    """
    from rich.console import Console

    from vedette.cli.interruption import Interruption
    from vedette.cli.meter import Meter
    from vedette.lake.dataset import store
    from vedette.lake.ingest import Ingest

    codes = [OK]
    with (
        store(output) as opened,
        Interruption() as interruption,
        Meter(shown=Console(stderr=True).is_terminal, doing="ingesting") as meter,
    ):
        running = Ingest(opened, records=not no_records, passwd=passwd, on_progress=meter)
        for _ in interruption.until(running.run(logs)):
            pass
        meter.stop()
        if interruption.by:
            codes.append(INTERRUPTED)
        account = running.account
    _tell(account, output, stopped=interruption.by is not None)
    if account.problems and not account.added and not account.known:
        codes.append(TELEMETRY)
    ctx.exit(strongest(codes))


def _tell(account: Account, output: str, *, stopped: bool) -> None:
    """The account, on standard error."""
    from vedette.lake.writing import written
    from vedette.report.terminal import printable

    def say(text: str) -> None:
        click.echo(printable(text), err=True)

    for problem in account.problems:
        say(f"{problem}")
    size = sum(part.size for entry in account.added for part in (*entry.parts, *entry.processes))
    say(
        f"{_number(len(account.added), 'log')} added to {output}: {account.rows:,} events out of "
        f"{account.bytes_read / 1e6:,.1f} MB of log in {size / 1e6:,.1f} MB, in {account.seconds:,.1f} s"
    )
    kinds = written(part for entry in account.added for part in entry.parts)
    for kind, (rows, taken) in sorted(kinds.items(), key=lambda one: -one[1][1]):
        say(f"  {kind:20} {rows:>12,} events {taken / 1e6:>10,.1f} MB")
    if account.known:
        say(f"{_number(len(account.known), 'log')} known already")
    if account.twice:
        say(f"{_number(account.twice, 'event')} left out, since another log had brought them")
    if stopped:
        say("stopped; the logs that are told as added are whole, the others are not in the dataset: run it again")


def _number(count: int, noun: str) -> Any:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"

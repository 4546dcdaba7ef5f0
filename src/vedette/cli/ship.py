"""`vedette ship`: audit logs into Sentinel's normalised tables; behind a word of its own, the rule they come in by."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from vedette.cli.azure import azure_options
from vedette.cli.choice import passwd_option
from vedette.cli.rules import Paths, Rules
from vedette.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from vedette.sentinel.shipping.account import Account
    from vedette.sentinel.shipping.checkpoint import Destination
    from vedette.sentinel.shipping.mapping import Table

_KINDS: Final = {"process": "process_creation", "network": "network_connection"}


@click.command(cls=Rules)
@click.argument("logs", nargs=-1, required=True, cls=Paths, metavar="LOG...")
@click.option("--dce", metavar="URL", help="Where rows are taken: the endpoint of data collection, or the rule's own.")
@click.option("--dcr", metavar="ID", help="The immutable id of the data collection rule: dcr-...")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(list(_KINDS)),
    multiple=True,
    default=tuple(_KINDS),
    show_default=True,
    help="What is sent: process starts, connections; may be repeated.",
)
@click.option(
    "--stream",
    "streams",
    multiple=True,
    metavar="KIND=NAME",
    help="The stream that rows of a kind are sent to, where it is not the one of `vedette ship template`.",
)
@click.option(
    "--checkpoint",
    metavar="FILE",
    help="Up to where rows are acknowledged. Default: a file for each rule below $XDG_STATE_HOME/vedette/ship.",
)
@click.option(
    "--dead-letters",
    metavar="FILE",
    help="Rows that the service refuses. Default: beside the checkpoint, ending in .dead.ndjson.",
)
@click.option("--host", default="", metavar="NAME", help="The host of logs whose records name none.")
@click.option(
    "--calls", type=click.IntRange(1, 32), default=4, show_default=True, help="Groups of calls under way at once."
)
@click.option(
    "--call-size",
    type=click.IntRange(4_096, 1_000_000),
    default=1_000_000,
    show_default=True,
    metavar="BYTES",
    help="Most bytes of JSON in one call; the service takes no more than the default.",
)
@click.option(
    "--patience",
    default="1h",
    show_default=True,
    metavar="TIME",
    help="How long nothing may be acknowledged before it is given up, as 30m or 2h.",
)
@click.option("--dry-run", is_flag=True, help="Print the rows as NDJSON; nothing is sent, no account is needed.")
@click.option("-f", "--format", "form", type=click.Choice(["text", "json"]), default="text", help="The account's form.")
@passwd_option
@azure_options
@click.pass_context
def ship(ctx: click.Context, /, logs: tuple[str, ...], dry_run: bool, **asked: Any) -> None:
    """Send audit logs into the workspace of Sentinel, as rows of its normalised tables.

    LOG is an audit log (plain or packed; also as a journal or syslog carries it), or a folder of them. Process starts
    become rows of ASimProcessEventLogs, connections rows of ASimNetworkSessionLogs. Each row is sent at least once: the
    checkpoint moves when the service has acknowledged what is before it, and the same command goes on from there,
    however it ended. Rows that arrive twice have the same EventOriginalUid. Rows that the service refuses for good are
    kept as dead letters; the exit code is 1 then. `vedette ship template` writes the data collection rule.
    """
    from vedette.sentinel.shipping.mapping import shipped_mapping

    kinds = {_KINDS[name] for name in asked.pop("kinds")}
    tables = [table for table in shipped_mapping().tables if table.kind in kinds]
    ctx.exit(_print(logs, tables, asked) if dry_run else _ship(logs, tables, asked))


def _print(logs: tuple[str, ...], tables: list[Table], asked: dict[str, Any]) -> int:
    from vedette.cli.interruption import Interruption
    from vedette.sentinel.shipping.account import Account
    from vedette.sentinel.shipping.log import Logs

    account = Account()
    with Interruption() as interruption:
        source = Logs(logs, tables, account, host=asked["host"], accounts=_accounts(asked["passwd"]))
        for row in interruption.until(source.rows()):
            sys.stdout.buffer.write(row.data + b"\n")
        sys.stdout.buffer.flush()
    account.stopped = "interrupted" if interruption.by else ""
    # Rows stand where the account as JSON would.
    _told(account, "text", None)
    return _code(account, logs)


def _ship(logs: tuple[str, ...], tables: list[Table], asked: dict[str, Any]) -> int:
    from vedette.cli.azure import connection_of
    from vedette.cli.interruption import Interruption
    from vedette.cli.meter import Meter
    from vedette.sentinel.shipping.account import Account
    from vedette.sentinel.shipping.checkpoint import Checkpoint, locked
    from vedette.sentinel.shipping.dead_letters import DeadLetters
    from vedette.sentinel.shipping.log import Logs
    from vedette.sentinel.shipping.sender import Sender, ServiceError
    from vedette.sentinel.shipping.shipper import Shipper

    destination = _destination(tables, asked)
    dce, patience = _endpoint(asked), _seconds(asked["patience"])
    accounts = _accounts(asked["passwd"])
    checkpoint_file = _checkpoint_file(asked["checkpoint"], destination)
    letters = DeadLetters(asked["dead_letters"] or f"{checkpoint_file}.dead.ndjson")
    connection = connection_of(asked)
    account = Account()
    failed = ""
    with (
        locked(checkpoint_file),
        connection.ingestion(dce, retry_total=0, connection_timeout=30, read_timeout=120) as client,
        Interruption() as interruption,
        Meter(shown=sys.stderr.isatty()) as meter,
    ):

        def stopped() -> bool:
            return interruption.by is not None

        checkpoint = Checkpoint(checkpoint_file, destination)
        sender = Sender(
            client,
            destination.rule,
            destination.streams,
            patience=patience,
            stopped=stopped,
            waiting=_waiting(lambda: not sys.stderr.isatty()),
        )
        shipper = Shipper(
            sender, checkpoint, letters, account, calls=asked["calls"], most=asked["call_size"], stopped=stopped
        )
        source = Logs(
            logs,
            tables,
            account,
            host=asked["host"],
            accounts=accounts,
            start=shipper.start,
            on_progress=meter,
            stopped=stopped,
        )
        try:
            shipper.ship(source.rows())
        except ServiceError as error:
            failed = account.stopped = str(error)
    _told(account, asked["form"], letters.path if account.dead else None)
    if failed:
        raise UsageError(failed)
    return _code(account, logs)


def _destination(tables: Iterable[Table], asked: dict[str, Any]) -> Destination:
    from vedette.sentinel.shipping.checkpoint import Destination

    if not asked["dcr"]:
        raise UsageError("name the data collection rule by its immutable id: --dcr dcr-...; or look first: --dry-run")
    streams = {table.kind: table.stream for table in tables}
    for given in asked["streams"]:
        kind, _, name = given.partition("=")
        if kind not in _KINDS or not name:
            raise UsageError(f"--stream {given}: write process=NAME or network=NAME")
        if _KINDS[kind] in streams:
            streams[_KINDS[kind]] = name
    return Destination(asked["dcr"], streams, asked["host"])


def _endpoint(asked: dict[str, Any]) -> str:
    dce = (asked["dce"] or asked["endpoint"] or "").rstrip("/")
    if not dce:
        raise UsageError("name where rows are taken: --dce https://...ingest.monitor.azure.com")
    if not dce.startswith("https://"):
        raise UsageError(f"{dce!r} is no https address; a token is sent by https only")
    return str(dce)


def _seconds(text: str) -> float:
    import re

    found = re.fullmatch(r"(\d{1,6})(s|m|h|d)", text.strip())
    if found is None:
        raise UsageError(f"--patience {text}: write a number and s, m, h or d, as 30m")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[found[2]]


def _checkpoint_file(given: str | None, destination: Destination) -> str:
    import os
    import re
    from pathlib import Path

    if given:
        return given
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", destination.rule)[:100]
    folder = Path(base) / "vedette" / "ship"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"can't make {folder}: {error.strerror}; name a file with --checkpoint") from None
    return str(folder / f"{name}.json")


def _accounts(passwd: str | None) -> Any:
    from vedette.telemetry.auditd.accounts import load_accounts

    return None if passwd is None else load_accounts(passwd)


def _waiting(wanted: Callable[[], bool]) -> Callable[[str, float], None]:
    """Tell of waits, where no bar of progress would be written over."""

    def told(cause: str, seconds: float) -> None:
        if wanted() and seconds >= 1:
            click.echo(f"vedette: {cause}; trying again in {seconds:.0f} s", err=True)

    return told


def _told(account: Account, form: str, letters: Path | None) -> None:
    from vedette.report.terminal import printable
    from vedette.sentinel.shipping.account import document, lines

    for problem in account.problems:
        click.echo(printable(f"vedette: {problem}"), err=True)
    if form == "json":
        click.echo(document(account))
    for line in lines(account, letters):
        click.echo(printable(line), err=True)


def _code(account: Account, logs: tuple[str, ...]) -> int:
    from vedette.cli.exit import GATE, INTERRUPTED, OK, TELEMETRY, strongest

    codes = [OK]
    if account.stopped:
        codes.append(INTERRUPTED)
    if logs and not account.log_bytes and account.problems:
        codes.append(TELEMETRY)
    if account.dead:
        codes.append(GATE)
    return strongest(codes)


@click.command("template")
@click.option("-o", "--output", required=True, metavar="DIR", help="The folder to write to; made if it is not there.")
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="KIND=NAME_CL",
    help="A table of one's own for process or network rows, in the place of the native one; may be repeated.",
)
def template(output: str, tables: tuple[str, ...]) -> None:
    """Write the data collection rule as a template of Azure Resource Manager.

    DIR gets `shipping.json`: the rule with the streams that `vedette ship` sends to, the tables that are one's own, and
    the role that the shipping identity needs. Its outputs are what --dcr and --dce are given.
    """
    from vedette.sentinel.shipping.template import write

    custom = {}
    for given in tables:
        kind, _, name = given.partition("=")
        if kind not in _KINDS or not name:
            raise UsageError(f"--table {given}: write process=NAME_CL or network=NAME_CL")
        custom[_KINDS[kind]] = name
    click.echo(f"wrote {write(output, custom)}; not verified against Azure itself", err=True)


ship.add_command(template)

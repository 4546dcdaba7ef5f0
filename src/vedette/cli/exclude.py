"""`vedette exclude`: exclusions out of what is known to be everyday work."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vedette.audit.recording import Recording
    from vedette.audit.replay import Seen


@click.group()
def exclude() -> None:
    """Make exclusions that are proved before they are written."""


@exclude.command()
@click.argument("rules", nargs=-1, metavar="[PACK|RULES]...")
@click.option(
    "--findings",
    metavar="FILE",
    help="NDJSON of `vedette hunt` with the findings that are everyday work; their logs are read again.",
)
@click.option(
    "--step", "steps", multiple=True, metavar="NAME", help="A benign step of the recordings; may be repeated."
)
@click.option("--evidence", multiple=True, metavar="DIR", help="Labelled logs beside the pack's recordings.")
@click.option("--forging", metavar="FILE", help="A table of your own of what forging costs.")
@click.option("--owner", default="", metavar="NAME", help="Who answers for the exclusion.")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, put in its place when complete; - is stdout.")
@click.pass_context
def suggest(
    ctx: click.Context, /, findings: str | None, steps: tuple[str, ...], output: str | None, owner: str, **asked: Any
) -> None:
    """Suggest the narrowest exclusion that silences everyday work and is accepted by the audit.

    For each script or program that the matches come from there is one, or the reasons why there is none. It silences no
    attack of the recordings, rests on what is hardest to forge, and is never one that the audit rejects. The exit code
    is 1 if some of the matches got none.
    """
    import time

    from vedette.audit.audit import Request, evidence_of
    from vedette.audit.forging import read_table
    from vedette.audit.replay import replay
    from vedette.audit.suggest import FIELDS, suggest
    from vedette.cli.exit import GATE, OK
    from vedette.cli.meter import Meter
    from vedette.cli.output import Output
    from vedette.correlate.hunting import correlating
    from vedette.errors import UsageError
    from vedette.hunt.hunt import built_in_pack
    from vedette.hunt.options import DEFAULT_PACK
    from vedette.report.terminal import printable
    from vedette.sigma.dumper import dump
    from vedette.sigma.ruleset import load

    if bool(findings) is bool(steps):
        raise UsageError("name the everyday work, either by --findings FILE or by --step NAME")
    table = read_table(asked["forging"])
    paths = asked["rules"] or (built_in_pack(DEFAULT_PACK),)
    loaded = load(paths)
    recordings, problems = evidence_of(Request(paths, (), asked["evidence"], table, time.time()))
    marked = _marked(findings) if findings else {}
    recordings = _with_logs(recordings, marked)
    bound = {rule.id: () for rule in loaded.rules}
    with Meter(shown=sys.stderr.isatty()) as meter:
        further = frozenset({*FIELDS, "LoginUser"})
        hunted = replay(recordings, paths, bound, further=further, joining=correlating, on_progress=meter)
        # An exclusion is of a rule, never of a correlation.
        seen = tuple(one for one in hunted if one.finding.kind != "correlation")
    benign = [one for one in seen if _is_marked(one, marked, steps)]
    if not benign:
        raise UsageError("no match of the rules is among what was named as everyday work")
    made = suggest(benign, seen, loaded.rules, table, owner=owner)
    accepted = [one for one in made if one.accepted]
    out = Output(output)
    try:
        out.stream.write(dump(*(one.document for one in accepted), width=120).encode())
        out.commit()
    finally:
        out.discard()
    for problem in problems:
        click.echo(f"vedette: {printable(str(problem))}", err=True)
    for one in made:
        for line in _account(one):
            click.echo(printable(line), err=True)
    ctx.exit(OK if len(accepted) == len(made) else GATE)


def _account(one: Any) -> list[str]:
    judgement = one.judgement
    grade = f", forging costs {judgement.forging.grade}" if judgement.forging else ""
    found = judgement.replayed
    silenced = f"benign {found.benign_silenced:,}/{found.benign:,}, attack {found.attack_silenced:,}/{found.attack:,}"
    head = f"{'suggested' if one.accepted else 'none'}  {one.document['title']}"
    lines = [f"{head}: {one.matches:,} matches in {one.runs:,} runs{grade}, {silenced}"]
    lines += [f"    {reason}" for reason in (*judgement.reasons, one.refusal) if reason]
    if not one.accepted:
        lines.append("    no exclusion is suggested: what these matches have in common proves nothing")
    elif one.runs == 1:
        lines.append("    seen in one run only: wait for a second one before it is put in force")
    return lines


def _marked(path: str) -> dict[tuple[int, str], str]:
    """Offset and rule of each finding, and its log."""
    from pathlib import Path

    import msgspec

    from vedette.errors import UsageError

    found: dict[tuple[int, str], str] = {}
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            content = msgspec.json.decode(line)
            origin = content["origin"]
            log = str(origin["file"])
            found[int(origin["offset"]), str(content["rule"]["id"])] = log
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
            raise UsageError(f"{path}:{number} is no finding of `vedette hunt -f ndjson`") from None
        # No path holds the character that ends one.
        if "\0" in log or not Path(log).is_file():
            raise UsageError(f"{path}:{number} names the log {log}, which is not there to be read again")
    return found


def _with_logs(recordings: Sequence[Recording], marked: dict[tuple[int, str], str]) -> tuple[Recording, ...]:
    """The recordings and, beside them, the logs that findings name."""
    from pathlib import Path

    from vedette.audit.recording import Recording

    known = {str(Path(recording.log).resolve()) for recording in recordings}
    logs = dict.fromkeys(log for log in marked.values() if str(Path(log).resolve()) not in known)
    return (*recordings, *(Recording(log, log, ()) for log in logs))


def _is_marked(one: Seen, marked: dict[tuple[int, str], str], steps: tuple[str, ...]) -> bool:
    from pathlib import Path

    if steps:
        return one.step is not None and one.step.label == "benign" and one.step.name in steps
    log = marked.get((one.finding.origin.offset, one.finding.rule.id))
    return log is not None and Path(log).resolve() == Path(one.finding.origin.file).resolve()

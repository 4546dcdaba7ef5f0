"""`vedette decide`: what an analyst made of an incident."""

from __future__ import annotations

import click


@click.command()
@click.argument("incident", metavar="ID")
@click.argument("verdict", type=click.Choice(["benign", "malicious", "undo"]))
@click.option("--note", default="", metavar="TEXT", help="Why.")
@click.option("--by", default="", metavar="NAME", help="Who decided; else the user who is logged in.")
@click.option(
    "--decisions",
    default="decisions.json",
    show_default=True,
    metavar="FILE",
    help="Where decisions are kept; one file can serve a team, in git.",
)
def decide(incident: str, verdict: str, note: str, by: str, decisions: str) -> None:
    """Keep what was made of an incident.

    ID is what `vedette hunt --incidents` shows. It is the same in a later hunt over a longer log, which takes the
    decision up with `--decisions FILE`.
    """
    import datetime as dt
    import getpass

    from vedette.correlate.decisions import decide as keep
    from vedette.correlate.incident import Decision

    if verdict == "undo":
        keep(decisions, incident, None)
        return
    try:
        who = by or getpass.getuser()
    except (KeyError, OSError):
        who = ""
    time = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    keep(decisions, incident, Decision("benign" if verdict == "benign" else "malicious", note, who, time))

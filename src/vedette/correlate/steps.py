"""Next steps: the commands and the query with which an analyst goes on."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Sequence

from vedette.correlate.incident import Fact, NextStep
from vedette.correlate.job import Job
from vedette.kql.strings import quote

_AROUND = 300.0
#: The last second that a calendar can tell.
_LAST = 253_402_300_799.0
#: What reads packed logs, which ausearch does not.
_PACKED = {".gz": "zcat", ".xz": "xzcat", ".zst": "zstdcat"}


def next_steps(job: Job, facts: Sequence[Fact], first: float, last: float, log: str) -> tuple[NextStep, ...]:
    """What to do about an incident; all values of the log are quoted for where they stand.

    Args:
        job: the job that took the rules out.
        facts: of the incident.
        first: UTC epoch seconds of its first fact.
        last: of its last.
        log: the log that was hunted, or the first of several.
    """
    host, process = job.key[0], job.process
    session = process.tail.ses
    search = _search(log, facts[0].origin.file) if job.recorded else "ausearch -i"
    node = f" --node {shlex.quote(host)}" if host else ""
    steps = [
        NextStep(
            "all records of the session" if session >= 0 else "all records of the process that began it",
            f"{search}{node} --session {session}" if session >= 0 else f"{search}{node} --pid {_top_pid(job)}",
            "log",
        ),
        NextStep("the same span in the workspace", _kql(host, first - _AROUND, last + _AROUND), "kql"),
        NextStep("is the packet filter still open?", "nft list ruleset; iptables-save; ufw status verbose", "host"),
    ]
    ports = sorted({fact.port for fact in facts if fact.kind == "listener" and fact.port})
    if ports:
        wanted = "|".join(f":{port}" for port in ports)
        steps.append(NextStep("does anything still listen?", f"ss -Hltnp | grep -E '({wanted})\\b'", "host"))
    peers = sorted({fact.address for fact in facts if fact.kind in ("ssh", "connection", "scan") and fact.address})
    if peers:
        steps.append(NextStep(f"look for the same login on {', '.join(peers[:5])}", "last -Faiw | head -50", "host"))
    if process.tail.login_user:
        steps.append(
            NextStep(
                "from where did this user log in before?",
                f"last -Faiw -- {shlex.quote(process.tail.login_user)}",
                "host",
            )
        )
    return tuple(steps)


def _search(log: str, file: str) -> str:
    """The start of a search in the file that shows an incident, or in the folder that was hunted."""
    reader = next((reader for ending, reader in _PACKED.items() if file.endswith(ending)), "")
    if reader:
        return f"{reader} -- {shlex.quote(file)} | ausearch -i"
    if file == "-":
        return "ausearch -i"
    place = log if file.startswith(f"{log.rstrip('/')}/") else file
    # A name that begins like an option is none below a folder.
    return f"ausearch -i --input {shlex.quote(f'./{place}' if place.startswith('-') else place)}"


def _top_pid(job: Job) -> int:
    return job.key[3]


def _kql(host: str, first: float, last: float) -> str:
    span = f"between ({_moment(first)} .. {_moment(last)})"
    where = f"\n| where Dvc =~ {quote(host)}" if host else ""
    return (
        f"union (imProcessCreate | where TimeGenerated {span}), (imNetworkSession | where TimeGenerated {span})"
        f"{where}\n| sort by TimeGenerated asc"
    )


def _moment(seconds: float) -> str:
    moment = dt.datetime.fromtimestamp(min(max(seconds, 0.0), _LAST), dt.UTC)
    return f"datetime({moment.strftime('%Y-%m-%dT%H:%M:%SZ')})"

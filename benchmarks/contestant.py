"""Who races: each contestant's command, and how its matches are read off what it leaves behind."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.cost import Cost
from benchmarks.grow import CACHE, ROOT

_FOUND: Final = re.compile(r"^found\s+(?:([\d,]+) finding|nothing)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Contestant:
    """One command.

    Attributes:
        name: in results.
        command: program and arguments.
        rules: name of its rule set, or empty where it evaluates none.
        environment: added to that of the benchmark.
        folder: where it runs.
        output: file for its standard output; None discards it.
        slow: it runs once, not in every round.
        exact: its matches must be those of the hunt.
        cold: its cache folder is emptied before each run.
        matches: reads the number of matches off a run, or None where it has none.
    """

    name: str
    command: tuple[str, ...]
    rules: str = ""
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    folder: Path | None = None
    output: Path | None = None
    slow: bool = False
    exact: bool = False
    cold: Path | None = None
    matches: Callable[[Cost], int | None] = lambda _cost: None


def _vedette_matches(cost: Cost) -> int | None:
    found = _FOUND.search(cost.errors)
    if found is None:
        return None
    return int(found[1].replace(",", "")) if found[1] else 0


def vedette(
    name: str, log: Path, rules: str, folder: Path, *, form: str = "ndjson", routing: bool = False, cold: bool = False
) -> Contestant:
    """The whole program, from the log to findings that are written to /dev/null.

    Args:
        name: in results.
        log: what it reads.
        rules: name of the rule set.
        folder: the rule set.
        form: how findings are written.
        routing: rules see only events of their log source.
        cold: nothing is cached, neither rules nor patterns.
    """
    cache = CACHE / ("cold" if cold else "warm")
    command = (program(), "hunt", "-r", str(folder), "-f", form, "-o", "/dev/null", str(log))
    return Contestant(
        name,
        command if routing else (*command, "--no-routing"),
        rules,
        {"XDG_CACHE_HOME": str(cache)},
        exact=True,
        cold=cache if cold else None,
        matches=_vedette_matches,
    )


def program() -> str:
    """The `vedette` of this environment."""
    return str(Path(sys.executable).parent / "vedette")


def baseline(log: Path, rules: str, folder: Path) -> Contestant:
    """The join-then-SQLite baseline."""
    account = CACHE / "baseline.json"
    command = (sys.executable, "-m", "benchmarks.baseline", str(log), "-r", str(folder), "--no-routing")
    return Contestant(
        "join, then SQLite",
        (*command, "-o", str(account)),
        rules,
        {"XDG_CACHE_HOME": str(CACHE / "warm")},
        ROOT,
        slow=True,
        exact=True,
        matches=lambda _cost: int(json.loads(account.read_text())["matches"]),
    )


def zircolite(home: Path, log: Path, rules: str, folder: Path) -> Contestant:
    """Zircolite from a checkout, by its own `venv` if it has one."""
    room = CACHE / "zircolite"
    room.mkdir(parents=True, exist_ok=True)
    python = home / "venv/bin/python"
    found = room / "found.json"
    options = ("-q", "-AU", "-e", str(log), "-r", str(folder), "-o", str(found), "-l", str(room / "zircolite.log"))
    return Contestant(
        "Zircolite",
        (
            str(python) if python.is_file() else sys.executable,
            str(home / "zircolite.py"),
            "-c",
            str(home / "config/config.yaml"),
            *options,
        ),
        rules,
        folder=room,
        slow=True,
        matches=lambda _cost: sum(int(rule.get("count", 0)) for rule in json.loads(found.read_text() or "[]")),
    )


def plain(log: Path, packed: Path) -> list[Contestant]:
    """Programs that evaluate no rule, those that are installed: what it costs to read the log at all."""
    known = [
        Contestant("ausearch --format csv", ("ausearch", "-if", str(log), "--format", "csv")),
        Contestant("ausearch --format raw", ("ausearch", "-if", str(log), "--format", "raw")),
        # Without a file grep would stop at the first match: it knows /dev/null.
        Contestant(
            "grep -c type=EXECVE",
            ("grep", "-c", "type=EXECVE", str(log)),
            environment={"LC_ALL": "C"},
            output=CACHE / "grep.txt",
        ),
        Contestant("gzip -dc", ("gzip", "-dc", str(packed))),
    ]
    return [one for one in known if shutil.which(one.command[0])]

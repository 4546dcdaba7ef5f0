"""From a hunt page to a report by way of a workspace: what it finds there is what the log holds."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from azure.monitor.query import LogsQueryResult
from click.testing import CliRunner
from tests.sentinel.workspace import Workspace

from vedette.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "tests" / "page" / "pages" / "flush-iptables-ufw.txt"
PACK = ROOT / "src" / "vedette" / "packs" / "linux-firewall"
RECORDINGS = [PACK / "evidence" / f"{host}.audit.log.gz" for host in ("gw-nft-01", "gw-legacy-01")]

#: Before the recordings, whenever the tests run.
SINCE = "2026-11-01"
#: What makes two findings one: rule, host, time, process, command line.
Key = tuple[str, str, str, int | None, str | None]


class Way:
    """The verbs of one hunter, over one workspace."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.workspace = workspace
        self.folder = folder

    def run(self, *words: str | Path, code: int = 0) -> str:
        """What a verb writes to stdout; it ends with this exit code."""
        environment = {**self.workspace.environment(), "XDG_STATE_HOME": str(self.folder / "state")}
        done = CliRunner().invoke(main, [str(word) for word in words], env=environment)
        assert done.exit_code == code, f"{words}\n{done.stderr}\n{done.exception!r}"
        return done.stdout

    def ship(self, *logs: Path) -> None:
        """Send logs into the workspace."""
        there = ("--dce", self.workspace.url, "--dcr", self.workspace.dcr, "--checkpoint", self.folder / "checkpoint")
        self.run("ship", *logs, *there, *self.workspace.arguments())

    def deploy(self, verb: str, pack: Path) -> str:
        """What a deployment, which is asked nothing, says that it does."""
        there = ("--workspace-resource", self.workspace.resource, "--yes", *self.workspace.arguments())
        return self.run("deploy", verb, pack, *there)

    def hunt(self, *words: str | Path) -> list[dict[str, Any]]:
        """The findings of a hunt."""
        return findings(self.run("hunt", "-f", "ndjson", *words))

    def hunt_there(self, *words: str | Path, since: str = SINCE) -> list[dict[str, Any]]:
        """The findings of a hunt in the workspace."""
        return self.hunt("--workspace", self.workspace.id, "--since", since, *words, *self.workspace.arguments())

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query, by column."""
        with self.workspace.connection().logs() as client:
            answer = client.query_workspace(self.workspace.id, query, timespan=None)
        assert isinstance(answer, LogsQueryResult)
        (table,) = answer.tables
        return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


@pytest.fixture
def way(workspace, tmp_path) -> Way:
    return Way(workspace, tmp_path)


def findings(lines: str) -> list[dict[str, Any]]:
    """The findings among lines of NDJSON."""
    told = [json.loads(line) for line in lines.splitlines()]
    return [one for one in told if one.get("kind") == "finding"]


def keys(found: list[dict[str, Any]]) -> Counter[Key]:
    """How often each finding was made."""
    return Counter(
        (
            one["rule"]["id"],
            one["host"],
            one["time"],
            (one["process"] or {}).get("pid"),
            (one["process"] or {}).get("command_line"),
        )
        for one in found
    )


def seed_keys(rows: list[dict[str, Any]]) -> Counter[tuple[object, ...]]:
    """The same of rows that a query of the page itself selects; it names no rule."""
    return Counter(
        (
            row["Dvc"],
            f"{row['EventStartTime']:%Y-%m-%dT%H:%M:%S}.{row['EventStartTime'].microsecond // 1000:03}Z",
            int(row["TargetProcessId"]),
            row["TargetProcessCommandLine"],
        )
        for row in rows
    )


def shorter(recording: Path, folder: Path, lines: int) -> Path:
    """The beginning of a recording."""
    path = folder / recording.name.removesuffix(".gz")
    with gzip.open(recording, "rt", encoding="utf-8", errors="surrogateescape") as log:
        text = "".join(line for _, line in zip(range(lines), log, strict=False))
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return path


def began(recording: Path) -> int:
    """The second of a recording's first record."""
    with gzip.open(recording, "rt", encoding="utf-8", errors="surrogateescape") as log:
        found = re.search(r"audit\((\d+)[.]", log.readline())
    assert found is not None
    return int(found[1])


def aged(recording: Path, folder: Path, age: dt.timedelta) -> Path:
    """A recording as if all of it had happened so much earlier."""
    path, seconds = folder / recording.name, int(age.total_seconds())
    with gzip.open(recording, "rt", encoding="utf-8", errors="surrogateescape") as log:
        text = re.sub(r"audit\((\d+)[.]", lambda found: f"audit({int(found[1]) - seconds}.", log.read())
    path.write_bytes(gzip.compress(text.encode("utf-8", "surrogateescape"), 1))
    return path


def imported(way: Way) -> tuple[Path, str]:
    """The page as a pack, and its query, word for word."""
    way.run("page", "import", PAGE, "-o", way.folder / "pack")
    (query,) = (way.folder / "pack" / "kql").iterdir()
    return way.folder / "pack", query.read_text()


def deploy(way: Way, pack: Path) -> str:
    """Put a pack of one rule in place, twice; the query of its analytics rule, as it stands in the workspace."""
    assert way.deploy("apply", pack).count("+ create") == 2
    held = [way.workspace.rules.copy(), way.workspace.searches.copy()]
    assert [len(one) for one in held] == [1, 1]
    assert way.deploy("apply", pack) == ""
    assert held == [way.workspace.rules, way.workspace.searches]
    assert sum(one.method == "PUT" for one in way.workspace.requests) == 2
    (rule,) = way.workspace.rules.values()
    query: str = rule["properties"]["query"]
    return query


def from_page_to_report(way: Way, logs: list[Path], since: str = SINCE) -> None:
    """The whole way of the page's own rule."""
    pack, query = imported(way)
    converted = way.run("convert", pack, "-t", "asim", "--check")
    assert query.strip().partition("\n")[2] in converted
    way.run("kql", "check", *(pack / "kql").iterdir())
    deployed = deploy(way, pack)
    way.ship(*logs)

    local = way.hunt(*logs, "-r", pack, "--image", "invoked")
    assert keys(local)
    named = Counter({key[1:]: count for key, count in keys(local).items()})
    assert seed_keys(way.ask(query)) == named
    assert set(seed_keys(way.ask(deployed))) == set(named)
    assert keys(way.hunt_there("-r", pack, since=since)) == keys(local)
    there = way.hunt_there("-r", pack, "-O", "image=both", since=since)
    assert keys(there) == keys(way.hunt(*logs, "-r", pack, "--image", "both"))

    (way.folder / "findings.ndjson").write_text("".join(json.dumps(one) + "\n" for one in there))
    report = way.run("report", way.folder / "findings.ndjson", "-f", "md", "-o", "-")
    assert "Flush Iptables Ufw Chain" in report
    assert all(host in report for host in {one["host"] for one in local})
    way.deploy("destroy", pack)
    assert (way.workspace.rules, way.workspace.searches) == ({}, {})
    assert way.workspace.violations == []


def test_a_page_finds_in_the_workspace_what_it_finds_in_a_log(way):
    pack, query = imported(way)
    log = shorter(RECORDINGS[1], way.folder, 4_000)
    way.ship(log)
    local = keys(way.hunt(log, "-r", pack, "--image", "invoked"))
    assert local
    assert seed_keys(way.ask(query)) == Counter({key[1:]: count for key, count in local.items()})
    assert keys(way.hunt_there("-r", pack)) == local
    assert way.workspace.violations == []


@pytest.mark.long
def test_a_page_goes_the_whole_way_over_the_recordings(way, parser_folder):
    from_page_to_report(way, RECORDINGS)


@pytest.mark.long
def test_a_page_goes_the_whole_way_weeks_after_the_events(way, parser_folder):
    """The service moves the time of what comes late to its arrival; the time of the event stays."""
    first = dt.datetime.fromtimestamp(min(map(began, RECORDINGS)), dt.UTC)
    age = dt.timedelta(days=8) - (dt.datetime.now(dt.UTC) - first)
    from_page_to_report(way, [aged(recording, way.folder, age) for recording in RECORDINGS], "9d")
    stored = way.workspace.tables["ASimProcessEventLogs"]
    assert all(row["TimeGenerated"] == row["_TimeReceived"] for row in stored)
    assert all(row["EventStartTime"] < row["TimeGenerated"] for row in stored)


@pytest.mark.long
@pytest.mark.parametrize("image", ["invoked", "both"])
def test_the_pack_finds_in_the_workspace_what_it_finds_in_the_recordings(way, parser_folder, image):
    way.ship(*RECORDINGS)
    there = way.hunt_there("-O", f"image={image}") if image == "both" else way.hunt_there()
    local = way.hunt(*RECORDINGS, "--image", image)
    asked = {one["rule"]["id"] for one in there}
    assert len(asked) > 10
    assert keys(there) == keys([one for one in local if one["rule"]["id"] in asked])
    assert way.workspace.violations == []

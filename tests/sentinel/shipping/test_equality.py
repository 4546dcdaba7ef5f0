"""The same hunt over a log and over its shipped rows: equal on rule, host, time, process and command line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.sentinel.shipping.logs import RECORDINGS, recording, rows_of, tables
from tests.sentinel.workspace import Workspace

from vedette.event import Choice
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options
from vedette.kql import Options as Writing
from vedette.kql import convert_all, read_target
from vedette.kql.convert import Query
from vedette.sentinel.shipping.account import Account
from vedette.sentinel.shipping.checkpoint import Checkpoint, Destination
from vedette.sentinel.shipping.dead_letters import DeadLetters
from vedette.sentinel.shipping.log import Logs
from vedette.sentinel.shipping.sender import Sender
from vedette.sentinel.shipping.shipper import Shipper
from vedette.sigma.ruleset import RuleSet, load

RULES = RECORDINGS.parent / "rules"
SEED = RULES / "proc_creation_lnx_iptables_flush_ufw.yml"
GOLDEN = Path(__file__).parents[2] / "kql" / "golden" / "seed.kql"
Key = tuple[str, str, int, int, str]


def ship(workspace: Workspace, *logs: Path) -> None:
    """Send logs into the workspace."""
    streams = {table.kind: table.stream for table in tables()}
    checkpoint = Checkpoint(None, Destination(workspace.dcr, streams))
    with workspace.connection().ingestion("", retry_total=0) as client:
        account = Account()
        shipper = Shipper(Sender(client, workspace.dcr, streams), checkpoint, DeadLetters(None), account)
        shipper.ship(Logs([str(log) for log in logs], tables(), account).rows())
    assert account.sent.total() == len(rows_of(logs))
    assert workspace.violations == []


def there(workspace: Workspace, queries: Sequence[tuple[str, str]]) -> set[Key]:
    """What queries find in the workspace, each beside its rule's id."""
    found: set[Key] = set()
    with workspace.connection().logs() as client:
        for rule, text in queries:
            answer: Any = client.query_workspace(workspace.id, text, timespan=None)
            (table,) = answer.tables
            place = {name: number for number, name in enumerate(table.columns)}
            for row in table.rows:
                host, time, pid, command = (
                    row[place[name]]
                    for name in ("Dvc", "EventStartTime", "TargetProcessId", "TargetProcessCommandLine")
                )
                found.add((rule, host, round(time.timestamp() * 1000), int(pid), command))
    return found


def here(logs: Sequence[Path], rules: Sequence[Path], choice: Choice, wanted: set[str]) -> set[Key]:
    """What a hunt finds in logs, of the rules that are asked there too."""
    options = Options(tuple(map(str, logs)), tuple(map(str, rules)), image=choice, exclude=False, show_joined=True)
    found = set()
    for finding in Hunt(options).findings():
        if finding.rule.id in wanted and finding.process is not None:
            time = dt.datetime.fromisoformat(finding.time)
            command = finding.process.command_line or ""
            found.add((finding.rule.id, finding.host, round(time.timestamp() * 1000), finding.process.pid, command))
    return found


def queries_of(loaded: RuleSet, image: Any) -> list[Query]:
    target = read_target("asim")
    return [
        query
        for query in convert_all(loaded, target, Writing(image=image, long="split"), None)
        if query.text and query.table == "imProcessCreate"
    ]


#: Bytes of recordings: those of the quick tests, and all.
SOME, ALL = 2_500_000, 1 << 30
EACH = pytest.mark.parametrize(
    "filled",
    [
        ("gw-nft-01", SOME),
        pytest.param(("gw-nft-01", ALL), marks=pytest.mark.long),
        pytest.param(("gw-legacy-01", ALL), marks=pytest.mark.long),
    ],
    indirect=True,
    ids=lambda given: f"{given[0]}-{'some' if given[1] == SOME else 'all'}",
)


@pytest.fixture(scope="module")
def filled(request, tmp_path_factory):
    """A workspace that a recording was shipped into, and the recording."""
    name, size = request.param
    log = recording(tmp_path_factory.mktemp("log") / f"{name}.log", size, name)
    with Workspace() as workspace:
        ship(workspace, log)
        yield workspace, log


@EACH
def test_the_page_s_own_query_finds_what_the_hunt_finds_by_the_executed_path(filled):
    workspace, log = filled
    query = GOLDEN.read_text(encoding="utf-8")
    seed = load([SEED], cache=False).rules[0].id
    wanted = here([log], [SEED], "invoked", {seed})
    assert there(workspace, [(seed, query)]) == wanted
    assert wanted
    # Where the tool was started by a link, the resolved path hides the match.
    assert wanted - here([log], [SEED], "resolved", {seed})


@EACH
@pytest.mark.parametrize(
    "choice", ["both", *(pytest.param(choice, marks=pytest.mark.long) for choice in ("invoked", "resolved"))]
)
def test_the_pack_finds_the_same_in_every_reading(filled, choice):
    workspace, log = filled
    loaded = load([RULES], cache=False)
    queries = queries_of(loaded, choice)
    rules = {rule.id for rule in loaded.rules}
    asked = {query.rule.id for query in queries if query.rule.id in rules}
    found = there(workspace, [(query.rule.id, query.text) for query in queries if query.rule.id in asked])
    assert found == here([log], [RULES], choice, asked)
    assert len({rule for rule, *_ in found}) >= 2

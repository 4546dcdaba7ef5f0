"""The pack's correlations: on the recordings, over hosts, and as KQL."""

from __future__ import annotations

import datetime as dt
import gzip
from collections import Counter
from pathlib import Path

import pytest
from tests.kql.correlated import Tables

from vedette.correlate.hunting import correlating
from vedette.event import VIEWS
from vedette.hunt.finding import Finding
from vedette.hunt.hunt import Hunt, built_in_pack
from vedette.hunt.options import Options
from vedette.kql import Options as Written
from vedette.kql import read_target
from vedette.kql.correlation import convert_correlation
from vedette.predicate import evaluate
from vedette.sigma.references import Directory, Source
from vedette.sigma.ruleset import load

PACK = Path(built_in_pack("linux-firewall"))
LOADED = load((PACK,))
PARTS: tuple[Source, ...] = (*LOADED.rules, *LOADED.correlations)
IDS = {Path(one.location.path).stem: one.id for one in PARTS}
TAKEDOWN, CONNECT, HOSTS = (IDS[f"correlation_lnx_firewall_{name}"] for name in ("takedown", "flush_connect", "hosts"))


def hunt(*logs: str, **more: object) -> list[Finding]:
    return list(Hunt(Options(logs, **more), joining=correlating).findings())  # type: ignore[arg-type]


def log(host: str) -> Path:
    return PACK / "evidence" / f"{host}.audit.log.gz"


@pytest.fixture(scope="module", params=["gw-nft-01", "gw-legacy-01"])
def found(request) -> list[Finding]:
    return hunt(str(log(request.param)))


def test_rules_that_are_joined_still_give_findings_and_parts_give_none(found):
    rules = {one.rule.id for one in found}
    assert {IDS["proc_creation_lnx_iptables_flush_all"], IDS["proc_creation_lnx_iptables_flush_ufw"]} <= rules
    assert not rules & {IDS["net_connection_lnx_outbound"], IDS["correlation_lnx_firewall_flush_any"]}


def test_only_attackers_take_down_and_connect(found):
    joined = [one for one in found if one.kind == "correlation"]
    assert Counter(one.rule.id for one in joined) == {TAKEDOWN: 4, CONNECT: 13}
    assert {one.login_user for one in joined} <= {"deploy", "1001"}
    assert {one.verdict.decision for one in joined} == {"alert"}


def test_no_correlation_needs_an_exclusion_to_stay_silent(found):
    host = found[0].host
    bare = [one for one in hunt(str(log(host)), exclude=False) if one.kind == "correlation"]
    assert len(bare) == 17


def test_one_user_on_several_hosts(tmp_path):
    """The recorded host under a second name: the stolen account has done the same on both."""
    second = tmp_path / "second.audit.log"
    second.write_bytes(gzip.decompress(log("gw-nft-01").read_bytes()).replace(b"gw-nft-01", b"gw-nft-02"))
    joined = [one for one in hunt(str(log("gw-nft-01")), str(second)) if one.rule.id == HOSTS]
    users = {one.login_user for one in joined}
    assert "deploy" in users
    (stolen,) = [one for one in joined if one.login_user == "deploy"]
    assert stolen.correlation is not None
    assert {part.host for part in stolen.correlation.parts} == {"gw-nft-01", "gw-nft-02"}
    assert not [one for one in hunt(str(second)) if one.rule.id == HOSTS]


@pytest.mark.parametrize("target", ["asim", "xdr"])
def test_what_converts_to_kql_and_what_is_refused_where(target):
    data = read_target(target)
    directory = Directory(LOADED.rules, LOADED.correlations)
    queries = {one.id: convert_correlation(one, directory, data, Written.of({}, data)) for one in LOADED.correlations}
    assert queries[TAKEDOWN].text
    assert not queries[TAKEDOWN].errors
    for id_, lacks in ((CONNECT, "LogonId"), (HOSTS, "LoginUser")):
        assert not queries[id_].text
        (line,) = {error.location.line for error in queries[id_].errors}
        (path,) = {Path(error.location.path) for error in queries[id_].errors}
        assert path.read_text(encoding="utf-8").splitlines()[line - 1].strip() == "group-by:"
        assert all(lacks in error.cause for error in queries[id_].errors)


@pytest.mark.parametrize("target", ["asim", "xdr"])
@pytest.mark.parametrize("host", ["gw-nft-01", "gw-legacy-01"])
def test_the_query_of_the_takedown_finds_the_same_sessions_in_another_engine(host, target):
    """Every process start that a joined rule matches, and some others, read as invoked, in the target's table."""
    data = read_target(target)
    (one,) = [one for one in LOADED.correlations if one.id == TAKEDOWN]
    query = convert_correlation(one, Directory(LOADED.rules, LOADED.correlations), data, Written.of({}, data))
    view = next(view for view in VIEWS if (view.image, view.parent) == ("invoked", "invoked"))
    joined = [rule.predicate for rule in LOADED.rules if rule.id in one.rules]
    starts = []
    for number, event in enumerate(Hunt(Options((str(log(host)),))).events()):
        if event.source.category == "process_creation":
            row = event.row(view)
            if number % 100 == 0 or any(evaluate(predicate, row) for predicate in joined):
                held = {name: value for name, value in row.items() if isinstance(value, str | int | float)}
                starts.append(("process_creation", {**held, "Computer": host, "EventTime": event.time}))
    tables = Tables(target)
    tables.fill(starts)
    ends: dict[str, float] = {}
    for (computer, session), _, end in tables.matches(query.text, keys=2):
        assert computer == host
        ends[str(session)] = min(end, ends.get(str(session), end))
    wanted = {
        finding.correlation.group["LogonId"]: dt.datetime.fromisoformat(finding.time).timestamp()
        for finding in hunt(str(log(host)))
        if finding.rule.id == TAKEDOWN and finding.correlation is not None
    }
    assert len(wanted) == 4
    # The tables hold whole seconds.
    assert ends == pytest.approx(wanted, abs=1.0)

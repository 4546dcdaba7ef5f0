"""What the hunt finds in exported rows equals what the converted query selects of them.

`tests/kql` holds each query against the law over rows made for its rule, by somebody else's engine; here the same rows
are exported and hunted.
"""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.kql.differences import rows_for
from tests.kql.rows import EXTRA, types_of

from vedette.hunt.cover import Cover
from vedette.hunt.options import Options
from vedette.hunt.plain import PlainHunt
from vedette.kql import Query, Table, convert, read_target
from vedette.predicate import evaluate
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load
from vedette.telemetry.format import detect
from vedette.telemetry.source import Source

PACKS = Path(__file__).resolve().parents[3] / "src" / "vedette" / "packs"
#: Columns of the tables that no column of Sigma's alone stands for.
SIDES = {
    ("xdr", "DeviceProcessEvents"): ("AccountName", "AccountDomain", "AdditionalFields"),
    ("xdr", "DeviceNetworkEvents"): ("ActionType", "LocalIP", "RemoteIP", "LocalPort", "RemotePort"),
    ("xdr", "DeviceFileEvents"): ("ActionType", "FileName"),
    ("asim", "imProcessCreate"): (),
    ("asim", "imNetworkSession"): ("EventType", "NetworkDirection", "SrcIpAddr", "DstIpAddr"),
    ("asim", "imFileEvent"): ("EventType",),
}
TIMES = {"xdr": "Timestamp", "asim": "TimeGenerated"}


def exported(rows: list[dict[str, Any]], names: list[str], form: str, path: Path) -> Path:
    """Rows in a file of one form."""
    if form == "json":
        path.write_bytes(b"\n".join(json.dumps(row).encode() for row in rows))
    elif form == "csv":
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, names, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        path.write_text(text.getvalue(), "utf-8", newline="")
    else:
        frame = {name: [None if (cell := row[name]) == "" else str(cell) for row in rows] for name in names}
        pl.DataFrame(frame, schema=dict.fromkeys(names, pl.String)).write_parquet(path, row_group_size=50)
    return path


def hunted(rules: list[Rule], path: Path, form: str) -> tuple[dict[str, set[str]], dict[str, set[str]], PlainHunt]:
    """Rule to the rows (by host) that match it, and to the rows that it is asked of."""
    hunt = PlainHunt(rules, f"tables/{path}", Cover({}), Options(logs=()))
    found: dict[str, set[str]] = {rule.id: set() for rule in rules}
    asked: dict[str, set[str]] = {rule.id: set() for rule in rules}
    with Source(str(path)) as source:
        for chunk in hunt.read(form, source.chunks(), str(path)):
            for plain in chunk.events:
                for rule in rules:
                    if plain.kind.seen_by(rule.logsource):
                        asked[rule.id].add(plain.host)
            for plain, sighting in hunt.sightings(chunk):
                for match in sighting.matches:
                    found[match.rule.id].add(plain.host)
    return found, asked, hunt


def compared(queries: list[Query], form: str, folder: Path, count: int = 2) -> int:
    """Rows that were selected, after each rule's were held against the law."""
    selected = 0
    by_table: dict[tuple[str, str], list[Query]] = {}
    for query in queries:
        if query.text:
            by_table.setdefault((query.target, query.table), []).append(query)
    for (target, name), members in by_table.items():
        table: Table = next(one for one in read_target(target).tables if one.name == name)
        chance = random.Random(7)
        rules = [query.rule for query in members if isinstance(query.rule, Rule)]
        made = [row for rule in rules for row in rows_for(rule, table, chance, count)]
        own = {*types_of(table, "windows"), *types_of(table, "linux")} - {*EXTRA}
        host = "DeviceName" if target == "xdr" else "Dvc"
        filled_in = {column for _, filled in made for column in filled}
        names = sorted({*own, *filled_in, *SIDES[target, name], TIMES[target], host} - {""})
        # Hosts number the rows; a row whose rule reads the host keeps its own and is left out.
        given = {f"row-{place}": full for place, (full, filled) in enumerate(made) if not filled.get(host)}
        held = [
            {**dict.fromkeys(names, ""), **filled, host: f"row-{place}", TIMES[target]: "2026-11-24T08:35:30.164Z"}
            for place, (_, filled) in enumerate(made)
            if f"row-{place}" in given
        ]
        path = exported(held, names, form, folder / f"{name}.{form}")
        formed = detect(path.read_bytes()[: 1 << 18])
        assert formed is not None
        assert formed.name in ({"xdr": "defender", "asim": "asim"}[target], "parquet")
        found, asked, hunt = hunted(rules, path, formed.name)
        assert not hunt.rejects.counts, (hunt.rejects.counts, hunt.rejects.examples)
        for rule in rules:
            wanted = {row for row in asked[rule.id] if evaluate(rule.predicate, given[row])}
            assert found[rule.id] == wanted, (rule.id, rule.title, [given[row] for row in found[rule.id] ^ wanted][:2])
            selected += len(wanted)
    return selected


@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
@pytest.mark.parametrize("target", ["xdr", "asim"])
def test_shipped_rules_find_what_their_queries_select(target, form, tmp_path):
    queries = [convert(rule, read_target(target)) for rule in load([PACKS / "linux-firewall"]).rules]
    assert compared(queries, form, tmp_path, count=12) > 20


def public(target: str, category: str, sigmahq: Path, folder: Path, every: int) -> None:
    """One public rule of a category in so many."""
    rules = [rule for rule in load(sorted(sigmahq.glob("rules*"))).rules if rule.logsource.category == category]
    some = rules[::every]
    queries = [convert(rule, read_target(target)) for rule in some]
    assert compared(queries, "json", folder) > len(some)


@pytest.mark.parametrize("category", ["process_creation", "network_connection", "file_event"])
@pytest.mark.parametrize("target", ["xdr", "asim"])
def test_public_rules_find_what_their_queries_select(target, category, sigmahq, tmp_path):
    public(target, category, sigmahq, tmp_path, 97 if category == "process_creation" else 23)


@pytest.mark.long
@pytest.mark.parametrize("category", ["process_creation", "network_connection", "file_event"])
@pytest.mark.parametrize("target", ["xdr", "asim"])
def test_many_public_rules_find_what_their_queries_select(target, category, sigmahq, tmp_path):
    public(target, category, sigmahq, tmp_path, 6 if category == "process_creation" else 1)

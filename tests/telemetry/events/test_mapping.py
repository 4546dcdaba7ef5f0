"""Maps: the example of the page, auditbeat's own, and what is in a row."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.telemetry.events.hunted import events, written

from vedette.errors import UsageError
from vedette.event import LogSource
from vedette.telemetry.events import tabular
from vedette.telemetry.events.mapping import MapMapper, read_map
from vedette.telemetry.events.rejects import Rejects
from vedette.telemetry.events.rows import Row

PAGE = Path(__file__).resolve().parents[3] / "docs" / "formats" / "map.md"
TIME = 1795509330164


def mapped(path: str, *values: dict[str, Any]) -> tuple[list[Any], Rejects, MapMapper]:
    rejects, mapper = Rejects(), MapMapper(read_map(path))
    made = [mapper.plains(Row(0, line, b"", row), "log", 5.0, rejects) for line, row in enumerate(values, start=1)]
    return [plain for some in made for plain in some], rejects, mapper


@pytest.fixture
def example(tmp_path):
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return written(tmp_path / "agent.toml", block.encode())


def test_the_example_of_the_page_works(example):
    plains, rejects, mapper = mapped(
        example,
        {
            "ts": TIME, "kind": "EXEC", "host": {"name": "gw"}, "user": "root", "more": 1,
            "proc": {"exe": "/bin/sh", "argv": ["sh", "-c", "a b"]},
        },
        {"ts": str(TIME), "kind": ["connect"], "dst": {"ip": "2001:DB8::1", "port": "443"}},
        {"kind": "other"},
        {"kind": "execve"},
    )  # fmt: skip
    start, connection, timeless = plains
    assert start.kind.source == LogSource("linux", "process_creation")
    assert start.values == {"Image": "/bin/sh", "CommandLine": "sh -c a b", "User": "root"}
    assert (start.host, start.time) == ("gw", TIME / 1000)
    assert connection.values == {"Initiated": "true", "DestinationIp": "2001:db8::1", "DestinationPort": 443}
    assert timeless.time == 5.0
    assert rejects.counts == {"row-of-no-mapped-event": 1, "without-time": 1}
    assert set(mapper.unmapped) == {"more"}
    assert mapper.empty == {"proc.cmdline", "proc.parent.exe"}


def test_yaml_says_the_same_as_toml(example, tmp_path):
    import tomllib

    tree = tomllib.loads(Path(example).read_text("utf-8"))
    path = written(tmp_path / "agent.yaml", yaml.safe_dump(tree).encode())
    assert read_map(path) == read_map(example)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("x.yml", b"time: [", r"x\.yml:[12]: .*correct the YAML"),
        ("x.toml", b"a = 1\nb = = 2", r"x\.toml:2: .*correct the TOML"),
        ("x.toml", b"\n\xff", r"x\.toml:2: .*no UTF-8"),
        ("x.toml", b'time = {column="t"}\nevents = []', r"x\.toml:2: no events"),
        ("x.toml", b"", r"missing required field `time`"),
        ("x.yml", b"!!python/object/apply:os.system [x]", r"x\.yml:1: .*constructor"),
        ("x.yml", b"[" * 3000, r"x\.yml"),
        ("x.toml", b"#" * (1 << 21), r"no larger than 1 MiB"),
    ],
)
def test_what_is_no_map_is_told_with_place_and_remedy(tmp_path, name, data, told):
    with pytest.raises(UsageError, match=told):
        read_map(written(tmp_path / name, data))


def test_a_map_that_is_not_there_is_said():
    with pytest.raises(UsageError, match="can't be read"):
        read_map("/nowhere/map.toml")


BEAT = (
    b'{"@timestamp":"2026-11-24T08:35:30.164Z","agent":{"type":"auditbeat"},"host":{"name":"gw"},'
    b'"event":{"module":"auditd","action":"%s"},"auditd":{"session":"5","result":"%s"},'
    b'"process":{"executable":"/usr/sbin/nft","args":["nft","flush","ruleset"],"pid":7,"parent":{"pid":6}},'
    b'"user":{"name":"ops","effective":{"name":"root","id":"0"},"audit":{"name":"ops","id":"1000"}},'
    b'"destination":{"ip":"192.0.2.1","port":443}}'
)


@pytest.mark.parametrize(
    ("action", "result", "category"),
    [
        (b"executed", b"success", "process_creation"),
        (b"executed", b"fail", "process_failed"),
        (b"connected-to", b"success", "network_connection"),
        (b"changed-file-ownership-of", b"success", ""),
    ],
)
def test_auditbeat_is_told_apart_by_what_happened(action, result, category):
    (plain,), rejects = events(tabular.read, BEAT % (action, result))
    assert not rejects.counts
    assert plain.kind.source.category == category
    assert plain.values["User"] == "root"
    assert plain.values["ProcessId"] == 7
    if category == "process_creation":
        assert plain.values["CommandLine"] == "nft flush ruleset"
        assert (plain.values["LoginUser"], plain.values["LoginUserId"], plain.values["LogonId"]) == ("ops", 1000, "5")
    if category == "network_connection":
        assert (plain.values["DestinationIp"], plain.values["DestinationPort"]) == ("192.0.2.1", 443)

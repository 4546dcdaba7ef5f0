"""A hunt on several cores: the same bytes and the same account as on one."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

import vedette
from vedette.cli.cores import Helper, cores_for
from vedette.cli.main import main
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options
from vedette.hunt.share import shares

PACK = Path(vedette.__file__).parent / "packs" / "linux-firewall"
EVIDENCE = PACK / "evidence"


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Both hosts' logs, cut so that some chunks end in each; one plain, one packed."""
    folder = tmp_path_factory.mktemp("logs")
    with gzip.open(EVIDENCE / "gw-nft-01.audit.log.gz") as log:
        (folder / "nft.log").write_bytes(log.read(9 << 20) + b"no record\n")
    with gzip.open(EVIDENCE / "gw-legacy-01.audit.log.gz") as log:
        (folder / "legacy.log.gz").write_bytes(gzip.compress(log.read(9 << 20), 1))
    return folder


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    rules = tmp_path_factory.mktemp("rules")
    for number, (field, value) in enumerate((("Image", "/iptables"), ("Image", "/sshd"), ("CommandLine", " -F"))):
        rules.joinpath(f"{number}.yml").write_text(
            f"title: R{number}\nid: 3be619f4-d9ec-4ea8-a173-18fdd01996a{number}\nlevel: high\nauthor: Ä\n"
            "logsource: {product: linux, category: process_creation}\n"
            f"detection: {{sel: {{'{field}|endswith': '{value}'}}, condition: sel}}\n",
            encoding="utf-8",
        )
    return rules


def hunted(log, rules, out, *more):
    done = CliRunner().invoke(main, ["hunt", str(log), "-r", str(rules), "-f", "ndjson", "-o", str(out), *more])
    assert done.exit_code == 0, done.stderr
    return out.read_bytes(), re.sub(r"(?m)^read .*\n", "", done.stderr)


@pytest.mark.parametrize("more", [(), ("--raw", "--since", "2026-11-24T08:36:00Z")])
def test_several_cores_find_what_one_finds(logs, rules, tmp_path, more):
    alone = hunted(logs, rules, tmp_path / "1", "--jobs", "1", *more)
    assert alone[0].count(b"\n") > 100
    assert "no record" not in alone[1]
    for jobs in ("2", "3"):
        assert hunted(logs, rules, tmp_path / jobs, "--jobs", jobs, *more) == alone


def test_each_share_finds_a_part(logs, rules):
    parts = []
    for share in shares(2):
        hunt = Hunt(Options((str(logs),), (str(rules),)))
        hunt.take(share)
        parts.append([finding.origin for finding in hunt.findings()])
    whole = [finding.origin for finding in Hunt(Options((str(logs),), (str(rules),))).findings()]
    assert all(parts)
    assert parts[0] + parts[1] == whole


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["-f", "json"], "only NDJSON is written in shares"),
        (["-f", "ndjson", "--incidents"], "correlations and incidents need all events in one process"),
    ],
)
def test_what_can_not_be_shared_is_told(logs, arguments, why):
    done = CliRunner().invoke(main, ["hunt", str(logs), "--jobs", "2", *arguments])
    assert done.exit_code == 3
    assert why in done.stderr


def test_a_pipe_is_read_on_one_core(rules):
    hunt = Hunt(Options(("-",), (str(rules),)))
    assert cores_for(hunt, None, "ndjson") == 1


def test_a_small_log_is_hunted_on_one_core(logs, rules):
    assert cores_for(Hunt(Options((str(logs),), (str(rules),))), None, "ndjson") == 1
    assert cores_for(Hunt(Options((str(logs),), (str(rules),))), 3, "ndjson") == 3


def test_a_helper_that_was_killed_is_no_empty_share(logs, rules, tmp_path):
    hunt = Hunt(Options((str(logs),), (str(rules),)))
    helper = Helper(hunt, shares(2)[1], str(tmp_path))
    os.kill(helper._pid, signal.SIGKILL)
    with (tmp_path / "out").open("wb") as out, pytest.raises(RuntimeError, match="before it was done"):
        helper.take(out, hunt.summary, lambda: True)


def test_who_is_no_longer_wanted_is_ended(logs, rules, tmp_path):
    hunt = Hunt(Options((str(logs),), (str(rules),)))
    helper = Helper(hunt, shares(2)[1], str(tmp_path))
    pid = helper._pid
    with (tmp_path / "out").open("wb") as out:
        helper.take(out, hunt.summary, lambda: False)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not (tmp_path / "out").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_findings_that_can_not_wait_are_an_error(logs, rules, tmp_path):
    hunt = Hunt(Options((str(logs),), (str(rules),)))
    helper = Helper.__new__(Helper)
    with Path("/dev/full").open("wb", buffering=0) as full:
        helper._spool, helper._share, helper._parent = full, shares(2)[1], os.getppid()
        account = helper._hunt(hunt)
    assert json.dumps(account.error) == '"No space left on device where its findings wait"'

"""One activity in four carriers: LAUREL and the journal give the findings of audit.log, syslog those that it kept."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from vedette.correlate.judging import incidents
from vedette.correlate.tracker import Tracker
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options

CARRIERS = {"journal": "journal.export", "laurel": "laurel.ndjson", "syslog": "syslog"}


def told(value: object) -> str:
    """What is told, but for where it stands in which file."""
    plain = msgspec.to_builtins(value)

    def without(part: object) -> object:
        if isinstance(part, dict):
            return {key: without(each) for key, each in part.items() if key not in ("origin", "raw")}
        return [without(each) for each in part] if isinstance(part, list | tuple) else part

    return msgspec.json.encode(without(plain), order="sorted").decode()


def hunted(folder: Path, name: str, **asked: object) -> tuple[Counter[str], Hunt]:
    options = msgspec.convert({"logs": (str(folder / f"gw-nft-01.{name}.gz"),), **asked}, Options)
    hunt = Hunt(options)
    return Counter(map(told, hunt.findings())), hunt


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "data" / "linux-firewall"


def equal(folder: Path, name: str, **asked: object) -> None:
    direct, _ = hunted(folder, "audit.log", **asked)
    carried, hunt = hunted(folder, CARRIERS[name], **asked)
    assert direct
    assert not direct - carried
    assert not carried - direct
    assert not hunt.summary.rejected


@pytest.mark.parametrize("name", ["journal", "laurel"])
def test_the_findings_are_those_of_the_audit_log(folder: Path, name: str) -> None:
    equal(folder, name, exclude=False)


@pytest.mark.long
@pytest.mark.parametrize("routing", [True, False])
@pytest.mark.parametrize("name", ["journal", "laurel"])
def test_the_findings_of_all_rules_are_those_of_the_audit_log(
    folder: Path, sigmahq: Path, name: str, routing: bool
) -> None:
    equal(folder, name, rules=(str(sigmahq / "rules"),), routing=routing)


@pytest.mark.parametrize("name", ["journal", "laurel"])
def test_the_incidents_are_those_of_the_audit_log(folder: Path, name: str) -> None:
    def of(name: str) -> list[str]:
        path, tracker = str(folder / f"gw-nft-01.{name}.gz"), Tracker()
        for _ in Hunt(Options((path,)), watch=tracker).findings():
            pass
        return sorted(told(one).replace(path, "") for one in incidents(list(tracker.jobs()), path))

    direct = of("audit.log")
    assert direct
    assert of(CARRIERS[name]) == direct


def test_of_syslog_what_is_whole_is_found_and_what_is_lost_is_counted(folder: Path) -> None:
    direct, _ = hunted(folder, "audit.log", exclude=False)
    carried, hunt = hunted(folder, "syslog", exclude=False)
    assert sum((direct & carried).values()) > 500
    lost = sum(blind.events or 0 for blind in hunt.summary.blind if blind.cause == "lost")
    assert lost == 127
    assert any("136 events lack records" in note for note in hunt.summary.notes)
    assert any("whoever may write to syslog" in note for note in hunt.summary.notes)
    assert not hunt.summary.rejected


def test_a_forced_format_is_obeyed(folder: Path) -> None:
    forced, _ = hunted(folder, CARRIERS["laurel"], input_format="laurel")
    assert forced == hunted(folder, CARRIERS["laurel"])[0]
    none, hunt = hunted(folder, CARRIERS["laurel"], input_format="syslog")
    assert not none
    assert not hunt.summary.hosts

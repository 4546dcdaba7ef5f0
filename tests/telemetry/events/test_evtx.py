"""EVTX as it lies on disk: whole, cut, damaged, and read alike with its JSON."""

from __future__ import annotations

import pytest
from tests.telemetry.events.hunted import events, told

from vedette.errors import TelemetryError
from vedette.telemetry.events.evtx import read_evtx, read_json, recognise

pytest.importorskip("evtx", reason="the package evtx is an extra")
CASE = "regression_data/rules/windows/process_creation/proc_creation_win_reg_system_restore_modification"


@pytest.fixture(scope="module")
def log(sigmahq):
    return next((sigmahq / CASE).glob("*.evtx"))


def test_evtx_and_its_json_say_the_same(log):
    binary, rejects = events(read_evtx, log.read_bytes(), 1000)
    exported, _ = events(read_json, log.with_suffix(".json").read_bytes())
    assert not rejects.counts
    assert len(binary) >= 4
    assert [one[:4] for one in told(binary)] == [one[:4] for one in told(exported)]


def test_every_recording_holds_as_many_records_as_it_promises(sigmahq):
    for log in sorted(sigmahq.glob("regression_data/**/*.evtx"))[:20]:
        plains, rejects = events(read_evtx, log.read_bytes())
        assert plains
        assert not rejects.counts


@pytest.mark.parametrize("size", [30_000, 6_000, 5_000])
def test_what_a_cut_log_lacks_is_counted(log, size):
    data = log.read_bytes()
    assert recognise(data)
    whole, _ = events(read_evtx, data)
    plains, rejects = events(read_evtx, data[:size])
    assert len(plains) + rejects.counts["lost-record"] + rejects.counts["damaged"] == len(whole)
    assert rejects.counts["lost-record"] + rejects.counts["damaged"] > 0


def test_a_damaged_record_is_counted(log):
    data = log.read_bytes()
    plains, rejects = events(read_evtx, data[:6_000] + b"\xff" * 500 + data[6_500:])
    assert len(plains) < 4
    assert rejects.counts["lost-record"] + rejects.counts["damaged"] > 0


def test_a_damaged_chunk_is_counted(log):
    data = log.read_bytes()
    _, rejects = events(read_evtx, data + b"x" * 65_536)
    assert rejects.counts["damaged-chunk"] == 1


def test_what_is_no_evtx_is_refused_with_a_remedy():
    with pytest.raises(TelemetryError, match=r"no Windows event log.*copy it again"):
        events(read_evtx, b"ElfFile\0" + b"\0" * 5000)

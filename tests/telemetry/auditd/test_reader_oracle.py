"""The fast reader against the oracle: event by event and column by column, however the log is cut, packed or mixed."""

from __future__ import annotations

import gzip
import lzma
import random
import re
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.agreement import RECORDS, Reading, assert_agree, assert_same, counted, fast, oracle_facts, oracle_records
from tests.oracle_auditd import Oracle
from tests.strategies_log import deeds, mixed

from vedette.telemetry.auditd.accounts import load_accounts
from vedette.telemetry.auditd.coalesce import Window
from vedette.telemetry.auditd.window import WINDOW
from vedette.telemetry.listing import expand
from vedette.telemetry.source import Source

EVIDENCE = Path(str(files("vedette"))) / "packs" / "linux-firewall" / "evidence"
HOSTS = ("gw-nft-01", "gw-legacy-01")
#: The oracle waits for every event to the end; made logs jump in time.
PATIENT = Window(seconds=1e12)


def recording(host: str) -> bytes:
    return gzip.decompress((EVIDENCE / f"{host}.audit.log.gz").read_bytes())


def part(host: str, size: int = 2_500_000) -> bytes:
    return recording(host)[:size].rpartition(b"\n")[0] + b"\n"


def consulted(data: bytes, window: Window | None = None) -> Oracle:
    oracle = Oracle(window=window)
    oracle.read([data])
    return oracle


@pytest.mark.parametrize("host", HOSTS)
def test_every_event_of_a_recording_agrees_on_every_column(host):
    data = recording(host)
    oracle, reading = consulted(data), fast(data)
    assert len(reading.facts) > 8_000
    assert len(reading.changes) > 1_500
    assert_agree(reading, oracle)
    assert reading.reader.rejects.counts == oracle.rejects == {}


@pytest.mark.parametrize("host", HOSTS)
def test_every_single_record_of_a_recording_has_the_same_process(host):
    data = part(host)
    known = oracle_records(consulted(data))
    for size in (8 << 20, 5 * WINDOW):
        assert_same(fast(data, size=size, columns=RECORDS).records, known)


@pytest.mark.parametrize("host", HOSTS)
def test_every_origin_is_the_place_of_its_record(host):
    data = recording(host)
    places = fast(data).places
    assert len(places) > 8_000
    for _, offset, kind, serial, time in places:
        head = b"node=%s type=%s msg=audit(%.3f:%d): " % (host.encode(), kind.encode(), time, serial)
        assert data.startswith(head, offset)
        assert offset == 0 or data[offset - 1 : offset] == b"\n"


def test_a_raw_log_with_names_says_what_an_enriched_one_says(tmp_path):
    data = recording("gw-nft-01")
    raw = re.sub(rb"\x1d[^\n]*", b"", data)
    assert raw.count(b"\n") == data.count(b"\n")
    assert len(raw) < len(data)
    names = {}
    for uid, name in re.findall(rb' euid=(\d+) [^\n]*\x1d[^\n]* EUID="([^"]+)"', data):
        names[int(uid)] = name.decode()
    for uid, name in re.findall(rb' auid=(\d+) [^\n]*\x1d[^\n]*AUID="([^"]+)"', data):
        names.setdefault(int(uid), name.decode())
    passwd = tmp_path / "passwd"
    passwd.write_text("".join(f"{name}:x:{uid}:{uid}::/:/bin/sh\n" for uid, name in names.items() if name != "unset"))
    assert len(names) > 3
    assert fast(raw, accounts=load_accounts(str(passwd))).facts == fast(data).facts


def test_a_log_without_node_says_the_same_of_a_host_without_name():
    data = recording("gw-nft-01")
    bare = re.sub(rb"(?m)^node=gw-nft-01 ", b"", data)
    named = [(fact[0], "", *fact[2:]) for fact in fast(data).facts]
    assert fast(bare).facts == named


@pytest.mark.parametrize("host", HOSTS)
def test_line_ends_of_windows_change_nothing(host):
    data = part(host)
    assert fast(data.replace(b"\n", b"\r\n")).facts == fast(data).facts


@pytest.mark.parametrize("size", [3 * WINDOW, 4 * WINDOW + 1, 333_333])
def test_the_size_of_chunks_changes_nothing(size):
    data = recording("gw-legacy-01")
    whole, pieces = fast(data), fast(data, size=size)
    assert pieces.facts == whole.facts
    assert counted(pieces.changes) == counted(whole.changes)


def rotated(data: bytes, pieces: int, seed: int) -> list[bytes]:
    """Pieces that end where a line does, not where an event does, as auditd rotates."""
    chance = random.Random(seed)
    ends = sorted(data.index(b"\n", chance.randrange(len(data) - 1000)) + 1 for _ in range(pieces - 1))
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


@pytest.mark.parametrize("seed", range(6))
def test_a_log_rotated_within_events_and_given_in_any_order_is_the_whole_log(seed, tmp_path):
    host = HOSTS[seed % 2]
    data = part(host)
    pieces = rotated(data, 5, seed)
    names = [f"audit.log{suffix}" for suffix in ("", ".1", ".2", ".3", ".4")]
    random.Random(seed).shuffle(names)
    for name, piece in zip(names, pieces, strict=True):
        (tmp_path / name).write_bytes(piece)
    listing = expand([str(tmp_path / name) for name in sorted(names)])
    assert not listing.problems
    assert [Path(file.path).name for file in listing.files] == names
    reading = Reading()
    for file in listing.files:
        with Source(file.path) as source:
            reading.read(file.path, source.chunks(), more=file is not listing.files[-1])
    reading.close()
    whole = fast(data)
    assert reading.facts == whole.facts
    assert counted(reading.changes) == counted(whole.changes)
    for path, offset, kind, serial, time in reading.places:
        head = b"node=%s type=%s msg=audit(%.3f:%d): " % (host.encode(), kind.encode(), time, serial)
        assert Path(path).read_bytes()[offset:].startswith(head)


def test_every_cut_between_two_files_gives_the_same_events():
    lines = part("gw-nft-01", 60_000).splitlines(keepends=True)
    whole = fast(b"".join(lines)).facts
    for cut in range(1, len(lines)):
        reading = Reading()
        reading.read("a", [b"".join(lines[:cut])], more=True)
        reading.read("b", [b"".join(lines[cut:])])
        assert reading.close().facts == whole, cut


def test_an_event_is_whole_though_another_host_s_log_comes_between():
    data, other = part("gw-nft-01", 300_000), part("gw-legacy-01", 300_000)
    cut = data.index(b"\n", 200_000) + 1
    reading = Reading()
    reading.read("b", [other], more=True)
    reading.read("a", [data[:cut]], more=True)
    reading.read("c", [data[cut:]])
    reading.close()
    assert counted(reading.facts) == counted(fast(other).facts) + counted(fast(data).facts)


def zstd(data: bytes) -> bytes:
    module = pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "zstandard")
    return bytes(module.compress(data))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstd], ids=["gz", "xz", "zst"])
def test_compressed_logs_say_the_same(pack, tmp_path):
    data = part("gw-legacy-01")
    path = tmp_path / "audit.log.packed"
    path.write_bytes(pack(data))
    reading = Reading()
    with Source(str(path)) as source:
        reading.read("log", source.chunks(400_000))
        assert not source.problems
    assert reading.close().facts == fast(data).facts


def test_two_hosts_line_by_line_are_each_as_alone():
    first, second = part("gw-nft-01"), part("gw-legacy-01")
    pairs = zip(first.splitlines(keepends=True), second.splitlines(keepends=True), strict=False)
    mixture = b"".join(line for pair in pairs for line in pair)
    together = fast(mixture)
    for host in HOSTS:
        own = b"".join(line for line in mixture.splitlines(keepends=True) if line.startswith(b"node=" + host.encode()))
        alone = fast(own)
        assert [fact for fact in together.facts if fact[1] == host] == alone.facts
        named = [change for change in together.changes if change["node"] == host]
        assert counted(named) == counted(alone.changes)


@given(st.data())
def test_a_recording_mixed_within_the_window_agrees(data):
    lines = part("gw-nft-01", 120_000).splitlines()
    start = data.draw(st.integers(0, len(lines) - 80))
    events: dict[bytes, list[bytes]] = {}
    for line in lines[start : start + 80]:
        events.setdefault(line.split(b"audit(")[1].split(b")")[0], []).append(line)
    mixture = data.draw(mixed([tuple(event) for event in events.values()]))
    log = b"\n".join(mixture) + b"\n"
    assert_agree(fast(log), consulted(log, PATIENT))


@given(st.data())
def test_made_logs_agree(data):
    """Every architecture, loss, reboot, silence and text that the strategy knows, mixed and cut at will."""
    hosts = [data.draw(deeds(nodes=(node,))) for node in data.draw(st.sampled_from([(b"gw",), (b"",), (b"a", b"b")]))]
    merged = (
        sorted((deed for host in hosts for deed in host), key=lambda deed: deed.time) if len(hosts) > 1 else hosts[0]
    )
    log = b"\n".join(data.draw(mixed([deed.lines for deed in merged]))) + b"\n"
    oracle = consulted(log, PATIENT)
    reading = fast(log, columns=RECORDS)
    assert_agree(reading, oracle)
    assert reading.reader.rejects.counts == oracle.rejects
    assert_same(reading.records, oracle_records(oracle))
    cut = data.draw(st.integers(0, len(log)))
    cut = log.rfind(b"\n", 0, cut) + 1
    pieces = Reading()
    pieces.read("a", [log[:cut]], more=True)
    pieces.read("b", [log[cut:]])
    assert_same(pieces.close().facts, oracle_facts(oracle))

"""Bytes of all kinds into the carriers, for as long as `VEDETTE_FUZZ_MINUTES` says (else for seconds)."""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.strategies_auditd import FRAGMENTS
from tests.strategies_log import deeds
from tests.telemetry.carrier import writing

from vedette.telemetry.carrier.journal import Journal
from vedette.telemetry.carrier.laurel import Laurel
from vedette.telemetry.carrier.syslog import Syslog
from vedette.telemetry.format import FORMATS, detect_all, first_record

pytestmark = pytest.mark.long

MINUTES = float(os.environ.get("VEDETTE_FUZZ_MINUTES", "0.2"))
CARRIERS: dict[str, type[Syslog | Journal | Laurel]] = {"syslog": Syslog, "journal": Journal, "laurel": Laurel}
WRITERS = {
    "syslog": (writing.traditional, writing.modern, writing.rfc5424, writing.escaped),
    "journal": (writing.export, writing.journal_json),
    "laurel": (writing.laurel,),
}
PIECES = [
    b"Nov 24 08:35:30 gw audispd: ",
    b"<182>1 2026-11-24T08:35:30Z gw audispd 77 - - ",
    b"kernel: [ 1.2] audit: type=1307 audit(1795509330.159:7): ",
    b"type=CWD msg=audit(1795509330.159:7): cwd=1",
    b"#035OUID=",
    b" ARCH=",
    b"\n",
    b"\n\n",
    b"__CURSOR=s\n",
    b"_TRANSPORT=audit\n_AUDIT_TYPE=1307\n_AUDIT_ID=7\n_SOURCE_REALTIME_TIMESTAMP=1795509330159000\n",
    b"SYSLOG_IDENTIFIER=audispd\nMESSAGE=",
    b"MESSAGE\n\x05\0\0\0\0\0\0\0type=\n",
    b"MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\x7f",
    b'{"ID":"1795509330.159:7","NODE":"gw",',
    b'"EXECVE":{"argc":1,"ARGV":["%00%2b",7,null,[]]}',
    b'"SYSCALL":{"arch":"0xc000003e","ARGV":["0x1"]},"PATH":[{"name":{}},7],',
    b"}\n",
    b"{",
    b"[" * 300,
    *FRAGMENTS,
]


@st.composite
def logs(draw: st.DrawFn, form: str) -> bytes:
    """A carried log of which some parts are cut out, doubled, or replaced by others."""
    events = draw(deeds(nodes=(b"", b"gw"), most=4))
    write = draw(st.sampled_from(WRITERS[form]))
    data = write([line for deed in events for line in deed.lines])
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 0, 1, 7, 300])))
        put = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8), st.just(data[start:end] * 2)))
        data = data[:start] + put + data[end:]
    return data


def read_anything(form: str, data: bytes, sizes: list[int]) -> None:
    whole = CARRIERS[form]()
    out = b"".join(whole.stream([data]))
    at, chunks = 0, []
    for size in sizes:
        chunks.append(data[at : at + size])
        at += size
    pieces = CARRIERS[form]()
    assert b"".join(pieces.stream([*chunks, data[at:]])) == out
    assert list(pieces.remarks()) == list(whole.remarks())
    start = before = 0
    for line in out.split(b"\n"):
        if not line:
            continue
        assert line.startswith((b"node=", b"type="))
        place = whole.places.in_file(start)
        assert before <= place < len(data)
        assert place == 0 or data[place - 1 : place] == b"\n"
        before, start = place, start + len(line) + 1
    for found in detect_all(data[: 1 << 18]):
        if found.family == "audit":
            first_record(found.name, data)


@pytest.mark.parametrize("form", CARRIERS)
def test_a_carrier_takes_anything(form: str) -> None:
    assert form in FORMATS
    end = time.monotonic() + 60 * MINUTES / 3
    anything = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=9)), max_size=30).map(b"".join)
    trial = settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))(
        given(st.just(form), st.one_of(logs(form), anything), st.lists(st.integers(0, 400), max_size=8))(read_anything)
    )
    tries = 0
    while time.monotonic() < end or not tries:
        trial()
        tries += 1

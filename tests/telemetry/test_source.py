from __future__ import annotations

import gzip
import lzma
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
import zstandard

from vedette.errors import TelemetryError
from vedette.telemetry.source import Limits, Source, read_chunks

LINE = b'type=CWD msg=audit(1700000000.000:1): cwd="/"\n'
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
}


def code_of(path, **options):
    with pytest.raises(TelemetryError) as caught, Source(str(path), **options):
        pass
    assert caught.value.remedy
    assert str(path) in str(caught.value)
    return caught.value.code


def read(path, size=8 << 20, limits=None):
    with Source(str(path), limits) as source:
        return b"".join(source.chunks(size)), source


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("size", [1, 1000, 8 << 20])
def test_every_kind_is_told_by_its_first_bytes_not_by_its_name(tmp_path, kind, size):
    path = tmp_path / "audit.log.gz"
    path.write_bytes(COMPRESS[kind](LINE * 50))
    content, source = read(path, size)
    assert content == LINE * 50
    assert source.problems == []
    assert (source.consumed, source.produced) == (source.size, len(content))
    assert (source.codec.name if source.codec else "plain") == kind


def test_chunks_have_about_the_size_asked_for(tmp_path):
    for kind, compress in COMPRESS.items():
        path = tmp_path / kind
        path.write_bytes(compress(LINE * 20_000))
        sizes = [len(chunk) for chunk in read_chunks(str(path), 100_000)]
        assert all(100_000 <= size < 100_000 + (1 << 18) for size in sizes[:-1]), kind
        assert sum(sizes) == len(LINE) * 20_000


@pytest.mark.parametrize("content", [b"", b"t", b"\x1f", b"\x1f\x8b", b"\xfd7zXZ"])
def test_tiny_files(tmp_path, content):
    path = tmp_path / "tiny"
    path.write_bytes(content)
    found, source = read(path)
    assert found == (b"" if source.codec else content)
    assert [problem.code for problem in source.problems] == (["truncated"] if source.codec else [])


def test_a_truncated_file_gives_what_it_holds_and_a_problem(tmp_path):
    path = tmp_path / "cut.gz"
    whole = b"".join(b"type=CWD msg=audit(1.000:%d): \n" % number for number in range(50_000))
    path.write_bytes(gzip.compress(whole)[:-1000])
    problems: list[TelemetryError] = []
    content = b"".join(read_chunks(str(path), 8 << 20, problems))
    assert whole.startswith(content)
    assert len(content) > len(whole) * 0.9
    assert [problem.code for problem in problems] == ["truncated"]
    assert f"({len(content)} bytes)" in str(problems[0])


@pytest.mark.parametrize("kind", ["gzip", "xz", "zstd"])
def test_a_bomb_is_stopped_loudly_and_what_was_read_is_kept(tmp_path, kind):
    path = tmp_path / "bomb"
    path.write_bytes(COMPRESS[kind](bytes(50 << 20)))
    content, source = read(path, 1 << 20, Limits(max_ratio=50, ratio_from=2 << 20))
    assert [problem.code for problem in source.problems] == ["decompression-bomb"]
    assert 2 << 20 <= len(content) <= 35 << 20
    content, source = read(path, 1 << 20, Limits(max_bytes=3 << 20))
    assert [problem.code for problem in source.problems] == ["decompression-bomb"]


def test_the_default_limits_let_a_repetitive_log_pass(tmp_path):
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(LINE * 200_000))
    assert len(read(path)[0]) == len(LINE) * 200_000


def test_a_growing_file_is_read_up_to_its_size_when_opened(tmp_path):
    path = tmp_path / "audit.log"
    path.write_bytes(LINE * 100)
    with Source(str(path)) as source:
        with path.open("ab") as log:
            log.write(LINE)
        assert b"".join(source.chunks(1000)) == LINE * 100
    assert [problem.code for problem in source.problems] == ["grew"]


def test_a_shrinking_file_gives_what_is_left_and_a_problem(tmp_path):
    path = tmp_path / "audit.log"
    path.write_bytes(LINE * 100)
    with Source(str(path)) as source:
        os.truncate(path, 1000)
        assert b"".join(source.chunks()) == (LINE * 100)[:1000]
    assert [problem.code for problem in source.problems] == ["shrank"]


def test_what_is_no_file_is_refused(tmp_path):
    assert code_of(tmp_path) == "is-a-directory"
    assert code_of("/dev/zero") == "is-a-device"
    assert code_of(tmp_path / "absent") == "not-found"
    assert code_of("nul\0byte") == "bad-name"
    (tmp_path / "loop").symlink_to("loop")
    assert code_of(tmp_path / "loop") == "open-error"


def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert code_of("s") == "is-a-socket"


def test_a_file_without_permission_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "secret"
    path.write_bytes(LINE)

    def refuse(*_args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # root may read everything
    assert code_of(path) == "permission"


def test_an_error_while_reading_keeps_what_was_read(tmp_path, monkeypatch):
    path = tmp_path / "audit.log"
    path.write_bytes(LINE * 100)
    real = os.read
    calls = iter(range(9))

    def fail(descriptor, size):
        if next(calls) < 2:
            return real(descriptor, min(size, 100))
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", fail)
    content, source = read(path)
    assert content == (LINE * 100)[: len(content)]
    assert len(content) > 100
    assert [problem.code for problem in source.problems] == ["read-error"]


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_fifo_is_read_to_its_end(tmp_path, kind):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(COMPRESS[kind](LINE * 5000),))
    writer.start()
    content, source = read(path)
    writer.join()
    assert content == LINE * 5000
    assert (source.size, source.problems) == (None, [])


PROGRAM = """
import sys
from vedette.errors import TelemetryError
from vedette.telemetry.source import read_chunks
try:
    sys.stdout.buffer.write(b"".join(read_chunks("-")))
except TelemetryError as error:
    sys.exit(f"{error.code}: {error}")
"""


@pytest.mark.parametrize("kind", COMPRESS)
def test_standard_input(kind):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=COMPRESS[kind](LINE * 3000), capture_output=True, check=True
    )
    assert done.stdout == LINE * 3000


def test_a_file_as_standard_input_is_read_too(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(LINE)
    with path.open("rb") as log:
        done = subprocess.run([sys.executable, "-c", PROGRAM], stdin=log, capture_output=True, check=True)
    assert done.stdout == LINE


def test_a_file_whose_beginning_was_read_before_is_read_from_there(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"header\n" + LINE)
    with path.open("rb", buffering=0) as log:
        log.read(7)
        done = subprocess.run([sys.executable, "-c", PROGRAM], stdin=log, capture_output=True, check=True)
    assert done.stdout == LINE


def test_a_device_as_standard_input_is_refused():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True
    )
    assert done.stderr.startswith("is-a-device: -: standard input is a terminal or device")


def test_closing_twice_is_no_error(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(LINE)
    source = Source(str(path))
    source.close()
    source.close()

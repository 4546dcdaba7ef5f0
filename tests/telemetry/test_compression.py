from __future__ import annotations

import bz2
import gzip
import lzma
import random
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from vedette.telemetry import compression
from vedette.telemetry.compression import CODECS, STEP, Damage, decompress, sniff

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "zstd": lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data),
    "bzip2": bz2.compress,
}
names = st.sampled_from(sorted(COMPRESS))
contents = st.one_of(
    st.binary(max_size=200), st.builds(lambda b, n: b * n, st.binary(max_size=9), st.integers(0, 9999))
)


def codec_of(name):
    return next(codec for codec in CODECS if codec.name == name)


def run(name, data, size=1 << 15):
    outs = list(decompress(codec_of(name), [data[start : start + size] for start in range(0, len(data), size)]))
    parts = [out for out in outs if isinstance(out, bytes)]
    damage = [out for out in outs if isinstance(out, Damage)]
    assert [*parts, *damage] == outs
    assert len(damage) <= 1
    return b"".join(parts), damage[0] if damage else None


def test_every_format_is_tried_here():
    assert set(COMPRESS) == {codec.name for codec in CODECS}


@given(names, st.lists(contents, min_size=1, max_size=3), st.integers(1, 300), st.integers(0, 8))
def test_members_come_back_whole(name, parts, size, padding):
    data = (b"\0" * 4 * padding).join(COMPRESS[name](part) for part in parts)
    assert run(name, data, size) == (b"".join(parts), None)
    assert sniff(data) is codec_of(name)


@given(names, contents, st.data())
def test_a_truncated_file_gives_a_beginning_and_says_so(name, content, data):
    whole = COMPRESS[name](content)
    found, damage = run(name, whole[: data.draw(st.integers(1, len(whole) - 1))])
    assert content.startswith(found)
    assert damage == Damage("truncated")


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_a_truncated_file_gives_all_that_it_holds(name):
    content = random.Random(1).randbytes(1 << 18)
    found, _ = run(name, COMPRESS[name](content)[: 1 << 17])
    assert len(found) > (1 << 17) - (128 << 10 if name == "zstd" else 100)


@given(names, contents, st.data())
def test_a_damaged_file_never_raises(name, content, data):
    whole = bytearray(COMPRESS[name](content))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    run(name, bytes(whole))


def test_damage_in_the_middle_keeps_what_stands_before():
    content = b"".join(b"type=CWD msg=audit(1.000:%d)\n" % number for number in range(100_000))
    whole = bytearray(gzip.compress(content))
    whole[len(whole) // 2] ^= 0xFF
    whole[len(whole) // 2 + 1] ^= 0xFF
    found, damage = run("gzip", bytes(whole))
    assert damage is not None
    assert damage.code == "corrupt"
    # What comes after the damage may be nonsense until the decoder notices; what comes before is right.
    assert found[: len(content) // 3] == content[: len(content) // 3]


@pytest.mark.parametrize("name", sorted(COMPRESS))
def test_garbage_behind_the_end_is_told(name):
    found, damage = run(name, COMPRESS[name](b"hello") + b"garbage, no member")
    assert found == b"hello"
    assert damage is not None
    assert damage.code == "trailing-garbage"


@pytest.mark.parametrize("name", ["gzip", "xz", "bzip2"])
def test_steps_are_bounded(name):
    bomb = COMPRESS[name](bytes(20 << 20))
    assert max(len(out) for out in decompress(codec_of(name), [bomb]) if isinstance(out, bytes)) <= STEP


def test_steps_of_zstd_are_bounded_by_its_pieces():
    bomb = COMPRESS["zstd"](bytes(200 << 20))
    piece = codec_of("zstd").piece
    outs = decompress(codec_of("zstd"), [bomb[start : start + piece] for start in range(0, len(bomb), piece)])
    assert max(len(out) for out in outs if isinstance(out, bytes)) <= 33 << 20


def test_a_window_larger_than_allowed_is_refused():
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=28)
    frame = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = frame.compress(bytes(1 << 20)) + frame.flush()
    _, damage = run("zstd", data)
    assert damage is not None
    assert damage.code == "corrupt"


def test_skippable_frames_are_skipped():
    data = b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + COMPRESS["zstd"](b"hello")
    assert sniff(data) is codec_of("zstd")
    assert run("zstd", data) == (b"hello", None)


def test_text_is_no_compressed_file():
    assert sniff(b"type=SYSCALL") is None
    assert sniff(b"") is None


def test_gzip_reads_alike_without_isal(monkeypatch):
    monkeypatch.setattr(compression, "_inflater", zlib.decompressobj)
    content = random.Random(2).randbytes(1 << 17) + bytes(1 << 20)
    assert run("gzip", gzip.compress(content) * 2) == (content * 2, None)
    assert run("gzip", gzip.compress(content)[:-9])[1] == Damage("truncated")

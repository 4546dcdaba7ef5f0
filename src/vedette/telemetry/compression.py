"""Compressed logs, told by their first bytes and decompressed in small steps.

Every step is bounded, so a bomb costs time but no memory; how much in total is too much is for the reader to say.
"""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Protocol, cast

import msgspec

try:
    from isal import isal_zlib  # three times as fast, where installed
except ImportError:
    _inflater: Callable[[int], Any] = zlib.decompressobj
    _gzip_errors: tuple[type[Exception], ...] = (zlib.error,)
else:
    _inflater = isal_zlib.decompressobj
    _gzip_errors = (cast("type[Exception]", isal_zlib.error),)

#: Most that one step of a decoder gives, in bytes; what a corrupt file loses before the damage is less than that.
STEP: Final = 1 << 14
_XZ_MEMORY: Final = 256 << 20  # xz -9 needs 65 MiB
_ZSTD_WINDOW_LOG: Final = 27  # zstd's own limit without --long: 128 MiB
_GZIP_WINDOW: Final = 31  # zlib's code for a gzip header and the largest window


class Decoder(Protocol):
    """One member of a compressed file."""

    @property
    def eof(self) -> bool:
        """Whether the member is complete."""

    @property
    def unused_data(self) -> bytes:
        """What was fed after the member's end."""

    def steps(self, data: bytes) -> Iterator[bytes]:
        """Decompress more input in steps of bounded size."""


class Codec(msgspec.Struct, frozen=True):
    """A compression format.

    Attributes:
        name: what users call it.
        magics: the first bytes of its files, any of them.
        decoder: makes the decoder of the next member.
        errors: what a decoder raises on damaged input.
        piece: how many bytes of input to feed at once.
    """

    name: str
    magics: tuple[bytes, ...]
    decoder: Callable[[], Decoder]
    errors: tuple[type[Exception], ...]
    piece: int


class _Tailed:
    """zlib's way: input that was not needed yet comes back as a tail."""

    def __init__(self) -> None:
        self._inner = _inflater(_GZIP_WINDOW)

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)

    def steps(self, data: bytes) -> Iterator[bytes]:
        while True:
            out = self._inner.decompress(data, STEP)
            yield out
            data = self._inner.unconsumed_tail
            if self._inner.eof or (not data and len(out) < STEP):
                return


class _Holding:
    """The way of bz2, lzma and Python's own zstd: the decoder keeps its input until it is used up."""

    def __init__(self, inner: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._inner = inner

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def steps(self, data: bytes) -> Iterator[bytes]:
        yield self._inner.decompress(data, STEP)
        while not self._inner.eof and not self._inner.needs_input:
            yield self._inner.decompress(b"", STEP)


def _zstd() -> tuple[Callable[[], Decoder], tuple[type[Exception], ...]]:
    """The decoder of zstd and its errors: Python's own from 3.14 on, before that the `zstandard` package."""
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - the module exists from 3.14 on

        options = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
        return (lambda: _Holding(zstd.ZstdDecompressor(options=options))), (zstd.ZstdError,)

    import zstandard  # noqa: PLC0415 - the package is needed before 3.14 only

    class _Whole:
        """zstandard's way: all output of a piece at once, so pieces must be small (1 KiB gives 32 MiB at worst)."""

        def __init__(self) -> None:
            self._inner = zstandard.ZstdDecompressor(max_window_size=1 << _ZSTD_WINDOW_LOG).decompressobj()

        @property
        def eof(self) -> bool:
            return self._inner.eof

        @property
        def unused_data(self) -> bytes:
            return self._inner.unused_data

        def steps(self, data: bytes) -> Iterator[bytes]:
            yield self._inner.decompress(data)

    return _Whole, (zstandard.ZstdError,)


_ZSTD_DECODER, _ZSTD_ERRORS = _zstd()

CODECS: Final = (
    Codec("gzip", (b"\x1f\x8b",), _Tailed, _gzip_errors, 1 << 15),
    Codec(
        "xz",
        (b"\xfd7zXZ\0",),
        lambda: _Holding(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)),
        (lzma.LZMAError,),
        1 << 15,
    ),
    Codec(
        "zstd",
        (b"\x28\xb5\x2f\xfd", *(bytes([number, 0x2A, 0x4D, 0x18]) for number in range(0x50, 0x60))),
        _ZSTD_DECODER,
        _ZSTD_ERRORS,
        1 << 10,
    ),
    Codec("bzip2", (b"BZh",), lambda: _Holding(bz2.BZ2Decompressor()), (OSError, ValueError), 1 << 15),
)

#: Bytes that `sniff` needs to tell every format.
MAGIC_LENGTH: Final = max(len(magic) for codec in CODECS for magic in codec.magics)


def sniff(head: bytes) -> Codec | None:
    """The format of a file that begins with `head`, or None if it is not compressed."""
    return next((codec for codec in CODECS if head.startswith(codec.magics)), None)


class Damage(msgspec.Struct, frozen=True):
    """Why decompression ended early.

    Attributes:
        code: `truncated`, `corrupt` or `trailing-garbage`.
        detail: what the decoder said, or empty.
    """

    code: str
    detail: str = ""


def decompress(codec: Codec, pieces: Iterable[bytes]) -> Iterator[bytes | Damage]:
    """Decompress a stream of one or more members.

    Args:
        codec: its format.
        pieces: the compressed bytes in order, each small (see `Codec.piece`).

    Yields:
        Decompressed bytes, never more than a step at once; at the end at most one `Damage`, after everything that could
        be recovered.
    """
    decoder: Decoder | None = None
    members = 0
    for piece in pieces:
        data = piece
        while data:
            if decoder is None:
                data = data.lstrip(b"\0") if members else data  # padding between members
                if not data:
                    break
                decoder = codec.decoder()
            fresh = True
            try:
                for out in decoder.steps(data):
                    fresh = fresh and not out
                    if out:
                        yield out
            except codec.errors as error:
                garbage = members > 0 and fresh
                yield Damage("trailing-garbage" if garbage else "corrupt", str(error))
                return
            data = decoder.unused_data if decoder.eof else b""
            if decoder.eof:
                decoder, members = None, members + 1
    if decoder is not None:
        yield Damage("truncated")

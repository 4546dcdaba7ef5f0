"""The arguments of an exec, from EXECVE and PROCTITLE records.

An EXECVE body is `argc=3 a0="ls" a1=2D6C2061 a2=""`. A long argument is announced by `a1_len=` and comes in pieces
`a1[0]= a1[1]=`, spread over several records if need be; each piece is quoted or hexadecimal on its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from vedette.telemetry.auditd.value import UNSET, text, unhex

#: The kernel keeps this many bytes of a process title, the last of which may be a NUL that it then trims.
PROCTITLE_LIMIT: Final = 128

_PIECE: Final = re.compile(rb"a(\d{1,10})(?:\[(\d{1,10})\])?=(.*)", re.DOTALL)
_LENGTH: Final = re.compile(rb"a(\d{1,10})_len=(\d{1,20})")
_ARGC: Final = re.compile(rb"argc=(\d{1,20})")
_FETCH_LIMIT: Final = 7500  # bytes of an argument that the kernel fetches at once
_SEPARATOR: Final = b"\x1d"  # before the interpreted tail of log_format=ENRICHED
_FAST_LIMIT: Final = 64


def _keys(argc: int) -> list[str]:
    """What stands between the quotes of a body whose arguments are all quoted."""
    return [f"argc={argc} a0=", *(f" a{index}=" for index in range(1, argc)), ""]


_KEYS: Final = [["argc=0"], *(_keys(argc) for argc in range(1, _FAST_LIMIT))]


class Argv(msgspec.Struct, frozen=True):
    """Arguments of one exec.

    Attributes:
        args: the arguments that were recorded, in order; where one was lost the next ones follow at once.
        argc: how many there were by the kernel's count; -1 where the record that tells it was lost.
        complete: whether `args` is everything; if not, a command line made of it is too short.
    """

    args: tuple[str, ...]
    argc: int
    complete: bool


def parse_argv(bodies: Sequence[bytes]) -> Argv:
    """Read the arguments from the EXECVE bodies of one event.

    Args:
        bodies: what follows `msg=audit(...): ` in each EXECVE record of the event, in the order of the log.

    Never raises; whatever is lost or malformed shows as `complete=False`. The one loss that can't be told from the
    text is that of a last line cut within a hexadecimal argument, so let nobody hand in a line without its newline.
    """
    if len(bodies) == 1:
        pieces = bodies[0].decode("utf-8", "replace").split('"')
        argc = len(pieces) >> 1
        if argc < _FAST_LIMIT and pieces[::2] == _KEYS[argc]:
            return Argv(tuple(pieces[1::2]), argc, True)
        return _parse_single(bodies[0]) or _parse_pieces(bodies)
    return _parse_pieces(bodies)


def _parse_single(body: bytes) -> Argv | None:
    """One record with whole arguments only, some in hexadecimal; None if it is anything else."""
    first, *tokens = body.partition(_SEPARATOR)[0].split(b" ")
    if first != b"argc=%d" % len(tokens):
        return None
    args: list[str] = []
    for number, token in enumerate(tokens):
        key, _, raw = token.partition(b"=")
        data = _piece(raw) if key == b"a%d" % number else None
        if data is None:
            return None
        args.append(text(data))
    return Argv(tuple(args), len(args), True)


def _parse_pieces(bodies: Sequence[bytes]) -> Argv:
    """The general case: any number of records, hexadecimal, arguments in pieces."""
    argc = -1
    sound = True
    whole: dict[int, bytes] = {}
    pieces: dict[int, dict[int, bytes]] = {}
    written: dict[int, list[bytes]] = {}  # pieces as written
    announced: dict[int, int] = {}
    for body in bodies:
        for token in body.partition(_SEPARATOR)[0].split():
            piece = _PIECE.fullmatch(token)
            if piece:
                number, part, raw = int(piece[1]), piece[2], piece[3]
                data = _piece(raw)
                if data is None:
                    sound, data = False, raw
                if part is None:
                    sound = sound and number not in whole
                    whole.setdefault(number, data)
                else:
                    parts = pieces.setdefault(number, {})
                    sound = sound and int(part) not in parts
                    parts.setdefault(int(part), data)
                    written.setdefault(number, []).append(raw)
            elif length := _LENGTH.fullmatch(token):
                announced.setdefault(int(length[1]), int(length[2]))
            elif (count := _ARGC.fullmatch(token)) and argc < 0:
                argc = int(count[1])
            else:
                sound = False
    for number, parts in pieces.items():
        joined = b"".join(parts[part] for part in sorted(parts))
        sound = sound and number not in whole and max(parts) == len(parts) - 1
        sound = sound and announced.get(number) in _lengths(joined, written[number])
        whole.setdefault(number, joined)
    complete = sound and len(whole) == argc and all(number in whole for number in range(len(whole)))
    return Argv(tuple(text(whole[number]) for number in sorted(whole)), argc, complete)


def _lengths(joined: bytes, written: list[bytes]) -> tuple[int, ...]:
    """The lengths that the kernel may have announced for an argument if these pieces are all of it.

    It announces the length in memory, or that of the text to come if it fetched the argument at once: then all pieces
    are written alike.
    """
    quoted = sum(raw[:1] == b'"' for raw in written)
    if len(joined) >= _FETCH_LIMIT or quoted not in (0, len(written)):
        return (len(joined),)
    return (len(joined), len(joined) * (1 if quoted else 2))


def _piece(raw: bytes) -> bytes | None:
    """One argument or piece as bytes; None if it is neither quoted nor hexadecimal, as where a line was cut."""
    if raw[:1] == b'"':
        return raw[1:-1] if raw.find(b'"', 1) == len(raw) - 1 else None
    return b"" if raw in UNSET else unhex(raw)


def command_line(args: Sequence[str]) -> str:
    r"""The law's command line: arguments joined by one blank, unquoted, newlines kept.

    >>> command_line(("sh", "-c", "a\nb"))
    'sh -c a\nb'
    """
    return " ".join(args)


def proctitle(body: bytes) -> tuple[str, bool]:
    """The command line that a PROCTITLE body shows, and whether it may be cut.

    The title is what the process says of itself: it can be rewritten, and holds 128 bytes at most.

    Args:
        body: what follows `msg=audit(...): `.

    Returns:
        The title with its NUL bytes as blanks, and whether it is as long as the kernel keeps, so that more may follow.
    """
    raw = body.partition(_SEPARATOR)[0].strip().removeprefix(b"proctitle=")
    data = _piece(raw)
    if data is None:
        return text(raw), True
    return text(data.rstrip(b"\0").replace(b"\0", b" ")), len(data) >= PROCTITLE_LIMIT - 1

"""Grow a recording to any size: the log that the benchmarks read.

    python -m benchmarks.grow [RECORDING] [-o FILE] [--megabytes 200] [--distinct 0.1] [--swapped 0.02] [--seed 1]

Every copy of the recording moves time and serial on, so that events stay unique and in order. Some arguments get a
random tag, so that a chosen share of all command lines is distinct; some neighbouring lines of different events change
places, as they do where processors write at once. The same call makes the same bytes. The log goes to `bench-data/`,
which git ignores, unless said otherwise.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import hashlib
import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import BinaryIO, Final

ROOT: Final = Path(__file__).resolve().parents[1]
CACHE: Final = ROOT / "bench-data"
RECORDING: Final = ROOT / "src/vedette/packs/linux-firewall/evidence/gw-nft-01.audit.log.gz"

_LINE: Final = re.compile(rb"([^\n]*?type=(\S+) msg=audit\()(\d+)(\.\d+):(\d+)(\): ?)([^\n]*)\n")
#: An argument that a tag can be put into: whole, quoted or in hexadecimal, and not empty.
_ARGUMENT: Final = re.compile(rb' a\d+=(?:"[^"]+(?=")|(?:[0-9A-F]{2})+(?=[ \n]|$))')


@dataclasses.dataclass(frozen=True)
class Grown:
    """What was made.

    Attributes:
        size: bytes.
        copies: copies of the recording, the last of which may be cut between two lines.
        lines: audit records.
        execs: EXECVE records.
        distinct: distinct bodies of EXECVE records, thus of command lines as logged.
        swapped: pairs of neighbouring lines that changed places.
        digest: SHA-256 of the log.
    """

    size: int
    copies: int
    lines: int
    execs: int
    distinct: int
    swapped: int
    digest: str

    @property
    def share(self) -> float:
        """Distinct command lines in all command lines."""
        return self.distinct / self.execs if self.execs else 0.0


@dataclasses.dataclass(frozen=True)
class _Line:
    head: bytes
    second: int
    rest: bytes
    serial: int
    middle: bytes
    body: bytes
    execve: bool
    places: tuple[int, ...]


def grow(
    recording: bytes, out: BinaryIO, size: int, *, distinct: float = 0.1, swapped: float = 0.02, seed: int = 1
) -> Grown:
    """Write a log of at least `size` bytes.

    Args:
        recording: an audit log.
        out: where to.
        size: bytes to reach; the log ends with the line that reaches it.
        distinct: share of command lines that shall be distinct; the recording's own share is the least that can be
            had at its size.
        swapped: share of neighbouring lines of different events that change places.
        seed: the same seed gives the same bytes.

    Raises:
        ValueError: the recording has no audit record.
    """
    lines = [_line(match) for match in _LINE.finditer(recording)]
    if not lines:
        raise ValueError("no audit record in the recording")
    copies = -(-size // sum(len(line.head) + len(line.body) + 30 for line in lines))
    span = max(line.second for line in lines) - min(line.second for line in lines) + 1
    serials = max(line.serial for line in lines) - min(line.serial for line in lines) + 1
    odds = _odds(lines, copies, distinct)
    # Predictable on purpose: the same seed makes the same log.
    dice = random.Random(seed)
    digest, bodies = hashlib.sha256(), set[bytes]()
    written = copy = count = execs = swaps = 0
    while written < size:
        order = list(range(len(lines)))
        place = 0
        while place < len(order) - 1:
            if dice.random() < swapped and lines[place].serial != lines[place + 1].serial:
                order[place], order[place + 1] = place + 1, place
                swaps += 1
                place += 1
            place += 1
        later, further = copy * span, copy * serials
        for index in order:
            line = lines[index]
            body = line.body
            if line.execve:
                execs += 1
                if line.places and dice.random() < odds:
                    body = _tagged(body, dice.choice(line.places), b"%08x" % dice.getrandbits(32))
                bodies.add(hashlib.blake2b(body, digest_size=12).digest())
            text = b"%b%d%b:%d%b%b\n" % (
                line.head,
                line.second + later,
                line.rest,
                line.serial + further,
                line.middle,
                body,
            )
            out.write(text)
            digest.update(text)
            written += len(text)
            count += 1
            if written >= size:
                break
        copy += 1
    return Grown(written, copy, count, execs, len(bodies), swaps, digest.hexdigest())


def _line(match: re.Match[bytes]) -> _Line:
    execve = match[2] == b"EXECVE"
    body = match[7]
    places = tuple(found.end() for found in _ARGUMENT.finditer(body)) if execve else ()
    return _Line(match[1], int(match[3]), match[4], int(match[5]), match[6], body, execve, places)


def _odds(lines: list[_Line], copies: int, distinct: float) -> float:
    """How often to tag an argument so that `distinct` of all command lines come out distinct."""
    bodies = Counter(line.body for line in lines if line.execve)
    taggable = {line.body for line in lines if line.places}
    total = bodies.total() * copies
    low, high = 0.0, 1.0
    for _ in range(30):
        odds = (low + high) / 2
        # Every tagged command line is distinct; of the others, each of the recording's own that is left untagged once.
        expected = sum(
            odds * count * copies + 1 - odds ** (count * copies) if body in taggable else 1
            for body, count in bodies.items()
        )
        low, high = (odds, high) if expected < distinct * total else (low, odds)
    return low


def _tagged(body: bytes, place: int, tag: bytes) -> bytes:
    """`tag` at the end of one argument; in hexadecimal where the argument is written so."""
    quoted = body[place : place + 1] == b'"'
    return body[:place] + (tag if quoted else tag.hex().upper().encode()) + body[place:]


def read_recording(path: Path) -> bytes:
    """The bytes of a recording, plain or gzip."""
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def grown(
    recording: Path, megabytes: int, *, distinct: float = 0.1, swapped: float = 0.02, seed: int = 1
) -> tuple[Path, Grown]:
    """The grown log of a recording in `bench-data/`, made if it is not there.

    Args:
        recording: plain or gzip.
        megabytes: size in 10^6 bytes.
        distinct: see `grow`.
        swapped: see `grow`.
        seed: see `grow`.
    """
    source = read_recording(recording)
    wish = f"{hashlib.sha256(source).hexdigest()}/{distinct}/{swapped}/{seed}/{Path(__file__).read_text()}"
    name = f"{recording.name.partition('.')[0]}-{megabytes}-{hashlib.sha256(wish.encode()).hexdigest()[:12]}"
    log, account = CACHE / f"{name}.log", CACHE / f"{name}.json"
    if not (log.is_file() and account.is_file()):
        CACHE.mkdir(exist_ok=True)
        part = log.with_suffix(".part")
        with part.open("wb") as out:
            made = grow(source, out, megabytes * 10**6, distinct=distinct, swapped=swapped, seed=seed)
        part.rename(log)
        account.write_text(json.dumps(dataclasses.asdict(made)))
    return log, Grown(**json.loads(account.read_text()))


def main() -> None:
    """Grow a recording and say what came out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("recording", nargs="?", type=Path, default=RECORDING)
    parser.add_argument("-o", "--output", type=Path, help="default: a name in bench-data/")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--distinct", type=float, default=0.1)
    parser.add_argument("--swapped", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    knobs = {"distinct": asked.distinct, "swapped": asked.swapped, "seed": asked.seed}
    if asked.output:
        with asked.output.open("wb") as out:
            made = grow(read_recording(asked.recording), out, asked.megabytes * 10**6, **knobs)
        path = asked.output
    else:
        path, made = grown(asked.recording, asked.megabytes, **knobs)
    print(
        f"{path}: {made.size:,} bytes, {made.copies} copies, {made.lines:,} records, {made.execs:,} EXECVE, "
        f"{made.share:.2%} of them distinct, {made.swapped:,} pairs swapped, SHA-256 {made.digest[:16]}"
    )


if __name__ == "__main__":
    main()

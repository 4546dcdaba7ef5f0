"""The rules of the benchmarks: lists of paths, resolved in a SigmaHQ snapshot that lies outside the project."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

from benchmarks.grow import CACHE, ROOT

LISTS: Final = Path(__file__).resolve().parent / "rules"
PACK: Final = ROOT / "src/vedette/packs/linux-firewall"


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A set of rules.

    Attributes:
        name: of its list, with the number of rules where only some are taken.
        folder: holds a link to each rule.
        rules: how many.
        digest: of paths and contents.
    """

    name: str
    folder: Path
    rules: int
    digest: str


def snapshot(given: Path | None) -> Path | None:
    """The SigmaHQ snapshot: as given, or `sigmahq` in the folder that `VEDETTE_SHARED` names (default `../shared`)."""
    folder = given or Path(os.environ.get("VEDETTE_SHARED", ROOT.parent / "shared")) / "sigmahq"
    return folder if (folder / "rules").is_dir() else None


def listed(name: str) -> list[str]:
    """The paths of a list, relative to the snapshot."""
    return (LISTS / f"{name}.txt").read_text(encoding="utf-8").split("\n")[:-1]


def corpus(sigmahq: Path, name: str, take: int | None = None) -> Corpus:
    """A folder in `bench-data/` with a link to each rule of a list.

    Args:
        sigmahq: the snapshot.
        name: of the list.
        take: so many rules only, evenly spread over the list.

    Raises:
        FileNotFoundError: the snapshot lacks a rule.
    """
    paths = listed(name)
    if take is not None:
        paths = [paths[place * len(paths) // take] for place in range(take)]
    label = name if take is None else f"{name}-{take}"
    folder = CACHE / "rules" / label
    shutil.rmtree(folder, ignore_errors=True)
    digest = hashlib.sha256()
    for path in paths:
        rule = sigmahq / path
        digest.update(path.encode() + b"\0" + rule.read_bytes() + b"\0")
        link = folder / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(rule.resolve())
    (folder / "LICENSE").symlink_to((sigmahq / "LICENSE").resolve())  # findings name it
    return Corpus(label, folder, len(paths), digest.hexdigest())


def pack_corpus() -> Corpus:
    """The built-in pack, for where there is no snapshot."""
    rules = sorted((PACK / "rules").glob("*.yml"))
    digest = hashlib.sha256(b"\0".join(rule.read_bytes() for rule in rules)).hexdigest()
    return Corpus("linux-firewall", PACK, len(rules), digest)

"""Labelled recordings: a log, and the steps that were done while it was taken."""

from __future__ import annotations

import csv
import dataclasses
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from vedette.errors import Location, PackError, RuleError
from vedette.sigma.documents import decode, read_documents

Label: TypeAlias = Literal["benign", "attack"]
#: Times have 1 ms in a log and in a finding.
SLACK: Final = 0.002
_MAX_BYTES: Final = 4 << 20
_MAX_STEPS: Final = 100_000
_STEPS: Final = ".steps.tsv"
_LOGS: Final = (
    ".audit.log",
    ".audit.log.gz",
    ".audit.log.xz",
    ".audit.log.zst",
    ".log",
    ".log.gz",
    ".log.xz",
    ".log.zst",
)


@dataclasses.dataclass(frozen=True)
class Step:
    """What was done in a span of time.

    Attributes:
        name: unique within its recording.
        label: whether it stands for everyday work or for an attack.
        scenario: what it is an instance of.
        start: UTC epoch seconds of its first moment.
        end: UTC epoch seconds of its last moment.
        login: login user of its processes, by which they are told from those of other steps; empty where that is not
            known.
        note: what is known of its effect.
    """

    name: str
    label: Label
    scenario: str
    start: float
    end: float
    login: str = ""
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Recording:
    """A log with its steps.

    Attributes:
        name: of the recording, such as its host's.
        log: path of the log.
        steps: in the order of their start; empty for a log without labels.
    """

    name: str
    log: str
    steps: tuple[Step, ...]

    def step_of(self, time: float, login: str) -> Step | None:
        """The step that an event belongs to; of several in whose time it lies the one of its login user.

        Returns:
            None where it lies in no step, or where overlapping steps can't be told apart.
        """
        inside = [step for step in self.steps if step.start - SLACK <= time <= step.end + SLACK]
        if len(inside) > 1:
            inside = [step for step in inside if step.login and step.login == login]
        return inside[0] if len(inside) == 1 else None


def pack_recordings(folder: str | os.PathLike[str]) -> tuple[tuple[Recording, ...], tuple[PackError, ...]]:
    """The recordings that a pack's description names, and what of them can't be read.

    Args:
        folder: a folder with a `pack.yml`.
    """
    place = Path(folder)
    description = place / "pack.yml"
    content = written(description)
    evidence = content.get("evidence")
    listed = evidence.get("recordings") if isinstance(evidence, dict) else None
    found: list[Recording] = []
    problems: list[PackError] = []
    for entry in listed if isinstance(listed, list) else []:
        log, steps = (entry.get(key) for key in ("log", "steps")) if isinstance(entry, dict) else (None, None)
        if not isinstance(log, str) or not isinstance(steps, str) or not within(log) or not within(steps):
            problems.append(
                PackError("a recording names no log or no steps", Location(str(description)), code="evidence")
            )
            continue
        name = str(entry.get("host") or log.partition(".")[0])
        path = place / "evidence" / log
        if not path.is_file():
            problems.append(PackError(f"no recording {log}", Location(str(description)), code="evidence"))
            continue
        try:
            found.append(Recording(name, str(path), read_steps(place / "evidence" / steps)))
        except PackError as error:
            problems.append(error)
    return tuple(found), tuple(problems)


def folder_recordings(folder: str | os.PathLike[str]) -> tuple[tuple[Recording, ...], tuple[PackError, ...]]:
    """The recordings of any folder: each log with the steps file of its name, `x.steps.tsv` beside `x.audit.log.gz`.

    Logs without steps are recordings without labels.
    """
    place = Path(folder)
    found: list[Recording] = []
    problems: list[PackError] = []
    try:
        names = sorted(path.name for path in place.iterdir() if path.is_file())
    except OSError as error:
        raise PackError(f"can't be read: {error.strerror}", Location(str(folder)), code="evidence") from None
    for name in names:
        suffix = next((suffix for suffix in _LOGS if name.endswith(suffix)), None)
        if suffix is None:
            continue
        stem = name.removesuffix(suffix)
        steps = place / f"{stem}{_STEPS}"
        try:
            found.append(Recording(stem, str(place / name), read_steps(steps) if steps.is_file() else ()))
        except PackError as error:
            problems.append(error)
    if not found and not problems:
        problems.append(PackError("no recording in it", Location(str(folder)), code="evidence"))
    return tuple(found), tuple(problems)


def read_steps(path: str | os.PathLike[str]) -> tuple[Step, ...]:
    """A steps file: tab-separated, with the columns step, label, start_epoch and end_epoch at least.

    Raises:
        PackError: it can't be read; the line is named.
    """
    name = os.fspath(path)
    try:
        # A pipe would be waited for.
        if Path(path).exists() and not Path(path).is_file():
            raise PackError("not a regular file", Location(name), code="steps")
        if Path(path).stat().st_size > _MAX_BYTES:
            raise PackError(f"more than {_MAX_BYTES >> 20} MiB of steps", Location(name), code="steps")
        text = decode(Path(path).read_bytes(), name)
    except OSError as error:
        raise PackError(f"can't be read: {error.strerror}", Location(name), code="steps") from None
    except RuleError as error:
        raise PackError(error.cause, error.location, code="steps") from None
    # Other ends of lines, such as U+2028, may stand in a cell.
    reader = csv.DictReader(text.replace("\r\n", "\n").split("\n"), delimiter="\t", strict=True)
    try:
        missing = {"step", "label", "start_epoch", "end_epoch"} - set(reader.fieldnames or ())
        if missing:
            raise PackError(f"no column {min(missing)}", Location(name, 1), code="steps")
        steps = list(_steps(reader, name))
    except csv.Error as error:
        raise PackError(str(error), Location(name, max(1, reader.line_num)), code="steps") from None
    return tuple(sorted(steps, key=lambda step: step.start))


def _steps(reader: csv.DictReader[str], name: str) -> Iterator[Step]:
    seen: set[str] = set()
    for row in reader:
        place = Location(name, reader.line_num)
        step, label = row["step"] or "", row["label"] or ""
        if not step or step in seen:
            raise PackError(f"the step {step!r} has no name of its own", place, code="steps")
        if label not in ("benign", "attack"):
            raise PackError(f"the label must be benign or attack, not {label!r}", place, code="steps")
        seen.add(step)
        if len(seen) > _MAX_STEPS:
            raise PackError(f"more than {_MAX_STEPS:,} steps", place, code="steps")
        try:
            start, end = float(row["start_epoch"] or ""), float(row["end_epoch"] or "")
        except ValueError:
            start = end = math.nan
        if not (math.isfinite(start) and math.isfinite(end) and start <= end):
            raise PackError("start_epoch and end_epoch must be epoch seconds, in order", place, code="steps")
        kind: Label = "attack" if label == "attack" else "benign"
        yield Step(
            step,
            kind,
            row.get("scenario") or step,
            start,
            end,
            row.get("login") or "",
            row.get("ground_truth_note") or "",
        )


def written(path: Path) -> dict[str, Any]:
    """A pack's description as written.

    Raises:
        PackError: it can't be read, or is not one map.
    """
    try:
        text = decode(path.read_bytes(), str(path))
    except OSError as error:
        raise PackError(f"can't be read: {error.strerror}", Location(str(path)), code="pack") from None
    except RuleError as error:
        raise PackError(error.cause, error.location, code="pack") from None
    documents, problems = read_documents(text, str(path))
    if problems or len(documents) != 1:
        cause = problems[0].cause if problems else "it must hold one document"
        raise PackError(cause, Location(str(path)), code="pack")
    return documents[0].content


def within(name: str) -> bool:
    """Whether a path of a description stays below the pack."""
    parts: Sequence[str] = Path(name).parts
    return bool(parts) and not Path(name).is_absolute() and ".." not in parts

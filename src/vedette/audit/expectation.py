"""What a pack's rules and exclusions must do on its recordings: as its expectations say, and as every pack must."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from vedette.audit.recording import Recording
from vedette.errors import Location, PackError, RuleError
from vedette.hunt.exclusion import Exclusion
from vedette.sigma.documents import decode

#: What is asked. The first four stand in expectations files; the others hold for every pack.
Expect: TypeAlias = Literal["must", "may", "must not", "silence", "not silence", "detect"]
WRITTEN: Final[tuple[Expect, ...]] = ("must", "may", "must not", "silence")
COLUMNS: Final = ("host", "step", "rule", "expect", "min", "max", "why")
#: A column that may stand beside them.
EXCLUSION: Final = "exclusion"
#: In the place of a rule: any that is not listed for the step; for what is silenced, any.
ANY: Final = "*"
MAX_BYTES: Final = 4 << 20
MAX_ROWS: Final = 100_000
#: Faults of one file that are reported.
_MAX_FAULTS: Final = 100
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class Expectation(msgspec.Struct, frozen=True):
    """One thing that is asked of a recording.

    Attributes:
        recording: its name.
        step: the step, or the empty text for events outside all steps.
        rule: file name of the rule without its ending, its id, or `ANY`.
        expect: `must`, `may` and `must not` count the rule's matches in the step, `silence` and `not silence` those
            that an exclusion covers, `detect` the alerts on the attackers' own events.
        low: fewest.
        high: most, or None for no bound.
        why: in one line.
        exclusion: id of the exclusion, or the empty text for any.
        location: the line, where one says so.
    """

    recording: str
    step: str
    rule: str
    expect: Expect
    low: int
    high: int | None
    why: str
    exclusion: str = ""
    location: Location | None = None

    @property
    def asks(self) -> str:
        """What is asked, in words, such as `must proc_creation_lnx_nft_flush, 1`."""
        bounds = f"{self.low} or more" if self.high is None else f"{self.low} to {self.high}"
        if self.low == self.high:
            bounds = str(self.low)
        match self.expect:
            case "must not":
                return "must not fire anything else" if self.rule == ANY else f"must not {self.rule}"
            case "detect":
                return "must be detected"
            case "silence" | "not silence":
                what = "" if self.rule == ANY else f" {self.rule}"
                by = f" by {self.exclusion}" if self.exclusion else ""
                return f"must not silence{what}{by}" if self.high == 0 else f"must silence{what}{by}, {bounds}"
            case _:
                return f"{self.expect} {self.rule}, {bounds}"


def read_expectations(
    path: str | os.PathLike[str],
    steps: Mapping[str, frozenset[str] | None],
    rules: Container[str],
    exclusions: Mapping[str, str],
) -> tuple[tuple[Expectation, ...], tuple[PackError, ...]]:
    """An expectations file: tab-separated, with the columns `COLUMNS` and maybe `EXCLUSION`.

    Args:
        path: of the file.
        steps: name of each recording to its steps, or to None where those can't be read.
        rules: what rules can be called.
        exclusions: what exclusions can be called, to their id.

    Returns:
        The lines that can be judged, and what is wrong with the others.
    """
    name = os.fspath(path)
    try:
        reader = csv.DictReader(_text(Path(path)).split("\n"), delimiter="\t", strict=True)
        head = reader.fieldnames or ()
    except csv.Error as error:
        return (), (_fault(str(error), Location(name, 1)),)
    except PackError as error:
        return (), (error,)
    wrong = [f"no column {column}" for column in COLUMNS if column not in head]
    wrong += [f"no column is called {column!r}" for column in head if column not in {*COLUMNS, EXCLUSION}]
    if wrong or len(set(head)) < len(head):
        return (), (_fault("; ".join(wrong) or "a column stands twice", Location(name, 1)),)
    found: dict[tuple[str, ...], Expectation] = {}
    faults: list[PackError] = []
    try:
        for row in reader:
            place = Location(name, reader.line_num)
            if len(found) >= MAX_ROWS or len(faults) >= _MAX_FAULTS:
                faults.append(_fault("this line and what follows are not read: too many", place))
                break
            try:
                one = _expectation(row, place, steps, rules, exclusions)
                key = (one.recording, one.step, one.rule, one.exclusion, str(one.expect == "silence"))
                if key in found:
                    raise _fault(f"{one.asks}: line {_line(found[key])} speaks of the same", place)
                found[key] = one
            except PackError as error:
                faults.append(error)
    except csv.Error as error:
        faults.append(_fault(str(error), Location(name, reader.line_num)))
    return tuple(found.values()), tuple(faults)


def of_every_pack(recording: Recording, listed: Sequence[Expectation]) -> Iterator[Expectation]:
    """What holds without being written.

    Every attack is detected and none of its matches silenced. In a recording of which expectations are written, what
    is not listed must not fire, in no step and outside all steps.

    Args:
        recording: that is asked.
        listed: its written expectations.
    """
    closed = {one.step for one in listed if one.expect == "must not" and one.rule == ANY}
    for step in recording.steps:
        name = recording.name, step.name
        if listed and step.name not in closed:
            yield Expectation(*name, ANY, "must not", 0, 0, "what is not listed must not fire")
        if step.label == "attack":
            yield Expectation(*name, ANY, "detect", 1, None, "every attack has an alert on an event of its own")
            yield Expectation(*name, ANY, "not silence", 0, 0, "no exclusion covers a match of an attack")
    if listed and recording.steps:
        yield Expectation(recording.name, "", ANY, "must not", 0, 0, "what belongs to no step must not fire")


def of_exclusion(exclusion: Exclusion, recording: Recording) -> Iterator[Expectation]:
    """What an exclusion's own cases say of a recording; a case of all recordings asks those that have the step."""
    steps = {step.name for step in recording.steps}
    for case in exclusion.cases:
        if case.recording == recording.name or (case.recording == ANY and case.step in steps):
            name, place = (recording.name, case.step, ANY), exclusion.filter.location
            why = f"a case of the exclusion {exclusion.filter.title!r}"
            if case.expect == "silenced":
                yield Expectation(*name, "silence", 1, None, why, exclusion.id, place)
            else:
                yield Expectation(*name, "not silence", 0, 0, why, exclusion.id, place)


def _text(path: Path) -> str:
    try:
        # A pipe would be waited for.
        if path.exists() and not path.is_file():
            raise _fault("not a regular file", Location(str(path)))
        if path.stat().st_size > MAX_BYTES:
            raise _fault(f"more than {MAX_BYTES >> 20} MiB of expectations", Location(str(path)))
        text = decode(path.read_bytes(), str(path))
    except OSError as error:
        raise _fault(f"can't be read: {error.strerror}", Location(str(path))) from None
    except RuleError as error:
        raise _fault(error.cause, error.location) from None
    return text.replace("\r\n", "\n").removesuffix("\n")


def _expectation(
    row: Mapping[str | None, str | None],
    place: Location,
    steps: Mapping[str, frozenset[str] | None],
    rules: Container[str],
    exclusions: Mapping[str, str],
) -> Expectation:
    """One line.

    Raises:
        PackError: it can't be judged.
    """
    if None in row or None in row.values():
        raise _fault("more or fewer cells than columns", place)
    host, step, rule, expect, low, high, why = (row[column] or "" for column in COLUMNS)
    if host not in steps:
        raise _fault(f"no recording {host!r}; there are {', '.join(sorted(steps)) or 'none'}", place)
    known = steps[host]
    if known is not None and step not in known:
        raise _fault(f"no step {step!r} in {host}", place)
    asked: Expect | None = next((word for word in WRITTEN if word == expect), None)
    if asked is None:
        raise _fault(f"expect is one of {', '.join(WRITTEN)}, not {expect!r}", place)
    if rule not in rules and not (rule == ANY and asked in ("must not", "silence")):
        raise _fault(f"no rule {rule!r} in this pack", place)
    if not why:
        raise _fault("no reason under why", place)
    named = row.get(EXCLUSION) or ""
    if (asked == "silence") is not bool(named):
        cause = "silence needs the exclusion's id or file name" if not named else f"{asked} names no exclusion"
        raise _fault(cause, place)
    if named and named not in exclusions:
        raise _fault(f"no exclusion {named!r} in this pack", place)
    least, most = _bounds(asked, low, high, place)
    return Expectation(host, step, rule, asked, least, most, why, exclusions.get(named, ""), place)


def _bounds(expect: Expect, low: str, high: str, place: Location) -> tuple[int, int | None]:
    if not _NUMBER.fullmatch(low) or not (high == "-" or _NUMBER.fullmatch(high)):
        raise _fault(f"min is a number, max a number or -: not {low!r}, {high!r}", place)
    least, most = int(low), None if high == "-" else int(high)
    if most is not None and most < least:
        raise _fault(f"max {most} is below min {least}", place)
    if expect == "must" and not least:
        raise _fault("must needs a min of 1 or more; write may", place)
    if expect == "may" and (least or most == 0):
        raise _fault("may needs a min of 0 and a max above it", place)
    if expect == "must not" and (least or most != 0):
        raise _fault("must not needs min 0 and max 0", place)
    return least, most


def _line(one: Expectation) -> int:
    return one.location.line if one.location else 0


def _fault(cause: str, place: Location) -> PackError:
    return PackError(cause, place, code="expectation")

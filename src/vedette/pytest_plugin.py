"""The pytest plugin: where it is asked for, each `pack.yml` is a file of tests, and each expectation a test.

It is asked for by `--vedette-packs`, or by `vedette_packs = true` in pytest's configuration. Unasked it collects
nothing and imports nothing of Vedette, so that it costs other projects no time.

A recording is hunted through once, when the first of its expectations is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from vedette.audit.expectation import Expectation
    from vedette.audit.trial import Attempt

FILE: Final = "pack.yml"
OPTION: Final = "vedette_packs"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Both ways to ask for the plugin."""
    text = "collect hunt packs (pack.yml) as tests: one for each of their expectations"
    parser.getgroup("vedette").addoption("--vedette-packs", action="store_true", dest=OPTION, help=text)
    parser.addini(OPTION, text, type="bool", default=False)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A pack's description, where the plugin is asked for."""
    if file_path.name != FILE or not (parent.config.getoption(OPTION) or parent.config.getini(OPTION)):
        return None
    return Pack.from_parent(parent, path=file_path)


class Pack(pytest.File):
    """A hunt pack."""

    _suite: Any = None
    _attempts: dict[str, Attempt]

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each expectation; nothing is hunted yet.

        Raises:
            CollectError: the pack, its evidence or its expectations can't be read.
        """
        from vedette.audit.suite import read_suite  # noqa: PLC0415 (only where packs are asked for)
        from vedette.errors import VedetteError  # noqa: PLC0415 (as above)

        try:
            self._suite = read_suite(str(self.path.parent))
        except VedetteError as error:
            raise self.CollectError(str(error)) from None
        problems = (*self._suite.problems, *self._suite.rule_problems)
        if problems:
            raise self.CollectError("\n".join(map(str, problems)))
        self._attempts = {}
        for recording in self._suite.recordings:
            for number, one in enumerate(self._suite.expectations[recording.name]):
                yield Expected.from_parent(self, name=name_of(one), number=number, expectation=one)

    @property
    def stems(self) -> Mapping[str, str]:
        """Rule id to the file name of the rule without ending."""
        stems: Mapping[str, str] = self._suite.stems
        return stems

    def attempt(self, recording: str) -> Attempt:
        """What came of one recording; hunted through at the first call."""
        from vedette.audit.trial import attempt  # noqa: PLC0415 (only where packs are asked for)

        if recording not in self._attempts:
            chosen = next(one for one in self._suite.recordings if one.name == recording)
            self._attempts[recording] = attempt(self._suite, chosen)
        return self._attempts[recording]


class Expected(pytest.Item):
    """One expectation."""

    def __init__(self, *, number: int, expectation: Expectation, **more: Any) -> None:
        super().__init__(**more)
        self.number, self.expectation = number, expectation

    def runtest(self) -> None:
        """Judge it.

        Raises:
            UnmetError: it is not met, or its recording can't be read.
        """
        from vedette.report.terminal import printable  # noqa: PLC0415 (only where packs are asked for)
        from vedette.report.trial import evidence  # noqa: PLC0415 (as above)

        assert isinstance(self.parent, Pack)
        found = self.parent.attempt(self.expectation.recording)
        if found.problems:
            raise UnmetError("\n".join(printable(str(problem)) for problem in found.problems))
        case = found.cases[self.number]
        if not case.passed:
            told = [f"{case.asks}: found {case.found:,}", case.why, *evidence(self.parent.stems, case)]
            raise UnmetError("\n".join([printable(told[0]), printable(told[1]), *told[2:]]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is not met, without a traceback; of other errors as pytest does."""
        if isinstance(excinfo.value, UnmetError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The line of the expectations file, or the pack."""
        place = self.expectation.location
        if place is None:
            return self.path, None, self.name
        return Path(place.path), place.line - 1, self.name


class UnmetError(Exception):
    """An expectation is not met."""


def name_of(expectation: Expectation) -> str:
    """What a test is called, such as `gw-nft-01: attack_nft: must proc_creation_lnx_nft_flush, 1`."""
    return f"{expectation.recording}: {expectation.step or 'outside all steps'}: {expectation.asks}"

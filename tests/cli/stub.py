"""A hunt that finds what its log's name says, for tests of the command line around it.

A log's name is a list of words: a number yields so many findings; `block` waits for ever; `crash` is a defect;
`missing`, `rejects`, `broken-rule`, `no-rules` and `empty` fill the account; `excluded` yields a finding that an
exclusion covers; `high` raises the level of the findings after it.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import click
import msgspec
from tests.report.samples import FLUSH, make_finding

from vedette.errors import Location, RuleError, TelemetryError
from vedette.hunt.finding import Finding, Verdict
from vedette.hunt.options import Options, Progress
from vedette.hunt.summary import HostCoverage, Summary

MODULE = "vedette.hunt.hunt"


class Hunt:
    """Stands in for the real one."""

    #: Every options object that was asked for.
    asked: list[Options] = []  # noqa: RUF012 (tests read it)
    #: It is not to be shared by cores.
    joins = True

    def __init__(
        self,
        options: Options,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        watch: object = None,
        joining: object = None,
    ) -> None:
        assert callable(joining)
        assert watch is None
        self.options = options
        self.asked.append(options)
        self.on_progress = on_progress or (lambda _: None)
        self.summary = Summary(rules_loaded=1, rules_live=1, bytes_read=1000, seconds=0.1)
        self.on_progress(Progress("rules", 1, 1))

    def sightings(self) -> Iterator[Finding]:
        """What the names of the logs say."""
        level, number = "medium", 0
        self.summary.hosts["gw"] = HostCoverage(1795509330.0, 1795509331.0, Counter(process_creation=1), 1, 1)
        for word in " ".join(self.options.logs).split():
            self.on_progress(Progress("log", number, 100, number * 1000))
            match word:
                case "block":
                    click.echo("blocking", err=True)
                    while True:
                        time.sleep(0.01)
                case "crash":
                    raise ZeroDivisionError
                case "missing":
                    self.summary.log_problems.append(TelemetryError("no such file", Location("missing\x1b")))
                    self.summary.hosts.clear()
                case "rejects":
                    self.summary.rejected["no prefix"] += 1
                case "empty":
                    self.summary.hosts.clear()
                case "broken-rule":
                    self.summary.rule_problems.append(RuleError("no condition", Location("x.yml", 3)))
                case "unreadable":
                    raise TelemetryError("not a log", Location("x.bin"), remedy="name an audit log")
                case "no-rules":
                    self.summary.rules_loaded = self.summary.rules_live = 0
                case "high":
                    level = "high"
                case "excluded":
                    self.summary.excluded["mf_x"] += 1
                    yield make_finding("covered", verdict=Verdict("excluded", "mf_x", "why"))
                case _:
                    for _ in range(int(word)):
                        number += 1
                        self.summary.alerts[level] += 1
                        rule = msgspec.structs.replace(FLUSH, level=level)
                        yield make_finding(f"iptables -F chain-{number}", rule=rule)


def module() -> ModuleType:
    """The module that stands in for `vedette.hunt.hunt`."""
    fake: Any = ModuleType(MODULE)
    fake.Hunt = Hunt
    fake.built_in_pack = lambda name: name
    return fake  # type: ignore[no-any-return]


def run() -> None:
    """The whole program around the stub; arguments are the process's own."""
    sys.modules[MODULE] = module()
    from vedette.cli.main import main

    main()

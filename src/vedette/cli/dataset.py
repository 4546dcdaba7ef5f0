"""`vedette hunt DATASET`: which engine hunts, by what is hunted and what is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vedette.errors import UsageError

if TYPE_CHECKING:
    from vedette.correlate.hunting import Correlating
    from vedette.hunt.hunt import Hunt
    from vedette.hunt.options import Options
    from vedette.sigma.ruleset import RuleSet

_Function = TypeVar("_Function", bound=Callable[..., Any])


def engine_options(function: _Function) -> _Function:
    """Add the options that choose where a dataset is hunted."""
    for option in (
        click.option(
            "--master",
            metavar="URL",
            help="Where Spark runs: local[N], spark://HOST:PORT, ...; local[*] unless stated.",
        ),
        click.option(
            "--engine",
            type=click.Choice(["local", "spark"]),
            default="local",
            show_default=True,
            help="What hunts through a dataset: this process, or Apache Spark (vedette[spark] and Java 17).",
        ),
    ):
        function = option(function)
    return function


def hunting(options: Options, engine: str, master: str | None) -> Callable[..., Hunt]:
    """What makes the hunt: through logs, or through a dataset.

    Raises:
        UsageError: an engine was asked for that can't hunt through this, or is not installed.
    """
    from vedette.lake.dataset import is_dataset

    if not any(map(is_dataset, options.logs)):
        if engine != "local":
            raise UsageError("Spark hunts through datasets; make one with `vedette ingest LOG... -o DATASET`")
        if master is not None:
            raise UsageError("--master speaks of Spark; add --engine spark")
        from vedette.hunt.hunt import Hunt

        return Hunt
    if engine == "spark":
        from vedette.lake.spark import through

        return through(master)
    if master is not None:
        raise UsageError("--master speaks of Spark; add --engine spark")
    from vedette.lake.retro import Retro

    return Retro


def joining(rules: RuleSet, options: Options) -> Correlating | None:
    """Correlations over a dataset, whose matches come in the order of time."""
    from vedette.correlate.hunting import Correlating, correlating
    from vedette.lake.dataset import is_dataset

    if not any(map(is_dataset, options.logs)):
        return correlating(rules, options)
    return Correlating(rules, options) if rules.correlations else None

"""The hunt through a dataset on Apache Spark."""

from __future__ import annotations

from collections.abc import Callable

from vedette.errors import UsageError
from vedette.hunt.hunt import Hunt


def through(master: str | None) -> Callable[..., Hunt]:
    """What makes a hunt on Spark.

    Raises:
        UsageError: Spark can't be used here.
    """
    raise UsageError(f"no hunt on Spark yet ({master or 'local'}); leave out --engine")

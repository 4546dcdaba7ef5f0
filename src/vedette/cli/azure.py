"""Options of the verbs that speak to Azure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from vedette.sentinel.connection import Connection

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: What `azure_options` adds, to be taken out of a verb's options by `connection_of`.
_NAMES: Final = ("auth", "cloud", "endpoint", "ca_file")


def azure_options(function: _Function) -> _Function:
    """Add `--auth`, `--cloud`, `--endpoint` and `--ca-file`; a verb hands what they hold to `connection_of`."""
    for option in reversed(
        (
            click.option(
                "--auth",
                type=click.Choice(["default", "cli", "managed", "workload", "environment", "token"]),
                default="default",
                show_default=True,
                help="Who asks Azure: the CLI's user, a managed or workload identity, what the environment names, a "
                "token in VEDETTE_AZURE_TOKEN, or the first of them that works.",
            ),
            click.option(
                "--cloud",
                type=click.Choice(["public", "usgov", "china"]),
                default="public",
                show_default=True,
                help="Which of Microsoft's clouds.",
            ),
            click.option("--endpoint", metavar="URL", help="Reach all of Azure's services at URL, such as a gateway."),
            click.option("--ca-file", metavar="FILE", help="Certificates to check https against, not the system's."),
        )
    ):
        function = option(function)
    return function


def connection_of(asked: dict[str, Any]) -> Connection:
    """The connection that a verb was asked for; takes the options out of `asked`.

    Raises:
        UsageError: azure-identity is missing, or an option is wrong.
    """
    from vedette.sentinel.connection import connect

    auth, cloud, endpoint, verify = (asked.pop(name) for name in _NAMES)
    return connect(auth, cloud=cloud, endpoint=endpoint, verify=verify)

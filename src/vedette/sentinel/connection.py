"""How Vedette reaches Azure: who it is there, which cloud, and Microsoft's clients for each service.

Credentials come from azure-identity. No secret is written to a log, a message or a file: the clients log nothing unless
somebody asks them to, and then leave out the headers that hold tokens.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from vedette.errors import UsageError

if TYPE_CHECKING:
    from azure.core import PipelineClient
    from azure.core.credentials import AccessToken, TokenCredential
    from azure.core.rest import HttpRequest, HttpResponse
    from azure.monitor.ingestion import LogsIngestionClient
    from azure.monitor.query import LogsQueryClient

Auth: TypeAlias = Literal["default", "cli", "managed", "workload", "environment", "token"]
AUTHS: Final[tuple[Auth, ...]] = ("default", "cli", "managed", "workload", "environment", "token")
#: The variable that `--auth token` reads.
TOKEN_VARIABLE: Final = "VEDETTE_AZURE_TOKEN"  # noqa: S105 - the name of a variable, no secret
#: A token of the environment says nothing of its end; the service refuses it when it is over.
_TOKEN_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Cloud:
    """The addresses of one of Microsoft's clouds.

    Attributes:
        authority: where tokens are issued.
        manager: Azure Resource Manager; also the audience of its tokens.
        logs: the query service of Log Analytics.
        ingestion: the audience of the Logs Ingestion API, whose address is the data collection endpoint's own.
    """

    authority: str
    manager: str
    logs: str
    ingestion: str


CLOUDS: Final[dict[str, Cloud]] = {
    "public": Cloud(
        "https://login.microsoftonline.com",
        "https://management.azure.com",
        "https://api.loganalytics.io",
        "https://monitor.azure.com",
    ),
    "usgov": Cloud(
        "https://login.microsoftonline.us",
        "https://management.usgovcloudapi.net",
        "https://api.loganalytics.us",
        "https://monitor.azure.us",
    ),
    "china": Cloud(
        "https://login.chinacloudapi.cn",
        "https://management.chinacloudapi.cn",
        "https://api.loganalytics.azure.cn",
        "https://monitor.azure.cn",
    ),
}


@dataclass(frozen=True, slots=True)
class Connection:
    """Who asks, and where.

    Attributes:
        credential: gives tokens.
        cloud: the addresses.
        endpoint: where all services are reached instead, such as a gateway; empty for the cloud's own addresses.
        verify: a file of certificates that `https` is checked against; None for those of the system.
    """

    credential: TokenCredential
    cloud: Cloud
    endpoint: str = ""
    verify: str | None = None

    def logs(self, **options: Any) -> LogsQueryClient:
        """Microsoft's client for queries of a workspace; `options` are the client's own, such as `retry_total`."""
        from azure.monitor.query import LogsQueryClient

        return LogsQueryClient(
            self.credential,
            endpoint=self.endpoint or self.cloud.logs,
            credential_scopes=[f"{self.cloud.logs}/.default"],
            permit_redirects=False,  # nobody is to be handed a query or rows that was not named
            **self._common(),
            **options,
        )

    def ingestion(self, endpoint: str, **options: Any) -> LogsIngestionClient:
        """Microsoft's client for rows into tables, at the address of a data collection endpoint or rule."""
        from azure.monitor.ingestion import LogsIngestionClient

        return LogsIngestionClient(
            self.endpoint or endpoint,
            self.credential,
            credential_scopes=[f"{self.cloud.ingestion}/.default"],
            permit_redirects=False,
            **self._common(),
            **options,
        )

    def manager(self, **options: Any) -> PipelineClient[HttpRequest, HttpResponse]:
        """A client for the REST interface of Azure Resource Manager, with retries and tokens.

        Requests are `azure.core.rest.HttpRequest`, sent by `send_request`; `format_url` makes an address of a path.
        """
        from azure.core import PipelineClient
        from azure.core.pipeline import policies

        agent = policies.UserAgentPolicy(sdk_moniker="vedette")
        return PipelineClient(
            self.endpoint or self.cloud.manager,
            policies=[
                policies.RequestIdPolicy(),
                policies.HeadersPolicy({"Accept": "application/json"}),
                agent,
                policies.RetryPolicy(**options),
                policies.BearerTokenCredentialPolicy(self.credential, f"{self.cloud.manager}/.default"),
            ],
            **self._common(),
        )

    def _common(self) -> dict[str, Any]:
        return {} if self.verify is None else {"connection_verify": self.verify}


class _Given:
    """A token that somebody else fetched, as by `az account get-access-token`."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __repr__(self) -> str:
        return "<a token from the environment>"

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        from azure.core.credentials import AccessToken

        return AccessToken(self._token, int(time.time()) + _TOKEN_SECONDS)


def connect(
    auth: Auth = "default", *, cloud: str = "public", endpoint: str | None = None, verify: str | None = None
) -> Connection:
    """A connection; nothing is sent before it is used.

    Args:
        auth: who asks: the Azure CLI's user, a managed identity, a workload identity, what the environment names, a
            token in `TOKEN_VARIABLE`, or the first of azure-identity's chain that works.
        cloud: a key of `CLOUDS`.
        endpoint: an address that all services are reached at instead; `https` only.
        verify: a file of certificates.

    Raises:
        UsageError: azure-identity is missing, or something is not as above.
    """
    if cloud not in CLOUDS:
        raise UsageError(f"no cloud is called {cloud!r}; there are {', '.join(CLOUDS)}")
    if endpoint is not None and not endpoint.startswith("https://"):
        raise UsageError(f"{endpoint!r} is no https address; a token is sent by https only")
    if verify is not None and not Path(verify).is_file():
        raise UsageError(f"there is no file of certificates {verify}")
    where = CLOUDS[cloud]
    return Connection(_credential(auth, where), where, (endpoint or "").rstrip("/"), verify)


def _credential(auth: Auth, cloud: Cloud) -> TokenCredential:
    try:
        from azure import identity
    except ImportError as error:
        raise UsageError(
            f"what speaks to Azure is not installed ({error.name or error}); "
            "install it with: pip install 'vedette[sentinel]'"
        ) from error
    if auth == "token":
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        if not token:
            raise UsageError(f"--auth token reads {TOKEN_VARIABLE}, which is not set")
        return _Given(token)
    if auth == "cli":
        return identity.AzureCliCredential()
    if auth == "managed":
        return identity.ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID"))
    try:
        if auth == "workload":
            return identity.WorkloadIdentityCredential(authority=cloud.authority)
        if auth == "environment":
            return identity.EnvironmentCredential(authority=cloud.authority)
    except ValueError as error:
        raise UsageError(f"--auth {auth}: {error}") from error
    return identity.DefaultAzureCredential(authority=cloud.authority, exclude_interactive_browser_credential=True)

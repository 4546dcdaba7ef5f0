"""What a request must be like: a token, a version of the interface that is pinned, a body that keeps to its schema."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from tests.sentinel.workspace.message import Request, refusal

_SCHEMAS: Final = Path(__file__).parent / "schemas"
#: Stable versions of each interface that the schemas were read from, or say the same.
VERSIONS: Final[dict[str, frozenset[str]]] = {
    "alertRules": frozenset({"2024-09-01", "2025-03-01", "2025-06-01", "2025-09-01"}),
    "watchlists": frozenset({"2024-09-01", "2025-03-01", "2025-06-01", "2025-09-01"}),
    "savedSearches": frozenset({"2020-08-01", "2023-09-01", "2025-02-01", "2025-07-01"}),
    "workspaces": frozenset({"2023-09-01", "2025-02-01", "2025-07-01"}),
    "tables": frozenset({"2023-09-01", "2025-02-01", "2025-07-01"}),
    "dataCollectionRules": frozenset({"2022-06-01", "2023-03-11", "2024-03-11"}),
    "dataCollectionEndpoints": frozenset({"2022-06-01", "2023-03-11", "2024-03-11"}),
    "streams": frozenset({"2023-01-01"}),
}


def check_token(request: Request) -> None:
    """The request says who asks.

    Raises:
        RefusalError: it does not.
    """
    if request.headers.get("authorization") != "Bearer ***":
        raise refusal(401, "Authentication failed. The 'Authorization' header is missing or no bearer token.")


def check_version(request: Request, interface: str) -> None:
    """The request names a version of the interface.

    Raises:
        RefusalError: it names none, or one that is not pinned.
    """
    version = request.query.get("api-version", "")
    if not version:
        raise refusal(400, "The api-version query parameter (?api-version=) is required.", code="MissingApiVersion")
    if version not in VERSIONS[interface]:
        known = ", ".join(sorted(VERSIONS[interface]))
        raise refusal(400, f"The api-version '{version}' is invalid; {known}", code="InvalidApiVersionParameter")


def check_body(request: Request, schema: str) -> None:
    """The body keeps to a schema.

    Raises:
        RefusalError: it does not, or says that it is no JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise refusal(415, f"The content type '{kind}' is not supported.")
    wrong = fault_of(request.body, schema)
    if wrong:
        raise refusal(400, wrong, code="InvalidRequestContent")


def fault_of(body: Any, schema: str) -> str:
    """How a body breaks a schema; empty if it keeps to it."""
    error = best_match(_validator(schema).iter_errors(body))
    return "" if error is None else f"{error.json_path}: {error.message[:500]}"


@functools.cache
def _validator(schema: str) -> Draft202012Validator:
    content = json.loads((_SCHEMAS / f"{schema}.json").read_text())
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content)

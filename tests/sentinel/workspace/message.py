"""What arrives and what is answered."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any, Final

#: What each status is called in an error of Azure Resource Manager.
CODES: Final = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "AuthorizationFailed",
    404: "ResourceNotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    412: "PreconditionFailed",
    413: "ContentLengthLimitExceeded",
    415: "UnsupportedMediaType",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived.

    Attributes:
        method: upper case.
        path: decoded, without the query string.
        query: parameters of the query string.
        headers: by lower-case name; of `authorization` only whether it is there (`Bearer ***`).
        body: decoded JSON; None where there is none, and the text where it is none.
        size: bytes of the body, decompressed.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    size: int = 0

    @property
    def asked(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Arrived(Request):
    """A request and the status that it was answered with; 0 where the connection was cut instead."""

    status: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; `body` is encoded as JSON, None being no body."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class RefusalError(Exception):
    """The request is not done.

    Attributes:
        answer: what the client is told.
        breach: whether the request is against the contract, not only against the state.
    """

    def __init__(self, answer: Answer, *, breach: bool) -> None:
        super().__init__(answer)
        self.answer = answer
        self.breach = breach


def refusal(status: int, message: str, *, code: str = "", breach: bool = True) -> RefusalError:
    """A refusal with an error as Azure writes it."""
    return RefusalError(error(status, message, code=code), breach=breach)


def error(status: int, message: str, *, code: str = "", **more: Any) -> Answer:
    """An answer with an error as Azure writes it."""
    said = {"code": code or CODES.get(status, "Error"), "message": message, **more}
    return Answer(status, {"error": said}, {"x-ms-request-id": str(uuid.uuid4())})

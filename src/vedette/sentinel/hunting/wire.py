"""Queries through Microsoft's client, one at a time or several in a batch; every outcome becomes an answer.

The client is told not to retry: what is asked again, and when, is decided where it is also counted.
"""

from __future__ import annotations

import contextlib
import email.utils
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from vedette.errors import UsageError
from vedette.sentinel.connection import Connection
from vedette.sentinel.hunting.answer import MAX_MESSAGE, Answer, Row, error_of, one_line
from vedette.sentinel.hunting.limits import CONCURRENT, MAX_ROWS
from vedette.sentinel.hunting.window import Window

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError
    from azure.monitor.query import LogsQueryClient

#: Seconds beyond those that the service was given after which an answer is no longer waited for.
_BEYOND: Final = 30
_RIGHT: Final = "Microsoft.OperationalInsights/workspaces/query/read"


class NoBatchesError(Exception):
    """The service takes no batches (any more)."""


class Wire:
    """Asks one workspace.

    Args:
        connection: who asks, and where.
        workspace: the workspace's id.
        seconds: that the service is given for a query.
    """

    def __init__(self, connection: Connection, workspace: str, seconds: int) -> None:
        self._workspace, self._seconds = workspace, seconds
        self._client: LogsQueryClient = connection.logs(
            retry_total=0, connection_timeout=30, read_timeout=seconds + _BEYOND, logging_enable=False
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def ask(self, asked: Sequence[tuple[str, Window]]) -> list[Answer]:
        """Ask queries over their windows.

        Returns:
            An answer for each, in order; where the request itself failed, the same for all.

        Raises:
            UsageError: the workspace is not there, or may not be asked.
            NoBatchesError: the service takes no batches.
        """
        from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

        try:
            if len(asked) == 1:
                text, window = asked[0]
                found: list[Any] = [
                    self._client.query_workspace(
                        self._workspace, text, timespan=window.moments, server_timeout=self._seconds
                    )
                ]
            else:
                found = self._batch(asked)
        except HttpResponseError as error:
            # The client raises one of its own from what went wrong before there was a response.
            cause = error if type(error) is not HttpResponseError else error.__context__ or error
            if isinstance(cause, ClientAuthenticationError) and error.response is None:
                raise UsageError(f"Azure does not know who asks: {one_line(error, MAX_MESSAGE)}; see --auth") from error
            if len(asked) > 1 and error.status_code in (404, 405, 410):
                raise NoBatchesError from error
            return [self._refused(error)] * len(asked)
        except AzureError as error:
            return [Answer("cut", code=type(error).__name__, message=one_line(error, MAX_MESSAGE))] * len(asked)
        except (ValueError, KeyError, TypeError, AttributeError, LookupError, RecursionError) as error:
            # The client reads what it gets without looking, and fails in its own ways over what is no answer.
            told = f"the answer can't be read: {type(error).__name__}: {error}"
            return [Answer("cut", code="garbage", message=one_line(told, MAX_MESSAGE))] * len(asked)
        answers = [_answer(one) for one in found]
        short = [Answer("cut", code="garbage", message="the batch has no answer for it")] * (len(asked) - len(answers))
        return [*answers, *short][: len(asked)]

    def _batch(self, asked: Sequence[tuple[str, Window]]) -> list[Any]:
        from azure.monitor.query import LogsBatchQuery

        return list(
            self._client.query_batch(
                [
                    LogsBatchQuery(
                        workspace_id=self._workspace,
                        query=text,
                        timespan=window.moments,
                        server_timeout=self._seconds,
                    )
                    for text, window in asked
                ],
                # The service runs a few at once; the others wait for their turn.
                read_timeout=-(-len(asked) // CONCURRENT) * self._seconds + _BEYOND,
            )
        )

    def _refused(self, error: HttpResponseError) -> Answer:
        """What a request that failed as a whole means.

        Raises:
            UsageError: asking again can't help.
        """
        status = error.status_code or 0
        told = one_line(_told(error), MAX_MESSAGE)
        if status in (0, 200):  # the answer broke off, or is no JSON
            return Answer("cut", code=type(error).__name__, message=told)
        if status == 401:
            raise UsageError(f"Azure does not accept who asks (401): {told}; see --auth and --cloud") from error
        if status == 403:
            raise UsageError(
                f"the workspace {self._workspace} may not be read (403): {told}; who asks needs the role Log Analytics "
                f"Reader on it, or another with {_RIGHT}"
            ) from error
        if status == 404:
            raise UsageError(
                f"there is no workspace {self._workspace} (404): {told}; the id is the Workspace ID of its overview, "
                "and --cloud must be the one that it is in"
            ) from error
        code = str(status) if status in (413, 429, 500, 502, 503, 504) else _code(error) or str(status)
        return error_of(code, told, after=_after(error))


def _answer(result: Any) -> Answer:
    """A result of the client as an answer."""
    from azure.monitor.query import LogsQueryError, LogsQueryPartialResult, LogsQueryResult

    try:
        if isinstance(result, LogsQueryResult):
            rows = _rows(result.tables)
            # The service says so itself, except where it does not.
            if len(rows) >= MAX_ROWS:
                return Answer("partial", rows, "rows", f"{len(rows):,} rows, the most of one answer")
            return Answer("whole", rows)
        if isinstance(result, LogsQueryPartialResult):
            error = result.partial_error
            told = one_line("; ".join(_details(error)), MAX_MESSAGE)
            return Answer("partial", _rows(result.partial_data or ()), one_line(getattr(error, "code", ""), 80), told)
        if isinstance(result, LogsQueryError):
            return error_of(result.code, result.message)
    except (ValueError, KeyError, TypeError, AttributeError, LookupError) as error:
        return Answer("cut", code="garbage", message=one_line(f"the answer can't be read: {error}", MAX_MESSAGE))
    return Answer("cut", code="garbage", message="the answer is none")


def _details(error: Any) -> Iterator[str]:
    """What is wrong with an answer that is not whole: the words of the whole say only that something is."""
    told = [one for one in getattr(error, "details", None) or () if isinstance(one, Mapping)]
    for one in told[:3]:
        while isinstance(one.get("innererror"), Mapping):
            one = one["innererror"]
        yield f"{one.get('code') or ''} {one.get('message') or ''}".strip()
    if not told:
        yield str(getattr(error, "message", "") or "")


def _rows(tables: Sequence[Any]) -> list[Row]:
    """The rows of the first table; the others are about the query."""
    if not tables:
        return []
    table = tables[0]
    names = [str(name) for name in table.columns]
    return [dict(zip(names, row, strict=False)) for row in table.rows]


def _told(error: HttpResponseError) -> str:
    inner = getattr(getattr(error, "model", None), "message", None)
    return str(inner or error.message or error.reason or "")


def _code(error: HttpResponseError) -> str:
    return str(getattr(getattr(error, "model", None), "code", "") or "")


def _after(error: HttpResponseError) -> float | None:
    """The seconds that Retry-After says, as a number or a date."""
    headers: Mapping[str, str] = getattr(error.response, "headers", None) or {}
    for name, scale in (("retry-after-ms", 1000.0), ("x-ms-retry-after-ms", 1000.0), ("Retry-After", 1.0)):
        text = str(headers.get(name) or "").strip()
        with contextlib.suppress(ValueError, OverflowError):
            return max(0.0, float(text) / scale)
        if text and scale == 1.0:
            with contextlib.suppress(ValueError, TypeError, OverflowError):
                return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    return None

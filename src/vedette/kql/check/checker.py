"""Queries held against Microsoft's own parser, with lints of our own; no query can hang or end the program."""

from __future__ import annotations

import contextlib
import struct
from types import TracebackType
from typing import Final, Literal, Self

import msgspec

from vedette.kql.check import lint, parser
from vedette.kql.check.diagnostic import SEVERITIES, Diagnostic, Places
from vedette.kql.check.process import CrashedError, Process, TimedOutError
from vedette.kql.check.schema import Schema, shipped
from vedette.kql.check.wire import Analysis, Request

#: How long one query may take, in seconds; the longest public one takes a twentieth of it.
TIMEOUT: Final = 10.0
_ORDER: Final = {"error": 0, "warning": 1, "note": 2}


class Checker:
    """Microsoft's parser, to be used in a `with`: its process starts there, and ends with it.

    Args:
        schema: what the binder knows; the tables and functions that ship with Vedette where none is given.
        timeout: seconds that one query may take.

    Raises:
        ParserMissingError: the parser or what runs it is not installed.
    """

    def __init__(self, schema: Schema | None = None, timeout: float = TIMEOUT) -> None:
        self._timeout = timeout
        self._process = Process(parser.find(), msgspec.json.encode(schema or shipped()))

    def __enter__(self) -> Self:
        """Start loading the parser, without waiting for it."""
        self._process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """End the process."""
        self._process.end()

    @property
    def pid(self) -> int | None:
        """Number of the parser's process, where there is one."""
        return self._process.pid

    def check(self, text: str) -> tuple[Diagnostic, ...]:
        """Everything that is wrong with a query, in the order of places.

        A query over which the parser takes too long or fails has the one diagnostic `VKQL-timeout` or `VKQL-crash`, one
        that is too long to be parsed `VKQL-length`; the next query is none the worse for it.

        Raises:
            ParserMissingError: the parser can't be started.
        """
        places = Places(text)
        if len(text) > lint.MAX_TEXT:
            message = f"{len(text):,} characters; more than {lint.MAX_TEXT:,} are not parsed"
            return (places.diagnostic("VKQL-length", "error", message),)
        try:
            analysis = self._analysis(text)
        except TimedOutError:
            message = f"the parser did not come to an end within {self._timeout:g} s"
            return (places.diagnostic("VKQL-timeout", "error", message),)
        except CrashedError as crash:
            return (places.diagnostic("VKQL-crash", "error", f"the parser failed over it: {crash}"),)
        found = [
            places.diagnostic(
                said.code, SEVERITIES.get(said.severity, "note"), said.message, start=said.start, length=said.length
            )
            for said in analysis.diagnostics
        ]
        found += lint.lints(analysis, places)
        return tuple(sorted(found, key=lambda item: (item.start, _ORDER[item.severity], item.code)))

    def columns(self, text: str) -> dict[str, str] | None:
        """Names and Kusto types of the columns of a query's result, or None where it has no table.

        Raises:
            ParserMissingError: the parser can't be started.
        """
        with contextlib.suppress(TimedOutError, CrashedError):
            columns = self._analysis(text).columns
            return None if columns is None else dict(columns)
        return None

    def decode(self, literal: str) -> str:
        """The text that a string literal denotes, by Microsoft's decoder; also of halves of surrogate pairs.

        Raises:
            ValueError: it is no literal.
            ParserMissingError: the parser can't be started.
        """
        return self._text("decode", literal)

    def encode(self, value: str) -> str:
        """The literal that Microsoft's encoder makes of a text.

        Raises:
            ValueError: it can't be encoded.
            ParserMissingError: the parser can't be started.
        """
        return self._text("encode", value)

    def _analysis(self, text: str) -> Analysis:
        return msgspec.json.decode(self._ask("check", text), type=Analysis)

    def _text(self, verb: Literal["decode", "encode"], text: str) -> str:
        try:
            units = msgspec.json.decode(self._ask(verb, text), type=tuple[int, ...] | None)
        except (TimedOutError, CrashedError) as error:
            raise ValueError(f"can't {verb} it: {error}") from None
        if units is None:
            raise ValueError(f"can't {verb} it")
        return struct.pack(f"<{len(units)}H", *units).decode("utf-16-le", "surrogatepass")

    def _ask(self, verb: Literal["check", "decode", "encode"], text: str) -> msgspec.Raw:
        request = Request(verb, text.encode("utf-16-le", "surrogatepass"), patience=self._timeout + 5)
        return self._process.ask(request, self._timeout)

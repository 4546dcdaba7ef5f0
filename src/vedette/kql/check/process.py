"""The parser's process as its parent sees it: started when needed, asked with a time limit, ended when it fails."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Final

import msgspec

from vedette.errors import ParserMissingError
from vedette.kql.check.wire import Answer, Request

#: How long the process may take to load the parser and the schema, in seconds.
START: Final = 60.0
#: Memory above which a process is replaced after its answer, in bytes.
MAX_MEMORY: Final = 1 << 30
#: Longest answer, in bytes; one of a megabyte of mistakes has less.
MAX_ANSWER: Final = 64 << 20


class TimedOutError(Exception):
    """There was no answer in time; the process is gone."""


class CrashedError(Exception):
    """The process ended, or could not answer; the text says how."""


class Process:
    """One process, or none yet.

    Args:
        folder: where the parser's scripts lie.
        schema: JSON of what the binder knows.
    """

    def __init__(self, folder: Path, schema: bytes) -> None:
        self._folder = folder
        self._schema = schema
        self._child: subprocess.Popen[bytes] | None = None
        self._loaded = False
        self._rest = b""
        self._said: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process's number, where there is one."""
        return self._child.pid if self._child is not None else None

    def start(self) -> None:
        """Start loading; does not wait for it."""
        if self._child is not None and self._child.poll() is None:
            return
        self.end()
        # -P: a file in the working directory that is named like a module is none.
        command = [sys.executable, "-P", "-m", "vedette.kql.check.worker", str(self._folder)]
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `end`; a pipe would have to be read)
        self._child = subprocess.Popen(  # noqa: S603 (an argument list; the interpreter and the folder are our own)
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, bufsize=0
        )
        for pipe in (self._child.stdin, self._child.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)

    def ask(self, request: Request, timeout: float) -> msgspec.Raw:
        """The JSON of an answer.

        Args:
            request: what is asked.
            timeout: seconds for it, without those for the start.

        Raises:
            TimedOutError: there was none in time.
            CrashedError: the process ended over it, or the engine failed.
            ParserMissingError: the process can't load the parser at all.
        """
        self.start()
        if not self._loaded:
            try:
                answer = self._exchange(Request("load", schema=self._schema, patience=START * 2), START)
            except (TimedOutError, CrashedError) as error:
                self.end()
                raise ParserMissingError(f"Microsoft's parser does not start: {error}") from None
            if answer.failure:
                self.end()
                raise ParserMissingError(f"Microsoft's parser does not take the schema: {answer.failure}")
            self._loaded = True
        try:
            answer = self._exchange(request, timeout)
        except (TimedOutError, CrashedError):
            self.end()
            raise
        if answer.failure or answer.memory > MAX_MEMORY:
            self.end()
        if answer.failure:
            raise CrashedError(answer.failure)
        return answer.value

    def end(self) -> None:
        """End the process; the next question starts another."""
        child, self._child, self._loaded, self._rest = self._child, None, False, b""
        if self._said is not None:
            self._said.close()
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):
                assert pipe is not None
                pipe.close()
        child.wait()

    def _exchange(self, request: Request, timeout: float) -> Answer:
        assert self._child is not None
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        limit = time.monotonic() + timeout
        unsent = memoryview(msgspec.json.encode(request) + b"\n")
        received = bytearray(self._rest)
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.stdout, selectors.EVENT_READ)
            selector.register(self._child.stdin, selectors.EVENT_WRITE)
            while b"\n" not in received:
                left = limit - time.monotonic()
                if left <= 0:
                    raise TimedOutError(f"no answer within {timeout:g} s")
                for key, _ in selector.select(left):
                    if key.fileobj is self._child.stdin:
                        try:
                            unsent = unsent[os.write(key.fd, unsent[: 1 << 16]) :]
                        except BrokenPipeError:
                            raise CrashedError(self._how()) from None
                        if not unsent:
                            selector.unregister(self._child.stdin)
                        continue
                    piece = os.read(key.fd, 1 << 16)
                    if not piece or len(received) > MAX_ANSWER:
                        raise CrashedError(self._how() if not piece else "its answer has no end")
                    received += piece
        line, _, self._rest = bytes(received).partition(b"\n")
        return msgspec.json.decode(line, type=Answer)

    def _how(self) -> str:
        assert self._child is not None
        assert self._said is not None
        try:
            code = self._child.wait(1)
        except subprocess.TimeoutExpired:
            return "its process stopped answering"
        self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - 4096))
        last = self._said.read().decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
        ended = f"its process ended with {f'signal {-code}' if code < 0 else f'code {code}'}"
        return f"{ended}: {last}" if last else ended

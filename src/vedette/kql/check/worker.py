"""The process in which Microsoft's parser runs: requests come in as lines of JSON, an answer goes out for each.

It holds nothing that matters, so that whoever started it may end it at any time.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
from py_mini_racer import MiniRacer

from vedette.kql.check import package
from vedette.kql.check.wire import Answer, Request

#: Most memory that the parser's objects may take, in bytes.
MAX_HEAP: Final = 768 << 20
#: Bridge.NET asks what it runs in; without a window it takes the global object.
_PRELUDE: Final = (
    "var window = undefined; var self = globalThis;"
    "var console = {log() {}, warn() {}, error() {}, info() {}, debug() {}}; 0"
)


class Parser:
    """Microsoft's parser in an engine of its own."""

    def __init__(self, folder: Path) -> None:
        scripts = [package.verified(folder / name) for name in package.SCRIPTS]
        own = Path(__file__).with_name("analysis.js").read_bytes()
        assert all(script is not None for script in scripts), "the scripts were changed after they were found"
        self._engine = MiniRacer()
        self._engine.set_hard_memory_limit(MAX_HEAP)
        self._engine.eval(_PRELUDE)
        for script in [*scripts, own]:
            assert script is not None
            self._engine.eval(script.decode("utf-8-sig") + "\n;0")

    def ask(self, request: dict[str, Any]) -> str:
        """The answer to a request, in JSON."""
        # The engine gets one literal of ASCII, whatever the request holds; JSON.parse makes no prototypes of keys.
        answer = self._engine.eval(f"vedette.answer(JSON.parse({json.dumps(json.dumps(request))}))")
        assert isinstance(answer, str)
        return answer


def serve(parser: Parser, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more requests."""
    decoder, encoder = msgspec.json.Decoder(Request), msgspec.json.Encoder()
    for line in requests:
        request = decoder.decode(line)
        # Should nobody be left who could end this process, the alarm does.
        signal.setitimer(signal.ITIMER_REAL, request.patience)
        try:
            value = parser.ask(
                {
                    "verb": request.verb,
                    "text": request.text.decode("utf-16-le", "surrogatepass"),
                    "schema": msgspec.json.decode(request.schema) if request.schema else None,
                }
            )
            answer = Answer(value=msgspec.Raw(value.encode()))
        except Exception as error:  # noqa: BLE001 (whatever the engine says of a query is an answer)
            answer = Answer(failure=" ".join(str(error).split())[:300] or type(error).__name__)
        signal.setitimer(signal.ITIMER_REAL, 0)
        answer.memory = _memory()
        answers.write(encoder.encode(answer) + b"\n")
        answers.flush()


def _memory() -> int:
    """Bytes that this process holds now.

    The kernel's own peak (`ru_maxrss`) begins with that of whoever started the process: below a large parent every
    answer would look like one too many.
    """
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def main() -> None:
    """Serve standard input and output; the only argument is the folder of the parser."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the parent who is interrupted, and ends this process
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    try:
        parser = Parser(Path(sys.argv[1]))
    except Exception:  # noqa: BLE001 (told to the parent, whatever it is)
        traceback.print_exc()
        sys.stderr.flush()
        # The engine's own thread can keep an interpreter that ends by an exception from ever ending.
        os._exit(1)
    serve(parser, sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()

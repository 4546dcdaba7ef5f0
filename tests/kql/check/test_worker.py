"""The parser's process on its own: it serves until there is nothing more to serve, and never outlives its use."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from vedette.kql.check import shipped
from vedette.kql.check.wire import Analysis, Answer, Request

LOAD = Request("load", schema=msgspec.json.encode(shipped()))


@pytest.fixture
def worker(parser_folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-P", "-m", "vedette.kql.check.worker", str(parser_folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        yield child
        child.kill()


def ask(worker: subprocess.Popen[bytes], request: Request) -> Answer:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(msgspec.json.encode(request) + b"\n")
    worker.stdin.flush()
    return msgspec.json.decode(worker.stdout.readline(), type=Answer)


def test_it_answers_and_ends_when_nobody_asks_any_more(worker):
    assert ask(worker, LOAD).failure == ""
    answer = ask(worker, Request("check", "Syslog | take".encode("utf-16-le")))
    (said,) = msgspec.json.decode(answer.value, type=Analysis).diagnostics
    assert (said.code, said.start) == ("KS006", 13)
    assert answer.memory > 50_000_000
    assert ask(worker, Request("encode", b"a")).failure != ""  # half a character
    worker.send_signal(signal.SIGINT)  # an interruption is its parent's affair
    assert ask(worker, Request("check", b"")).failure == ""
    worker.stdin.close()
    assert worker.wait(30) == 0


def test_it_ends_itself_when_nobody_is_left_to_end_it(worker):
    assert ask(worker, LOAD).failure == ""
    worker.stdin.write(msgspec.json.encode(Request("check", ("(" * 5000).encode("utf-16-le"), patience=1.0)) + b"\n")
    worker.stdin.flush()
    assert worker.wait(60) == -signal.SIGALRM


def test_it_does_not_run_what_is_not_the_parser(tmp_path):
    for name in ("bridge.min.js", "Kusto.Language.Bridge.min.js"):
        (tmp_path / name).write_text("throw 'evil'")
    command = [sys.executable, "-P", "-m", "vedette.kql.check.worker", str(tmp_path)]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert b"changed after they were found" in done.stderr
    assert b"evil" not in done.stderr

"""Signals, pipes and terminals need a process of their own."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-c", "from tests.cli import stub; stub.run()"]


@pytest.fixture
def start():
    """Start the program; whatever it leaves open is closed."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **more: stack.enter_context(_start(*args, **more))


def _start(*args, **more):
    environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm-256color"} | more.pop("env", {})
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    return subprocess.Popen([*PROGRAM, *map(str, args)], cwd=ROOT, env=environment, **pipes)


def until_blocked(program):
    """Wait for the stub to say that it has yielded all that it will."""
    shown = b""
    while b"blocking" not in shown:
        part = os.read(program.stderr.fileno(), 1000)
        assert part, shown
        shown += part


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_was_found(start, tmp_path, number):
    path = tmp_path / "out"
    path.write_text("older")
    program = start("hunt", "500 block", "-f", "json", "-o", path)
    until_blocked(program)
    program.send_signal(number)
    out, err = program.communicate(timeout=20)
    assert program.returncode == 130, err
    assert out == b""
    assert path.read_text() == "older"
    assert len(json.loads((tmp_path / "out.partial").read_text())) == 500
    assert b"out.partial" in err
    assert b"interrupted" in err
    assert b"500 findings" in err
    assert {other.name for other in tmp_path.iterdir()} == {"out", "out.partial"}


def test_a_signal_on_stdout_keeps_whole_lines(start):
    program = start("hunt", "20 block")
    until_blocked(program)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=20)
    assert program.returncode == 130
    assert len([json.loads(line) for line in out.splitlines()]) == 20
    assert b"interrupted" in err


@pytest.mark.parametrize("form", ["ndjson", "json", "csv", "table"])
def test_a_reader_that_leaves_is_no_error(start, form):
    program = start("hunt", "20000", "-f", form)
    assert program.stdout
    program.stdout.read(10)
    program.stdout.close()
    assert program.stderr
    err = program.stderr.read()
    assert program.wait(timeout=30) == 0, err
    assert b"Traceback" not in err
    assert b"BrokenPipe" not in err


def test_a_gate_whose_reader_left_has_no_answer(start):
    program = start("hunt", "20000", "--fail-on", "critical")
    assert program.stdout
    program.stdout.close()
    assert program.stderr
    err = program.stderr.read()
    assert program.wait(timeout=30) == 130
    assert b"closed the pipe" in err


def on_terminal(start, *args, env=None):
    """Run on a pseudo-terminal; gives what it shows and the exit code."""
    master, slave = pty.openpty()
    program = start(*args, stdin=slave, stdout=slave, stderr=slave, env=env or {})
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(master)
    return shown.decode(), program.wait(timeout=20)


def test_a_terminal_gets_a_table_in_colour(start):
    shown, code = on_terminal(start, "hunt", "5")
    assert code == 0
    assert "5 findings in 1 row" in shown
    assert "\x1b[33mmedium" in shown


def test_no_color_is_obeyed(start):
    shown, code = on_terminal(start, "hunt", "5", env={"NO_COLOR": "1"})
    assert code == 0
    assert "\x1b[33m" not in shown
    assert "5 findings in 1 row" in shown


def test_ndjson_on_a_terminal_is_not_written_over_by_progress(start):
    shown, code = on_terminal(start, "hunt", "200", "-f", "ndjson")
    assert code == 0
    lines = [line for line in shown.splitlines() if line.startswith("{")]
    assert len([json.loads(line) for line in lines]) == 200


def test_a_pipe_gets_no_colour_and_no_progress(start):
    program = start("hunt", "5", "-f", "table")
    out, err = program.communicate(timeout=20)
    assert program.returncode == 0
    assert b"\x1b" not in out + err


def test_a_plain_locale_is_no_error(start):
    program = start("hunt", "5", "-f", "table", env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    out, err = program.communicate(timeout=20)
    assert program.returncode == 0, err
    assert b"Traceback" not in err
    assert b"5 findings" in out

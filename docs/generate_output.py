"""Fills the blocks of the documentation that show a command's output; `make docs` runs it and a test holds them to it.

A block is a fence between `<!-- output of: COMMAND -->` and `<!-- end of output -->`. `COMMAND` is a vedette command,
run in the project's folder, 120 columns wide; what it prints on stdout is shown. `(first N lines)` after it cuts.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
BLOCK: Final = re.compile(
    r"(?P<start><!-- output of: (?P<command>vedette [^\n]*?)(?: \(first (?P<lines>\d+) lines\))? -->\n)"
    r".*?(?P<end><!-- end of output -->)",
    re.DOTALL,
)


def pages() -> list[Path]:
    """The pages that may hold such blocks."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def output(command: str) -> str:
    """What a vedette command prints on stdout.

    Raises:
        subprocess.CalledProcessError: the command fails.
    """
    program, *arguments = shlex.split(command)
    environment = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    return subprocess.run(  # noqa: S603 (the commands stand in our own pages)
        [Path(sys.executable).with_name(program), *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        text=True,
        encoding="utf-8",
    ).stdout


def fill(page: str) -> str:
    """A page with every block filled anew."""

    def filled(block: re.Match[str]) -> str:
        lines = [line.rstrip() for line in output(block["command"]).strip("\n").splitlines()]
        if block["lines"] and len(lines) > int(block["lines"]):
            lines = [*lines[: int(block["lines"])], "..."]
        shown = "\n".join([f"$ {block['command']}", *lines])
        return f"{block['start']}\n```text\n{shown}\n```\n\n{block['end']}"

    return BLOCK.sub(filled, page)


if __name__ == "__main__":
    for path in pages():
        text = path.read_text(encoding="utf-8")
        new = fill(text)
        if new != text:
            path.write_text(new, encoding="utf-8")
